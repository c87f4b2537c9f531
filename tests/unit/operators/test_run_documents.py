"""The blobs of a run: its problems and its batch's files, in the JSON that other tools read."""

import json

from shared.errors import UnavailableError
from shared.operators.run_documents import NO_DOCUMENTS, detailed_json, read_documents, run_with_members
from shared.records.batch import BatchRef
from shared.records.intake_record import IntakeRecord
from tests.contract.records import a_run
from tests.fakes.memory_blobs import MemoryBlobs
from tests.pipeline.world import FAULT

LIST = "training/batches/census/x.json"


def test_a_carrier_lists_the_files_of_its_batch() -> None:
    """Each with blob, version, rows and hash; a run without a batch has null."""
    read = a_run(blob="census/a.csv", etag="0x1", intake=IntakeRecord(10, 1, "utf-8", ",", "aa"))
    carrier = a_run(blob="census/b.csv", etag="0x2", batch=BatchRef(LIST, 2, "", 1))
    blobs = MemoryBlobs()
    members: list[dict[str, object]] = [
        {"blob": "census/a.csv", "etag": "0x1", "rows": 10, "sha256": "aa"},
        {"blob": "census/b.csv", "etag": "0x2", "rows": None, "sha256": None},
    ]
    listed = [{**member, "run_id": str(number)} for number, member in enumerate(members)]
    blobs.write_text(LIST, json.dumps({"kind": "batch", "members": listed}))

    assert run_with_members(blobs, carrier)["members"] == members
    assert detailed_json(carrier, read_documents(blobs, carrier))["members"] == members
    assert run_with_members(blobs, read)["members"] is None


def test_problems_are_read() -> None:
    """The JSON keeps the path under `problems`, and has the file's content beside it."""
    blobs = MemoryBlobs()
    run = a_run(problems="quarantine/census/1/problems.json")
    blobs.write_text(run.problems, json.dumps({"problems": [], "more": 0}))
    shown = detailed_json(run, read_documents(blobs, run))

    assert (shown["problems"], shown["problem_file"]) == (run.problems, {"problems": [], "more": 0})
    assert read_documents(blobs, a_run()) == NO_DOCUMENTS


def test_a_blob_that_cannot_be_read_hides_no_run() -> None:
    """A blob that retention removed, that is no JSON, or whose storage fails leaves its part out."""
    blobs = MemoryBlobs()
    run = a_run(problems="quarantine/census/1/problems.json", batch=BatchRef(LIST, 2, "", 1))
    assert read_documents(blobs, run) == NO_DOCUMENTS

    blobs.write_text(run.problems, "[")
    blobs.write_text(LIST, "[")
    assert read_documents(blobs, run) == NO_DOCUMENTS
    blobs.faults.fail_next("read_text", UnavailableError(FAULT), times=2)
    assert read_documents(blobs, run) == NO_DOCUMENTS
