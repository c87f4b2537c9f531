"""The paths of a run's files: its pinned input, the outputs of its job, its archived model; and of pinned golden rows.

infra/app/lifecycle.bicep deletes old folders of runs by the digit that they begin with, and nothing else here.
"""

import hashlib

from shared.records.run import Run

TRAINING = "training"  # the container of pinned inputs and job outputs, in <run_id>/<attempt>/
MODELS = "models"  # the container of archived models
# The extension of an input says how it is read (protocol 1.3); a name without one of these is read as the last.
FORMS = (".nh.csv", ".nh.tsv", ".tsv", ".arff", ".csv")


def input_path(run: Run) -> str:
    """Return the path of this attempt's pinned input: container/path.

    It keeps the file's extension if that says how the file is read: tabs, no header, ARFF (protocol 1.3).
    """
    name = run.blob.casefold()
    extension = next((form for form in FORMS if name.endswith(form)), FORMS[-1])
    return f"{TRAINING}/{run.job_folder}/input{extension}"


def output_paths(run: Run) -> tuple[str, str]:
    """Return the paths of this attempt's model and evaluation, which its job writes: container/path each."""
    folder = f"{TRAINING}/{run.job_folder}"
    return f"{folder}/model.ilearner", f"{folder}/evaluation.csv"


def model_path(run: Run) -> str:
    """Return the path of this attempt's model, which its job writes: container/path."""
    return output_paths(run)[0]


def pinned_rows_path(route: str, path: str, etag: str) -> str:
    """Return the path of a pinned version of golden rows, the same for all runs of a route: container/path.

    Its name is a hash of the rows' own path and ETag. An endpoint is verified with it for as long as its model serves.
    """
    name = f"{path}\n{etag}"
    return f"{TRAINING}/golden/{route}/{hashlib.sha256(name.encode()).hexdigest()[:32]}.csv"


def archived_model_path(run: Run) -> str:
    """Return the path of this attempt's archived model: container/path.

    Each attempt has its own path, so a later attempt never overwrites an earlier model.
    """
    later = f"-{run.attempt}" if run.attempt > 1 else ""
    return f"{MODELS}/{run.route}/{run.run_id}{later}.ilearner"
