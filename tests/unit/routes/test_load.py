"""`routes.toml`: read whole, or refused with every problem at once, each with its key."""

import re
from pathlib import Path

import pytest

from shared.errors import ConfigError, HostNotAllowedError
from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task, measured_metrics
from shared.gates.policy import Bootstrap
from shared.routes.load import Routes, load_routes, parse_routes

ROOT = Path(__file__).resolve().parents[3]
EXAMPLE = (ROOT / "routes.toml").read_text(encoding="utf-8")
BASE = "http://127.0.0.1:8600"
SETTINGS = {
    "CENSUS_JOBS_URL": f"{BASE}/workspaces/w/services/t/jobs?api-version=2.0",
    "CENSUS_TRAINING_KEY": "training-key",
    "CENSUS_PATCH_URL": f"{BASE}/management/workspaces/w/webservices/s/endpoints/production",
    "CENSUS_EXECUTE_URL": f"{BASE}/workspaces/w/services/p/execute?api-version=2.0&details=true",
    "CENSUS_ENDPOINT_KEY": "endpoint-key",
    "CENSUS_STAGING_PATCH_URL": f"{BASE}/management/workspaces/w/webservices/s/endpoints/staging",
    "CENSUS_STAGING_EXECUTE_URL": f"{BASE}/workspaces/w/services/q/execute",
    "CENSUS_STAGING_KEY": "staging-key",
}


def parse(text: str, **settings: str) -> Routes:
    """Parse routes with the usual settings."""
    return parse_routes(text, {**SETTINGS, **settings})


def problems(text: str, **settings: str) -> list[str]:
    """Parse wrong routes and return their problems, without the file's name that each begins with."""
    with pytest.raises(ConfigError) as error:
        parse(text, **settings)
    assert all(problem.startswith("routes.toml: ") for problem in error.value.problems)
    return [problem.removeprefix("routes.toml: ") for problem in error.value.problems]


def changed(pattern: str, replacement: str) -> str:
    """Return the example with one place changed."""
    text, count = re.subn(pattern, replacement, EXAMPLE, count=1)
    assert count == 1
    return text


def test_the_example_is_read_whole() -> None:
    """The example route is complete; URLs lose their query, secrets come from the settings and stay out of reprs."""
    routes = parse(EXAMPLE)
    census = routes.routes["census"]

    assert (routes.input, routes.allow_hosts) == ("incoming", ("127.0.0.1:*",))
    assert routes.match("census/2026-11.csv") is census
    assert routes.match("wine/2026-11.csv") is None
    assert census.training.jobs_url == f"{BASE}/workspaces/w/services/t/jobs"
    assert census.serving.name == "production"
    assert census.staging is not None
    assert census.staging.name == "staging"
    assert census.policy.gates[0].min_gain == 0.002
    assert census.deadlines.promoting == 900
    assert census.training.api_key == "training-key"
    assert "training-key" not in repr(routes)
    assert "staging-key" not in repr(routes)


def test_a_missing_file_names_the_setting(tmp_path: Path) -> None:
    """The path and the setting that holds it are in the message."""
    with pytest.raises(ConfigError, match=r"nowhere\.toml does not exist.*LANDFALL_ROUTES"):
        load_routes(tmp_path / "nowhere.toml", {})


def test_a_file_is_read_with_or_without_a_byte_order_mark(tmp_path: Path) -> None:
    """Some editors write the mark; problems and warnings begin with the file's path."""
    path = tmp_path / "routes.toml"
    path.write_text("\ufeff" + EXAMPLE.replace("at_least = 0.80, ", ""), encoding="utf-8")
    assert [
        warning.startswith(f"{path}: routes.census.gates ") for warning in load_routes(path, SETTINGS).warnings
    ] == [True]
    path.write_text(EXAMPLE.replace("version = 1", "version = 2"), encoding="utf-8")
    with pytest.raises(ConfigError, match=re.escape(f"{path}: version is 2")):
        load_routes(path, SETTINGS)


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    """Another encoding, and a folder, are told by the path."""
    path = tmp_path / "routes.toml"
    path.write_bytes(EXAMPLE.encode("utf-16"))
    with pytest.raises(ConfigError, match=r"routes\.toml is not UTF-8 text"):
        load_routes(path, SETTINGS)
    with pytest.raises(ConfigError, match="cannot be read"):
        load_routes(tmp_path, SETTINGS)


def test_malformed_toml_names_line_and_column() -> None:
    """A syntax error is located."""
    assert "line 2, column" in problems('version = 1\ninput = = "x"\n')[0]


