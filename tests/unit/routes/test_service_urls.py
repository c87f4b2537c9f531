"""The URLs of services: the right form, or the reason why it can never work."""

from collections.abc import Callable

import pytest

from shared.routes.service_urls import read_execute_url, read_jobs_url, read_patch_url
from shared.routes.toml_reader import TomlTable

BASE = "http://127.0.0.1:8600"
ENDPOINTS = f"{BASE}/management/workspaces/w/webservices/s/endpoints"
READERS: dict[str, Callable[[TomlTable], str]] = {
    "jobs_url": read_jobs_url,
    "execute_url": read_execute_url,
    "patch_url": read_patch_url,
}


def read(key: str, url: str) -> tuple[str, list[str]]:
    """Read a URL by its key, and return it with the problems."""
    problems: list[str] = []
    return READERS[key](TomlTable({key: url}, "routes.census", problems, {})), problems


@pytest.mark.parametrize(
    ("key", "url", "expected"),
    [
        (
            "jobs_url",
            "https://bes.example.com/services/t/jobs?api-version=2.0",
            "https://bes.example.com/services/t/jobs",
        ),
        ("jobs_url", f"{BASE}/services/t/jobs/", f"{BASE}/services/t/jobs"),
        ("execute_url", f"{BASE}/services/p/execute?api-version=2.0&details=true", f"{BASE}/services/p/execute"),
        ("patch_url", f"{ENDPOINTS}/production", f"{ENDPOINTS}/production"),
    ],
)
def test_a_url_loses_its_query(key: str, url: str, expected: str) -> None:
    """Portals show URLs with a query and with a last slash; the calls add their own."""
    assert read(key, url) == (expected, [])


@pytest.mark.parametrize(
    ("key", "url", "message"),
    [
        ("patch_url", f"{ENDPOINTS}/default", "names the default endpoint, which cannot be updated. Add an endpoint"),
        (
            "patch_url",
            f"{BASE}/management/workspaces/w/webservices/s",
            "must end in /webservices/{id}/endpoints/",
        ),
        ("jobs_url", f"{BASE}/services/t/execute", "must end in /jobs. Use the Batch Execution URL"),
        ("execute_url", f"{BASE}/services/t/jobs", "must end in /execute. Use the Request-Response URL."),
        ("jobs_url", "http://bes.example.com/jobs", "must use https: plain http is for this machine only"),
        ("jobs_url", "ftp://127.0.0.1/jobs", "must be an https URL, not 'ftp://127.0.0.1/jobs'."),
        ("jobs_url", "jobs", "must be an https URL, not 'jobs'."),
        ("jobs_url", "http://127.0.0.1:x/jobs", "must be an https URL"),
        (
            "jobs_url",
            "https://user:pw@127.0.0.1/jobs",
            "must not hold a user name or password. Put the key into",
        ),
        ("jobs_url", "jobs?sig=pw", "must be an https URL, not 'jobs'."),
    ],
)
def test_a_url_that_can_never_work_is_refused(key: str, url: str, message: str) -> None:
    """The problem names the key and what to do; no password or signature is repeated."""
    (problem,) = read(key, url)[1]

    assert problem.startswith(f"routes.census.{key} {message}")
    assert "pw" not in problem


@pytest.mark.parametrize("key", READERS)
def test_a_missing_url_is_asked_for(key: str) -> None:
    """What to add is told."""
    problems: list[str] = []
    assert READERS[key](TomlTable({}, "routes.census", problems, {})) == ""
    assert problems[0].startswith(f"routes.census.{key} is missing. Add the ")
