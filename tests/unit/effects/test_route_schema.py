"""A version of a route's schema is written once, and exactly one is in force, whoever dies or comes second."""

import json
from datetime import UTC, datetime

import pytest

from shared.effects.route_schema import columns_since, learnt_label, put_in_force, read_version, schema_in_force
from shared.errors import ConfigError, StaleWriteError
from shared.intake.field_learning import Label
from shared.intake.table_schema import Origin, SchemaField, TableSchema, to_json
from shared.lifecycle.job_paths import schema_path
from tests.pipeline.world import ROOT, World, example_routes

LEARNT = "[routes.census.intake]\nlabel = 'income'\n[routes.census.training]"
BY_HAND = f"[routes.census.intake]\nschema = 'models/by-hand.json'\n{LEARNT.partition(chr(10))[2]}"


def world(intake: str = LEARNT) -> World:
    """Return a world whose route reads its files."""
    return World(example_routes(("[routes.census.training]", intake)))


def schema(*names: str, run: str = "run1") -> TableSchema:
    """Return a learnt schema of texts."""
    origin = Origin(run, datetime(2026, 11, 30, tzinfo=UTC))
    return TableSchema(fields=tuple(SchemaField(name=name) for name in names), origin=origin)


def by_hand(*names: str) -> str:
    """Return the JSON of a schema of texts."""
    return json.dumps({"fields": [{"name": name} for name in names]})


def test_first_and_next() -> None:
    """Versions are numbered from 1, and all of them stay."""
    here = world()
    none = schema_in_force(here.services, here.route)
    assert (none.number, none.schema) == (0, None)
    first = put_in_force(here.services, none, schema("a"))
    second = put_in_force(here.services, first, schema("a", "b"))
    assert (first.number, second.number) == (1, 2)
    assert schema_in_force(here.services, here.route) == second
    assert read_version(here.services, "census", 1) == schema("a")


def test_columns_since() -> None:
    """A file that was checked against an older version may lack the columns that were added since."""
    here = world()
    first = put_in_force(here.services, schema_in_force(here.services, here.route), schema("a", "b"))
    second = put_in_force(here.services, first, schema("c", "b", "d"))
    assert columns_since(here.services, "census", second, 1) == ("c", "d")
    assert columns_since(here.services, "census", second, 2) == ()


def test_two_first_files() -> None:
    """Of two workers that teach at once, one wins; the other is told to read its file again."""
    here = world()
    none = schema_in_force(here.services, here.route)
    put_in_force(here.services, none, schema("a"))
    with pytest.raises(StaleWriteError):
        put_in_force(here.services, none, schema("b", run="run2"))
    assert schema_in_force(here.services, here.route).schema == schema("a")


def test_repeated() -> None:
    """The same worker may repeat what it did."""
    here = world()
    none = schema_in_force(here.services, here.route)
    put_in_force(here.services, none, schema("a"))
    assert put_in_force(here.services, none, schema("a")).number == 1


def test_dead_worker() -> None:
    """A version that was written and not put in force is put in force by the next worker, which reads again."""
    here = world()
    none = schema_in_force(here.services, here.route)
    here.blobs.create_text(schema_path("census", 1), json.dumps(to_json(schema("a"))))
    assert schema_in_force(here.services, here.route).number == 0
    with pytest.raises(StaleWriteError):
        put_in_force(here.services, none, schema("b", run="run2"))
    assert schema_in_force(here.services, here.route).schema == schema("a")


def test_row_written_meanwhile() -> None:
    """A row that another worker wrote between reading and writing keeps the later version."""
    here = world()
    none = schema_in_force(here.services, here.route)
    first = put_in_force(here.services, none, schema("a"))
    put_in_force(here.services, first, schema("b"))
    with pytest.raises(StaleWriteError):
        put_in_force(here.services, none, schema("a"))
    assert schema_in_force(here.services, here.route).number == 2