def test_every_problem_is_reported_at_once() -> None:
    """Nine mistakes in one file are nine problems, each with its key."""
    text = (
        EXAMPLE.replace('files = "census/*.csv"', "")
        .replace('"threshold-only"', '"perhaps"')
        .replace("at_least = 0.80", 'at_least = "high"')
        .replace('golden = "models', 'goldenn = "models')
        .replace("running = 86400", "running = -1")
        .replace('"${CENSUS_TRAINING_KEY}"', '"s3cret"')
        .replace('role = "staging"', 'role = "stage"')
        .replace("evaluation_row = 0", "evaluation_row = true")
    )

    sentences = problems(text, CENSUS_STAGING_KEY="")

    for key, message in {
        "routes.census.files": 'is missing. Add the pattern of its files, for example "census/*.csv".',
        "routes.census.no_champion": "one of 'promote', 'hold', 'threshold-only'",
        "routes.census.gates[0].at_least": "finite number",
        "routes.census.golden": "is missing",
        "routes.census.goldenn": "is not a known key. Write 'golden' if that was meant.",
        "routes.census.deadlines_s.running": "at least 1",
        "routes.census.training.api_key": "${NAME}",
        "routes.census.training.evaluation_row": "whole number",
        "routes.census.endpoints[1].role": "'serve', 'staging'",
        "routes.census.endpoints[1].api_key": "CENSUS_STAGING_KEY, which is not set",
    }.items():
        assert any(problem.startswith(key + " ") and message in problem for problem in sentences), (key, sentences)
    assert len(sentences) == 10
    assert "s3cret" not in " ".join(sentences)


@pytest.mark.parametrize(
    ("pattern", "replacement", "message"),
    [
        ("version = 1", "version = 2", "version is 2, and this release reads version 1."),
        ("version = 1\n", "", "version is missing"),
        (r'input = "incoming"', "input = 7", "non-empty string"),
        (
            r'input = "incoming"',
            'input = "In_Coming"',
            "'In_Coming', which is no container name. Use 3 to 63",
        ),
        (r'input = "incoming"', 'input = "in--coming"', "input is 'in--coming'"),
        (r'input = "incoming"', 'input = "in"', "input is 'in'"),
        (r'input = "incoming"', f'input = "{"i" * 64}"', "3 to 63 lower-case letters"),
        (r"models/golden/census.csv", "mod--els/golden/census.csv", "container/path.csv"),
        (r"models/golden/census.csv", "models-/golden/census.csv", "container/path.csv"),
        (r'\["127.0.0.1:\*"\]', "[]", "allow_hosts must be a list"),
        (r"\[routes.census\]", "[routes.Census_1]", "routes.Census_1 is no route name. Use lower-case letters"),
        (r'files = "census/\*.csv"', 'files = "/census/*.csv"', "without a leading slash"),
        (r"models/initial/census.ilearner", "census.ilearner", "container/path.ilearner"),
        (r", at_least = 0.80, min_gain = 0.002", "", "has no bound"),
        (r'"AUC", at_least = 0.80', '"Profit"', "direction is missing"),
        (r"at_least = 0.80, min_gain = 0.002", "max_loss = 0.1", "only limit losses"),
        (r"min_gain = 0.002", "max_loss = -0.1", "max_loss must not be negative"),
        (r"min_gain = 0.002", "at_most = 0.7", "is 0.8, more than at_most = 0.7: no model can pass"),
        (r"at_least = 0.80", "at_least = 80", "at_least lets no model pass: AUC 80 is impossible"),
        (r"at_least = 0.80", "at_least = 80", "per cent may be meant: 0.8"),
        (r"at_least = 0.80", "at_most = -0.1", "at_most lets no model pass: AUC -0.1 is impossible"),
        (r"min_gain = 0.002", "min_gain = 2", "min_gain lets no model pass: AUC is between 0 and 1"),
        (r"min_gain = 0.002", "min_gian = 0.002", "min_gian"),
        (r'no_champion = "threshold-only"', 'no_champion = "hold"\nrequire = "most"', "'all', 'any'"),
        (r'no_champion = "threshold-only"', 'no_champion = "hold"\nmin_rows = -1', "min_rows must be"),
        (r'name = "staging"', 'name = "Staging-2"', "must be 1 to 24 lower-case letters and digits, not 'Staging-2'."),
        (r'role = "staging"', 'role = "serve"', "endpoints must hold exactly one with role 'serve', not 2."),
        (r'role = "serve"', 'role = "staging"', "endpoints must hold at most one with role 'staging', not 2."),
        (r'name = "staging"', 'name = "production"', "more than once"),
        (r"\$\{CENSUS_STAGING_PATCH_URL\}", "${CENSUS_PATCH_URL}", "an endpoint belongs to one route"),
        (r"global_parameters = \{\}", "global_parameters = [1]", "table of strings or numbers"),
        (
            r"\[routes.census.training\]",
            "[routes.census.trainer]",
            "Add the table [routes.census.training].",
        ),
    ],
)
def test_single_mistakes(pattern: str, replacement: str, message: str) -> None:
    """Each mistake has a message that says what is wrong."""
    assert any(message in problem for problem in problems(changed(pattern, replacement)))


