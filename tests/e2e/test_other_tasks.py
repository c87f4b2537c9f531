"""The main job with a regression and with three classes: every part real, both models on the same holdout."""

import csv
import io
import random
from pathlib import Path

import pytest
from azure.storage.blob import BlobServiceClient

from landfall.commands.submit import upload
from landfall.follow_run import follow_run
from landfall.stack.up import RunningStack, StackOptions, start_stack
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.sample_data.task_tables import prices_csv, species_csv

type Rows = list[list[str]]

ROOT = Path(__file__).resolve().parents[2]

ROUTE = """
[routes.{name}]
files = "{name}/*.csv"
no_champion = "compare"
initial_model = "models/initial/{name}.ilearner"
golden = "models/golden/{name}.csv"
gates = [ {{ metric = "{metric}", min_gain = 0.005 }} ]

[routes.{name}.holdout]
data = "models/holdout/{name}.csv"
label = "{label}"
task = "{task}"
batch_rows = 200

[routes.{name}.training]
jobs_url = "${{{upper}_JOBS_URL}}"
api_key = "${{{upper}_TRAINING_KEY}}"
input = "input1"
model_output = "output1"
evaluation_output = "output2"

[[routes.{name}.endpoints]]
name = "production"
role = "serve"
patch_url = "${{{upper}_PATCH_URL}}"
execute_url = "${{{upper}_EXECUTE_URL}}"
api_key = "${{{upper}_ENDPOINT_KEY}}"
resource = "{title} [trained model]"
propagation_s = 3

[[routes.{name}.endpoints]]
name = "staging"
role = "staging"
patch_url = "${{{upper}_STAGING_PATCH_URL}}"
execute_url = "${{{upper}_STAGING_EXECUTE_URL}}"
api_key = "${{{upper}_STAGING_KEY}}"
resource = "{title} [trained model]"
propagation_s = 3
"""
TASKS = {
    "prices": ("regression", "price", "Prices Model", "Coefficient of Determination", prices_csv),
    "species": ("multiclass", "species", "Species Model", "Overall Accuracy", species_csv),
}


def shuffled(text: str) -> str:
    """Return the CSV with its labels, the last column, shuffled."""
    header, *rows = csv.reader(io.StringIO(text))
    labels = [row[-1] for row in rows]
    random.Random(3).shuffle(labels)
    return written([header, *([*row[:-1], label] for row, label in zip(rows, labels, strict=True))])


def written(table: Rows) -> str:
    """Return rows as CSV."""
    out = io.StringIO()
    csv.writer(out, lineterminator="\n").writerows(table)
    return out.getvalue()


def route(name: str) -> str:
    """Return the route of an example."""
    task, label, title, metric, _ = TASKS[name]
    return ROUTE.format(name=name, upper=name.upper(), task=task, label=label, title=title, metric=metric)


def land(stack: RunningStack, folder: Path, name: str, file: str, text: str) -> Run:
    """Upload a file and wait for its run's end."""
    path = folder / file
    path.write_text(text, encoding="utf-8")
    storage = stack.document["storage"]
    store = TableRunStore.from_connection_string(storage)
    run_id = upload(storage, stack.document["input"], f"{name}/{file}", path)
    list(follow_run(store, name, run_id, lambda: None))
    stored = store.get(name, run_id)
    assert stored is not None
    return stored.run


@pytest.mark.timeout(240)
def test_other_tasks_are_trained_measured_and_promoted(tmp_path: Path) -> None:
    """A better model is promoted, and shuffled labels are rejected, by metrics of the task."""
    makers = {name: task[-1] for name, task in TASKS.items()}
    experiments = tuple(ROOT / "examples" / name / "experiment.toml" for name in TASKS)
    head = 'version = 1\ninput = "incoming"\nallow_hosts = ["127.0.0.1:*"]\n'
    (tmp_path / "routes.toml").write_text(head + "".join(map(route, TASKS)), encoding="utf-8")
    options = StackOptions(
        state=tmp_path / "state",
        routes=tmp_path / "routes.toml",
        experiments=experiments,
        settings={"LANDFALL_POLL_SCHEDULE": "* * * * * *"},
    )
    with start_stack(options, lambda _: None) as stack:
        with BlobServiceClient.from_connection_string(stack.document["storage"]) as blobs:
            for name, maker in makers.items():
                blobs.get_blob_client("models", f"holdout/{name}.csv").upload_blob(maker(400, 2))
        for name, maker in makers.items():
            good = land(stack, tmp_path, name, "good.csv", maker(1500, 3))
            assert good.state is RunState.PROMOTED, (good.state, good.reason)
            assert TASKS[name][3] in good.reason
            assert "better by" in good.reason
            bad = land(stack, tmp_path, name, "bad.csv", shuffled(maker(1500, 4)))
            assert bad.state is RunState.REJECTED, (bad.state, bad.reason)
            assert "worse by" in bad.reason
