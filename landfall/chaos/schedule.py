"""Everything that a run does and when, drawn from one seed. The timing of the machine is the only other chance."""

import random
from dataclasses import dataclass
from enum import StrEnum

from landfall.chaos.fault_injection import Gust
from landfall.chaos.files import Drop, drops

KILL_S = 4.5  # what a kill takes on average, with the pause before it: spreads the files over the kills
PAUSE_S = (0.5, 4.0)
STOPPED_S = (0.5, 8.0)
GUST_EVERY_S = (12.0, 30.0)
GUST_S = (0.5, 3.0)
LEAST_EVERY_S = 0.3
SERVICES = 4  # blob, queue, table, studio


class Weapon(StrEnum):
    """What is done to a process."""

    KILL_WORKER = "kill worker"
    KILL_HOST = "kill host"
    STOP_WORKER = "stop worker"
    STOP_HOST = "stop host"
    RESTART_STUDIO = "restart studio"
    RESTART_STORAGE = "restart storage"


# These are the kills that are counted; restarts of the services come in addition.
KILLS = {Weapon.KILL_WORKER: 5, Weapon.KILL_HOST: 2, Weapon.STOP_WORKER: 2, Weapon.STOP_HOST: 1}


@dataclass(frozen=True)
class Blow:
    """One attack.

    Attributes:
        pause_s: how long to wait before it.
        aimed: wait until a run is in a state that was not hit yet; otherwise it comes whenever it comes.
        stopped_s: how long the process stands still, if it is only stopped.
    """

    weapon: Weapon
    pause_s: float
    aimed: bool = False
    stopped_s: float = 0.0


@dataclass(frozen=True)
class Plan:
    """A run before it happens.

    Attributes:
        working_s: how long the working phase is meant to last; it lasts longer if the kills take longer.
        weather: a seed of its own, like `events`: requests come as they come, and must not change the rest.
    """

    drops: tuple[Drop, ...]
    blows: tuple[Blow, ...]
    gusts: tuple[Gust, ...]
    kills: int
    working_s: float
    weather: int
    events: int


def draw(files: int, kills: int, seed: int) -> Plan:
    """Draw a plan; the same numbers give the same plan."""
    dice = random.Random(seed)  # noqa: S311 - not for secrets
    working_s = max(kills * KILL_S, files * LEAST_EVERY_S)
    return Plan(
        drops=tuple(drops(dice, files, working_s / files)),
        blows=tuple(_blows(dice, kills)),
        gusts=tuple(_gusts(dice, working_s)),
        kills=kills,
        working_s=working_s,
        weather=dice.getrandbits(32),
        events=dice.getrandbits(32),
    )


def _blows(dice: random.Random, kills: int) -> list[Blow]:
    """Return the kills in their order, with the restarts of the services spread among them."""
    found = []
    for number in range(kills):
        (weapon,) = dice.choices(list(KILLS), list(KILLS.values()))
        stopped_s = dice.uniform(*STOPPED_S) if weapon in {Weapon.STOP_WORKER, Weapon.STOP_HOST} else 0.0
        found.append(Blow(weapon, dice.uniform(*PAUSE_S), aimed=number % 2 == 1, stopped_s=stopped_s))
    restarts = [Weapon.RESTART_STUDIO] * min(5, (kills + 19) // 20)
    restarts += [Weapon.RESTART_STORAGE] * min(2, kills // 10)
    for weapon in restarts:
        found.insert(dice.randint(len(found) // 5, len(found)), Blow(weapon, dice.uniform(*PAUSE_S)))
    return found


def _gusts(dice: random.Random, working_s: float) -> list[Gust]:
    found: list[Gust] = []
    at_s = dice.uniform(*GUST_EVERY_S)
    while at_s < working_s:
        found.append(Gust(at_s, dice.uniform(*GUST_S), dice.random() < 0.5, dice.randrange(SERVICES)))
        at_s += dice.uniform(*GUST_EVERY_S)
    return found
