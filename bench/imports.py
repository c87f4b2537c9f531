"""What a cold start costs: imports in new interpreters, as ratios within one run."""

import os
import subprocess
import sys

from bench import thresholds
from bench.environment import Environment
from bench.results import Row
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


def _seconds(code: str, settings: dict[str, str] | None = None) -> float:
    """Run code in a new interpreter; return its time without the interpreter's own start."""
    timed = f"import time; began = time.perf_counter(); {code}; print(time.perf_counter() - began)"
    environ = {**os.environ, **(settings or {})}
    done = subprocess.run(
        [sys.executable, "-c", timed], cwd=ROOT, env=environ, capture_output=True, text=True, check=True
    )
    return float(done.stdout.split()[-1])
