"""File patterns: what they match, and whether two of them could match the same file."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.routes.file_patterns import FilePattern


@pytest.mark.parametrize(
    ("pattern", "name", "fits"),
    [
        ("census/*.csv", "census/a.csv", True),
        ("census/*.csv", "census/.csv", True),
        ("census/*.csv", "census/sub/a.csv", False),
        ("census/*.csv", "census/a.csv.tmp", False),
        ("census/*.csv", "Census/a.csv", False),
        ("**.csv", "a/b/c.csv", True),
        ("customers/*/day-??.csv", "customers/x/day-07.csv", True),
        ("customers/*/day-??.csv", "customers/x/day-7.csv", False),
        ("a+b (1)/*.csv", "a+b (1)/ü.csv", True),
        ("a?c", "a/c", False),
    ],
)
def test_matching(pattern: str, name: str, fits: bool) -> None:
    """`*` and `?` stay within a folder, `**` crosses folders, everything else is itself."""
    assert FilePattern(pattern).matches(name) is fits


@pytest.mark.parametrize(
    ("first", "second", "overlap"),
    [
        ("census/*.csv", "census/*.csv", True),
        ("census/*.csv", "census/a*.csv", True),
        ("census/*.csv", "wine/*.csv", False),
        ("*/a.csv", "census/*", True),
        ("census/*", "census/x/*", False),
        ("census/**", "census/x/*", True),
        ("a*b", "*c", False),
        ("a*b*", "*c", True),
        ("x?y", "x/y", False),
        ("*.csv", "*.tsv", False),
    ],
)
def test_overlap(first: str, second: str, overlap: bool) -> None:
    """Two patterns overlap exactly if some name fits both, whichever is asked."""
    assert FilePattern(first).overlaps(FilePattern(second)) is overlap
    assert FilePattern(second).overlaps(FilePattern(first)) is overlap


PIECES = st.lists(st.sampled_from(["a", "b", "/", "*", "**", "?"]), min_size=1, max_size=6).map("".join)


@given(
    PIECES.filter(lambda text: not text.startswith("/")),
    PIECES.filter(lambda text: not text.startswith("/")),
    st.data(),
)
def test_a_common_name_means_overlap(left: str, right: str, data: st.DataObject) -> None:
    """Two patterns that one name fits do overlap."""
    first, second = FilePattern(left), FilePattern(right)
    name = data.draw(st.text("ab/", min_size=1, max_size=6))

    if first.matches(name) and second.matches(name):
        assert first.overlaps(second)


@pytest.mark.parametrize("text", ["", "/census/*.csv", "census/[ab].csv"])
def test_senseless_patterns_are_refused(text: str) -> None:
    """An empty pattern, a leading slash and brackets are errors, not surprises."""
    with pytest.raises(ValueError, match=r"Write a path|Use only the wildcards"):
        FilePattern(text)
