"""The profile of a training set: merged from its parts, compared with the champion's, kept with the model."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.effects.drift_effects import drift_of, keep_profile, save_profile, why_not_trained
from shared.effects.run_session import RunSession
from shared.intake.profile import ColumnKind, profile_from_text
from shared.intake.settings import DriftSettings, IntakeSettings
from shared.intake.sketches import FileSketch, SketchedColumn
from shared.intake.table_schema import FieldType, SchemaField, TableSchema
from shared.ports.blob_files import BlobPart
from shared.ports.stored_run import StoredRun
from shared.records.batch import TrainingSetRef
from shared.records.drift import ColumnDrift, DriftRecord
from shared.records.endpoint_record import Champion
from shared.services import Services
from tests.pipeline.world import World

HEADER = "age,city\r\n"
MANIFEST = "training/set/1/manifest.json"
SCHEMA = TableSchema(fields=(SchemaField(name="age", type=FieldType.NUMBER), SchemaField(name="city")))


def rows_of(age: int, city: str, rows: int = 300) -> str:
    """Return clean rows, a third of which are about an age and a city."""
    quoted = 'Rome, ""old""'
    return "".join(f'{age + n % 9},"{city if n % 3 else quoted}"\r\n' for n in range(rows))


class DriftWorld:
    """A world whose one run trains on parts that a test writes."""

    def __init__(self, settings: DriftSettings | None = None, *, normalise: bool = True) -> None:
        self.world = World()
        self.world.land()
        run = self.world.run()
        stored = self.world.runs.get(run.route, run.run_id)
        assert stored is not None
        intake = IntakeSettings(normalise=normalise)
        route = replace(self.world.route, intake=intake, drift=settings or DriftSettings(at_least=0.2))
        self.session = RunSession(self.world.services, route, stored)

    def part(self, name: str, rows: str) -> BlobPart:
        """Write a part."""
        version = self.world.blobs.put("training", f"parts/{name}.csv", rows)
        return BlobPart(f"training/parts/{name}.csv", version.etag, version.size)

    def drift(self, *parts: BlobPart, manifest: str = MANIFEST) -> DriftRecord:
        """Measure the drift of a set."""
        record = drift_of(self.session, manifest, HEADER, parts, SCHEMA)
        assert record is not None
        return record

    def promote(self, *parts: BlobPart) -> None:
        """Let a model that was trained on parts become the champion, as its promotion does."""
        drift = self.drift(*parts, manifest="training/before/1/manifest.json")
        trained = replace(
            self.session.run,
            training_set=TrainingSetRef("batch", "training/before/1/manifest.json", 1, "0"),
            drift=drift,
        )
        keep_profile(
            RunSession(self.world.services, self.session.route, StoredRun(trained, None, None)),
            "models/census/before.ilearner",
        )
        stored = self.world.endpoints.get("census", "production")
        self.world.endpoints.save(stored, replace(stored.record, champion=champion()))
        self.session.endpoint(fresh=True)


def champion() -> Champion:
    """Return a champion."""
    promoted_at = datetime(2026, 11, 23, 12, tzinfo=UTC)
    return Champion(
        run_id="before", generation="1", model="models/census/before.ilearner", metrics={}, promoted_at=promoted_at
    )


def test_a_set_is_compared_with_the_champions() -> None:
    """Its profile is merged from its parts, and the champion's lies beside the archived model."""
    world = DriftWorld()
    world.promote(world.part("a", rows_of(20, "Oslo")), world.part("b", rows_of(20, "Oslo")))

    same = world.drift(world.part("c", rows_of(20, "Oslo")), world.part("d", rows_of(20, "Oslo")))
    moved = world.drift(world.part("e", rows_of(60, "Oslo")), world.part("f", rows_of(60, "Oslo")))

    assert (same.reference, same.trained) == ("before", False)
    assert max(column.value for column in same.columns) < 0.01
    assert [(column.column, column.rows, column.reference_rows) for column in same.columns] == [
        ("age", 600, 600),
        ("city", 600, 600),
    ]
    assert (moved.trained, moved.columns[0].column) == (True, "age")
    assert why_not_trained(world.session, same) == (
        "Compared with the set of run before in 2 columns, no column drifted by 0.2: not trained."
    )


def test_the_first_set_has_no_reference_and_is_trained() -> None:
    """There is no champion, or its set was never measured; its own profile is written for later ones."""
    world = DriftWorld()
    record = world.drift(world.part("a", rows_of(20, "Oslo")))
    assert record == DriftRecord("psi", None, (), (), trained=True)

    stored = world.world.endpoints.get("census", "production")
    world.world.endpoints.save(stored, replace(stored.record, champion=champion()))
    world.session.endpoint(fresh=True)
    assert world.drift(world.part("b", rows_of(20, "Oslo"))).reference is None

    text, _ = world.world.blobs.read_text("training/set/1/manifest.profile.json", 10**7)
    assert profile_from_text(text).rows == 300


