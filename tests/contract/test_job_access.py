"""What a training service gets to see of the storage: three blobs, for as long as its job may take."""

import json
import os
from collections.abc import Iterator
from contextlib import closing
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs
from uuid import uuid4

import pytest
import requests
from azure.storage.blob import BlobServiceClient

from landfall.stack.azurite import ACCOUNT_KEY
from shared.adapters.classic.bes_client import BesTrainingService
from shared.adapters.http.http_client import HttpClient
from shared.adapters.storage.blob_files import BlobStorageFiles
from shared.ports.blob_location import BlobLocation
from shared.routes.host_allowlist import AllowedHosts
from shared.routes.route import Deadlines
from tests.contract.access import Access
from tests.contract.scripted import Reply, scripted
from tests.route_parts import a_request, a_training

VALID_S = Deadlines().job_access_s


@pytest.fixture
def blobs(access: Access) -> Iterator[BlobStorageFiles]:
    """Give the storage that jobs read and write."""
    with closing(access.blobs()) as files:
        yield files


@pytest.fixture
def container(access: Access) -> Iterator[str]:
    """Give a container that holds an input, and another file."""
    name = f"t{uuid4().hex}"
    with BlobServiceClient.from_connection_string(access.connection_string) as service:
        client = service.create_container(name)
        for blob in ("a/input.csv", "a/other.csv"):
            client.upload_blob(blob, b"x,y\n")
        yield name


def submitted(blobs: BlobStorageFiles, container: str) -> dict[str, dict[str, dict[str, str]]]:
    """Return the body that a service gets when a job is submitted."""
    folder = f"{container}/a"
    request = a_request(folder, valid_s=VALID_S)
    with scripted(Reply(200, b'"job"')) as service:
        training = a_training(f"{service.base_url}/jobs")
        web = HttpClient(AllowedHosts(["127.0.0.1:*"]))
        with closing(web):
            BesTrainingService(web, blobs).submit(training, request)
        body: dict[str, dict[str, dict[str, str]]] = json.loads(service.received[0].body)
        return body


def urls(body: dict[str, dict[str, dict[str, str]]]) -> tuple[str, list[str]]:
    """Return the URL of the input and those of the outputs, as a service has them."""
    (source,) = body["Inputs"].values()
    outputs = []
    for output in body["Outputs"].values():
        base, token = output["ConnectionString"].removeprefix("BlobEndpoint=").split(";SharedAccessSignature=")
        outputs.append(f"{base}{output['RelativeLocation']}?{token}")
    return source["BaseLocation"] + source["RelativeLocation"] + source["SasBlobToken"], outputs


def put(url: str) -> int:
    """Write a blob; gives the status."""
    return requests.put(url, data=b"made", headers={"x-ms-blob-type": "BlockBlob"}, timeout=10).status_code


def test_no_key_is_handed_over(blobs: BlobStorageFiles, container: str) -> None:
    """A submitted job knows no account key, however the app itself came in."""
    text = json.dumps(submitted(blobs, container))

    assert ACCOUNT_KEY not in text
    assert "AccountKey" not in text


def test_the_input_can_be_read_and_no_more(blobs: BlobStorageFiles, container: str) -> None:
    """The job's link to its input neither writes it nor opens another file of its folder."""
    source, _ = urls(submitted(blobs, container))

    assert requests.get(source, timeout=10).content == b"x,y\n"
    assert put(source) == 403
    assert requests.get(source.replace("input.csv", "other.csv"), timeout=10).status_code == 403
    assert requests.delete(source, timeout=10).status_code == 403


def test_an_output_can_be_written_and_read_and_no_more(blobs: BlobStorageFiles, container: str) -> None:
    """Also twice, by a job that runs again; nothing can be deleted or listed, and no other blob be written."""
    _, outputs = urls(submitted(blobs, container))

    for output in outputs:
        assert [put(output), put(output)] == [201, 201]
        assert requests.get(output, timeout=10).content == b"made"
        assert requests.delete(output, timeout=10).status_code == 403
        assert put(output.replace("/a/", "/b/")) == 403
        listing = output.partition("/a/")[0] + "?restype=container&comp=list&" + output.partition("?")[2]
        assert requests.get(listing, timeout=10).status_code == 403


def test_the_links_live_as_long_as_the_job_may(blobs: BlobStorageFiles, container: str) -> None:
    """From a quarter of an hour ago, for clocks that differ, until the job's deadlines have passed."""
    before = datetime.now(UTC)
    source, outputs = urls(submitted(blobs, container))

    for url in (source, *outputs):
        times = parse_qs(url.partition("?")[2])
        start, end = (datetime.fromisoformat(times[name][0]) for name in ("st", "se"))
        assert timedelta(minutes=14) < before - start < timedelta(minutes=16)
        assert abs(end - before - timedelta(seconds=VALID_S)) < timedelta(minutes=1)


def test_the_evaluation_is_read_by_a_link_of_our_own(blobs: BlobStorageFiles, container: str) -> None:
    """A job's links may have ended when its evaluation is read: they are not needed for it."""
    _, (_, output) = urls(submitted(blobs, container))
    put(output)
    web = HttpClient(AllowedHosts(["127.0.0.1:*"]), ca_bundle=os.environ.get("REQUESTS_CA_BUNDLE"))
    with closing(web):
        text = BesTrainingService(web, blobs).read_output(
            BlobLocation(blobs.base, f"{container}/a/evaluation.csv", "?sig=ended"), 100
        )

    assert text == "made"
