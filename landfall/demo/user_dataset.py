"""Makes the demo's data out of a user's CSV: a small old sample, the good file, and the same with shuffled labels."""

import random
import re
from collections import Counter
from pathlib import Path

from landfall.demo.datasets import SEED, Dataset, complete_row
from landfall.errors import CommandError
from landfall.sample_data.csv_table import Table
from landfall.stack.settings import setting_prefix
from shared.csv_text import CsvError, read_csv
from shared.plurals import counted

SAMPLE_SHARE, MAX_SAMPLE_ROWS, MIN_ROWS = 0.05, 600, 400
MISSING = frozenset({"", "?", "NA", "NaN", "nan", "null", "None"})

_EXPERIMENT = """\
name = "{model}"
data = "sample.csv"
label = {label}
task = "binary"
positive = {positive}
test_fraction = 0.25
seed = 7
"""
_ENDPOINT = """
[[routes.{route}.endpoints]]
name = "{name}"
role = "{role}"
patch_url = "${{{prefix}_PATCH_URL}}"
execute_url = "${{{prefix}_EXECUTE_URL}}"
api_key = "${{{prefix}_{key}}}"
resource = "{model} [trained model]"
propagation_s = 30
"""
_ROUTES = """\
version = 1
input = "incoming"
allow_hosts = ["${{LANDFALL_DATA_HOST}}", "127.0.0.1:*"]

[routes.{route}]
files = "{route}/*.csv"
no_champion = "threshold-only"
initial_model = "models/initial/{route}.ilearner"
golden = "models/golden/{route}.csv"
gates = [ {{ metric = "AUC", at_least = 0.60, min_gain = 0.002 }} ]

[routes.{route}.training]
jobs_url = "${{{prefix}_JOBS_URL}}"
api_key = "${{{prefix}_TRAINING_KEY}}"
input = "input1"
model_output = "output1"
evaluation_output = "output2"
"""


def user_dataset(path: Path, label: str | None, folder: Path) -> Dataset:
    """Split a user's file, and write the sample, the experiment and the routes to `folder`.

    Raises:
        CommandError: the file or the label cannot be used.
    """
    table = read_table(path)
    if label is None or label not in table.header:
        raise CommandError(f"--label must name one of the columns of {path}: {', '.join(table.header)}")
    at = table.header.index(label)
    labelled = [row for row in table.rows if row[at].strip() not in MISSING]
    classes = Counter(row[at].strip() for row in labelled)
    if len(classes) != 2:
        shown = ", ".join(f"{value!r} ({count})" for value, count in classes.most_common(6))
        raise CommandError(f"the demo needs a label with two values; {label!r} has {len(classes)}: {shown}")
    if len(labelled) < MIN_ROWS:
        raise CommandError(
            f"{path} has {counted(len(labelled), 'row')} with a label; the demo needs {MIN_ROWS} or more"
        )
    random.Random(SEED).shuffle(labelled)  # noqa: S311 - not for secrets
    count = min(MAX_SAMPLE_ROWS, max(MIN_ROWS // 4, int(len(labelled) * SAMPLE_SHARE)))
    sample, good = Table(table.header, labelled[:count]), Table(table.header, labelled[count:])
    model = f"{re.sub(r'[^A-Za-z0-9]+', ' ', path.stem).strip().title() or 'Own'} Model"
    route = re.sub(r"[^a-z0-9]+", "-", path.stem.lower()).strip("-")[:40] or "own"
    prefix = setting_prefix(model)
    (folder / "sample.csv").write_text(sample.to_csv(), encoding="utf-8")
    rarer = classes.most_common()[-1][0]
    experiment = _EXPERIMENT.format(model=model, label=_toml(label), positive=_toml(rarer))
    (folder / "experiment.toml").write_text(experiment, encoding="utf-8")
    routes = _ROUTES.format(route=route, prefix=prefix)
    for name, role, stem, key in (
        ("production", "serve", prefix, "ENDPOINT_KEY"),
        ("staging", "staging", f"{prefix}_STAGING", "KEY"),
    ):
        routes += _ENDPOINT.format(route=route, name=name, role=role, prefix=stem, key=key, model=model)
    (folder / "routes.toml").write_text(routes, encoding="utf-8")
    bare = good.without(label)
    return Dataset(
        about=f"{path.name}: {len(good.rows):,} rows, to predict {label} = {rarer}; the first model knows {count}",
        model=model,
        route=route,
        folder=route,
        experiment=folder / "experiment.toml",
        routes=folder / "routes.toml",
        good=good.to_csv(),
        shuffled=good.with_shuffled(label, SEED).to_csv(),
        rows=len(good.rows),
        watched=complete_row(bare.rows, bare.header),
    )


def read_table(path: Path) -> Table:
    """Read a CSV with a header and rows of one width.

    Raises:
        CommandError: the file is not such a CSV; with the lines of its problems.
    """
    try:
        table = read_csv(path.read_bytes().decode())
    except OSError as error:
        raise CommandError(f"{path}: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise CommandError(f"{path} is not UTF-8: {error.reason} at byte {error.start}") from error
    except CsvError as error:
        raise CommandError(f"{path} {error}") from error
    problems = table.problems()
    if not table.rows:
        problems.append("it has a header and no rows")
    if problems:
        raise CommandError(f"{path} cannot be used: {'; '.join(problems)}")
    return Table(table.columns, [list(row) for row in table.rows])


def _toml(text: str) -> str:
    """Return a TOML string."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
