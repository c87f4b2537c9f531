"""Joining and writing blobs where only a real service tells: requests, memory, lost answers, unreadable sources."""

import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
from azure.core.exceptions import ServiceResponseError
from azure.storage.blob import BlobServiceClient, ContainerClient

from shared.adapters.storage import blob_joins
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.errors import BlobChangedError
from shared.ports.blob_files import CHUNK_BYTES, BlobPart
from tests.contract.access import Access
from tests.fakes.faulty_transport import NO_PAUSE, FaultyTransport

SOURCE = "x-ms-copy-source"
# Over HTTPS, as under an identity, Azurite sometimes fails to read a source from itself, and the app reads it instead.
COUNTED = pytest.mark.parametrize("access", ["key"], indirect=True)


class FencedTransport(FaultyTransport):
    """While `fenced`, the storage refuses to read a source, as behind a firewall.

    While `lossy`, each PUT loses its first answer: a block is one request, and so is a list of blocks.
    """

    def __init__(self) -> None:
        super().__init__()
        self.fenced = self.lossy = False
        self.sources: list[str] = []
        self._arrived: set[str] = set()

    def send(self, request: Any, **options: Any) -> Any:
        """Send a request."""
        if SOURCE in request.headers:
            self.sources.append(request.headers[SOURCE])
            if self.fenced:
                request.headers["Authorization"] = request.headers["Authorization"][:-9] + "AAAAAAAA="
        answer = super().send(request, **options)
        if self.lossy and request.method == "PUT" and request.url not in self._arrived:
            self._arrived.add(request.url)
            answer.internal_response.close()
            raise ServiceResponseError("the connection was reset")
        return answer


@pytest.fixture
def transport() -> FencedTransport:
    """Give the transport that the files under test are reached through."""
    return FencedTransport()


@pytest.fixture
def files(access: Access, transport: FencedTransport) -> Iterator[BlobStorageFiles]:
    """Give blob files whose requests are seen."""
    with closing(access.blobs(transport=transport, **NO_PAUSE)) as opened:
        yield opened


@pytest.fixture
def container(access: Access) -> Iterator[ContainerClient]:
    """Give an empty container."""
    with (
        BlobServiceClient.from_connection_string(access.connection_string) as service,
        service.create_container(f"c{uuid4().hex}") as client,
    ):
        yield client


def _parts(container: ContainerClient, count: int, content: bytes = b"%d,yes\n") -> list[BlobPart]:
    def put(number: int) -> BlobPart:
        text = content % number
        etag = container.get_blob_client(f"parts/{number}.csv").upload_blob(text)["etag"]
        return BlobPart(f"{container.container_name}/parts/{number}.csv", etag.strip('"'), len(text))

    with ThreadPoolExecutor(4) as pool:
        return list(pool.map(put, range(count)))


def _joined(container: ContainerClient) -> bytes:
    return container.download_blob("input.csv").readall()


@COUNTED
def test_a_thousand_files_cost_a_request_each(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport
) -> None:
    """And two for header and list of blocks; the bytes of no part come to the app."""
    parts = _parts(container, 1000)
    transport.sent.clear()

    files.join(f"{container.container_name}/input.csv", b"age,income\n", parts)

    assert [method for method in transport.sent if method != "POST"] == ["PUT"] * 1002  # POST: a delegation key
    assert _joined(container) == b"age,income\n" + b"".join(b"%d,yes\n" % number for number in range(1000))


