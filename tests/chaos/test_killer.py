"""The killer: it waits for a state that no kill has hit yet, kills, and records the unsettled runs."""

import threading
from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, cast

import psutil
import pytest

from landfall.chaos import killer
from landfall.chaos.killer import Killer
from landfall.chaos.schedule import PASSED_STATES, Kill, KillSignal
from shared.records.run_states import TERMINAL, RunState

if TYPE_CHECKING:
    from landfall.chaos.observer import Observer
    from landfall.chaos.processes import Processes

TARGET = cast("psutil.Process", object())


class FakeProcesses:
    """Kills nothing, and records each signal; the first `gone` targets have ended by themselves."""

    def __init__(self, gone: int = 0) -> None:
        self.sent: list[KillSignal] = []
        self.recovered: list[KillSignal] = []
        self.gone = gone

    def targets(self, signal: KillSignal) -> list[psutil.Process]:
        """Return one target."""
        del signal
        return [TARGET]

    def send(self, signal: KillSignal, targets: list[psutil.Process]) -> bool:
        """Record the signal."""
        assert targets == [TARGET]
        self.gone -= 1
        if self.gone < 0:
            self.sent.append(signal)
        return self.gone < 0

    def recover(self, kill: Kill, *_: object) -> None:
        """Record the signal."""
        self.recovered.append(kill.signal)

    def restart_dead_host(self) -> None:
        """Find the host alive."""


class FakeObserver:
    """Sees the given states one after the other, and the last ones for ever."""

    def __init__(self, sights: Sequence[Mapping[str, RunState]]) -> None:
        self._sights: Iterator[Mapping[str, RunState]] = iter(sights)
        self._last: Mapping[str, RunState] = {}

    def unsettled_states(self) -> Mapping[str, RunState]:
        """Return the states of now."""
        self._last = next(self._sights, self._last)
        return self._last


def kill(
    kills: Sequence[Kill], sights: Sequence[Mapping[str, RunState]], gone: int = 0
) -> tuple[Killer, FakeProcesses]:
    """Run a killer to its end."""
    processes = FakeProcesses(gone)
    made = Killer(cast("Processes", processes), cast("Observer", FakeObserver(sights)), kills, PASSED_STATES)
    made.run(threading.Event())
    assert made.done.is_set()
    return made, processes


def test_it_kills_once_a_run_is_unsettled() -> None:
    """It records each run's state at that moment; a restart is no kill."""
    states = {"a": RunState.STARTED, "b": RunState.TRAINED}
    kills = [Kill(KillSignal.RESTART_STUDIO, 0), Kill(KillSignal.KILL_WORKER, 0)]
    made, processes = kill(kills, [{}, {}, states])

    assert [record.states for record in made.kill_records] == [states]
    assert processes.sent == processes.recovered == [KillSignal.RESTART_STUDIO, KillSignal.KILL_WORKER]
    assert made.restarts == {KillSignal.RESTART_STUDIO: 1}
    assert made.missed == PASSED_STATES - set(states.values())


def test_an_aimed_kill_waits_for_a_state_that_was_not_hit() -> None:
    """A state that a kill has hit already does not count."""
    old, new = {"a": RunState.STARTED}, {"a": RunState.STARTED, "b": RunState.DECIDED}
    kills = [Kill(KillSignal.KILL_WORKER, 0), Kill(KillSignal.KILL_HOST, 0, aimed=True)]
    made, _ = kill(kills, [old, old, old, old, new])

    assert [record.states for record in made.kill_records] == [old, new]


def test_waiting_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a new state, or without any unsettled run, the kill takes place after its time limit."""
    for name in ("AIM_S", "LAST_AIM_S", "IDLE_S"):
        monkeypatch.setattr(killer, name, 0.05)
    old = {"a": RunState.STARTED}
    made, _ = kill([Kill(KillSignal.KILL_WORKER, 0, aimed=True)] * 2, [old])
    idle, _ = kill([Kill(KillSignal.KILL_WORKER, 0)], [{}])

    assert [record.states for record in made.kill_records] == [old, old]
    assert [record.states for record in idle.kill_records] == [{}]


def test_a_target_that_ended_by_itself_is_no_kill() -> None:
    """The killer chooses a new target and waits for a new moment."""
    made, processes = kill([Kill(KillSignal.KILL_WORKER, 0)], [{"a": RunState.LANDED}, {"a": RunState.STARTED}], gone=1)

    assert [record.states for record in made.kill_records] == [{"a": RunState.STARTED}]
    assert processes.sent == [KillSignal.KILL_WORKER]


def test_every_state_on_the_way_must_be_hit() -> None:
    """These are all states without outcome, except those that this set-up never reaches."""
    assert set(RunState) - TERMINAL - PASSED_STATES == {RunState.WAITING, RunState.HELD}
