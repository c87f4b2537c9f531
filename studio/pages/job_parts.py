"""The parts of the owner's pages about a job: state, cause of failure, metrics, log, and its Landfall run."""

import math
import re
from datetime import datetime

from studio.jobs.job import Job, JobState, Outcome
from studio.pages.html import Markup, breakable, element, table
from studio.redaction import without_secrets
from studio.tables.csv_text import parse_csv
from studio.words import utc_text
from studio.workspace.deployment_records import Deployment

REFRESH_S = 10
REFRESH_WHILE_RUNNING_S = 3
ENDED = (JobState.FINISHED, JobState.FAILED, JobState.CANCELLED)
_CAUSE = "[ModuleOutput] "  # a failed job's Details have the cause three times, once after this text (protocol 1.8)
_MAX_NEWS = 160  # characters of a job's last news in a list
_MAIN_METRICS = ("AUC", "Overall Accuracy", "Coefficient of Determination")  # the metric of each task that lists show
_INPUT = re.compile(r"\S+ Import Data: (.+)")
# Landfall pins the file of a run to `training/<run_id>/<attempt>/input.csv` before it submits a job.
_RUN = re.compile(r"training/([0-9a-f]{32})/\d+/")


def time_element(moment: datetime, *, precisely: bool = False) -> Markup:
    """Return a moment in UTC; `precisely`: with milliseconds."""
    return element("time", utc_text(moment, precisely=precisely), datetime=moment.isoformat())


def stored_time(text: str | None) -> str:
    """Return a stored moment in UTC; empty for None."""
    return time_element(datetime.fromisoformat(text)) if text else ""


def state_pill(job: Job) -> Markup:
    """Return a job's state."""
    queued = job.queued and job.state is JobState.NOT_STARTED
    return element("span", "Queued" if queued else job.state, class_=f"pill {job.state}")


def cause(job: Job) -> str:
    """Return why a job failed; empty if it did not."""
    details = job.details or ""
    return without_secrets(details.rpartition(_CAUSE)[2]) if job.state is JobState.FAILED else ""


def input_blob(job: Job) -> str:
    """Return container and name of the blob that a job reads; empty if it is unknown."""
    matches = map(_INPUT.fullmatch, job.log.splitlines())
    blobs = [match[1] for match in matches if match]
    if not blobs and job.accepted is not None:
        blobs = [str(job.accepted.source.path)]
    return without_secrets(blobs[-1]) if blobs else ""


def run_of(job: Job) -> str:
    """Return the id of a job's Landfall run, from the name of its input; empty for other callers."""
    match = _RUN.match(input_blob(job))
    return match[1] if match else ""


def may_have_made(job: Job, model: Deployment) -> bool:
    """Tell whether a job is older than a deployment; if not, an earlier job made the same file."""
    return datetime.fromisoformat(job.submitted_at) <= model.since


def last_news(job: Job, outcome: Outcome | None) -> str:
    """Return one line about a job: why it failed, its main metric, or the last line of its log."""
    if job.state is JobState.FINISHED and outcome:
        names, rows = parse_csv(outcome.evaluation)
        return next((f"{name} {_number(rows[0][names.index(name)])}" for name in _MAIN_METRICS if name in names), "")
    news, lines = cause(job), job.log.splitlines()
    if not news and lines:
        news = without_secrets(lines[-1].partition(" ")[2])
    return news if len(news) <= _MAX_NEWS else f"{news[:_MAX_NEWS].rsplit(' ', 1)[0]} …"


def metric_table(evaluation: str) -> Markup:
    """Return the table of an evaluation (CSV): a row for each metric, a column for each scored dataset."""
    names, rows = parse_csv(evaluation)
    heads = ["value"] if len(rows) == 1 else [f"row {number}" for number in range(1, len(rows) + 1)]
    values = ([name, *map(_number, cells)] for name, *cells in zip(names, *rows, strict=True))
    return table(["metric", *heads], values)


def _number(cell: str) -> str:
    """Return a metric with six digits; the output itself has all of them."""
    try:
        value = float(cell)
    except ValueError:
        return cell
    return f"{value:.6g}" if math.isfinite(value) else cell


def log_list(log: str) -> Markup:
    """Return a job's log, each entry with its time."""
    lines = []
    for line in log.splitlines():
        at, _, text = line.partition(" ")
        try:
            moment = time_element(datetime.fromisoformat(at), precisely=True)
        except ValueError:  # the continuation of an entry with several lines
            moment, text = Markup(""), line
        lines.append(element("li", moment, breakable(without_secrets(text))))
    return element("ol", *lines, class_="log") if lines else element("p", "Nothing yet.")


def refresh_s(jobs: list[Job]) -> int:
    """Return after how many seconds a page of jobs reloads."""
    return REFRESH_WHILE_RUNNING_S if any(job.state is JobState.RUNNING for job in jobs) else REFRESH_S
