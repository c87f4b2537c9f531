"""The Bicep compiler over the templates: no finding, no difference of form, no stale snapshot."""

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.infra import compiler
from tests.infra.compiler import BICEP_FILES, CompilerError, accepted, bicep, refusal, refused, server, snapshot
from tests.infra.compiler_server import Server
from tests.infra.sources import DOCKERFILE, INFRA, ROOT, SNAPSHOTS, STANDALONE
from tests.infra.test_snapshots import REFUSED

pytestmark = pytest.mark.skipif(
    compiler.compiler() is None,
    reason="no Bicep compiler of the version in .ci/bicep-version on the PATH; the digest still finds stale snapshots",
)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a folder with a copy of the templates and of the parameter files."""
    shutil.copytree(INFRA, tmp_path / "infra")
    shutil.copytree(SNAPSHOTS, tmp_path / "tests" / "infra" / "snapshots")
    (tmp_path / "studio").mkdir()
    shutil.copy(DOCKERFILE, tmp_path / "studio")
    return tmp_path


def test_every_file_builds_and_no_rule_finds_anything() -> None:
    """Warnings count: bicepconfig.json makes almost every rule an error, and the rest of the compiler warns."""
    assert bicep("lint", "--pattern", BICEP_FILES) == ""
    for entry in ("main.bicep", *sorted(STANDALONE)):
        assert bicep("build", INFRA / entry, "--stdout").startswith("{")


# Declarations that break a rule each, by the rule: some of these rules Bicep leaves off, and one is a warning here.
FINDINGS = {
    "use-description-params": "param undescribed string = 'a'",
    "no-unused-params": "@description('Idle.')\nparam idle string = ''",
    "use-user-defined-types": "@description('Untyped.')\nparam untyped object",
    "outputs-should-not-contain-secrets": "@description('Key.')\noutput key object = site.listKeys()",
    "use-recent-api-versions": "resource old 'Microsoft.Web/sites@2022-03-01' existing = {\n  name: 'old'\n}",
}


def test_findings_are_seen(copy: Path) -> None:
    """The rules of bicepconfig.json are in force."""
    path = copy / "infra" / "app" / "function.bicep"
    path.write_text("\n".join([path.read_text(encoding="utf-8"), *FINDINGS.values()]), encoding="utf-8")

    with pytest.raises(CompilerError) as error:
        bicep("lint", "--pattern", BICEP_FILES, folder=copy)
    assert [rule for rule in FINDINGS if f" {rule}: " not in str(error.value)] == []


def test_the_formatter_changes_nothing(copy: Path) -> None:
    """`make snapshots` formats the files."""
    for pattern in (BICEP_FILES, compiler.PARAMETER_FILES):
        bicep("format", "--pattern", pattern, folder=copy)

    for path in sorted(copy.rglob("*.bicep*")):
        source = (ROOT / path.relative_to(copy)).read_bytes()
        assert path.read_bytes() == source, f"{path.relative_to(copy)}: run make snapshots"


@pytest.mark.parametrize("parameters", accepted(), ids=lambda path: path.stem)
def test_a_snapshot_is_what_the_compiler_evaluates(parameters: Path) -> None:
    """A difference is printed; `make snapshots` renews the file."""
    snapshot(parameters, "Validate")


def test_a_changed_template_makes_a_snapshot_fail(copy: Path) -> None:
    """The comparison sees a single property."""
    storage = copy / "infra" / "app" / "storage.bicep"
    text = storage.read_text(encoding="utf-8")
    storage.write_text(text.replace("allowSharedKeyAccess: false", "allowSharedKeyAccess: true"), encoding="utf-8")

    with pytest.raises(CompilerError, match="allowSharedKeyAccess"):
        snapshot(copy / "tests" / "infra" / "snapshots" / "smallest.bicepparam", "Validate")


@pytest.fixture(scope="module")
def running() -> Iterator[Server]:
    """Give a running compiler."""
    with server() as running:
        yield running


@pytest.mark.xdist_group("running")  # in one worker, so that one compiler is started
@pytest.mark.parametrize("parameters", refused(), ids=lambda path: path.stem)
def test_a_wrong_combination_is_refused_with_its_message(parameters: Path, running: Server) -> None:
    """The compiler refuses it with exactly the recorded text."""
    assert refusal(parameters, running) == REFUSED[parameters.stem]


@pytest.mark.xdist_group("running")
def test_only_a_refusal_has_a_message(running: Server, tmp_path: Path) -> None:
    """A deployment that is accepted has none, nor one whose parameters the template does not know."""
    unknown = tmp_path / "unknown.bicepparam"
    unknown.write_text(f"using '{INFRA / 'main.bicep'}'\nparam unknown = 1\n", encoding="utf-8")
    for parameters in (SNAPSHOTS / "smallest.bicepparam", unknown):
        with pytest.raises(CompilerError, match=f"{parameters.name} is not refused"):
            refusal(parameters, running)


def test_azd_can_read_the_type_of_each_parameter() -> None:
    """A tool such as azd follows one reference to a type; a type that only names another type would stay unknown."""
    template = json.loads(bicep("build", INFRA / "main.bicep", "--stdout"))
    for name, parameter in template["parameters"].items():
        reference = parameter.get("$ref", "")
        definition = template["definitions"][reference.rsplit("/", maxsplit=1)[-1]] if reference else parameter
        assert definition["type"] in {"string", "int", "bool", "array", "object"}, name
