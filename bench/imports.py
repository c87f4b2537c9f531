"""What a cold start costs: imports in new interpreters, as ratios within one run."""

import os
import shutil
import subprocess
import sys
import tempfile
import zipfile
from pathlib import Path

from bench import thresholds
from bench.environment import Environment
from bench.results import Row
from landfall.commands.package import deployed_files, fill_packages, write_zip
from landfall.sample_data.census import census_csv
from landfall.stack.azurite import ROOT

ROUNDS = 7  # the fastest counts: other work on the machine can only slow a round down
FILE_ROWS = 20

_BASE = "import azure.functions"
_APP = "import function_app"
_APP_AND_LANDING = (
    "import function_app; from shared import wiring; from shared.pipeline import landing;"
    " landing.land(wiring.services(), {container!r}, {name!r})"
)
# What Azure's worker imports before and for the first run, with the packages of the zip and no other.
_IN_AZURE = "import azure_functions_runtime, function_app"
_CLIENTS = "import shared.wiring, azure.data.tables, azure.identity, azure.storage.blob"


def imports(environment: Environment) -> list[Row]:
    """Time what a new worker does before it is useful, as a ratio to `import azure.functions`."""
    environment.jobs_held.set()  # a job that trains meanwhile would take the processor
    container = environment.services.routes.input
    names = [f"census/cold-{number}.csv" for number in range(ROUNDS + 1)]
    for number, name in enumerate(names):
        environment.upload(name, census_csv(FILE_ROWS, number))
    times_s: dict[str, list[float]] = {"base": [], "app": [], "landing": []}
    for name in names:
        times_s["base"].append(_seconds(_BASE))
        times_s["app"].append(_seconds(_APP))
        times_s["landing"].append(
            _seconds(_APP_AND_LANDING.format(container=container, name=name), environment.settings)
        )
    # The first round compiles, and warms the file cache.
    base_s, app_s, landing_s = (min(times[1:]) for times in times_s.values())
    unit = "times `import azure.functions`"
    return [
        Row("`import function_app`", round(app_s / base_s, 2), unit, thresholds.IMPORT_RATIO),
        Row("`import function_app` and the first landing", round(landing_s / base_s, 2), unit),
        Row("`import azure.functions` itself", round(base_s * 1000), "ms"),
    ]


def imports_from_the_zip() -> list[Row]:
    """Time the imports of a new worker that has the zip alone, as Azure's has, and what the zip's bytecode saves."""
    fill_packages()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        write_zip(ROOT, deployed_files(ROOT), folder / "app.zip")
        zipped = (folder / "app.zip").stat().st_size
        with zipfile.ZipFile(folder / "app.zip") as archive:
            archive.extractall(folder / "app")
        unpacked = sum(file.stat().st_size for file in (folder / "app").rglob("*") if file.is_file())
        with_s = min(_seconds_of_zip(folder / "app") for _ in range(ROUNDS))
        for cache in list((folder / "app").rglob("__pycache__")):
            shutil.rmtree(cache)
        without_s = min(_seconds_of_zip(folder / "app") for _ in range(ROUNDS))
    return [
        Row("the zip", round(zipped / 1e6, 1), "MB"),
        Row("the zip, unpacked", round(unpacked / 1e6, 1), "MB"),
        Row("imports of a new worker, from the zip", round(with_s * 1000), "ms"),
        Row("imports of a new worker, from the zip: without its bytecode", round(without_s * 1000), "ms"),
    ]


def _seconds_of_zip(app: Path) -> float:
    """Import everything in an interpreter whose path is that of Azure's worker; return the time."""
    site = app / ".python_packages" / "lib" / "site-packages"
    code = (
        f"import sys, time; sys.path[:0] = [{str(site)!r}]; sys.path.append({str(app)!r}); began = time.perf_counter();"
        f" {_IN_AZURE}; {_CLIENTS}; print(time.perf_counter() - began)"
    )
    # -I -S: neither this environment's packages nor the repository. -B: no round compiles for the next.
    done = subprocess.run([sys.executable, "-I", "-S", "-B", "-c", code], capture_output=True, text=True, check=True)
    return float(done.stdout)


def _seconds(code: str, settings: dict[str, str] | None = None) -> float:
    """Run code in a new interpreter; return its time without the interpreter's own start."""
    timed = f"import time; began = time.perf_counter(); {code}; print(time.perf_counter() - began)"
    environ = {**os.environ, **(settings or {})}
    done = subprocess.run(
        [sys.executable, "-c", timed], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
