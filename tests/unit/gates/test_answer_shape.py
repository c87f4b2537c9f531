"""The shape of answers: what is certain of columns and classes, and nothing else."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.gates.answer_shape import ShapeChange, shape_change


def of_classes(*classes: str) -> list[list[str]]:
    """Return the answer of a multi-class model."""
    named = [f'Scored Probabilities for Class "{name}"' for name in classes]
    return [[*named, "Scored Labels"], [*(["0.5"] * len(classes)), classes[0]]]


def of_two(*labels: str) -> list[list[str]]:
    """Return the answer of a model of two classes."""
    return [["Scored Labels", "Scored Probabilities"], *([label, "0.5"] for label in labels)]


def with_probabilities(*rows: tuple[str, str]) -> list[list[str]]:
    """Return the answer of a model of two classes, with the probability of each row."""
    return [["Scored Labels", "Scored Probabilities"], *([label, probability] for label, probability in rows)]


@pytest.mark.parametrize(
    ("before", "after", "change", "message"),
    [
        (of_classes("a", "b", "c"), of_classes("a", "c"), ShapeChange(lost_classes=("b",)), "lost class 'b'"),
        (
            of_classes("a", "b"),
            of_classes("a", "b", "c", "d"),
            ShapeChange(new_classes=("c", "d")),
            "new classes 'c', 'd'",
        ),
        (
            of_classes("1", "2"),
            of_classes("1.0", "2"),
            ShapeChange(respelt_classes=(("1", "1.0"),)),
            "class '1' is spelt '1.0'",
        ),
        (
            of_classes("Yes", "no", "maybe"),
            of_classes("yes", "no", "never"),
            ShapeChange(lost_classes=("maybe",), new_classes=("never",), respelt_classes=(("Yes", "yes"),)),
            "lost class 'maybe', new class 'never', class 'Yes' is spelt 'yes'",
        ),
        (of_classes("b", "a"), of_classes("a", "b"), ShapeChange(), ""),
        # A model of two classes has no more than them: the second one shows both of its.
        (of_two("a"), of_two("b", "c"), ShapeChange(lost_classes=("a",)), "lost class 'a'"),
        (of_two("a", "b"), of_two("c"), ShapeChange(new_classes=("c",)), "new class 'c'"),
        (
            of_two("a", "b"),
            of_two("a", "c"),
            ShapeChange(lost_classes=("b",), new_classes=("c",)),
            "lost class 'b', new class 'c'",
        ),
        (of_two("1", "0"), of_two("1.0"), ShapeChange(respelt_classes=(("1", "1.0"),)), "class '1' is spelt '1.0'"),
        # What nobody answered may be there all the same.
        (of_two("a"), of_two("b"), ShapeChange(), ""),
        (of_two("a", "b"), of_two("a"), ShapeChange(), ""),
        (of_two("a"), of_two("a", "b"), ShapeChange(), ""),
        ([["Scored Labels"], ["a"], ["b"]], [["Scored Labels"], ["a"], ["c"]], ShapeChange(), ""),
        ([["Scored Labels"], ["1.5"]], [["Scored Labels"], ["7"]], ShapeChange(), ""),
        # No model spells a class twice; numbers may be rounded otherwise.
        (
            [["Scored Labels"], ["Ja"], ["nein"], ["?"]],
            [["Scored Labels"], ["ja"], ["nein"], ["nein"]],
            ShapeChange(respelt_classes=(("Ja", "ja"),)),
            "class 'Ja' is spelt 'ja'",
        ),
        ([["Scored Labels"], ["1.0"]], [["Scored Labels"], ["1"]], ShapeChange(), ""),
        # A regression became a classification, or the reverse.
        (
            [["Scored Labels"], ["1.5"], ["2"]],
            [["Scored Labels"], ["low"], ["high"]],
            ShapeChange(other_kinds=(("Scored Labels", "texts instead of numbers"),)),
            "column 'Scored Labels' holds texts instead of numbers",
        ),
        # The probability is that of the other class.
        (
            with_probabilities(("yes", "0.9"), ("no", "0.2")),
            with_probabilities(("yes", "0.1"), ("no", "0.8")),
            ShapeChange(other_meanings=(("Scored Probabilities", "no longer the probability of 'yes'"),)),
            "column 'Scored Probabilities' is no longer the probability of 'yes'",
        ),
        (
            with_probabilities(("1", "0.1"), ("1", "0.2")),
            with_probabilities(("1", "0.9"), ("1", "0.8")),
            ShapeChange(other_meanings=(("Scored Probabilities", "the probability of '1'"),)),
            "column 'Scored Probabilities' is the probability of '1'",
        ),
        # A threshold that is not one half, and answers near it, prove nothing.
        (with_probabilities(("1", "0.4"), ("1", "0.3")), with_probabilities(("1", "0.9")), ShapeChange(), ""),
        (
            with_probabilities(("yes", "0.4"), ("no", "0.2")),
            with_probabilities(("yes", "0.9"), ("no", "0.8")),
            ShapeChange(),
            "",
        ),
        (with_probabilities(("a", "0.9"), ("b", "0.1")), with_probabilities(("a", "NaN")), ShapeChange(), ""),
        (
            of_two("a", "b"),
            of_classes("a", "b", "c"),
            ShapeChange(
                lost_columns=("Scored Probabilities",),
                new_columns=tuple(f'Scored Probabilities for Class "{name}"' for name in "abc"),
            ),
            "lost column 'Scored Probabilities', new columns",
        ),
        (
            [["Scored Labels", "Score Source"], ["1", "x"]],
            [["Scored Labels", "Scored Why"], ["1", "x"]],
            ShapeChange(lost_columns=("Score Source",), new_columns=("Scored Why",)),
            "lost column 'Score Source', new column 'Scored Why'",
        ),
        # The same classes, named as another service does: callers lose the column, not the class.
        (
            [['Scored Probabilities for Class "a"', "Scored Labels"], ["1", "a"]],
            [["Scored Probabilities_a", "Scored Labels"], ["1", "a"]],
            ShapeChange(lost_columns=('Scored Probabilities for Class "a"',), new_columns=("Scored Probabilities_a",)),
            "lost column",
        ),
        (
            [["Scored Labels", "Scored Score"], ["1", "0.5"], ["1", ""]],
            [["Scored Labels", "Scored Score"], ["1", "high"], ["1", "0.1"]],
            ShapeChange(other_kinds=(("Scored Score", "texts instead of numbers"),)),
            "column 'Scored Score' holds texts instead of numbers",
        ),
        (
            [["Scored Labels", "Scored Score"], ["1", ""]],
            [["Scored Labels", "Scored Score"], ["1", "x"]],
            ShapeChange(),
            "",
        ),
    ],
)
def test_what_changes_is_named(
    before: list[list[str]], after: list[list[str]], change: ShapeChange, message: str
) -> None:
    """Lost, new and respelt classes, lost and new columns, other kinds; a sentence names them all."""
    actual = shape_change(before, after)

    assert actual == change
    assert bool(actual) == bool(message)
    if message:
        assert message in actual.sentence


_CLASSES = st.lists(st.sampled_from(["a", "b", "c", "d", "1", "2"]), min_size=1, max_size=5, unique=True)


@given(_CLASSES, _CLASSES)
def test_classes_of_columns_are_known_for_certain(before: list[str], after: list[str]) -> None:
    """Whatever the two sets are, lost and new are their differences; the other way round they are swapped."""
    there, back = (
        shape_change(of_classes(*before), of_classes(*after)),
        shape_change(of_classes(*after), of_classes(*before)),
    )

    assert set(there.lost_classes) == set(before) - set(after) == set(back.new_classes)
    assert set(there.new_classes) == set(after) - set(before) == set(back.lost_classes)
    assert bool(there) == (set(before) != set(after))


_SHOWN = st.lists(st.sampled_from("ab"), min_size=1)


@given(_SHOWN, _SHOWN)
def test_the_same_two_classes_are_never_a_change(before: list[str], after: list[str]) -> None:
    """Whichever of them the golden rows happen to get."""
    assert not shape_change(of_two(*before), of_two(*after))


def test_a_record_keeps_only_what_there_is() -> None:
    """As JSON: no empty lists."""
    change = ShapeChange(lost_classes=("b",), respelt_classes=(("1", "1.0"),))

    assert change.to_json() == {"lost_classes": ["b"], "respelt_classes": [["1", "1.0"]]}
