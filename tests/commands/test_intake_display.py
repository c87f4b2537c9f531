"""`show` and `explain` print what became of a file before its job: read, changed, refused, joined, drifted."""

from dataclasses import replace

from rich.console import Console

from landfall.commands import explain
from landfall.intake_display import intake_facts, problem_lines
from landfall.run_display import print_run
from shared.operators.run_documents import RunDocuments
from shared.records.batch import BatchRef, TrainingSetRef
from shared.records.drift import ColumnDrift, DriftRecord, SkippedColumn
from shared.records.intake_record import Change, IntakeRecord, LeftOut
from shared.records.json_codec import Json
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.contract.records import a_run

INTAKE = IntakeRecord(
    rows=1200,
    schema=3,
    encoding="cp1252",
    delimiter=";",
    sha256="ab" * 32,
    changes=(Change("decimal-comma", 7, 2), Change("header-case", 1, 0)),
    left_out=LeftOut(holdout=12, repeated_header=1, blank=2, duplicate_file=1, unfit_file=2),
)
PROBLEMS: Json = {
    "blob": "incoming/census/june.csv",
    "etag": "0x8DC",
    "rows_read": 3,
    "problems": [
        {
            "code": "type-error",
            "level": "error",
            "line": 3,
            "row": 2,
            "column": "age",
            "field_number": 1,
            "value": "[red]old\u202e",
            "message": "It is no number.",
        },
        {
            "code": "few-rows",
            "level": "warning",
            "line": None,
            "row": None,
            "column": None,
            "field_number": None,
            "value": None,
            "message": "There are 3 rows.",
        },
    ],
    "more": 5,
}


def printed(run: Run, documents: RunDocuments) -> tuple[str, str]:
    """Return what `explain` and `show` print about a run."""
    out = Console(width=300, soft_wrap=True)
    with out.capture() as explained:
        explain.print_explanation(out, run, documents)
    with out.capture() as shown:
        print_run(out, run, [], documents)
    return explained.get(), shown.get()


def test_what_was_read_is_told() -> None:
    """Rows, encoding, delimiter, schema; each kind of change with its count and first line; what was left out."""
    assert list(intake_facts(a_run(intake=INTAKE))) == [
        ("read", "1,200 clean rows, encoding cp1252, delimiter ';', schema 3"),
        ("changed", "decimal-comma: 7 times, the first at line 2"),
        ("changed", "header-case: 1 time"),
        (
            "left out",
            (
                "12 rows of the holdout, 1 repeated header, 2 empty lines, 2 files that no longer fit the schema,"
                " 1 file with the bytes of another"
            ),
        ),
    ]
    assert list(intake_facts(a_run())) == []


def test_every_listed_problem_is_printed() -> None:
    """With line, column, cell and code, and the number of those that are not listed; a cell is never markup."""
    run = a_run(state=RunState.QUARANTINED, deadline_at=None, problems="quarantine/census/1/problems.json")
    lines = [
        "error  line 3, column age: It is no number. The cell: '[red]old\\u202e'. (type-error)",
        "warning  There are 3 rows. (few-rows)",
        "5 more problems, not listed",
    ]
    assert list(problem_lines(PROBLEMS)) == lines
    for text in printed(run, RunDocuments(PROBLEMS)):
        assert "quarantine/census/1/problems.json" in text
        for line in lines:
            assert line in text


def test_a_run_without_its_problems_file_names_it() -> None:
    """The file may have been removed by its retention: its path is printed all the same."""
    run = a_run(state=RunState.QUARANTINED, deadline_at=None, problems="quarantine/census/1/problems.json")
    for text in printed(run, RunDocuments()):
        assert "quarantine/census/1/problems.json" in text


def test_a_batch_and_its_set_are_told() -> None:
    """The carrier prints each file of its batch and the set's manifest; a member prints the run that trains it."""
    members: list[Json] = [
        {"blob": "census/a.csv", "etag": "0x1", "rows": 10, "sha256": "aa"},
        {"blob": "census/b.csv", "etag": "0x2", "rows": None, "sha256": None},
    ]
    carrier = a_run(
        batch=BatchRef("training/batches/x.json", 2, "cc", 1),
        training_set=TrainingSetRef("accumulate", "training/1/1/manifest.json", 30, "dd"),
    )
    for text in printed(carrier, RunDocuments(members=members)):
        for fact in (
            "2 files, which this run trains for",
            "census/a.csv, version 0x1, 10 rows",
            "census/b.csv, version 0x2",
            "30 rows, kind accumulate: training/1/1/manifest.json",
        ):
            assert fact in text
    member = a_run(state=RunState.BATCHED, deadline_at=None, batch_run_id="9" * 32)
    for text in printed(member, RunDocuments()):
        assert f"trained with run {'9' * 32}" in text
    assert f"trained on  the training set of run {'9' * 32}" in printed(member, RunDocuments())[0]
    waits = a_run(state=RunState.WAITING, original_blob="training/1/1/original.csv")
    assert "not assembled yet; the file is pinned as training/1/1/original.csv" in printed(waits, RunDocuments())[0]


def test_drift_is_told_column_by_column() -> None:
    """The most drifted column comes first; ten are printed, the rest counted; what was not measured says why."""
    columns = tuple(ColumnDrift(f"c{number}", "number", number / 100, 1000, 900) for number in range(12))
    drift = DriftRecord("psi", "7" * 32, columns, (SkippedColumn("id", "its values hardly repeat"),), trained=False)
    facts = [fact for _, fact in intake_facts(a_run(drift=drift))]

    assert facts[0] == f"psi, approximately, against the set of run {'7' * 32}; not trained"
    assert facts[1] == "c11 (number): 0.11, 1,000 rows against 900"
    assert facts[11:] == ["2 more columns, which drifted less", "id was not measured: its values hardly repeat"]
    first = DriftRecord("psi", None, (), (), trained=True)
    assert [fact for _, fact in intake_facts(a_run(drift=first))] == [
        "psi, approximately, against no set, as there is none"
    ]


def test_the_json_of_an_explanation_has_the_intake() -> None:
    """Scripts find it under the names of a run's JSON, and the content of problems.json beside its path."""
    run = a_run(intake=INTAKE, problems="quarantine/census/1/problems.json")
    shown = explain.explanation(run, RunDocuments(PROBLEMS, None))

    assert shown["intake"]["changes"][0] == {"code": "decimal-comma", "count": 7, "line": 2}
    assert shown["intake"]["left_out"]["holdout"] == 12
    assert (shown["problems"], shown["problem_file"]) == (run.problems, PROBLEMS)
    assert (shown["members"], shown["batch_run_id"], shown["training_set"], shown["drift"]) == (None, None, None, None)


def test_a_file_that_could_not_be_read_has_no_encoding() -> None:
    """An empty file and a zip were read in none: nothing is said of it, rather than an empty name."""
    unread = INTAKE._replace(rows=0, encoding="", delimiter="", schema=None, changes=(), left_out=LeftOut())
    assert list(intake_facts(replace(a_run(), intake=unread))) == [("read", "0 clean rows")]
