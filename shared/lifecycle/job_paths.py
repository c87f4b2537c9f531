"""The paths of a run's files: pinned original, part, input and outputs of its job, model; of schemas and golden rows.

infra/app/lifecycle.bicep deletes old folders of runs by the digit that they begin with, and nothing else here.
"""

import hashlib
from dataclasses import replace

from shared.records.run import Run
from shared.routes.route import Training

TRAINING = "training"  # the container of pinned inputs and job outputs, in <run_id>/<attempt>/
QUARANTINE = "quarantine"  # copies of bad files, with their problems, in <route>/<run_id>/
MODELS = "models"  # the container of archived models
ARCHIVE = "archive"  # the container of originals of settled runs, where the route says so
NAME_TAIL = 800  # characters of a file's name that its copy keeps; a blob's name may have 1,024
_PROBLEMS = "problems.json"
# The extension of an input says how it is read (protocol 1.3); a name without one of these is read as the last.
FORMS = (".nh.csv", ".nh.tsv", ".tsv", ".arff", ".csv")


def input_path(run: Run, *, normalised: bool = False) -> str:
    """Return the path of what this attempt's job reads: container/path.

    A file that is trained on as it is keeps its extension if that says how it is read: tabs, no header, ARFF
    (protocol 1.3). What is `normalised` is CSV.
    """
    return f"{TRAINING}/{run.job_folder}/input{FORMS[-1] if normalised else _extension(run)}"


def input_of_next_attempt(run: Run) -> str:
    """Return where this attempt's copy of an earlier attempt's input goes: container/path.

    Raises:
        ValueError: the run has no input.
    """
    name = run.input_blob.rpartition("/")[2]
    if not name:
        raise ValueError(f"Run {run.run_id} has no input.")
    return f"{TRAINING}/{run.job_folder}/{name}"


def original_path(run: Run) -> str:
    """Return the path of this attempt's pinned original, on a route that reads or gathers its files: container/path."""
    return f"{TRAINING}/{run.job_folder}/original{_extension(run)}"


def part_path(run: Run, schema: int | None, holdout_etag: str) -> str:
    """Return the path of the clean rows of this attempt's file: container/path.

    Rows that were checked against another schema, or another version of the holdout, have another path.
    """
    against = f"{run.attempt}-{schema or 0}-{holdout_etag or 'none'}"
    return f"{TRAINING}/parts/{run.route}/{run.run_id}/{against}.csv"


def kept_original_path(run: Run) -> str:
    """Return where this attempt's original stays as long as the part of its clean rows, beside it: container/path.

    What lies in the folder of an attempt is deleted by age, and an old file may have to be read again for a set.
    """
    return f"{TRAINING}/parts/{run.route}/{run.run_id}/{run.attempt}-original{_extension(run)}"


def schema_path(route: str, number: int) -> str:
    """Return the path of a version of a route's schema, counted from 1: container/path."""
    return f"{MODELS}/schemas/{route}/{number}.json"


def profile_path(path: str) -> str:
    """Return the path of the profile of a part, of the set of a manifest, or of a model's set: it lies beside it."""
    folder, _, name = path.rpartition("/")
    return f"{folder}/{name.rpartition('.')[0] or name}.profile.json"


def quarantine_folder(run: Run) -> str:
    """Return the folder of a bad file and its problems, in the container `quarantine`."""
    return f"{run.route}/{run.run_id}"


def quarantined_path(run: Run) -> str:
    """Return where a bad file is copied to: container/path. It never takes the place of the list of its problems."""
    name = f"original-{_PROBLEMS}" if run.blob == _PROBLEMS else run.blob[-NAME_TAIL:]
    return f"{QUARANTINE}/{quarantine_folder(run)}/{name}"


def problems_path(run: Run, *, refused: bool) -> str:
    """Return where the problems of a file are listed: beside a bad file in quarantine, else in the attempt's folder."""
    folder = f"{QUARANTINE}/{quarantine_folder(run)}" if refused else f"{TRAINING}/{run.job_folder}"
    return f"{folder}/{_PROBLEMS}"


def _extension(run: Run) -> str:
    name = run.blob.casefold()
    return next((form for form in FORMS if name.endswith(form)), FORMS[-1])


def output_paths(run: Run, training: Training) -> tuple[str, str]:
    """Return the paths of this attempt's model and evaluation, which its job writes: container/path each."""
    folder = f"{TRAINING}/{run.job_folder}"
    return f"{folder}/{training.model_name}", f"{folder}/{training.evaluation_name}"


def model_path(run: Run, training: Training) -> str:
    """Return the path of this attempt's model, which its job writes: container/path."""
    return output_paths(run, training)[0]


def pinned_rows_path(route: str, path: str, etag: str) -> str:
    """Return the path of a pinned version of golden rows, the same for all runs of a route: container/path.

    Its name is a hash of the rows' own path and ETag. An endpoint is verified with it for as long as its model serves.
    """
    name = f"{path}\n{etag}"
    return f"{TRAINING}/golden/{route}/{hashlib.sha256(name.encode()).hexdigest()[:32]}.csv"


def archived_original_path(run: Run) -> str:
    """Return where the original of a settled run goes on a route with `after = "archive"`: container/path.

    The run's id is that of the version, so no version takes the place of another.
    """
    return f"{ARCHIVE}/{run.route}/{run.run_id}/{run.blob[-NAME_TAIL:]}"


def archived_model_path(run: Run, training: Training) -> str:
    """Return the path of this attempt's archived model: container/path.

    Each attempt has its own path, so a later attempt never overwrites an earlier model.
    """
    later = f"-{run.attempt}" if run.attempt > 1 else ""
    return f"{MODELS}/{run.route}/{run.run_id}{later}{training.kept_suffix}"


def manifest_path(run: Run) -> str:
    """Return the path of the manifest of this attempt's training set: container/path."""
    return f"{TRAINING}/{run.job_folder}/manifest.json"


def kept_manifest_path(run: Run) -> str:
    """Return where the manifest of a joined set stays when its attempt's folder is deleted by age: container/path.

    A model may serve for longer than that, and must still be found by the files that it was trained on.
    """
    return f"{TRAINING}/manifests/{run.route}/{run.run_id}/{run.attempt}.json"


def manifest_paths(run: Run) -> tuple[tuple[str, str], ...]:
    """Return where the manifest of each attempt so far may be, container/path each: in its folder, or kept."""
    attempts = (replace(run, attempt=attempt) for attempt in range(1, run.attempt + 1))
    return tuple((manifest_path(attempt), kept_manifest_path(attempt)) for attempt in attempts)


def member_list_path(route: str, text: str) -> tuple[str, str]:
    """Return where the member list of a batch stands (container/path), and the hash of its text, which names it."""
    sha256 = hashlib.sha256(text.encode()).hexdigest()
    return f"{TRAINING}/members/{route}/{sha256}.json", sha256