def test_by_hand() -> None:
    """The file that routes.toml names is version 1, its next content version 2; another ETag alone is no version."""
    here = world(BY_HAND)
    here.blobs.put("models", "by-hand.json", by_hand("a"))
    assert schema_in_force(here.services, here.route).number == 1
    here.blobs.put("models", "by-hand.json", by_hand("a"))
    assert schema_in_force(here.services, here.route).number == 1
    here.blobs.put("models", "by-hand.json", by_hand("a", "b"))
    changed = schema_in_force(here.services, here.route)
    assert changed.number == 2
    assert changed.schema is not None
    assert changed.schema.names == ("a", "b")


def test_accepted_over_a_file() -> None:
    """A version that was accepted stays in force until the file in routes.toml changes."""
    here = world(BY_HAND)
    here.blobs.put("models", "by-hand.json", by_hand("a"))
    put_in_force(here.services, schema_in_force(here.services, here.route), schema("a", "b"))
    assert schema_in_force(here.services, here.route).schema == schema("a", "b")
    here.blobs.put("models", "by-hand.json", by_hand("c"))
    assert schema_in_force(here.services, here.route).number == 3


def test_bad_file() -> None:
    """A file that is missing or not supported stops the reading with its name; nothing is put in force."""
    here = world(BY_HAND)
    with pytest.raises(ConfigError, match="by-hand"):
        schema_in_force(here.services, here.route)
    here.blobs.put("models", "by-hand.json", '{"fields": [{"name": "a", "type": "geopoint"}]}')
    with pytest.raises(ConfigError, match="geopoint"):
        schema_in_force(here.services, here.route)
    assert here.runs.route_state("census").state.schema == 0


def test_no_schema() -> None:
    """A route that wants none reads no row and no version."""
    here = world(LEARNT.replace("label", "schema = 'none'\nlabel"))
    assert schema_in_force(here.services, here.route).state is None
    assert schema_in_force(here.services, here.route).number == 0


@pytest.mark.parametrize(
    ("gates", "has_classes"),
    [
        ('[{ metric = "AUC", at_least = 0.8 }]', True),
        ('[{ metric = "Accuracy", at_least = 0.8 }]', True),
        ('[{ metric = "Mean Absolute Error", at_most = 0.8 }]', False),
        ('[{ metric = "Whatever", at_least = 0.8 }]', None),
    ],
)
def test_label(gates: str, *, has_classes: bool | None) -> None:
    """The task of the gates' metrics tells whether the label has classes, where no holdout says it."""
    text = (ROOT / "routes.toml").read_text(encoding="utf-8")
    present = next(line for line in text.splitlines() if line.startswith("gates = "))
    here = World(example_routes((present, f"gates = {gates}")))
    label = learnt_label(here.route, "income", ("low",))
    assert label == Label("income", ("low",), has_classes)
    assert learnt_label(here.route, None, ()) is None


@pytest.mark.parametrize("after", [False, True])
@pytest.mark.parametrize("operation", ["create_text", "read_text", "save_route_state", "route_state"])
def test_another_worker_at_any_moment(operation: str, *, after: bool) -> None:
    """Whenever another worker puts its schema in force, one of the two has the number, and both agree on which."""
    here = world()
    begun = schema_in_force(here.services, here.route)
    outcomes: list[str] = []

    def put(run: str) -> None:
        try:
            put_in_force(here.services, begun, schema("a", run=run))
        except StaleWriteError:
            outcomes.append(f"{run} reads again")
        else:
            outcomes.append(f"{run} won")

    faults = here.runs.faults if operation.endswith("route_state") else here.blobs.faults
    faults.run_at_next(operation, lambda: put("run2"), after=after)
    put("run1")
    if operation in {"read_text", "route_state"}:  # only whoever comes second reads: so it must be made to
        faults.forget(operation)
        put("run2")
    in_force = schema_in_force(here.services, here.route)
    assert in_force.number == 1
    assert in_force.schema is not None
    assert in_force.schema.origin is not None
    winner = in_force.schema.origin.run
    assert sorted(outcomes) == sorted([f"{winner} won", f"{'run2' if winner == 'run1' else 'run1'} reads again"])
