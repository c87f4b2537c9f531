"""The schedule: the same numbers give the same schedule, with the number of files and kills asked for."""

import csv
import io
from collections import Counter

from landfall.chaos.schedule import KILLS, KillSignal, draw_schedule
from landfall.sample_data.census import LABEL


def test_the_seed_decides_everything() -> None:
    """It decides the files, the kills, the bursts, and the seeds of the decisions made during the run."""
    assert draw_schedule(20, 10, 7) == draw_schedule(20, 10, 7)
    assert draw_schedule(20, 10, 7) != draw_schedule(20, 10, 8)
    first, second = (draw_schedule(3, 0, 7).uploads[0].content() for _ in range(2))
    assert first == second


def test_it_has_the_requested_files_and_kills() -> None:
    """Some files are written twice; restarts of the services come in addition to the kills."""
    schedule = draw_schedule(200, 100, 7)
    names = Counter(upload.blob for upload in schedule.uploads)
    signals = Counter(kill.signal for kill in schedule.kills)

    assert len(names) == 200
    assert set(names.values()) == {1, 2}
    assert sum(signals[signal] for signal in KILLS) == 100
    assert all(signals[signal] for signal in KillSignal)
    assert all(
        kill.stopped_s > 0 for kill in schedule.kills if kill.signal in {KillSignal.STOP_HOST, KillSignal.STOP_WORKER}
    )
    assert {burst.refuse for burst in schedule.bursts} == {True, False}
    times = [upload.at_s for upload in schedule.uploads]
    assert times == sorted(times)
    assert draw_schedule(5, 0, 7).kills == ()


def test_some_files_are_better_than_all_before() -> None:
    """So models get promoted again and again; a few files have shuffled labels."""
    uploads = draw_schedule(200, 0, 7).uploads
    best, better = 1.0, 0
    for upload in uploads:
        better += upload.noise < best
        best = min(best, upload.noise)

    assert 30 < better < 100
    assert 0 < sum(upload.noise == 1 for upload in uploads) < 30
    rows = list(csv.DictReader(io.StringIO(uploads[0].content().decode())))
    assert len(rows) == uploads[0].rows
    assert len({row[LABEL] for row in rows}) == 2
