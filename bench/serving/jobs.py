"""A batch job from a CSV in storage to outputs in storage, beside a bare fit and a training script.

Each trains on one thread: on a busy machine the threads of a training wait for each other longer than they work.
"""

import csv
import io
import json
import os
import statistics
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import requests

from bench import thresholds
from bench.errors import BenchError
from bench.results import LeftOut, Row
from bench.serving import start_services, virtualenvs
from bench.serving.dialects import Rows
from bench.serving.fixtures import Fixtures, Table
from bench.serving.sizes import Sizes
from bench.serving.stats import median_ratio
from bench.serving.storage import Container
from bench.serving.virtualenvs import UnavailableError
from landfall.stack.azurite import ROOT
from landfall.stack.stack_state import StateFolder
from studio.tables.csv_reader import read_table
from studio.tables.model_column import feature_columns
from studio.training.expected_kinds import infer_columns
from studio.training.features import encode_rows
from studio.training.labels import read_labels
from studio.training.metrics import area_under_curve

TRAINING_SCRIPT = Path(__file__).parent / "baselines" / "training_script.py"
POLL_S = 0.02
MAX_JOB_S = 600.0
TREES = 100
STUDIO, BARE, SCRIPT = "the studio", "a bare LightGBM fit", "by hand with pandas and scikit-learn"


@dataclass(frozen=True)
class Trained:
    """One training: its time from the CSV to a model, and the model's AUC on the held-back rows."""

    seconds: float
    auc: float


def jobs(
    fixtures: Fixtures,
    tables: list[Table],
    row: Rows,
    sizes: Sizes,
    state: StateFolder,
    *,
    storage: str,
    announce: Callable[[str], None],
) -> tuple[list[Row], list[LeftOut]]:
    """Measure a job of the studio on each table, in rounds that alternate with the baselines.

    Raises:
        BenchError: a job failed.
    """
    measured: list[Row] = []
    left_out: list[LeftOut] = []
    ways: dict[str, Callable[[Table], Trained]] = {BARE: bare_fit}
    if sizes.baselines:
        try:
            python = virtualenvs.interpreter(virtualenvs.PLAIN)
            ways[SCRIPT] = lambda table: by_script(table, python)
        except UnavailableError as error:
            left_out.append(LeftOut(SCRIPT, str(error)))
    container = Container.create(storage, "jobs")
    with start_services.studio(fixtures, row, state, container.host) as (_, url):
        training = fixtures.described(url)["training"]
        ways[STUDIO] = lambda table: by_studio(table, container, training)
        for table in tables:
            container.put("in.csv", table.path.read_bytes())
            announce(f"jobs on {table.path.name}")
            rounds: dict[str, list[Trained]] = {name: [] for name in ways}
            for _ in range(sizes.job_rounds + 1):
                for name, way in ways.items():
                    rounds[name].append(way(table))
            # The first round warms up: the file cache, the training process.
            measured += _rows_of({name: trainings[1:] for name, trainings in rounds.items()}, table)
    return measured, left_out


def by_studio(table: Table, container: Container, training: dict[str, Any]) -> Trained:
    """Submit a job, start it and poll until its status is final.

    Raises:
        BenchError: the job failed or took too long.
    """
    outputs = {"output1": "model.ilearner", "output2": "evaluation.csv"}
    body = {
        "Inputs": {"input1": container.reference("in.csv")},
        "Outputs": {output: container.reference(name) for output, name in outputs.items()},
    }
    with requests.Session() as session:
        session.headers["Authorization"] = f"Bearer {training['api_key']}"
        session.params = {"api-version": "2.0"}
        began = time.perf_counter()
        job = f"{training['jobs_url']}/{session.post(training['jobs_url'], json=body).json()}"
        session.post(f"{job}/start")
        while (status := session.get(job).json())["StatusCode"] in ("NotStarted", "Running"):
            if time.perf_counter() - began > MAX_JOB_S:
                raise BenchError(f"the job on {table.path.name} did not end within {MAX_JOB_S:g} s")
            time.sleep(POLL_S)
        seconds = time.perf_counter() - began
    if status["StatusCode"] != "Finished":
        raise BenchError(f"the job on {table.path.name} failed: {status['Details']}")
    (row,) = csv.DictReader(io.StringIO(container.get(outputs["output2"]).decode()))
    return Trained(seconds, float(row["AUC"]))


def bare_fit(table: Table) -> Trained:
    """Read the CSV as the studio does and fit LightGBM with its default settings; nothing is evaluated or written."""
    import lightgbm  # noqa: PLC0415 - 0.3 s, and `--help` should be quick

    began = time.perf_counter()
    read = read_table(table.path, table.label)
    columns = tuple(finding.column for finding in infer_columns(read, table.label))
    labels = read_labels(read.cells(table.label), table.plan)
    test = labels.test_rows(table.plan.test_fraction, table.plan.seed)
    rows, tested = encode_rows(read, columns, [~test, test])
    categorical = [position for position, column in enumerate(feature_columns(columns)) if column.category_count]
    parameters = {"objective": "binary", "verbose": -1, "num_threads": 1}
    data = lightgbm.Dataset(rows, labels.target[~test], categorical_feature=categorical, params=parameters)
    booster = lightgbm.train(parameters, data, TREES)
    seconds = time.perf_counter() - began
    return Trained(seconds, area_under_curve(labels.target[test] == 1, np.asarray(booster.predict(tested))))


def by_script(table: Table, python: Path) -> Trained:
    """Let pandas read the CSV and scikit-learn's boosted trees fit it; the time does not include their import."""
    labels = read_labels(read_table(table.path, table.label).cells(table.label), table.plan)
    test = labels.test_rows(table.plan.test_fraction, table.plan.seed)
    request = {
        "path": str(table.path),
        "label": table.label,
        "positive": table.positive,
        "held_back": np.flatnonzero(test).tolist(),
    }
    command, environ = [str(python), str(TRAINING_SCRIPT)], {**os.environ, "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environ, input=json.dumps(request), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise BenchError(f"{SCRIPT}: {done.stderr.strip().splitlines()[-1:]}")
    answer = json.loads(done.stdout)
    probabilities = np.array(answer["probabilities"], dtype=np.float64)
    return Trained(answer["seconds"], area_under_curve(labels.target[test] == 1, probabilities))


def _rows_of(rounds: dict[str, list[Trained]], table: Table) -> list[Row]:
    what = f"a job on {table.path.name}"
    rows = []
    for name, trainings in rounds.items():
        rows.append(Row(f"{what}: {name}", round(statistics.median(each.seconds for each in trainings), 2), "s"))
        rows.append(Row(f"{what}: {name}", round(trainings[-1].auc, 4), "AUC"))
    ours = rounds[STUDIO]
    for name, goal in ((BARE, thresholds.JOB_RATIO), (SCRIPT, thresholds.PARITY_RATIO)):
        if name in rounds:
            theirs = rounds[name]
            ratio = median_ratio([each.seconds for each in ours], [each.seconds for each in theirs])
            rows.append(Row(f"{what}: time of the studio to {name}", round(ratio, 2), "times", goal))
            behind = max(0.0, theirs[-1].auc - ours[-1].auc)
            rows.append(Row(f"{what}: behind {name}", round(behind, 4), "AUC", thresholds.JOB_AUC_BEHIND))
    return rows
