"""Everything that a chaos run does and when, drawn from one seed; the machine's timing is the only other chance."""

import random
from dataclasses import dataclass
from enum import StrEnum

from landfall.chaos.fault_injection import FaultBurst
from landfall.chaos.files import Upload, draw_uploads
from shared.intake.settings import TrainingSetKind
from shared.records.run_states import RunState

KILL_S = 4.5  # average duration of a kill with the pause before it; spreads the files over the kills
PAUSE_S = (0.5, 4.0)
STOPPED_S = (0.5, 8.0)
BURST_INTERVAL_S = (12.0, 30.0)
BURST_S = (0.5, 3.0)
MIN_UPLOAD_INTERVAL_S = 0.3
SERVICES = 4  # blob, queue, table, studio

# The states that a run passes with this set-up.
PASSED_STATES = frozenset(
    {
        RunState.LANDED,
        RunState.SUBMITTED,
        RunState.STARTED,
        RunState.TRAINED,
        RunState.STAGED,
        RunState.DECIDED,
        RunState.PROMOTING,
        RunState.VERIFYING,
    }
)


class KillSignal(StrEnum):
    """What happens to a process."""

    KILL_WORKER = "kill worker"
    KILL_HOST = "kill host"
    STOP_WORKER = "stop worker"
    STOP_HOST = "stop host"
    RESTART_STUDIO = "restart studio"
    RESTART_STORAGE = "restart storage"


# The kills that count, with their weights. Restarts of the studio and the storage come in addition.
KILLS = {
    KillSignal.KILL_WORKER: 5,
    KillSignal.KILL_HOST: 2,
    KillSignal.STOP_WORKER: 2,
    KillSignal.STOP_HOST: 1,
}


@dataclass(frozen=True)
class Kill:
    """One planned kill, stop or restart.

    Attributes:
        pause_s: how long to wait before it.
        aimed: whether it waits until a run is in a state that no kill has hit yet.
        stopped_s: how long a stopped process stays stopped; 0 for a kill or a restart.
    """

    signal: KillSignal
    pause_s: float
    aimed: bool = False
    stopped_s: float = 0.0


@dataclass(frozen=True)
class Schedule:
    """A chaos run before it starts.

    Attributes:
        training_set: what a run trains on; None: the route reads no files and has no batches.
        kills: the kills that count and the restarts among them, in order.
        kill_count: the number of kills that count.
        working_s: planned duration of the working phase; it takes longer if the kills take longer.
        fault_seed: a seed of its own, as `event_seed`: the order of requests must not change anything else.
    """

    uploads: tuple[Upload, ...]
    kills: tuple[Kill, ...]
    bursts: tuple[FaultBurst, ...]
    kill_count: int
    working_s: float
    fault_seed: int
    event_seed: int
    training_set: TrainingSetKind | None = None

    @property
    def passed_states(self) -> frozenset[RunState]:
        """The states that a run passes; each must be hit by a kill at least once."""
        return PASSED_STATES if self.training_set is None else PASSED_STATES | {RunState.WAITING}


def draw_schedule(files: int, kill_count: int, seed: int, training_set: TrainingSetKind | None = None) -> Schedule:
    """Draw a schedule; the same numbers give the same schedule.

    With a `training_set` the route reads and gathers its files, which then are of several forms.
    """
    rng = random.Random(seed)  # noqa: S311 - not for secrets
    working_s = max(kill_count * KILL_S, files * MIN_UPLOAD_INTERVAL_S)
    return Schedule(
        uploads=tuple(draw_uploads(rng, files, working_s / files, forms=training_set is not None)),
        kills=tuple(_draw_kills(rng, kill_count)),
        bursts=tuple(_draw_bursts(rng, working_s)),
        kill_count=kill_count,
        working_s=working_s,
        fault_seed=rng.getrandbits(32),
        event_seed=rng.getrandbits(32),
        training_set=training_set,
    )


def _draw_kills(rng: random.Random, kill_count: int) -> list[Kill]:
    """Return the kills in order, with the restarts of the services spread among them."""
    kills = []
    for number in range(kill_count):
        (signal,) = rng.choices(list(KILLS), list(KILLS.values()))
        stopped_s = rng.uniform(*STOPPED_S) if signal in {KillSignal.STOP_WORKER, KillSignal.STOP_HOST} else 0.0
        kills.append(Kill(signal, rng.uniform(*PAUSE_S), aimed=number % 2 == 1, stopped_s=stopped_s))
    restarts = [KillSignal.RESTART_STUDIO] * min(5, (kill_count + 19) // 20)
    restarts += [KillSignal.RESTART_STORAGE] * min(2, kill_count // 10)
    for signal in restarts:
        kills.insert(rng.randint(len(kills) // 5, len(kills)), Kill(signal, rng.uniform(*PAUSE_S)))
    return kills


def _draw_bursts(rng: random.Random, working_s: float) -> list[FaultBurst]:
    bursts: list[FaultBurst] = []
    at_s = rng.uniform(*BURST_INTERVAL_S)
    while at_s < working_s:
        bursts.append(FaultBurst(at_s, rng.uniform(*BURST_S), rng.random() < 0.5, rng.randrange(SERVICES)))
        at_s += rng.uniform(*BURST_INTERVAL_S)
    return bursts