def test_an_address_that_no_list_allows_is_refused() -> None:
    """Nothing could be sent there."""
    (sentence,) = problems(EXAMPLE, CENSUS_JOBS_URL="https://bes.example.com/jobs")

    assert sentence.startswith(
        "routes.census.training.jobs_url cannot be called: bes.example.com:443 is not in allow_hosts"
    )


def test_overlapping_patterns_and_shared_endpoints_are_refused() -> None:
    """Two routes may neither claim the same file nor promote to the same endpoint."""
    second = EXAMPLE[EXAMPLE.index("[routes.census]") :].replace("routes.census", "routes.other")

    sentences = problems(EXAMPLE + "\n" + second)

    overlap = "routes.other.files is 'census/*.csv', which overlaps 'census/*.csv' of routes.census."
    assert any(sentence.startswith(overlap) for sentence in sentences)
    assert sum("an endpoint belongs to one route" in sentence for sentence in sentences) == 2


def test_an_empty_text_says_what_is_needed() -> None:
    """An empty file lacks everything, and says so."""
    sentences = problems("")

    for key in ("version", "input", "allow_hosts", "routes"):
        assert any(sentence.startswith(f"{key} is missing. Add ") for sentence in sentences)


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


HOLDOUT = """[routes.census.holdout]
data = "models/holdout/census.csv"
label = "income"
task = "binary"
positive = ">50K"
label_sent = "0"

[routes.census.training]"""


def test_a_holdout_is_read() -> None:
    """Where it lies, what is predicted, and how sure a gain must be."""
    text = changed(r"\[routes.census.training\]", HOLDOUT).replace(
        "golden = ", 'approval = "required"\nbootstrap = { samples = 200 }\ngolden = ', 1
    )
    census = parse(text).routes["census"]

    assert census.holdout == Holdout(
        data="models/holdout/census.csv", label="income", task=Task.BINARY, positive=">50K", label_sent="0"
    )
    assert census.policy.bootstrap == Bootstrap(samples=200)
    assert census.needs_approval


def test_a_holdout_that_cannot_work_is_refused() -> None:
    """What the task does not measure, what has no meaning, what would take for ever: each with its key."""
    table = (
        HOLDOUT.replace('"binary"', '"regression"').replace("census.csv", "census.txt").replace('"0"', '""') + "\n"
    ).replace('label = "income"', 'label = "income"\nbatch_rows = 9999')
    assert problems(changed(r"\[routes.census.training\]", table)) == [
        "routes.census.holdout.data must end in .csv, not 'models/holdout/census.txt'. Write container/path.csv.",
        "routes.census.holdout.positive means nothing for a regression task. Remove it.",
        "routes.census.holdout.batch_rows must be at most 5,000 rows a request, not 9,999.",
        "routes.census.holdout.label_sent must be a non-empty string, not ''.",
        "routes.census.gates[0].metric is 'AUC', which is not measured on a regression holdout. Use one of "
        + ", ".join(measured_metrics(Task.REGRESSION))
        + ".",
    ]


def test_what_needs_a_holdout_says_so() -> None:
    """A sure gain and a comparison with whatever is in service need rows that both models score, and staging."""
    text = changed('no_champion = "threshold-only"', 'no_champion = "compare"\nbootstrap = { confidence = 0.99 }')
    assert problems(text) == [
        "routes.census.bootstrap needs a [holdout]: only models that scored the same rows can be compared that way.",
        "routes.census.no_champion needs a [holdout]: only models that scored the same rows can be compared that way.",
    ]
    without = changed(r"\[routes.census.training\]", HOLDOUT)
    without = without[: without.rindex("[[routes.census.endpoints]]")]
    assert problems(without) == [
        "routes.census.holdout needs an endpoint with role 'staging', which scores the challenger. Add it."
    ]


