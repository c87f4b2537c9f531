"""The killer: waits for what was not hit yet, strikes, and remembers what was unsettled."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, cast

import pytest

from landfall.chaos import killer
from landfall.chaos.killer import PASSED, Killer
from landfall.chaos.schedule import Blow, Weapon
from shared.records.run import TERMINAL, RunState

if TYPE_CHECKING:
    from landfall.chaos.observer import Lookout
    from landfall.chaos.processes import Processes

TARGET = cast("Any", object())


class FakeProcesses:
    """Strikes nothing, and notes it; the first `gone` targets have gone by themselves."""

    def __init__(self, gone: int = 0) -> None:
        self.struck: list[Weapon] = []
        self.mended: list[Weapon] = []
        self.gone = gone

    def targets(self, weapon: Weapon) -> list[Any]:
        """Return somebody."""
        del weapon
        return [TARGET]

    def strike(self, weapon: Weapon, targets: list[Any]) -> bool:
        """Note it."""
        assert targets == [TARGET]
        self.gone -= 1
        if self.gone < 0:
            self.struck.append(weapon)
        return self.gone < 0

    def mend(self, weapon: Weapon, *_: object) -> None:
        """Note it."""
        self.mended.append(weapon)

    def look_after(self) -> None:
        """Find all well."""


class FakeLookout:
    """Sees one thing after the other, the last one for ever."""

    def __init__(self, sights: Sequence[Mapping[str, RunState]]) -> None:
        self._sights: Iterator[Mapping[str, RunState]] = iter(sights)
        self._last: Mapping[str, RunState] = {}

    def unsettled(self) -> Mapping[str, RunState]:
        """Return what is seen now."""
        self._last = next(self._sights, self._last)
        return self._last


def kill(
    blows: Sequence[Blow], sights: Sequence[Mapping[str, RunState]], gone: int = 0
) -> tuple[Killer, FakeProcesses]:
    """Run a killer to its end."""
    processes = FakeProcesses(gone)
    made = Killer(cast("Processes", processes), cast("Lookout", FakeLookout(sights)), blows)
    made.run(threading.Event())
    assert made.done.is_set()
    return made, processes


def test_it_strikes_once_something_is_unsettled() -> None:
    """And keeps each run's state at that moment; what was only a restart is no kill."""
    seen = {"a": RunState.STARTED, "b": RunState.TRAINED}
    blows = [Blow(Weapon.RESTART_STUDIO, 0), Blow(Weapon.KILL_WORKER, 0)]
    made, processes = kill(blows, [{}, {}, seen])

    assert [hit.states for hit in made.hits] == [seen]
    assert processes.struck == processes.mended == [Weapon.RESTART_STUDIO, Weapon.KILL_WORKER]
    assert made.restarts == {Weapon.RESTART_STUDIO: 1}
    assert made.missed == PASSED - set(seen.values())


def test_an_aimed_kill_waits_for_a_state_that_was_not_hit() -> None:
    """The one that was hit already is let pass."""
    old, new = {"a": RunState.STARTED}, {"a": RunState.STARTED, "b": RunState.DECIDED}
    blows = [Blow(Weapon.KILL_WORKER, 0), Blow(Weapon.KILL_HOST, 0, aimed=True)]
    made, _ = kill(blows, [old, old, old, old, new])

    assert [hit.states for hit in made.hits] == [old, new]


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """A state that does not come, or nothing at all to disturb: the kill takes place nevertheless."""
    for name in ("AIM_S", "LAST_AIM_S", "IDLE_S"):
        monkeypatch.setattr(killer, name, 0.05)
    old = {"a": RunState.STARTED}
    made, _ = kill([Blow(Weapon.KILL_WORKER, 0, aimed=True)] * 2, [old])
    idle, _ = kill([Blow(Weapon.KILL_WORKER, 0)], [{}])

    assert [hit.states for hit in made.hits] == [old, old]
    assert [hit.states for hit in idle.hits] == [{}]


def test_a_target_that_went_by_itself_is_no_kill() -> None:
    """It is looked for again, and so is the moment."""
    made, processes = kill([Blow(Weapon.KILL_WORKER, 0)], [{"a": RunState.LANDED}, {"a": RunState.STARTED}], gone=1)

    assert [hit.states for hit in made.hits] == [{"a": RunState.STARTED}]
    assert processes.struck == [Weapon.KILL_WORKER]


def test_every_state_on_the_way_must_be_hit() -> None:
    """All that are no outcome, but those that nothing in this set-up leads to."""
    assert set(RunState) - TERMINAL - PASSED == {RunState.WAITING, RunState.HELD}