@COUNTED
def test_a_part_larger_than_a_block_is_copied_in_ranges(
    files: BlobStorageFiles,
    container: ContainerClient,
    transport: FencedTransport,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each range once and in order, also where a part ends with a block; no byte is lost between two of them."""
    monkeypatch.setattr(blob_joins, "_BLOCK_BYTES", 3)
    contents = [b"ab", b"cde", b"fghi", b"jklmnopqr"]
    parts = []
    for number, content in enumerate(contents):
        etag = container.get_blob_client(f"{number}.csv").upload_blob(content)["etag"]
        parts.append(BlobPart(f"{container.container_name}/{number}.csv", etag.strip('"'), len(content)))

    files.join(f"{container.container_name}/input.csv", b"x\n", parts)

    assert _joined(container) == b"x\nabcdefghijklmnopqr"
    assert len(transport.sources) == 1 + 1 + 2 + 3


@COUNTED
def test_what_the_storage_cannot_read_goes_through_the_app(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport
) -> None:
    """The same bytes, by one request a part and few to write them."""
    parts = _parts(container, 20)
    transport.fenced = True

    pieces: list[None] = []
    files.join(f"{container.container_name}/input.csv", b"age,income\n", parts, alive=lambda: pieces.append(None))

    assert len(pieces) == 20
    assert len(transport.sources) == 1
    assert transport.sent.count("GET") == 20
    assert _joined(container) == b"age,income\n" + b"".join(b"%d,yes\n" % number for number in range(20))


def test_a_join_is_the_same_whoever_moves_the_bytes(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport
) -> None:
    """A repeated join keeps the version, also if the storage copied the parts the first time and refuses now."""
    parts, target = _parts(container, 3), f"{container.container_name}/input.csv"
    first = files.join(target, b"age,income\n", parts)
    transport.fenced = True

    assert files.join(target, b"age,income\n", parts) == first


@pytest.mark.parametrize("overwritten", [True, False])
def test_a_changed_part_is_noticed_on_the_way_through_the_app(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport, overwritten: bool
) -> None:
    """The part is named there as well, and nothing is written."""
    parts = _parts(container, 3)
    transport.fenced = True
    container.delete_blob("parts/1.csv")
    if overwritten:
        container.upload_blob("parts/1.csv", b"9,yes\n")

    with pytest.raises(BlobChangedError, match=r"the part .*parts/1\.csv was overwritten or deleted"):
        files.join(f"{container.container_name}/input.csv", b"age,income\n", parts)

    assert not container.get_blob_client("input.csv").exists()


@pytest.mark.parametrize("content", [b"small", b"x" * (CHUNK_BYTES + 1)], ids=["at once", "in blocks"])
def test_a_write_whose_answer_is_lost_is_written(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport, content: bytes
) -> None:
    """The SDK sends it again and may be refused, for its own blob stands there: that is the blob."""
    path = f"{container.container_name}/part.csv"
    transport.lossy = True

    with files.writer(path) as writer:
        writer.write(content)

    properties = container.get_blob_client("part.csv").get_blob_properties()
    assert (writer.etag, writer.size) == (properties.etag.strip('"'), len(content))


def test_a_join_whose_answers_are_lost_is_joined(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport
) -> None:
    """Every block may be sent twice; the list of blocks too."""
    parts = _parts(container, 2)
    transport.lossy = True

    etag = files.join(f"{container.container_name}/input.csv", b"age,income\n", parts)

    assert container.get_blob_client("input.csv").get_blob_properties().etag.strip('"') == etag
    assert _joined(container) == b"age,income\n0,yes\n1,yes\n"


def test_memory_is_bounded(files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport) -> None:
    """Reading, writing and joining 80 MiB through the app hold a few pieces at a time; the SDK holds copies of each."""
    path, size = f"{container.container_name}/large.csv", 20 * CHUNK_BYTES
    with files.writer(path) as warm:
        warm.write(b"x")
    piece = b"x" * 100_000
    tracemalloc.start()
    try:
        with files.writer(path) as writer:
            for _ in range(size // len(piece)):
                writer.write(piece)
        read = sum(len(chunk) for chunk in files.read_chunks(path, writer.etag))
        transport.fenced = True
        files.join(f"{container.container_name}/input.csv", b"x\n", [BlobPart(path, writer.etag, writer.size)] * 2)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert read == writer.size
    assert peak < 14 * CHUNK_BYTES


def test_no_link_shows_in_an_error(files: BlobStorageFiles, container: ContainerClient) -> None:
    """What a join reports names the part, and no token that opens it."""
    part = BlobPart(f"{container.container_name}/none.csv", "0x1", 5)

    with pytest.raises(BlobChangedError) as caught:
        files.join(f"{container.container_name}/input.csv", b"x\n", [part])

    assert "sig=" not in f"{caught.value} {caught.value.__cause__}"
    assert caught.value.__suppress_context__


def test_a_link_to_a_part_is_short_lived(
    files: BlobStorageFiles, container: ContainerClient, transport: FencedTransport
) -> None:
    """The storage reads a part by a link that reads this one blob, for ten minutes at most."""
    parts = _parts(container, 1)

    files.join(f"{container.container_name}/input.csv", b"x\n", parts)

    url, _, query = transport.sources[0].partition("?")
    token = {name: values[0] for name, values in parse_qs(query).items()}
    assert url.endswith(parts[0].path)
    assert (token["sp"], token["sr"]) == ("r", "b")
    assert datetime.fromisoformat(token["se"]) - datetime.now(UTC) <= timedelta(minutes=10)
