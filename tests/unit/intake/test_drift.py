"""Drift between two training sets: the measures, what is skipped by name, and whether the set is trained."""

import math
import random
from collections.abc import Callable
from itertools import pairwise

import pytest

from shared.intake.drift import measure_drift
from shared.intake.profile import ColumnKind, Profile, merged_profile
from shared.intake.settings import DriftMeasure, DriftSettings
from shared.intake.sketches import FileSketch, SketchedColumn
from shared.records.drift import ColumnDrift, DriftRecord

NUMBER, CATEGORY, DATE = ColumnKind.NUMBER, ColumnKind.CATEGORY, ColumnKind.DATE
type Columns = dict[str, tuple[ColumnKind, list[str]]]


def profile_of(columns: Columns) -> Profile:
    """Return the profile of columns of cells."""
    sketch = FileSketch([SketchedColumn(name, kind) for name, (kind, _) in columns.items()], 1000)
    sketch.add([cells for _, cells in columns.values()])
    return sketch.profile()


def drift(
    new: Columns, old: Columns, measure: DriftMeasure = DriftMeasure.PSI, at_least: float | None = None
) -> DriftRecord:
    """Return the drift of one set of columns against another."""
    return measure_drift(
        DriftSettings(measure=measure, at_least=at_least), profile_of(new), profile_of(old), "champion"
    )


def only(record: DriftRecord) -> ColumnDrift:
    """Return the one column that was measured."""
    assert record.skipped == ()
    (column,) = record.columns
    return column


def numbers(make: Callable[[random.Random], float], rows: int = 4000, seed: int = 1) -> list[str]:
    """Return cells of random numbers."""
    made = random.Random(seed)
    return [f"{make(made):.6f}" for _ in range(rows)]


def choices(shares: dict[str, int], rows: int = 4000, seed: int = 1) -> list[str]:
    """Return cells of random categories."""
    return random.Random(seed).choices(list(shares), list(shares.values()), k=rows)


