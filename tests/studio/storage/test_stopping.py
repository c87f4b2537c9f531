"""Stopping a job's work from another thread."""

import pytest

from studio.storage.stopping import Stop, StoppedError


def test_what_is_under_way_is_ended() -> None:
    """`stop` ends all running work, and no work that is over."""
    stop, ended = Stop(), list[str]()
    with stop.ending(lambda: ended.append("over")):
        pass
    with stop.ending(lambda: ended.append("outer")), stop.ending(lambda: ended.append("inner")):
        stop.stop()

    assert ended == ["outer", "inner"]


def test_nothing_begins_afterwards() -> None:
    """Whoever comes late is told."""
    stop = Stop()
    stop.check()
    stop.stop()

    assert stop.stopped
    with pytest.raises(StoppedError):
        stop.check()
    with pytest.raises(StoppedError), stop.ending(lambda: None):
        pytest.fail("it has begun")
