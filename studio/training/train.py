"""Trains a model on a CSV and evaluates it on held-out rows; the same seed gives the same bytes."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from studio.errors import ModelFileError, TableError
from studio.models.model import Model
from studio.models.model_file import dump_model, load_model
from studio.scoring.request_columns import added_names, is_taken
from studio.tables.columns import Table
from studio.tables.csv_reader import CSV, TableFormat
from studio.tables.model_column import Column
from studio.training.column_inference import InferredColumn
from studio.training.expected_kinds import expected_columns, infer_columns
from studio.training.features import encode_rows
from studio.training.labels import read_labels
from studio.training.learners import TrainingTask, evaluate, evaluation_csv, other_learner
from studio.training.previous_model import NO_PREVIOUS_MODEL, PreviousModel
from studio.training.row_selection import read_rows
from studio.training.stated_kinds import stated_column
from studio.training.target_encoding import target_encode
from studio.training.training_notes import notes_of
from studio.training.training_plan import TrainingPlan
from studio.training.training_progress import Report, ignore_progress


@dataclass(frozen=True)
class TrainingResult:
    """The results of a training: the model's file, its evaluation as CSV, and notes."""

    model: bytes
    evaluation: str
    trained_rows: int
    tested_rows: int
    notes: tuple[str, ...]  # what each column holds, which were dropped, which learner was chosen


def train(
    csv: Path,
    plan: TrainingPlan,
    threads: int,
    table_format: TableFormat = CSV,
    *,
    report: Report = ignore_progress,
    previous: PreviousModel = NO_PREVIOUS_MODEL,
) -> TrainingResult:
    """Read the CSV once, hold out a share of its rows, train on the rest and evaluate on the share.

    `report` is called after each tree. What columns hold and how classes are spelled stays as in the `previous` model,
    as far as the rows allow it; the notes name the exceptions.

    Raises:
        TableError: the CSV cannot be trained on.
        RowFilterError: the plan's row filter cannot be read.
        SetupError: LightGBM cannot be loaded here.
        ModelFileError: the model exceeds the limits of endpoints.
    """
    stated = [stated_column(name, kind) for name, kind in plan.columns]
    expected = expected_columns(stated, previous.columns)
    table, notes = read_rows(
        csv, plan, table_format, {name: expectation.column for name, expectation in expected.items()}
    )
    labels = read_labels(table.cells(plan.label), plan, previous.classes)
    notes += labels.notes
    _check_names(table, added_names(plan.task, labels.classes))
    findings = infer_columns(table, plan.label, target_encode=plan.task != "multiclass", expected=expected)
    test = labels.test_rows(plan.test_fraction, plan.seed)
    encoded = target_encode(table, _usable(findings), labels.target, ~test, plan.seed)
    columns = encoded.columns
    learned, tested = encode_rows(table, columns, (~test, test), encoded.features)
    del table  # frees as much memory as the file has; only the features are needed from here on
    model_columns = previous.keep_optional(columns) + previous.dropped_beside(columns, plan.label)
    task = TrainingTask(plan, model_columns, labels.classes, threads, report, labels.whole)
    truth = labels.target[test]
    learner, model, why = task.choose(learned, labels.target[~test])
    rows = [evaluate(model, tested, truth)]
    if plan.compare:
        rows.append(evaluate(task.fit(other_learner(learner), learned, labels.target[~test]), tested, truth))
        notes.append(f"compared with {other_learner(learner)}: the second row of the evaluation")
    if why:
        notes.append(why)
    notes += notes_of(findings)
    data = _file_of(model)
    return TrainingResult(data, evaluation_csv(rows), int((~test).sum()), int(test.sum()), tuple(notes))


def _file_of(model: Model) -> bytes:
    """Return the model's file, checked as endpoints check it."""
    try:
        data = dump_model(model)
        load_model(data)
    except ModelFileError as error:
        raise ModelFileError(f"the trained model exceeds the limits of endpoints: {error}") from error
    return data


def _check_names(table: Table, added: Sequence[str]) -> None:
    """Refuse columns with the name of one that answers add: every request to such a model would fail."""
    problems = [
        f"the column {column.name!r} (the file's column {place}) has the name of a column that the model's answers add:"
        " rename it, or leave it out if it holds the predictions of an older model"
        for place, column in enumerate(table.columns, 1)
        if is_taken(column.name, added)
    ]
    if problems:
        raise TableError("the CSV's header", problems)


def _usable(findings: list[InferredColumn]) -> tuple[Column, ...]:
    columns = tuple(finding.column for finding in findings)
    if all(column.kind == "ignored" for column in columns):
        why = "; ".join(map(str, findings))
        raise TableError("the CSV", ["nothing can be learned from any column" + (f" ({why})" if why else "")])
    return columns