@pytest.mark.parametrize(
    ("bootstrap", "sentence"),
    [
        ("confidence = 0.4", "confidence must be at least 0.5 and less than 1, not 0.4."),
        ("confidence = 1.0", "confidence must be at least 0.5 and less than 1, not 1."),
        ("confidence = 0.999", "samples must be at least 2,000 for a confidence of 0.999."),
        ("samples = 5", "samples must be a whole number of at least 100, not 5."),
        ("samples = 5000", "samples must be at most 2,000, not 5,000: more take too long."),
        ("sample = 500", "sample is not a known key. Write 'samples' if that was meant."),
    ],
)
def test_a_bootstrap_that_says_nothing_is_refused(bootstrap: str, sentence: str) -> None:
    """Too little or impossible confidence, too few draws for it, too many to wait for."""
    text = changed(r"\[routes.census.training\]", HOLDOUT)
    text = text.replace("golden = ", f"bootstrap = {{ {bootstrap} }}\ngolden = ", 1)

    assert problems(text) == [f"routes.census.bootstrap.{sentence}"]


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


def test_a_key_goes_to_the_hosts_of_its_own_urls() -> None:
    """By itself, without a word in the file: not to another host of the list."""
    route = parse(EXAMPLE, CENSUS_STAGING_PATCH_URL=SETTINGS["CENSUS_STAGING_PATCH_URL"].replace("8600", "1"))
    route.routes["census"].training.allowed.check(f"{BASE}/jobs/1")
    for endpoint, port in ((route.routes["census"].endpoints[0], 1), (route.routes["census"].endpoints[1], 2)):
        endpoint.allowed.check(endpoint.patch_url)
        with pytest.raises(HostNotAllowedError):
            endpoint.allowed.check(f"http://127.0.0.1:{port}/x")


def test_a_route_says_whether_the_shape_of_answers_may_change() -> None:
    """It may not unless the route says so; another word is refused."""
    assert parse(EXAMPLE).routes["census"].classes_may_change is False
    assert parse(changed("golden = ", 'classes = "may-change"\ngolden = ')).routes["census"].classes_may_change

    assert problems(changed("golden = ", 'classes = "any"\ngolden = ')) == [
        "routes.census.classes must be one of 'must-stay', 'may-change', not 'any'."
    ]


FLOORS = [
    ('{ metric = "AUC", at_least = 0.8, min_gain = 0.01 }', "all", True),
    ('{ metric = "AUC", min_gain = 0.01 }', "all", False),
    ('{ metric = "AUC", min_gain = 0.01 }, { metric = "Accuracy", at_least = 0.5 }', "all", True),
    ('{ metric = "AUC", min_gain = 0.01 }, { metric = "Accuracy", at_least = 0.5 }', "any", False),
    ('{ metric = "AUC", at_least = 0.7 }, { metric = "Accuracy", at_least = 0.5 }', "any", True),
    ('{ metric = "AUC", at_most = 0.9, min_gain = 0.01 }', "all", False),
    ('{ metric = "Root Mean Squared Error", at_most = 9, min_gain = 0.1 }', "all", True),
    ('{ metric = "Root Mean Squared Error", at_least = 0, min_gain = 0.1 }', "all", False),
    ('{ metric = "Lift", direction = "lower", at_most = 3 }', "all", True),
    ('{ metric = "Lift", at_least = 3 }', "all", True),
]


@pytest.mark.parametrize(("gates", "require", "floor"), FLOORS)
def test_a_policy_without_a_floor_is_warned_of(gates: str, require: str, floor: bool) -> None:
    """A floor is the bound on the worse side of a deciding metric; where any one gate will do, each needs its own."""
    text = changed(r"gates = \[.*\]", f'require = "{require}"\ngates = [ {gates} ]')
    warnings = parse(text).warnings

    if floor:
        assert warnings == ()
    else:
        assert len(warnings) == 1
        assert warnings[0].startswith(
            "routes.toml: routes.census.gates let any model through: no gate has a floor, so a model is compared only"
        )


def test_second_keys_may_be_given() -> None:
    """As a setting each, of training and endpoints; they stay out of reprs, and a setting that is not set is told."""
    text = EXAMPLE.replace('api_key = "${CENSUS_', 'api_key_secondary = "${SECOND}"\napi_key = "${CENSUS_')
    routes = parse(text, SECOND="CANARY")
    census = routes.routes["census"]
    assert (census.training.api_key_secondary, census.training.api_key_secondary_setting) == ("CANARY", "SECOND")
    second_keys = {(endpoint.api_key_secondary, endpoint.api_key_secondary_setting) for endpoint in census.endpoints}
    assert second_keys == {("CANARY", "SECOND")}
    assert "CANARY" not in repr(routes)
    assert parse(EXAMPLE).routes["census"].training.api_key_secondary == ""

    sentences = problems(text)
    assert len(sentences) == 3
    assert "routes.census.training.api_key_secondary needs the setting SECOND, which is not set." in sentences
