"""One route's own keys: what they are without a word in the file, what they may say, and what is refused."""

import pytest

from shared.errors import HostNotAllowedError
from tests.route_parts import classic_endpoint, classic_training
from tests.unit.routes.example_route import BASE, EXAMPLE, SETTINGS, changed, parse, problems


def test_attempts_may_be_said() -> None:
    """Two trainings of a version at most, unless the route says otherwise; none at all makes no sense."""
    more = changed(r'golden = ".*"', r'golden = "models/golden/census.csv"\nattempts = 5')

    assert parse(EXAMPLE).routes["census"].attempts == 2
    assert parse(more).routes["census"].attempts == 5
    assert "at least 1" in problems(more.replace("attempts = 5", "attempts = 0"))[0]


def test_verification_may_be_tolerant_and_go_on_for_a_while() -> None:
    """`golden_tolerance` and `bake_s` are read; what would accept anything, or hold up the next run, is refused."""
    census = parse(changed("golden = ", "golden_tolerance = 1e-6\nbake_s = 600\ngolden = ")).routes["census"]
    assert (census.golden_tolerance, census.bake_s) == (1e-6, 600)

    assert problems(changed("golden = ", "golden_tolerance = 1.5\nbake_s = 86400\ngolden = ")) == [
        "routes.census.golden_tolerance must be at least 0 and less than 1, not 1.5.",
        "routes.census.bake_s must be less than deadlines_s.running = 86400: the next run waits while a model bakes.",
    ]


def test_a_key_goes_to_the_hosts_of_its_own_urls() -> None:
    """By itself, without a word in the file: not to another host of the list."""
    route = parse(EXAMPLE, CENSUS_STAGING_PATCH_URL=SETTINGS["CENSUS_STAGING_PATCH_URL"].replace("8600", "1"))
    classic_training(route.routes["census"].training).allowed.check(f"{BASE}/jobs/1")
    for endpoint, port in ((route.routes["census"].endpoints[0], 1), (route.routes["census"].endpoints[1], 2)):
        allowed = classic_endpoint(endpoint).allowed
        allowed.check(endpoint.urls["patch_url"])
        with pytest.raises(HostNotAllowedError):
            allowed.check(f"http://127.0.0.1:{port}/x")


def test_a_route_says_whether_the_shape_of_answers_may_change() -> None:
    """It may not unless the route says so; another word is refused."""
    assert parse(EXAMPLE).routes["census"].classes_may_change is False
    assert parse(changed("golden = ", 'classes = "may-change"\ngolden = ')).routes["census"].classes_may_change

    assert problems(changed("golden = ", 'classes = "any"\ngolden = ')) == [
        "routes.census.classes must be one of 'must-stay', 'may-change', not 'any'."
    ]


def test_second_keys_may_be_given() -> None:
    """As a setting each, of training and endpoints; they stay out of reprs, and a setting that is not set is told."""
    text = EXAMPLE.replace('api_key = "${CENSUS_', 'api_key_secondary = "${SECOND}"\napi_key = "${CENSUS_')
    routes = parse(text, SECOND="CANARY")
    census = routes.routes["census"]
    training, endpoints = classic_training(census.training), map(classic_endpoint, census.endpoints)
    second_keys = {(endpoint.api_key_secondary, endpoint.api_key_secondary_setting) for endpoint in endpoints}
    assert (training.api_key_secondary, training.api_key_secondary_setting) == ("CANARY", "SECOND")
    assert second_keys == {("CANARY", "SECOND")}
    assert "CANARY" not in repr(routes)
    assert parse(EXAMPLE).routes["census"].training.secrets[1] == ""

    sentences = problems(text)
    assert len(sentences) == 3
    assert "routes.census.training.api_key_secondary needs the setting SECOND, which is not set." in sentences