def exact_psi(new: list[float], old: list[float]) -> float:
    """Return the PSI of all cells, by the ten quantile bins of the reference."""
    ordered = sorted(old)
    bounds = [-math.inf, *(ordered[len(old) * tenth // 10 - 1] for tenth in range(1, 10)), math.inf]
    psi = 0.0
    for low, high in pairwise(bounds):
        a = sum(low < value <= high for value in new) / len(new)
        b = sum(low < value <= high for value in old) / len(old)
        psi += (a - b) * math.log(a / b)
    return psi


def exact_ks(new: list[float], old: list[float]) -> float:
    """Return the largest difference of the distribution functions, over all cells."""
    return max(
        abs(sum(v <= point for v in new) / len(new) - sum(v <= point for v in old) / len(old))
        for point in sorted({*new, *old})[::20]
    )


@pytest.mark.parametrize("shift", [0.0, 0.25, 0.5, 1.0])
@pytest.mark.parametrize(("measure", "exact"), [(DriftMeasure.PSI, exact_psi), (DriftMeasure.KS, exact_ks)])
def test_the_measures_are_close_to_the_exact_ones(
    shift: float, measure: DriftMeasure, exact: Callable[[list[float], list[float]], float]
) -> None:
    """Sketches cost little accuracy: within 0.02, or 5 % of a large index."""
    old, new = numbers(lambda r: r.gauss(0, 1)), numbers(lambda r: r.gauss(shift, 1), seed=2)

    value = only(drift({"x": (NUMBER, new)}, {"x": (NUMBER, old)}, measure)).value

    assert value == pytest.approx(exact([float(x) for x in new], [float(x) for x in old]), abs=0.02, rel=0.05)


def test_the_record_names_kind_and_cells_with_a_value() -> None:
    """Missing cells are no values; the most drifted column comes first."""
    old: Columns = {
        "steady": (NUMBER, [*numbers(lambda r: r.random(), 880), *[""] * 120]),
        "moved": (CATEGORY, choices({"a": 9, "b": 1}, 1000)),
    }
    new: Columns = {
        "steady": (NUMBER, [*numbers(lambda r: r.random(), 700, seed=2), *[""] * 100]),
        "moved": (CATEGORY, choices({"a": 1, "b": 9}, 800)),
    }

    record = drift(new, old)

    assert (record.measure, record.reference, record.skipped) == ("psi", "champion", ())
    first, second = record.columns
    assert (first.column, first.kind, first.rows, first.reference_rows) == ("moved", "category", 800, 1000)
    assert (second.column, second.kind, second.rows, second.reference_rows) == ("steady", "number", 700, 880)
    assert first.value > 1
    assert second.value < 0.05


def test_values_around_a_frequent_one_are_told_apart() -> None:
    """Where most cells are 0, it is a bin of its own: what falls below it is seen."""
    old = ["0"] * 900 + ["5"] * 100
    new = ["0"] * 500 + ["-5"] * 400 + ["5"] * 100

    assert only(drift({"x": (NUMBER, new)}, {"x": (NUMBER, old)})).value > 1
    assert only(drift({"x": (NUMBER, old)}, {"x": (NUMBER, old)})).value == pytest.approx(0, abs=1e-6)


def test_a_new_category_drifts() -> None:
    """A category that the reference has not is no rare one."""
    many = {f"c{n}": 1 for n in range(60)}
    old, new = choices(many, 6000), choices({**many, "new": 20}, 6000)

    assert only(drift({"x": (CATEGORY, new)}, {"x": (CATEGORY, old)})).value > 0.5
    assert only(drift({"x": (CATEGORY, choices(many, 6000, 3))}, {"x": (CATEGORY, old)})).value < 0.05


@pytest.mark.parametrize(
    ("kind", "new", "old"),
    [
        (CATEGORY, [f"user-{n}" for n in range(1000)], [f"user-{n}" for n in range(1000, 2000)]),
        (NUMBER, [str(n) for n in range(1000, 2000)], [str(n) for n in range(1000)]),
        (NUMBER, random.Random(1).sample([str(n) for n in range(1000)], 1000), [str(n) for n in range(1000)]),
        (
            NUMBER,
            [str(1_700_000_000 + 60 * n) for n in range(1000)],
            [str(1_600_000_000 + 60 * n) for n in range(1000)],
        ),
        (DATE, [f"{2000 + n // 300}-{n // 28 % 12 + 1:02}-{n % 28 + 1:02}" for n in range(900)], ["2001-01-01"] * 900),
    ],
)
def test_columns_whose_values_hardly_repeat_are_skipped(kind: ColumnKind, new: list[str], old: list[str]) -> None:
    """Ids and times would drift with every file, and their drift means nothing."""
    record = drift({"x": (kind, new)}, {"x": (kind, old)})

    assert record.columns == ()
    assert [(skipped.column, skipped.why) for skipped in record.skipped] == [("x", "its values hardly repeat")]


def test_unique_measurements_are_no_ids() -> None:
    """Fractions and wide whole numbers hardly repeat either, but they do drift."""
    old: Columns = {
        "height": (NUMBER, numbers(lambda r: r.gauss(170, 9), 500)),
        "salary": (NUMBER, [str(int(float(x))) for x in numbers(lambda r: r.gauss(50_000, 9000), 500)]),
    }
    new: Columns = {
        "height": (NUMBER, numbers(lambda r: r.gauss(180, 9), 500, seed=2)),
        "salary": (NUMBER, [str(int(float(x))) for x in numbers(lambda r: r.gauss(60_000, 9000), 500, seed=2)]),
    }

    assert {column.column: column.value > 0.5 for column in drift(new, old).columns} == {"height": True, "salary": True}


def test_dates_that_run_are_skipped_and_others_measured() -> None:
    """A day's increment has one date, which no other set has; a year of birth or a holiday repeats."""
    yesterday, today = ["2026-03-01"] * 400, ["2026-03-02"] * 400

    (skipped,) = drift({"x": (DATE, today)}, {"x": (DATE, yesterday)}).skipped
    assert "its dates run" in skipped.why
    column = only(drift({"x": (DATE, today)}, {"x": (DATE, yesterday[:200] + today[:200])}))
    assert (column.kind, column.value > 0.5) == ("category", True)


def test_ks_is_for_numbers_only() -> None:
    """A category has no order."""
    columns: Columns = {"x": (CATEGORY, choices({"a": 1, "b": 1})), "y": (NUMBER, numbers(lambda r: r.random()))}

    record = drift(columns, columns, DriftMeasure.KS)

    assert [column.column for column in record.columns] == ["y"]
    assert [(skipped.column, skipped.why) for skipped in record.skipped] == [("x", "KS compares numbers only")]


def test_a_column_that_only_one_set_has_is_skipped_by_name() -> None:
    """The reason says which of the two lacks it."""
    cells = choices({"a": 1, "b": 1})

    record = drift({"new": (CATEGORY, cells)}, {"old": (CATEGORY, cells)})

    assert dict(record.skipped) == {
        "new": "the champion's set has no such column",
        "old": "the set has no such column",
    }


def test_a_column_of_two_kinds_is_skipped() -> None:
    """Numbers cannot be compared with texts, nor with what is both."""
    cells = choices({"1": 1, "2": 1})
    mixed = merged_profile([profile_of({"x": (NUMBER, cells)}), profile_of({"x": (CATEGORY, cells)})])
    settings = DriftSettings()

    (skipped,) = drift({"x": (NUMBER, cells)}, {"x": (CATEGORY, cells)}).skipped
    assert skipped.why == "it is number in the set and category in the champion's"
    assert measure_drift(settings, mixed, mixed, "champion").columns == ()


@pytest.mark.parametrize(("new_rows", "old_rows"), [(199, 1000), (1000, 199)])
def test_below_200_rows_nothing_is_measured_and_the_run_trains(new_rows: int, old_rows: int) -> None:
    """In few rows a difference is mostly chance, and chance must not keep a file from training."""
    cells = choices({"a": 1, "b": 1}, 1000)

    record = drift({"x": (CATEGORY, cells[:new_rows])}, {"x": (CATEGORY, cells[:old_rows])}, at_least=0.2)

    assert (record.columns, record.trained) == ((), True)
    assert "199 rows, and 200 are needed" in record.skipped[0].why


def test_ks_skips_a_column_with_few_values_alone() -> None:
    """KS compares values, so a column that is mostly missing has too few of them."""
    cells = numbers(lambda r: r.random(), 1000)
    sparse = [*cells[:150], *[""] * 850]

    record = drift(
        {"x": (NUMBER, cells), "y": (NUMBER, sparse)}, {"x": (NUMBER, cells), "y": (NUMBER, cells)}, DriftMeasure.KS
    )

    assert [column.column for column in record.columns] == ["x"]
    assert record.skipped[0].why == "the set has 150 values of it, and 200 are needed"


@pytest.mark.parametrize("kind", [NUMBER, CATEGORY, DATE])
@pytest.mark.parametrize("filled", [0, 1, 150, 600])
def test_a_column_that_is_suddenly_missing_drifts(kind: ColumnKind, filled: int) -> None:
    """PSI has a bin for missing cells, in both directions; a share of them that stays is no drift."""
    cells = [f"20{n % 7 + 10}-01-01" if kind is DATE else str(n % 7) for n in range(1000)]
    sparse = [*cells[:filled], *[""] * (1000 - filled)]
    full: Columns = {"x": (kind, cells)}
    gone: Columns = {"x": (kind, sparse)}

    assert only(drift(gone, full)).value > 0.5
    assert only(drift(full, gone)).value > 0.5
    if filled > 1:
        assert only(drift(gone, gone)).value == pytest.approx(0, abs=1e-3)  # sketches of many values are random


def test_a_column_without_values_on_both_sides_is_skipped() -> None:
    """There is nothing to compare."""
    record = drift({"x": (NUMBER, [""] * 300)}, {"x": (CATEGORY, [""] * 300)}, at_least=0.2)

    assert [skipped.why for skipped in record.skipped] == ["neither set has a value of it"]


@pytest.mark.parametrize("rows", [2_000, 400_000])
def test_few_missing_cells_do_not_drift_however_many_rows_there_are(rows: int) -> None:
    """One in fifty is missing, none was: a reference with more rows makes no more of it."""
    cells = ["1", "2", "3", "4"] * (rows // 4)
    some = [*cells[: rows - rows // 50], *[""] * (rows // 50)]

    assert only(drift({"x": (NUMBER, some)}, {"x": (NUMBER, cells)})).value < 0.15


def test_running_times_of_small_files_are_ids() -> None:
    """A day's increment may be ten rows: within each file they rise, and the set's files need not."""

    def days(first: int) -> Profile:
        return merged_profile(
            profile_of({"x": (NUMBER, [str(first + 86_400 * (day * 37 % 101) + 600 * n) for n in range(10)])})
            for day in range(100)
        )

    record = measure_drift(DriftSettings(), days(1_700_000_000), days(1_600_000_000), "champion")

    assert [skipped.why for skipped in record.skipped] == ["its values hardly repeat"]


@pytest.mark.parametrize(
    "new",
    [
        {"x": (CATEGORY, ["a", "b"] * 200), "added": (CATEGORY, ["a", "b"] * 200)},
        {"x": (CATEGORY, ["a", "b"] * 200)},
        {"x": (CATEGORY, ["a", "b"] * 200), "y": (CATEGORY, ["1", "2"] * 200)},
    ],
)
def test_a_set_of_other_columns_is_trained(new: Columns) -> None:
    """What is new in it no model in service knows, though nothing that can be compared has drifted."""
    old: Columns = {"x": (CATEGORY, ["a", "b"] * 200), "y": (NUMBER, ["1", "2"] * 200)}

    record = drift(new, old, at_least=0.2)

    assert [(column.column, column.value) for column in record.columns] == [("x", 0)]
    assert record.trained
    assert not drift(old, old, at_least=0.2).trained


def test_without_drift_the_run_is_not_trained_if_the_route_asks_for_some() -> None:
    """Only `at_least` keeps a run from training, and only where something was measured below it."""
    cells, moved = choices({"a": 9, "b": 1}), choices({"a": 1, "b": 9})

    assert drift({"x": (CATEGORY, cells)}, {"x": (CATEGORY, cells)}).trained
    assert not drift({"x": (CATEGORY, cells)}, {"x": (CATEGORY, cells)}, at_least=0.2).trained
    assert drift({"x": (CATEGORY, moved)}, {"x": (CATEGORY, cells)}, at_least=0.2).trained
    ids = [f"user-{n}" for n in range(1000)]
    assert drift({"x": (CATEGORY, ids)}, {"x": (CATEGORY, ids)}, at_least=0.2).trained


def test_without_a_reference_the_run_trains() -> None:
    """There is no champion yet, or nothing is known of its set."""
    record = measure_drift(DriftSettings(at_least=0.2), profile_of({"x": (CATEGORY, ["a"] * 300)}), None, None)

    assert record == DriftRecord("psi", None, (), (), trained=True)


def test_a_wide_table_lists_its_most_drifted_columns() -> None:
    """A run's row is no table of a thousand columns; which column drifted enough is decided over all."""
    cells = choices({"a": 1, "b": 1}, 300)
    old: Columns = {f"c{n:03}": (CATEGORY, cells) for n in range(150)}
    new: Columns = {**old, "c149": (CATEGORY, ["b"] * 300)}

    record = drift(new, old, at_least=0.2)

    assert (len(record.columns), record.columns[0].column, record.trained) == (100, "c149", True)
