"""A policy's gates and bootstrap: what says nothing is refused, what lets any model through is warned of."""

import pytest

from tests.unit.routes.example_route import HOLDOUT, changed, parse, problems


@pytest.mark.parametrize(
    ("bootstrap", "sentence"),
    [
        ("confidence = 0.4", "confidence must be at least 0.5 and less than 1, not 0.4."),
        ("confidence = 1.0", "confidence must be at least 0.5 and less than 1, not 1."),
        ("confidence = 0.999", "samples must be at least 2,000 for a confidence of 0.999."),
        ("samples = 5", "samples must be a whole number of at least 100, not 5."),
        ("samples = 5000", "samples must be at most 2,000, not 5,000: more take too long."),
        ("sample = 500", "sample is not a known key. Write 'samples' if that was meant."),
    ],
)
def test_a_bootstrap_that_says_nothing_is_refused(bootstrap: str, sentence: str) -> None:
    """Too little or impossible confidence, too few draws for it, too many to wait for."""
    text = changed(r"\[routes.census.training\]", HOLDOUT)
    text = text.replace("golden = ", f"bootstrap = {{ {bootstrap} }}\ngolden = ", 1)

    assert problems(text) == [f"routes.census.bootstrap.{sentence}"]


FLOORS = [
    ('{ metric = "AUC", at_least = 0.8, min_gain = 0.01 }', "all", True),
    ('{ metric = "AUC", min_gain = 0.01 }', "all", False),
    ('{ metric = "AUC", min_gain = 0.01 }, { metric = "Accuracy", at_least = 0.5 }', "all", True),
    ('{ metric = "AUC", min_gain = 0.01 }, { metric = "Accuracy", at_least = 0.5 }', "any", False),
    ('{ metric = "AUC", at_least = 0.7 }, { metric = "Accuracy", at_least = 0.5 }', "any", True),
    ('{ metric = "AUC", at_most = 0.9, min_gain = 0.01 }', "all", False),
    ('{ metric = "Root Mean Squared Error", at_most = 9, min_gain = 0.1 }', "all", True),
    ('{ metric = "Root Mean Squared Error", at_least = 0, min_gain = 0.1 }', "all", False),
    ('{ metric = "Lift", direction = "lower", at_most = 3 }', "all", True),
    ('{ metric = "Lift", at_least = 3 }', "all", True),
]


@pytest.mark.parametrize(("gates", "require", "floor"), FLOORS)
def test_a_policy_without_a_floor_is_warned_of(gates: str, require: str, floor: bool) -> None:
    """A floor is the bound on the worse side of a deciding metric; where any one gate will do, each needs its own."""
    text = changed(r"gates = \[.*\]", f'require = "{require}"\ngates = [ {gates} ]')
    warnings = parse(text).warnings

    if floor:
        assert warnings == ()
    else:
        assert len(warnings) == 1
        assert warnings[0].startswith(
            "routes.toml: routes.census.gates let any model through: no gate has a floor, so a model is compared only"
        )
