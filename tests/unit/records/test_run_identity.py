"""Run ids and generations: the same for every worker, and in the order of the data."""

import re
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.records.run_identity import generation_for, modified_at_of, run_id_for


def test_run_id_names_the_version_not_the_event() -> None:
    """The same name and ETag give the same id, quoted or not; another ETag, name or container another one."""
    run_id = run_id_for("incoming", "census/a.csv", "0x1")

    assert re.fullmatch(r"[0-9a-f]{32}", run_id)
    assert run_id == run_id_for("incoming", "census/a.csv", '"0x1"')
    others = {
        run_id_for("incoming", "census/a.csv", "0x2"),
        run_id_for("incoming", "census/b.csv", "0x1"),
        run_id_for("other", "census/a.csv", "0x1"),
    }
    assert len(others | {run_id}) == 4


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)), st.integers(1, 10**7))  # noqa: DTZ001 - made aware below
def test_generation_sorts_by_data_then_by_claim(modified: datetime, later_s: int) -> None:
    """Newer data is a greater generation whenever it is claimed; equal data is ordered by its claims."""
    modified = modified.replace(microsecond=0, tzinfo=UTC)
    newer = modified + timedelta(seconds=later_s)

    assert generation_for(modified, newer, "f" * 32) < generation_for(newer, modified, "0" * 32)
    later = modified + timedelta(microseconds=1)
    assert generation_for(modified, modified, "f" * 32) < generation_for(modified, later, "0" * 32)
    assert generation_for(modified, modified, "f" * 32) != generation_for(modified, modified, "0" * 32)


@given(st.datetimes(min_value=datetime(2000, 1, 1), max_value=datetime(2100, 1, 1)))  # noqa: DTZ001 - made aware below
def test_a_generation_says_when_its_file_was_modified(modified: datetime) -> None:
    """To the second, as the storage tells it."""
    modified = modified.replace(microsecond=0, tzinfo=UTC)
    assert modified_at_of(generation_for(modified, modified, "f" * 32)) == modified
