"""A real studio in a process of its own, with a small census-like experiment: for every tier that needs one."""

import contextlib
import csv
import io
import os
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from studio.commands.describe import describe
from studio.training.experiment import load_experiment
from studio.workspace.database import Database
from studio.workspace.publishing import publish

ROOT = Path(__file__).parents[2]
EXPERIMENT = "Census Model"
COLUMNS = ("age", "hours", "occupation", "region", "income")
OCCUPATIONS = ("Sales", "Craft", "Exec", "Clerk")


def census_csv(rows: int = 400, seed: int = 1, *, shift: float = 0.0) -> str:
    """Return a CSV with signal in age, hours and occupation, and with missing cells; `shift` moves the signal."""
    rng = random.Random(seed)
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow(COLUMNS)
    for _ in range(rows):
        age, hours, occupation = rng.randint(17, 80), rng.randint(10, 70), rng.choice(OCCUPATIONS)
        score = (age - 45) / 12 + (hours - 40) / 10 + (1.5 if occupation == "Exec" else 0) + shift + rng.gauss(0, 0.7)
        region = "?" if rng.random() < 0.1 else rng.choice(("north", "south"))
        shown = "" if rng.random() < 0.05 else age
        writer.writerow((shown, hours, occupation, region, ">50K" if score > 0 else "<=50K"))
    return out.getvalue()


def printed_by(code: str, *arguments: str) -> str:
    """Run Python code in a new process, which must succeed; returns what it prints, without the spaces around it."""
    command = [sys.executable, "-c", code, *arguments]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


def publish_census(folder: Path, data: Path, rows: int = 400) -> None:
    """Publish the experiment into the data folder `data`; its files go to `folder`."""
    (folder / "old.csv").write_text(census_csv(rows), encoding="utf-8")
    experiment = folder / "census.toml"
    experiment.write_text(
        f'name = "{EXPERIMENT}"\ndata = "old.csv"\nlabel = "income"\ntask = "binary"\npositive = ">50K"\n'
        "test_fraction = 0.25\nseed = 7\n",
        encoding="utf-8",
    )
    with Database(data) as database:
        publish(database, load_experiment(experiment), "http://127.0.0.1:8600")


@dataclass(frozen=True)
class RunningStudio:
    """A studio that answers."""

    base_url: str
    data: Path
    process: subprocess.Popen[str] = field(repr=False)

    def describe(self) -> dict[str, Any]:
        """Return what `python -m studio describe` prints."""
        with Database(self.data) as database:
            return describe(database, self.base_url)

    def service(self) -> dict[str, Any]:
        """Return the description of the only service."""
        (service,) = self.describe()["services"]
        return dict(service)

    def endpoint(self, name: str) -> dict[str, Any]:
        """Return the description of an added endpoint."""
        endpoints = self.service()["predictive"]["endpoints"]
        return dict(next(endpoint for endpoint in endpoints if endpoint["name"] == name))


@contextlib.contextmanager
def running_studio(
    data_dir: Path,
    allow_hosts: Sequence[str] = (),
    activation_delay_s: float = 0,
    ignore_patch: Sequence[str] = (),
    more: Sequence[str] = (),
    environ: Mapping[str, str] | None = None,
) -> Iterator[RunningStudio]:
    """Serve `data_dir` on a free port of 127.0.0.1 for the time of the `with`."""
    options = [part for host in allow_hosts for part in ("--allow-host", host)]
    options += [part for name in ignore_patch for part in ("--ignore-patch", name)]
    options += ["--activation-delay-s", str(activation_delay_s), *more]
    settings = {**os.environ, **(environ or {})}
    command = [sys.executable, "-m", "studio", "serve", "--port", "0", "--data", str(data_dir), *options]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT, env=settings) as process:
        try:
            line = process.stdout.readline() if process.stdout else ""
            if not line:
                raise RuntimeError(f"the studio ended with status {process.wait(20)} before it listened")
            yield RunningStudio(line.split()[-1], data_dir, process)
        finally:
            process.terminate()
            process.wait(30)


def child_processes(process: subprocess.Popen[str]) -> list[str]:
    """Return the ids of the processes that any thread of a running process has started."""
    threads = Path(f"/proc/{process.pid}/task").glob("*/children")
    return [pid for children in threads for pid in children.read_text(encoding="ascii").split()]


def is_alive(process_id: str) -> bool:
    """Tell whether a process runs. A zombie (Z) has ended; who inherits it may be slow to ask for its status."""
    try:
        return ") Z " not in Path(f"/proc/{process_id}/stat").read_text(encoding="utf-8")
    except (FileNotFoundError, ProcessLookupError):
        return False


def wait_until_gone(process_ids: Sequence[str]) -> None:
    """Return once none of the processes runs; the time limit of the test ends the waiting for one that stays."""
    for process_id in process_ids:
        while is_alive(process_id):
            time.sleep(0.01)


def storage_host(connection_string: str) -> str:
    """Return host:port of the blob endpoint in a connection string, as `--allow-host` wants it."""
    return connection_string.partition("BlobEndpoint=")[2].partition("://")[2].partition("/")[0]
