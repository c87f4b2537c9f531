"""A pinned original is read once, in exactly one version; clean rows appear only of a file that is accepted."""

from dataclasses import replace

import pytest

from shared.blob_path import BlobPath
from shared.effects.file_reading import check_file, label_of, route_facts
from shared.effects.route_schema import SchemaInForce
from shared.errors import BlobChangedError, ConfigError, StaleWriteError
from shared.intake.settings import IntakeSettings
from shared.intake.table_schema import SchemaField, TableSchema
from tests.pipeline.world import World, example_routes

INTAKE = "[routes.census.intake]\nlabel = 'income'\n[routes.census.training]"
TARGET = "training/parts/census/run1/1-0-none.csv"
GOOD = "workclass,income,age\nPrivate,low,39\nState-gov,high,40\n"


def world() -> World:
    """Return a world whose route reads its files."""
    return World(example_routes(("[routes.census.training]", INTAKE)))


def calls(counted: list[None]) -> None:
    """Count a call."""
    counted.append(None)


def test_accepted() -> None:
    """The clean rows are written in the order of the golden rows and the label, and the blob is what is returned."""
    here = world()
    facts = route_facts(here.services, here.route, ("low", "high"))
    original = here.blobs.put("training", "run1/1/original.csv", GOOD)
    counted: list[None] = []
    checked = check_file(
        here.blobs, "a.csv", original, IntakeSettings(), facts.expected, TARGET, alive=lambda: calls(counted)
    )
    assert not checked.report.refused
    assert here.blobs.read_text(TARGET, 1000)[0] == "39,Private,low\n40,State-gov,high\n"
    version = here.blobs.version(*BlobPath.parse(TARGET))
    assert version is not None
    assert (checked.path, checked.etag, checked.size) == (TARGET, version.etag, version.size)
    assert counted, "the lease can be renewed while the file is read"


@pytest.mark.parametrize(
    ("text", "settings", "target"),
    [
        (f"{GOOD}x\n", IntakeSettings(), TARGET),
        ("", IntakeSettings(), TARGET),
        (GOOD, IntakeSettings(normalise=False), TARGET),
        (GOOD, IntakeSettings(), None),
    ],
)
def test_nothing_is_written(text: str, settings: IntakeSettings, target: str | None) -> None:
    """Nothing is written of a file that is refused, or whose bytes do not change, or where nothing is asked for."""
    here = world()
    original = here.blobs.put("training", "run1/1/original.csv", text)
    expected = route_facts(here.services, here.route).expected
    checked = check_file(here.blobs, "a.csv", original, settings, expected, target, alive=lambda: None)
    assert (checked.path, checked.etag, checked.size) == ("", "", 0)
    assert here.blobs.version(*BlobPath.parse(TARGET)) is None


def test_other_version() -> None:
    """A file that was overwritten since is not read, and nothing is written."""
    here = world()
    original = here.blobs.put("training", "run1/1/original.csv", GOOD)
    here.blobs.put("training", "run1/1/original.csv", GOOD + "Private,low,41\n")
    expected = route_facts(here.services, here.route).expected
    with pytest.raises(BlobChangedError):
        check_file(here.blobs, "a.csv", original, IntakeSettings(), expected, TARGET, alive=lambda: None)
    assert here.blobs.version(*BlobPath.parse(TARGET)) is None


def test_worker_that_was_replaced_at_the_end() -> None:
    """A worker that lost its lease after the last piece writes nothing: its successor's part may stand there."""
    here = world()
    original = here.blobs.put("training", "run1/1/original.csv", GOOD)
    expected = route_facts(here.services, here.route).expected
    pieces: list[None] = []

    def alive() -> None:
        pieces.append(None)
        if len(pieces) > 1:  # the file is one piece
            raise StaleWriteError("replaced")

    with pytest.raises(StaleWriteError):
        check_file(here.blobs, "a.csv", original, IntakeSettings(), expected, TARGET, alive=alive)
    assert here.blobs.version(*BlobPath.parse(TARGET)) is None


def test_facts() -> None:
    """A file is checked against the columns of the golden rows and the label, and a schema once there is one."""
    here = world()
    facts = route_facts(here.services, here.route, ("low",))
    assert facts.expected.columns == ("age", "workclass", "income")
    assert facts.expected.golden["age"] == ("39", "50")
    assert facts.holdout_etag == ""
    schema = TableSchema(fields=(SchemaField(name="age"),))
    assert facts.against(SchemaInForce(3, schema, None)) == replace(facts.expected, schema=schema, schema_number=3)
    assert facts.against(SchemaInForce(0, None, None)) == facts.expected
    assert label_of(here.route) == "income"
    assert label_of(World().route) is None


def test_unusable_golden_rows() -> None:
    """Golden rows that cannot be read stop the reading with their name; that is no verdict on the file."""
    here = world()
    here.blobs.put("models", "golden/census.csv", "a,b\n1\n")
    with pytest.raises(ConfigError, match="golden"):
        route_facts(here.services, here.route)


def test_a_label_that_the_golden_rows_contradict() -> None:
    """A column with which the model is asked is not predicted: no file is read, and the setting is named."""
    here = world()
    here.blobs.put("models", "golden/census.csv", "age,income\n39,low\n50,high\n")
    with pytest.raises(ConfigError, match=r"routes\.census\.intake\.label: the golden rows have 2 different values"):
        route_facts(here.services, here.route)
    here.blobs.put("models", "golden/census.csv", "age,income\n39,0\n50,0\n")
    assert route_facts(here.services, here.route).expected.label == "income"
