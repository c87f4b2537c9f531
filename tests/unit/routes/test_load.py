"""`routes.toml`: read whole, or refused with every problem at once, each with its key."""

import re
from pathlib import Path

import pytest

from shared.errors import ConfigError
from shared.routes.load import examine_routes, load_routes
from tests.unit.routes.example_route import BASE, EXAMPLE, SETTINGS, changed, parse, problems


def test_the_example_is_read_whole() -> None:
    """The example route is complete; URLs lose their query, secrets come from the settings and stay out of reprs."""
    routes = parse(EXAMPLE)
    census = routes.routes["census"]

    assert (routes.input, routes.allow_hosts) == ("incoming", ("stdata.blob.core.windows.net", "127.0.0.1:*"))
    assert routes.match("census/2026-11.csv") is census
    assert routes.match("wine/2026-11.csv") is None
    assert census.training.urls["jobs_url"] == f"{BASE}/workspaces/w/services/t/jobs"
    assert census.serving.name == "production"
    assert census.staging is not None
    assert census.staging.name == "staging"
    assert census.policy.gates[0].min_gain == 0.002
    assert census.deadlines.promoting == 900
    assert census.training.secrets[0] == "training-key"
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
        (r"allow_hosts = \[.*\]", "allow_hosts = []", "allow_hosts must be a list"),
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


REFERENCE = "@Microsoft.KeyVault(SecretUri=https://kv.vault.azure.net/secrets/census-training-key)"


def test_each_unresolved_reference_is_a_problem_of_its_key() -> None:
    """A reference that the platform has not replaced is no key and no URL: all are named at once, none is quoted."""
    unresolved = dict.fromkeys(SETTINGS, REFERENCE)
    lines = problems(EXAMPLE, **unresolved)
    named = [line for line in lines if "which is an unresolved Key Vault reference. `landfall doctor --azure`" in line]
    assert len(named) == len(SETTINGS)
    assert {re.findall(r"the setting (\w+),", line)[0] for line in named} == set(SETTINGS)
    assert all(line.startswith(("routes.census.", "allow_hosts ")) for line in lines)
    assert not any("kv.vault.azure.net" in line for line in lines)


@pytest.mark.parametrize(
    "value", [REFERENCE.lower(), f"  {REFERENCE}", "@Microsoft.KeyVault(VaultName=v;SecretName=s)"]
)
def test_a_reference_is_recognised_however_it_is_written(value: str) -> None:
    """The platform ignores case."""
    (problem,) = problems(EXAMPLE, CENSUS_STAGING_KEY=value)
    assert problem.startswith("routes.census.endpoints[1].api_key needs the setting CENSUS_STAGING_KEY, which is an un")


@pytest.mark.parametrize(
    "value", ["Microsoft.KeyVault(x)", "key@Microsoft.KeyVault(x)", "@Microsoft.AppConfiguration(x)"]
)
def test_a_key_that_is_no_reference_is_used(value: str) -> None:
    """Whatever else a key may look like."""
    assert parse(EXAMPLE, CENSUS_STAGING_KEY=value).routes["census"].endpoints[1].secrets[0] == value


def test_a_wrong_file_is_read_as_far_as_it_can_be(tmp_path: Path) -> None:
    """What it names can be checked although something is wrong; text that is no TOML names nothing."""
    path = tmp_path / "routes.toml"
    path.write_text(changed("golden = ", "attempts = 0\ngolden = "), encoding="utf-8")
    routes, wrong = examine_routes(path, SETTINGS)
    assert routes is not None
    assert routes.routes["census"].golden == "models/golden/census.csv"
    assert wrong == ["routes.census.attempts must be a whole number of at least 1, not 0."]

    path.write_text("[", encoding="utf-8")
    routes, wrong = examine_routes(path, SETTINGS)
    assert routes is None
    assert wrong[0].startswith("this is no TOML: ")
    assert examine_routes(tmp_path / "gone", SETTINGS).problems[0].startswith(f"{tmp_path / 'gone'} does not exist.")
