"""The Bicep compiler over the templates: no finding, no difference of form, no stale snapshot."""

import json
import shutil
from pathlib import Path

import pytest

from tests.infra import compiler
from tests.infra.compiler import BICEP_FILES, CompilerError, accepted, bicep, refusals, snapshot
from tests.infra.sources import INFRA, ROOT, SNAPSHOTS, STANDALONE
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
    return tmp_path


def test_every_file_builds_and_no_rule_finds_anything() -> None:
    """Warnings count: bicepconfig.json makes almost every rule an error, and the rest of the compiler warns."""
    assert bicep("lint", "--pattern", BICEP_FILES) == ""
    for entry in ("main.bicep", *sorted(STANDALONE)):
        assert bicep("build", INFRA / entry, "--stdout").startswith("{")


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("\nparam idle string = ''\n", "use-description-params"),
        ("\n@description('Idle.')\nparam idle string = ''\n", "no-unused-params"),
        ("\n@description('Untyped.')\nparam untyped object\n", "use-user-defined-types"),
        ("\n@description('Key.')\noutput key object = site.listKeys()\n", "outputs-should-not-contain-secrets"),
        ("\nresource old 'Microsoft.Web/sites@2022-03-01' existing = {\n  name: 'old'\n}\n", "use-recent-api-versions"),
    ],
)
def test_a_finding_is_seen(copy: Path, text: str, rule: str) -> None:
    """The rules of bicepconfig.json are in force, those that Bicep leaves off among them."""
    path = copy / "infra" / "app" / "function.bicep"
    path.write_text(path.read_text(encoding="utf-8") + text, encoding="utf-8")

    with pytest.raises(CompilerError, match=rule):
        bicep("lint", "--pattern", BICEP_FILES, folder=copy)


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


def test_wrong_combinations_are_refused_with_their_message() -> None:
    """The compiler refuses them with exactly the recorded texts."""
    assert refusals() == REFUSED


def test_azd_can_read_the_type_of_each_parameter() -> None:
    """A tool such as azd follows one reference to a type; a type that only names another type would stay unknown."""
    template = json.loads(bicep("build", INFRA / "main.bicep", "--stdout"))
    for name, parameter in template["parameters"].items():
        reference = parameter.get("$ref", "")
        definition = template["definitions"][reference.rsplit("/", maxsplit=1)[-1]] if reference else parameter
        assert definition["type"] in {"string", "int", "bool", "array", "object"}, name
