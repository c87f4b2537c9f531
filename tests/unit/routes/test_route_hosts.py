"""A route's settings lead only to hosts that `allow_hosts` names, the whole file's and the route's own."""

import pytest

from shared.errors import HostNotAllowedError
from tests.unit.routes.example_route import EXAMPLE, changed, parse, problems


def test_an_address_that_no_list_allows_is_refused() -> None:
    """Nothing could be sent there."""
    (sentence,) = problems(EXAMPLE, CENSUS_JOBS_URL="https://bes.example.com/jobs")

    assert sentence.startswith(
        "routes.census.training.jobs_url cannot be called: bes.example.com:443 is not in allow_hosts"
    )


def test_the_example_reads_outputs_from_the_data_account_alone() -> None:
    """The setting names it, so no edit is needed after the account is created; another account is refused."""
    routes = parse(EXAMPLE, LANDFALL_DATA_HOST="st2.blob.core.windows.net")
    census = routes.routes["census"]

    routes.check_output(census, "https://st2.blob.core.windows.net/training/r/1/evaluation.csv")
    with pytest.raises(HostNotAllowedError, match="allow_hosts of"):
        routes.check_output(census, "https://st3.blob.core.windows.net/training/r/1/evaluation.csv")


def test_a_missing_data_host_is_a_problem() -> None:
    """Before any job is submitted, not when its evaluation is read."""
    assert problems(EXAMPLE, LANDFALL_DATA_HOST="") == [
        "allow_hosts needs the setting LANDFALL_DATA_HOST, which is not set."
    ]


HOSTS = """[routes.census.allow_hosts]
training = ["127.0.0.1:8600"]
endpoints = ["127.0.0.1:8600"]
outputs = ["127.0.0.1:10000"]

[routes.census.training]"""


def test_a_route_may_narrow_the_hosts_by_purpose() -> None:
    """Outputs are read from its own hosts only, and its settings lead nowhere else, within the list for everything."""
    routes = parse(changed(r"\[routes.census.training\]", HOSTS))
    census = routes.routes["census"]

    routes.check_output(census, "http://127.0.0.1:10000/devstoreaccount1/c/evaluation.csv")
    with pytest.raises(HostNotAllowedError, match=r"routes\.census\.allow_hosts\.outputs"):
        routes.check_output(census, "http://127.0.0.1:10001/c/evaluation.csv")
    with pytest.raises(HostNotAllowedError, match="allow_hosts of"):
        routes.check_output(census, "https://evil.example.com/c/evaluation.csv")
    parse(EXAMPLE).check_output(census, "http://127.0.0.1:10000/c/evaluation.csv")


def test_settings_that_lead_beyond_the_routes_own_hosts_are_refused() -> None:
    """Each URL with the list that does not allow it; an unknown purpose is an unknown key."""
    elsewhere = HOSTS.replace("8600", "8601")
    misspelt = changed(r"\[routes.census.training\]", elsewhere.replace("outputs", "output"))
    assert problems(misspelt)[0].startswith("routes.census.allow_hosts.output is not a known key")
    first, *others = problems(changed(r"\[routes.census.training\]", elsewhere))
    assert len(others) == 4
    assert "routes.census.training.jobs_url cannot be called: 127.0.0.1:8600 is not in" in first
    assert "routes.census.allow_hosts.training" in first
    assert all("routes.census.allow_hosts.endpoints" in sentence for sentence in others)
