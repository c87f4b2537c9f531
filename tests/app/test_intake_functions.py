"""The queue `intake` in the runtime library that runs the app in Azure, on real storage and a studio."""

import json
from collections.abc import Iterator

import pytest
from azure.storage.blob import BlobServiceClient

from shared.adapters.storage.table_runs import TableRunStore
from shared.intake.manifest import manifest_from
from shared.lifecycle.job_paths import manifest_path, problems_path
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from tests.app.running_app import RunningApp, drop, running_app
from tests.studio.running import census_csv

READS_FILES = """
[routes.NAME.intake]
label = "income"
"""


@pytest.fixture(scope="module")
def app(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningApp]:
    """Give the app with a route that reads its files."""
    with running_app(azurite, tmp_path_factory.mktemp("app"), more_of_route=READS_FILES) as app:
        yield app


def run_of(app: RunningApp, run_id: str) -> Run:
    """Return a run as its row has it."""
    stored = TableRunStore.from_connection_string(app.storage).get(app.container, run_id)
    assert stored is not None
    return stored.run


def text_of(app: RunningApp, path: str) -> str:
    """Return the text of the blob at container/path."""
    with BlobServiceClient.from_connection_string(app.storage) as blobs:
        container, _, name = path.partition("/")
        return blobs.get_blob_client(container, name).download_blob().readall().decode()


def announced(app: RunningApp, name: str) -> str:
    """Deliver the event of a file; return the message that the function puts into the queue `intake`."""
    outcome = app.invoke("on_csv_landed", {"blob": app.reference(name)})
    assert outcome.error is None, outcome.error
    (message,) = json.loads(outcome.outputs["intake"][1])
    return str(message)


def deliver(app: RunningApp, message: str) -> list[str]:
    """Deliver a message of the queue `intake`; return what the function puts into that queue."""
    outcome = app.invoke("read_and_assemble", {"message": ("string", message)})
    assert outcome.error is None, outcome.error
    return list(json.loads(outcome.outputs["intake"][1]))


def test_a_file_goes_through_the_queue_to_its_model(app: RunningApp) -> None:
    """One message has it read, made clean, assembled and started; a second delivery starts nothing more."""
    text = census_csv(800, 3, shift=1.0)
    run_id = drop(app, "census/german.csv", text.replace(",", ";"))
    message = announced(app, "census/german.csv")
    assert json.loads(message)["run_id"] == run_id
    assert run_of(app, run_id).step is LandedStep.QUEUED
    assert deliver(app, message) == []

    run = run_of(app, run_id)
    assert run.state is RunState.STARTED, run.reason
    assert run.input_blob == f"training/{run_id}/1/input.csv"
    assert text_of(app, run.input_blob) == text
    assert run.intake is not None
    assert (run.intake.rows, run.intake.schema, run.intake.delimiter) == (800, 1, ";")
    (member,) = manifest_from(text_of(app, manifest_path(run))).members
    assert (member.blob, member.rows, member.run_id) == ("census/german.csv", 800, run_id)
    assert deliver(app, message) == []
    assert run_of(app, run_id).job_id == run.job_id

    for _ in range(400):
        for evaluation in app.tick():
            assert app.invoke("evaluate_and_promote", {"message": ("string", evaluation)}).error is None
        run = run_of(app, run_id)
        if run.terminal:
            break
    assert run.state is RunState.PROMOTED, run.reason
    actors = {entry.actor for entry in TableRunStore.from_connection_string(app.storage).history(run.route, run_id)}
    assert {"on_csv_landed", "read_and_assemble"} <= actors


def test_a_bad_file_goes_to_quarantine_with_every_problem(app: RunningApp) -> None:
    """No job is submitted; a copy lies beside `problems.json`, and the original stays."""
    lines = census_csv(100, 4).splitlines()
    lines[7] += ",extra"
    lines[9] = lines[9].rpartition(",")[0] + ","
    text = "\n".join(lines) + "\n"
    run_id = drop(app, "census/bad.csv", text)
    assert deliver(app, announced(app, "census/bad.csv")) == []

    run = run_of(app, run_id)
    assert (run.state, run.job_id, run.problems) == (RunState.QUARANTINED, "", problems_path(run, refused=True))
    problems = json.loads(text_of(app, run.problems))["problems"]
    assert [(problem["code"], problem["line"]) for problem in problems] == [("extra-cell", 8), ("unlabelled", 10)]
    assert text_of(app, f"quarantine/{app.container}/{run_id}/census/bad.csv") == text
    assert text_of(app, f"{app.container}/census/bad.csv") == text


def test_a_tick_announces_a_file_whose_message_was_lost(app: RunningApp) -> None:
    """The timer's output is a message of the queue, and does not read the file."""
    run_id = drop(app, "census/lost.csv", census_csv(100, 5))
    announced(app, "census/lost.csv")  # and nobody receives it
    store = TableRunStore.from_connection_string(app.storage)
    stored = store.get(app.container, run_id)
    assert stored is not None
    overdue = stored.run.evolve(stored.run.updated_at, not_before=stored.run.updated_at)
    store.save(stored, overdue)
    outcome = app.invoke("poll_pending_jobs", {"timer": ("json", "{}")})
    assert outcome.error is None, outcome.error
    messages = [json.loads(message)["run_id"] for message in json.loads(outcome.outputs["intake"][1])]
    assert messages == [run_id]
    assert run_of(app, run_id).step is LandedStep.QUEUED


def test_a_message_that_cannot_be_read_fails(app: RunningApp) -> None:
    """The host moves it to the poison queue; one about an unknown run is done."""
    outcome = app.invoke("read_and_assemble", {"message": ("string", "nonsense")})
    assert outcome.error is not None
    assert "An intake message is not JSON" in outcome.error
    unknown = json.dumps({"version": 1, "route": app.container, "run_id": "0" * 32})
    assert deliver(app, unknown) == []