def test_a_part_that_was_sketched_while_it_was_read_is_not_read_again() -> None:
    """Its profile lies beside it."""
    world = DriftWorld()
    part = world.part("a", rows_of(20, "Oslo"))
    sketch = FileSketch([SketchedColumn("age", ColumnKind.NUMBER)], 10)
    sketch.add([["1", "2", "3"]])
    save_profile(world.world.blobs, part.path, sketch.profile())

    world.drift(part)

    text, _ = world.world.blobs.read_text("training/set/1/manifest.profile.json", 10**7)
    assert profile_from_text(text).rows == 3


def test_a_part_that_was_not_sketched_is_sketched_once() -> None:
    """The route measures drift since later: its clean rows are read, with quotes, and their profile is kept."""
    world = DriftWorld()
    part = world.part("a", rows_of(20, "Oslo"))

    world.drift(part)

    text, _ = world.world.blobs.read_text("training/parts/a.profile.json", 10**7)
    profile = profile_from_text(text)
    assert profile.columns["age"].kind is ColumnKind.NUMBER
    assert profile.columns["city"].times('Rome, "old"') == 100
    world.world.blobs.put("training", "parts/a.csv", "no longer read")
    world.drift(part)


def test_rows_that_are_no_clean_csv_and_were_not_sketched_are_trained_unmeasured() -> None:
    """Without normalising nothing says how the rows are written: nothing is guessed, and nothing is held back."""
    world = DriftWorld(normalise=False)
    world.promote(world.part("b", rows_of(20, "Oslo")))

    assert world.drift(world.part("a", "20;Oslo\n")) == DriftRecord("psi", None, (), (), trained=True)


def test_a_profile_that_cannot_be_read_is_no_reference() -> None:
    """It was written by another release: the set is trained on, and its own profile replaces it."""
    world = DriftWorld()
    world.promote(world.part("a", rows_of(20, "Oslo")))
    world.world.blobs.put("models", "census/before.profile.json", '{"version": 0}')

    assert world.drift(world.part("b", rows_of(20, "Oslo"))).reference is None


def test_a_profile_that_was_deleted_keeps_no_model_from_its_promotion() -> None:
    """The copy is for the next run's measure alone."""
    world = DriftWorld()
    world.promote(world.part("a", rows_of(20, "Oslo")))
    trained = replace(world.session.run, training_set=TrainingSetRef("batch", "training/gone/manifest.json", 1, "0"))

    keep_profile(
        RunSession(world.world.services, world.session.route, StoredRun(trained, None, None)), "models/x.ilearner"
    )

    assert world.world.blobs.version("models", "x.profile.json") is None


def test_a_route_that_does_not_measure_drift_reads_and_writes_nothing() -> None:
    """Then there is no record, and no blob."""
    world = DriftWorld()
    world.session.route = replace(world.session.route, drift=None)

    assert drift_of(world.session, MANIFEST, HEADER, [world.part("a", rows_of(20, "Oslo"))], SCHEMA) is None
    assert world.world.blobs.version("training", "set/1/manifest.profile.json") is None


def test_a_long_list_of_columns_says_that_it_is_cut() -> None:
    """The record lists 100 columns at most, and more may have been compared."""
    columns = tuple(ColumnDrift(f"c{number}", "number", 0.0, 300, 300) for number in range(100))
    record = DriftRecord("psi", "before", columns, (), trained=False)

    assert "in 100 or more columns, no column drifted by 0.2" in why_not_trained(DriftWorld().session, record)


def test_the_profiles_of_many_parts_are_merged_in_bounded_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    """A set may have thousands of parts: few profiles are held at once, and the lease is kept meanwhile."""
    world = DriftWorld()
    parts = [world.part(str(number), rows_of(20, "Oslo", 10)) for number in range(100)]
    sizes: list[int] = []
    renewals: list[int] = []
    map_concurrently = Services.map_concurrently

    def counted(services: Services, work: Callable[[Any], Any], items: Iterable[Any]) -> list[Any]:
        some = list(items)
        sizes.append(len(some))
        return map_concurrently(services, work, some)

    monkeypatch.setattr(Services, "map_concurrently", counted)
    monkeypatch.setattr(RunSession, "renew_lease", lambda _: renewals.append(sum(sizes)))

    world.drift(*parts)

    assert sum(sizes) == 100
    assert max(sizes) <= 32
    assert renewals == [0, 32, 64, 96]
    text, _ = world.world.blobs.read_text("training/set/1/manifest.profile.json", 10**7)
    assert profile_from_text(text).rows == 1000


@pytest.mark.parametrize(("field", "kind"), [(None, ColumnKind.NUMBER), (SchemaField(name="age"), ColumnKind.CATEGORY)])
def test_the_schema_says_how_values_are_compared(field: SchemaField | None, kind: ColumnKind) -> None:
    """Digits may be text; without a schema the values decide."""
    world = DriftWorld()
    schema = TableSchema(fields=(field,)) if field is not None else None

    drift_of(world.session, MANIFEST, HEADER, [world.part("a", rows_of(20, "Oslo"))], schema)

    text, _ = world.world.blobs.read_text("training/set/1/manifest.profile.json", 10**7)
    assert profile_from_text(text).columns["age"].kind is kind
