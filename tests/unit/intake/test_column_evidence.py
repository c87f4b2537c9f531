"""The evidence of a column is the same however its cells come, and stays small however many they are."""

from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from shared.intake.cell_kinds import Kind, _number, look_of
from shared.intake.column_evidence import MAX_CLASSES, ColumnEvidence

CELLS = st.one_of(
    st.integers(-(10**6), 10**6).map(str),
    st.floats(-1e4, 1e4).map(lambda value: f"{value:.3f}"),
    st.sampled_from(["", "0.5", "1.234", "12345", "1,5", "a", "01.02.2024", "007", "-0"]),
)


def large() -> ColumnEvidence:
    """Return the evidence of a column with more different numbers than it keeps."""
    evidence = ColumnEvidence()
    for number in range(MAX_CLASSES + 1):
        evidence.add(str(number))
    return evidence


@given(st.lists(CELLS, max_size=20))
def test_many_at_once(cells: list[str]) -> None:
    """Many cells at once say what they say one by one; of numbers beside certain points, that they are numbers."""
    at_once, singly = large(), large()
    at_once.add_cells(cells)
    for cell in cells:
        singly.add(cell)
    doubtful = (Kind.POINT, Kind.POINT_OR_GROUP)
    assert at_once.count(doubtful) == singly.count(doubtful)
    assert (at_once.rows[Kind.POINT] > 0) == (singly.rows[Kind.POINT] > 0)
    for kind in set(Kind) - set(doubtful):
        assert at_once.rows[kind] == singly.rows[kind]
    assert at_once.forms == singly.forms
    assert at_once.units == singly.units
    assert at_once.texts is None


@given(st.from_regex(r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,20})?", fullmatch=True, alphabet=st.characters(codec="ascii")))
def test_usual_numbers(text: str) -> None:
    """The short way for usual numbers gives what the long way gives."""
    assert look_of(text) == _number(text)


def test_bounded() -> None:
    """A column keeps no more than a fixed number of its values."""
    evidence = ColumnEvidence()
    for start in range(0, 10_000, 100):
        evidence.add_cells([f"text {number}" for number in range(start, start + 100)])
    assert len(evidence.spellings) == MAX_CLASSES + 1
    for length in range(5000):
        evidence.add("a" * length + "A")
    assert len(evidence._exact) == MAX_CLASSES + 1
    assert (evidence.texts, evidence.classes, evidence.categories) == (None, None, ())


MOMENTS = st.sampled_from(
    ["2024-01-31", "2024-02-28", "2024-02-30", "31.01.2024", "", "2024-01-31 10:00", "24-01-31", "x"]
)


@given(st.lists(MOMENTS, max_size=12))
def test_many_dates_at_once(cells: list[str]) -> None:
    """Many dates at once say what they say one by one."""
    at_once, singly = ColumnEvidence(), ColumnEvidence()
    for evidence in (at_once, singly):
        for number in range(MAX_CLASSES + 1):
            evidence.add(f"{1000 + number}-01-01")
    at_once.add_cells(cells)
    for cell in cells:
        singly.add(cell)
    assert at_once.rows + Counter() == singly.rows
    assert at_once.forms + Counter() == singly.forms
