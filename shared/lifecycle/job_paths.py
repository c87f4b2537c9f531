"""Where the files of a run lie: its pinned input, the outputs of its job, its archived model."""

from shared.records.run import Run

TRAINING = "training"  # the container of pinned inputs and job outputs, in <run_id>/<attempt>/
MODELS = "models"  # the container of archived models
# How an input's name says how it is read (protocol 1.3); a name that says nothing is read as the last.
FORMS = (".nh.csv", ".nh.tsv", ".tsv", ".arff", ".csv")


def input_path(run: Run) -> str:
    """Return where the file of this attempt is pinned: container/path.

    The name ends as the file's own where that says how it is read: by tabs, without a header, as ARFF (protocol 1.3).
    """
    name = run.blob.casefold()
    extension = next((form for form in FORMS if name.endswith(form)), FORMS[-1])
    return f"{TRAINING}/{run.job_folder}/input{extension}"


def output_paths(run: Run) -> tuple[str, str]:
    """Return where the job of this attempt writes its model and its evaluation: container/path each."""
    folder = f"{TRAINING}/{run.job_folder}"
    return f"{folder}/model.ilearner", f"{folder}/evaluation.csv"


def model_path(run: Run) -> str:
    """Return where the job of this attempt writes its model: container/path."""
    return output_paths(run)[0]


def archived_model_path(run: Run) -> str:
    """Return where the model of this attempt is archived: container/path.

    A later attempt's model is another one, and what an earlier one archived is never overwritten.
    """
    later = f"-{run.attempt}" if run.attempt > 1 else ""
    return f"{MODELS}/{run.route}/{run.run_id}{later}.ilearner"
