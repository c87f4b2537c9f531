"""Counts what it takes to join a training set of 1,000 files: requests, time, and memory of the app."""

import time
import tracemalloc
from concurrent.futures import ThreadPoolExecutor

from azure.storage.blob import BlobServiceClient

from bench import thresholds
from bench.environment import Environment
from bench.errors import BenchError
from bench.results import Row
from shared.ports.blob_files import BlobPart

FILES = 1000
ROWS_A_FILE = 100
HEADER = b"age,hours,income\r\n"
_UPLOADS_AT_ONCE = 8
_TARGET = "training/bench/1/input.csv"


def joined(environment: Environment) -> list[Row]:
    """Put 1,000 parts into storage and join them.

    Raises:
        BenchError: the joined set lacks bytes.
    """
    parts = _upload(environment)
    started = time.perf_counter()
    with environment.recorder.recording() as exchanges:
        environment.services.blobs.join(_TARGET, HEADER, parts)
    took_s = time.perf_counter() - started
    _check_size(environment, parts)
    goal, limit = thresholds.JOIN_REQUESTS_A_FILE, thresholds.MAX_JOIN_REQUESTS_A_FILE
    return [
        Row("assembling 1,000 files, for each member file", len(exchanges) / FILES, "requests", goal, limit),
        Row("assembling 1,000 files", round(took_s, 2), "s"),
        Row("assembling 1,000 files: memory of the app", round(_peak_mib(environment, parts), 2), "MiB"),
    ]


def _upload(environment: Environment) -> list[BlobPart]:
    """Upload the parts beside the app."""
    with BlobServiceClient.from_connection_string(environment.storage) as blobs:

        def put(number: int) -> BlobPart:
            content = b"".join(b"%d,%d,yes\r\n" % (number, row) for row in range(ROWS_A_FILE))
            name = f"parts/bench/{number}.csv"
            etag = str(blobs.get_blob_client("training", name).upload_blob(content, overwrite=True)["etag"])
            return BlobPart(f"training/{name}", etag.strip('"'), len(content))

        with ThreadPoolExecutor(_UPLOADS_AT_ONCE) as pool:
            return list(pool.map(put, range(FILES)))


def _check_size(environment: Environment, parts: list[BlobPart]) -> None:
    container, _, name = _TARGET.partition("/")
    version = environment.services.blobs.version(container, name)
    expected = len(HEADER) + sum(part.size for part in parts)
    if version is None or version.size != expected:
        raise BenchError(f"the joined set has {version.size if version else 0} of {expected} bytes")


def _peak_mib(environment: Environment, parts: list[BlobPart]) -> float:
    """Join once more, to a place of its own, and return the largest memory that it took in Python."""
    tracemalloc.start()
    try:
        environment.services.blobs.join(f"{_TARGET}.again", HEADER, parts)
        return tracemalloc.get_traced_memory()[1] / 2**20
    finally:
        tracemalloc.stop()
