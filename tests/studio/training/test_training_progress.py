"""Progress: a training in another process reports it, and the owner's page shows it while the training runs."""

import re
from pathlib import Path

import pytest

from studio.errors import TableError
from studio.tables.csv_reader import CSV
from studio.training.previous_model import NO_PREVIOUS_MODEL
from studio.training.train import train
from studio.training.training_plan import BEST, TrainingPlan
from studio.training.training_progress import Phase, Progress, SharedProgress
from studio.training.training_worker import TrainingWorker
from tests.studio.caller import Storage, Trainer, job_body
from tests.studio.pages.test_overview import overview
from tests.studio.running import RunningStudio, census_csv

TREES = 10_000  # of a large file: nobody waits for them


def reports_of(folder: Path, rows: int, plan: TrainingPlan) -> list[Progress]:
    """Train on a census; returns the reports."""
    csv = folder / "in.csv"
    csv.write_text(census_csv(rows), encoding="utf-8")
    reports: list[Progress] = []
    train(csv, plan, 1, CSV, report=lambda *report: reports.append(Progress(*report)))
    return reports


def counts(reports: list[Progress], phase: Phase) -> list[tuple[int, int]]:
    """Return done and total of each report of a phase."""
    return [(report.done, report.total) for report in reports if report.phase is phase]


def test_each_tree_is_reported(tmp_path: Path) -> None:
    """Where the experiment says how many trees: one after the other, up to the last."""
    reports = reports_of(tmp_path, 100, TrainingPlan("binary", "income", ">50K", trees=5))
    assert reports == [Progress(Phase.TRAINING, number, 5) for number in range(1, 6)]


@pytest.mark.parametrize(("rows", "at_most"), [(200, 400), (3000, 300)])
def test_the_search_for_their_number_is_a_phase_of_its_own(tmp_path: Path, rows: int, at_most: int) -> None:
    """First trees are tried, at most so many; then as many are trained as were found best."""
    reports = reports_of(tmp_path, rows, TrainingPlan("binary", "income", ">50K"))
    phases = [report.phase for report in reports]
    assert phases == sorted(phases)
    tried, trained = counts(reports, Phase.CHOOSING), counts(reports, Phase.TRAINING)
    assert tried == [(number, at_most) for number in range(1, len(tried) + 1)]
    assert trained == [(number, len(trained)) for number in range(1, len(trained) + 1)]
    assert 0 < len(trained) < len(tried)


def test_a_cross_validation_is_told_by_its_models(tmp_path: Path) -> None:
    """The choice of a learner comes after the trees: four folds of two learners."""
    reports = reports_of(tmp_path, 100, TrainingPlan("binary", "income", ">50K", trees=5, learner=BEST))
    assert [report.phase for report in reports] == [Phase.TRAINING] * 5 + [Phase.COMPARING] * 8
    assert counts(reports, Phase.COMPARING) == [(number, 8) for number in range(1, 9)]


@pytest.mark.parametrize(
    ("progress", "words"),
    [
        (Progress(Phase.CHOOSING, 40, 300), "choosing the number of trees: tree 40 of at most 300"),
        (Progress(Phase.TRAINING, 40, 100), "training: tree 40 of 100"),
        (Progress(Phase.TRAINING, 20_000, 20_000), "training: tree 20000 of 20000"),
        (Progress(Phase.COMPARING, 3, 8), "cross-validation: model 3 of 8"),
    ],
)
def test_what_is_shared_is_read_in_words(progress: Progress, words: str) -> None:
    """What one process writes is what the other reads, until it is forgotten."""
    shared = SharedProgress()
    assert shared.read() is None
    shared.report(progress.phase, progress.done, progress.total)
    assert shared.read() == progress
    assert str(shared.read()) == words
    shared.clear()
    assert shared.read() is None


def test_a_worker_has_no_progress_between_trainings(tmp_path: Path) -> None:
    """The last report is cleared at the end of the training, whether it succeeded or not."""
    worker = TrainingWorker(1)
    csv = tmp_path / "in.csv"
    csv.write_text(census_csv(100), encoding="utf-8")
    try:
        worker.train(csv, TrainingPlan("binary", "income", ">50K", trees=2), CSV, NO_PREVIOUS_MODEL)
        assert worker.progress() is None
        with pytest.raises(TableError):
            worker.train(csv, TrainingPlan("binary", "income", "none", trees=2), CSV, NO_PREVIOUS_MODEL)
        assert worker.progress() is None
    finally:
        worker.close()


def test_the_owner_sees_a_training_advance(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """The tree it is at, on the overview and on the job's page, growing; also of the process after one was killed."""
    storage.put("large.csv", census_csv(20_000))
    body = job_body(storage, "large.csv") | {"GlobalParameters": {"Number of trees": str(TREES)}}
    for _ in range(2):
        job = trainer.submit(body)
        trainer.start(job)
        trees: list[int] = []
        for path in ("/", f"/jobs/{job}"):
            began = len(trees)
            while len(trees) == began:
                shown = re.search(rf"training: tree (\d+) of {TREES}<", overview(studio, path))
                trees += [int(shown[1])] if shown and int(shown[1]) not in trees else []
        assert 0 < trees[0] < trees[1] <= TREES
        assert "tree" not in str(trainer.status(job))
        assert trainer.call("DELETE", f"/{job}").status_code == 204
        assert "tree" not in overview(studio, f"/jobs/{job}")
