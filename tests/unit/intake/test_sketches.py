"""Sketching a file block by block."""

import random

import pytest

from shared.intake.profile import ColumnKind, ColumnProfile
from shared.intake.sketches import WHOLE_BYTES, FileSketch, SketchedColumn, sampling_step, sketched_columns
from shared.intake.table_schema import FieldType, Notes, SchemaField, TableSchema, Undecided


def sketched(cells: list[str], kind: ColumnKind, *, size_bytes: int = 1000, block: int = 500) -> ColumnProfile:
    """Return the profile of one column that is read in blocks."""
    sketch = FileSketch([SketchedColumn("x", kind)], size_bytes)
    for start in range(0, len(cells), block):
        sketch.add([cells[start : start + block]])
    assert sketch.profile().rows == len(cells)
    return sketch.profile().columns["x"]


def test_missing_cells_are_no_values() -> None:
    """The empty cell counts in no column; what is no finite number counts in no column of numbers."""
    assert sketched(["1", "", "2", "", "inf", "nan", "x"], ColumnKind.NUMBER).cells == 2
    assert sketched(["a", "", "b", "a", ""], ColumnKind.CATEGORY).cells == 3


def test_quantiles_are_within_the_promised_error() -> None:
    """A KLL sketch over many blocks knows each rank within one percent."""
    made = random.Random(2)
    values = [made.random() for _ in range(60_000)]

    profile = sketched([str(value) for value in values], ColumnKind.NUMBER)

    assert all(abs(profile.numbers.get_rank(q) - q) < 0.015 for q in (0.1, 0.25, 0.5, 0.75, 0.9))


def test_a_text_is_kept_by_its_hash() -> None:
    """Two long texts stay two, a sketch stays small, and it names nobody."""
    first, second = "a" * 5000, "a" * 4999 + "b"

    profile = sketched([first, second, first], ColumnKind.CATEGORY)

    assert profile.distinct_values == pytest.approx(2, abs=0.1)
    assert len(profile.texts.serialize()) < 100
    assert profile.times(first) == 2
    assert b"Ada" not in sketched(["Ada Lovelace"], ColumnKind.CATEGORY).texts.serialize()


def test_whole_numbers_and_rises_are_counted_over_blocks() -> None:
    """Running ids are whole and rise with each row, also from one block to the next."""
    ids = sketched([str(n) for n in range(1200)], ColumnKind.NUMBER)
    halves = sketched([str(n / 2) for n in range(1200)], ColumnKind.NUMBER)
    falling = sketched([str(-n) for n in range(1200)], ColumnKind.NUMBER)

    assert (ids.whole, ids.rises) == (True, 1199)
    assert ids.distinct_values == pytest.approx(1200, rel=0.1)
    assert halves.whole is False
    assert falling.rises == 0


@pytest.mark.parametrize(
    ("size_bytes", "step"),
    [(0, 1), (WHOLE_BYTES, 1), (WHOLE_BYTES + 1, 2), (4 * WHOLE_BYTES, 4), (1_000_000_000, 256)],
)
def test_a_large_file_is_sampled_in_proportion(size_bytes: int, step: int) -> None:
    """The number of sketched rows does not grow with the file."""
    assert sampling_step(size_bytes) == step


def test_a_sampled_row_counts_for_those_it_stands_for() -> None:
    """Sketches of a large file and of a small one merge in proportion to their rows."""
    rows = 16_000
    large = sketched(["1" if n % 4 else "5" for n in range(rows)], ColumnKind.NUMBER, size_bytes=8 * WHOLE_BYTES)
    large_texts = sketched(["a", "b", "b", "b"] * 4000, ColumnKind.CATEGORY, size_bytes=8 * WHOLE_BYTES)
    small = sketched(["9"] * 4000, ColumnKind.NUMBER)

    merged = large.merged(small)

    assert (large.cells, large.sampled, large.numbers.n) == (rows, rows // 8, rows)
    assert merged.numbers.get_rank(9.0) == pytest.approx(0.8)
    # A sampled row is drawn, not each eighth one: a pattern in the file cannot fall in step with the sample.
    assert large.numbers.get_rank(3.0) == pytest.approx(0.75, abs=0.05)
    assert large_texts.times("b") == pytest.approx(12_000, rel=0.1)


def test_a_block_that_is_smaller_than_a_step_is_not_lost() -> None:
    """The share of the rows is kept over blocks: a hundred tiny ones are sampled as one."""
    profile = sketched(["1"] * 640, ColumnKind.NUMBER, size_bytes=64 * WHOLE_BYTES, block=3)

    assert profile.sampled == 10


def test_columns_without_a_value_give_an_empty_profile() -> None:
    """A column may be wholly missing, and a file may have no rows."""
    assert sketched(["", ""], ColumnKind.NUMBER).cells == 0
    assert sketched([], ColumnKind.CATEGORY).cells == 0


def test_without_a_schema_the_first_values_decide() -> None:
    """Numbers are numbers, digits that begin with 0 are texts, and a column that changes its kind has none."""
    kinds = {
        "1.5|-2|3e4": ColumnKind.NUMBER,
        "|7": ColumnKind.NUMBER,
        "007|012": ColumnKind.CATEGORY,
        "a|1": ColumnKind.CATEGORY,
        "1_0|2": ColumnKind.CATEGORY,
        "1|2|x|3": ColumnKind.MIXED,
        "|": ColumnKind.CATEGORY,
    }
    for cells, kind in kinds.items():
        sketch = FileSketch([SketchedColumn("x")], 10)
        for cell in cells.split("|"):
            sketch.add([[cell]])
        assert (cells, sketch.profile().columns["x"].kind) == (cells, kind)


def test_a_schema_says_how_columns_are_compared() -> None:
    """Also a column of dates that is still kept as text: its dates may run."""
    schema = TableSchema(
        fields=(
            SchemaField(name="n", type=FieldType.INTEGER),
            SchemaField(name="d", type=FieldType.DATE),
            SchemaField(name="u", notes=Notes(undecided=Undecided.DATE)),
            SchemaField(name="s"),
            SchemaField(name="b", type=FieldType.BOOLEAN),
        )
    )

    columns = sketched_columns(["b", "s", "u", "d", "n", "extra"], schema)

    assert columns == (
        ("b", ColumnKind.CATEGORY),
        ("s", ColumnKind.CATEGORY),
        ("u", ColumnKind.DATE),
        ("d", ColumnKind.DATE),
        ("n", ColumnKind.NUMBER),
        ("extra", None),
    )
