"""What is counted while a file is read."""

import pytest

from shared.intake.tally import Tally


@pytest.mark.parametrize(("size", "number", "kept"), [(4, 1000, 1000), (4, 1001, 0), (2000, 50, 50), (2001, 50, 0)])
def test_labels_that_are_too_many_or_too_long_are_no_classes(size: int, number: int, kept: int) -> None:
    """They stand in rows of tables, so a file of long texts must not fill one, nor the memory."""
    tally = Tally()
    for label in range(number):
        tally.count_labels({f"{label:0{size}}": 2})
    tally.count_labels({f"{0:0{size}}": 1})
    assert len(tally.labels) == kept
