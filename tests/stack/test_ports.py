"""Two stacks that start at the same moment do not choose the same ports."""

import tempfile
from pathlib import Path
from threading import Event, Thread

import pytest

from landfall.stack.ports import port_choice_lock


def test_who_starts_second_waits_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second start waits until the first has its ports."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))  # other stacks start on this machine meanwhile
    lines: list[str] = []
    waits, chose = Event(), Event()

    def second() -> None:
        def report(line: str) -> None:
            lines.append(line)
            waits.set()

        with port_choice_lock(report):
            chose.set()

    thread = Thread(target=second)
    with port_choice_lock(lines.append):
        thread.start()
        assert waits.wait(20)
        assert not chose.is_set()
    thread.join(20)

    assert chose.is_set()
    assert lines == ["another stack is starting on this machine: this one waits for it"]
