"""The plan: the same numbers give the same run, and it holds what was asked for."""

import csv
import io
from collections import Counter

from landfall.chaos.schedule import KILLS, Weapon, draw
from landfall.sample_data.census import LABEL


def test_the_seed_decides_everything() -> None:
    """Files, kills, gusts and the seeds of what is decided on the way."""
    assert draw(20, 10, 7) == draw(20, 10, 7)
    assert draw(20, 10, 7) != draw(20, 10, 8)
    first, again = (draw(3, 0, 7).drops[0].content() for _ in range(2))
    assert first == again


def test_it_has_the_files_and_kills_that_were_asked_for() -> None:
    """Some files are written twice; services are restarted in addition to the kills, storage only in order."""
    plan = draw(200, 100, 7)
    names = Counter(drop.blob for drop in plan.drops)
    weapons = Counter(blow.weapon for blow in plan.blows)

    assert len(names) == 200
    assert set(names.values()) == {1, 2}
    assert sum(weapons[weapon] for weapon in KILLS) == 100
    assert all(weapons[weapon] for weapon in Weapon)
    assert all(blow.stopped_s > 0 for blow in plan.blows if blow.weapon in {Weapon.STOP_HOST, Weapon.STOP_WORKER})
    assert {gust.refuse for gust in plan.gusts} == {True, False}
    times = [drop.at_s for drop in plan.drops]
    assert times == sorted(times)
    assert draw(5, 0, 7).blows == ()


def test_some_files_are_better_than_all_before() -> None:
    """So that models get promoted again and again; a few files have labels without any sense."""
    drops = draw(200, 0, 7).drops
    best, better = 1.0, 0
    for drop in drops:
        better += drop.noise < best
        best = min(best, drop.noise)

    assert 30 < better < 100
    assert 0 < sum(drop.noise == 1 for drop in drops) < 30
    rows = list(csv.DictReader(io.StringIO(drops[0].content().decode())))
    assert len(rows) == drops[0].rows
    assert len({row[LABEL] for row in rows}) == 2
