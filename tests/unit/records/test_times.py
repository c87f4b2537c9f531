"""Times as text: absent ones too."""

from shared.records.times import iso


def test_iso_of_nothing_is_nothing() -> None:
    """An absent time stays absent."""
    assert iso(None) is None
