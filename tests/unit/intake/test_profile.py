"""The profile of a training set: merging, and the way through text."""

import random

import pytest

from shared.intake.profile import ColumnKind, ColumnProfile, Profile, merged_profile, profile_from_text
from shared.intake.sketches import FileSketch, SketchedColumn

COLUMNS = (SketchedColumn("age", ColumnKind.NUMBER), SketchedColumn("city", ColumnKind.CATEGORY))


def profile_of(ages: list[float], cities: list[str]) -> Profile:
    """Return the profile of two columns."""
    sketch = FileSketch(COLUMNS, size_bytes=1000)
    sketch.add([[f"{age:g}" for age in ages], cities])
    return sketch.profile()


def test_profiles_of_parts_merge_to_that_of_their_set() -> None:
    """Counts add up, and quantiles are those of all cells together."""
    low, high = profile_of([1.0] * 300, ["Rome"] * 300), profile_of([9.0] * 100, ["Oslo"] * 100)

    merged = merged_profile([low, high])

    assert merged.rows == 400
    assert merged.columns["age"].cells == 400
    assert merged.columns["age"].numbers.get_rank(5.0) == pytest.approx(0.75)
    assert merged.columns["city"].times("Rome") == 300
    assert merged.columns["city"].distinct_values == pytest.approx(2, abs=0.1)


def test_merging_changes_neither_profile() -> None:
    """A profile may be merged again, as a part that is in many sets is."""
    low, high = profile_of([1.0] * 300, ["Rome"] * 300), profile_of([9.0] * 100, ["Oslo"] * 100)

    low.merged(high)

    assert low.columns["age"].numbers.n == 300
    assert low.columns["city"].times("Oslo") == 0
    assert high.columns["age"].numbers.n == 100


def test_a_profile_goes_through_text() -> None:
    """What was written is read back, and merges as before."""
    made = random.Random(1)
    profile = profile_of([made.gauss(40, 9) for _ in range(5000)], [made.choice("abc") for _ in range(5000)])

    read = profile_from_text(profile.to_text())

    assert read.rows == 5000
    assert read.columns["age"].numbers.get_quantile(0.5) == profile.columns["age"].numbers.get_quantile(0.5)
    assert read.columns["city"].distinct_values == profile.columns["city"].distinct_values
    assert read.merged(profile).columns["age"].numbers.n == 10_000


@pytest.mark.parametrize("text", ["", "{}", "[]", '{"version": 2, "rows": 0, "columns": []}'])
def test_a_text_that_is_no_profile_is_refused(text: str) -> None:
    """An error is one of its own kind, so a caller can go on without a reference."""
    with pytest.raises(ValueError, match=r"."):
        profile_from_text(text)


def test_a_cut_sketch_is_refused() -> None:
    """Half a sketch is no sketch."""
    text = profile_of([1.0, 2.0], ["a", "b"]).to_text()
    start = text.index('"numbers": "') + len('"numbers": "')

    with pytest.raises(ValueError, match="cannot be read"):
        profile_from_text(text[: start + 8] + text[text.index('"', start) :])


def test_a_column_that_a_part_lacks_is_missing_in_its_rows() -> None:
    """A column that was added later has the cells of the newer parts alone."""
    older = profile_of([1.0] * 10, ["Rome"] * 10)
    newer = Profile(rows=5, columns={"added": ColumnProfile(kind=ColumnKind.CATEGORY, cells=5)})

    merged = older.merged(newer)

    assert (merged.rows, merged.columns["added"].cells, merged.columns["age"].cells) == (15, 5, 10)


def test_a_column_of_two_kinds_is_marked() -> None:
    """Numbers here and texts there cannot be one distribution."""
    numbers = Profile(rows=5, columns={"x": ColumnProfile(kind=ColumnKind.NUMBER, cells=5)})
    texts = Profile(rows=5, columns={"x": ColumnProfile(kind=ColumnKind.CATEGORY, cells=5)})

    merged = numbers.merged(texts).columns["x"]

    assert (merged.kind, merged.cells) == (ColumnKind.MIXED, 10)
    assert merged.merged(numbers.columns["x"]).kind is ColumnKind.MIXED


def test_a_column_without_a_value_has_any_kind() -> None:
    """Nothing says that a wholly empty column holds texts: the other parts decide."""
    empty = ColumnProfile(kind=ColumnKind.CATEGORY)
    numbers = profile_of([1.0] * 10, ["Rome"] * 10).columns["age"]

    assert empty.merged(numbers) is numbers
    assert numbers.merged(empty) is numbers
