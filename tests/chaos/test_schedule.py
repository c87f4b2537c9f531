"""The schedule: the same numbers give the same schedule, with the number of files and kills asked for."""

import csv
import io
from collections import Counter
from dataclasses import replace

from landfall.chaos.files import PIECES, WORDED_COLUMN, Form, clean_rows
from landfall.chaos.schedule import KILLS, KillSignal, draw_schedule
from landfall.sample_data.census import LABEL
from shared.intake.settings import TrainingSetKind
from shared.records.run_states import RunState


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


def test_a_route_that_reads_gets_files_of_every_form() -> None:
    """A bad file is followed by its correction; whatever the form, the clean rows are those of the plain file."""
    uploads = draw_schedule(200, 0, 7, TrainingSetKind.BATCH).uploads
    forms = Counter(upload.form for upload in uploads)

    assert set(forms) == set(Form)
    assert {upload.form for upload in draw_schedule(200, 0, 7).uploads} == {Form.PLAIN}
    for form in Form:
        upload = next(upload for upload in uploads if upload.form is form)
        plain = clean_rows(replace(upload, form=Form.PLAIN).content())
        rows = clean_rows(upload.content())
        assert len(plain) == upload.rows
        differ = [name for before, row in zip(plain, rows, strict=True) for name in before if row[name] != before[name]]
        assert differ == ([WORDED_COLUMN] if form is Form.WORDED else [])
        assert b"".join(upload.pieces()) == upload.content()
        assert len(upload.pieces()) == (PIECES if form is Form.GROWING else 1)
    ragged = next(upload for upload in uploads if upload.form is Form.RAGGED)
    assert any(upload.blob == ragged.blob and upload.at_s > ragged.at_s for upload in uploads)


def test_waiting_must_be_hit_where_files_wait_for_their_batch() -> None:
    """Only such a route has runs that wait."""
    assert draw_schedule(1, 0, 7, TrainingSetKind.FILE).passed_states - draw_schedule(1, 0, 7).passed_states == {
        RunState.WAITING
    }
