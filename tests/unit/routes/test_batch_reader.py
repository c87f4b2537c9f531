"""`[batch]` and `[drift]`: read whole, or refused with the key of what cannot work."""

import pytest

from shared.intake.settings import BatchSettings, DriftMeasure, DriftSettings, IntakeSettings, TrainingSetKind
from tests.unit.routes.example_route import EXAMPLE, HOLDOUT, changed, parse, problems
from tests.unit.routes.test_intake_reader import census


def with_table(table: str, keys: str, text: str = EXAMPLE) -> str:
    """Return a routes file whose route has one more table."""
    return text.replace("[routes.census.training]", f"[routes.census.{table}]\n{keys}\n[routes.census.training]")


def test_a_batch_is_read() -> None:
    """Its kind and its limits; without a word in it, each file is trained on by itself."""
    assert census(with_table("batch", "")).batch == BatchSettings()
    keys = 'training_set = "window"\nwindow_days = 7\ndebounce_s = 5\nmax_wait_s = 50\nmax_files = 20'
    assert census(with_table("batch", keys)).batch == BatchSettings(
        training_set=TrainingSetKind.WINDOW, window_days=7, debounce_s=5, max_wait_s=50, max_files=20
    )


@pytest.mark.parametrize("kind", ["batch", "accumulate", "window"])
def test_files_that_are_joined_are_read(kind: str) -> None:
    """Files that make one set are read with the defaults where the route has no `[intake]`; a plain file is not."""
    keys = f'training_set = "{kind}"' + ("\nwindow_files = 3" if kind == "window" else "")
    assert census(with_table("batch", keys)).intake == IntakeSettings()
    with_holdout = changed(r"\[routes.census.training\]", HOLDOUT)
    assert census(with_table("batch", keys, with_holdout)).intake == IntakeSettings(label="income")
    assert census(with_table("batch", 'training_set = "file"')).intake is None


def test_all_that_is_wrong_with_a_batch_is_reported_at_once() -> None:
    """Each bad value has a sentence of its own, with the full key."""
    keys = 'training_set = "files"\nwindow_files = 0\ndebounce_s = -1\nmax_files = 2000\nmax_wait = 3'
    assert problems(with_table("batch", keys)) == [
        "routes.census.batch.training_set must be one of 'file', 'batch', 'accumulate', 'window', not 'files'.",
        "routes.census.batch.window_files must be a whole number of at least 1, not 0.",
        "routes.census.batch.debounce_s must be a whole number of at least 0, not -1.",
        (
            "routes.census.batch.window_files means nothing for training_set = 'file'. Remove it, or write training_set"
            " = 'window'."
        ),
        "routes.census.batch.max_files must be at most 1,000, not 2,000.",
        "routes.census.batch.max_wait is not a known key. Write 'max_wait_s' if that was meant.",
    ]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        (
            'training_set = "accumulate"\nwindow_days = 3',
            "window_days means nothing for training_set = 'accumulate'. Remove it, or write training_set = 'window'.",
        ),
        ('training_set = "window"', "training_set is 'window', which must say one of window_files and window_days."),
        (
            'training_set = "window"\nwindow_files = 3\nwindow_days = 3',
            "training_set is 'window', which must say one of window_files and window_days, not both.",
        ),
        ('training_set = "window"\nwindow_files = 10001', "window_files must be at most 10,000, not 10,001."),
        ("max_wait_s = 9223372036854775807", "max_wait_s must be at most 2,678,400, not 9,223,372,036,854,775,807."),
        ("debounce_s = 60\nmax_wait_s = 59", "max_wait_s is 59, less than debounce_s = 60, which never counts."),
    ],
)
def test_a_batch_that_cannot_work_is_refused(keys: str, problem: str) -> None:
    """What has no meaning, what is missing, what contradicts itself: one sentence with the key."""
    assert problems(with_table("batch", keys)) == [f"routes.census.batch.{problem}"]


def test_more_columns_than_expected_join_no_set() -> None:
    """Files with columns of their own cannot be one set; a file by itself may keep them."""

    def with_both(batch: str) -> str:
        keep = with_table("intake", 'extra_columns = "keep"')
        return with_table("batch", batch, keep)

    assert problems(with_both('training_set = "batch"')) == [
        (
            "routes.census.intake.extra_columns is 'keep', and the route joins files to training sets, which must have"
            " the same columns. Write 'drop' or 'refuse'."
        )
    ]
    parse(with_both(""))


def test_drift_is_read() -> None:
    """The measure and the least drift that is trained on."""
    read = '[routes.census.intake]\n[routes.census.drift]\nmeasure = "ks"\nat_least = 0.1\nreference = "champion"\n'
    route = census(EXAMPLE.replace("[routes.census.training]", f"{read}[routes.census.training]"))
    assert route.drift == DriftSettings(measure=DriftMeasure.KS, at_least=0.1)


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ('measure = "kl"', ".measure must be one of 'psi', 'ks', not 'kl'."),
        ('reference = "first"', ".reference must be one of 'champion', not 'first'."),
        ("at_least = 0", ".at_least must be more than 0, not 0: any column drifts by 0."),
        ('measure = "ks"\nat_least = 2', ".at_least is 2, and the measure 'ks' is never more than 1."),
    ],
)
def test_drift_that_cannot_work_is_refused(keys: str, problem: str) -> None:
    """A measure that is not known, or a bound that no column or every column passes."""
    assert problems(with_table("intake", "", with_table("drift", keys))) == [f"routes.census.drift{problem}"]


def test_drift_needs_the_files_to_be_read() -> None:
    """Nothing is measured of a file that nobody reads."""
    assert problems(with_table("drift", "")) == [
        "routes.census.drift needs the files to be read. Add [intake] to the route."
    ]
