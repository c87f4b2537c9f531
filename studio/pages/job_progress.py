"""The progress of a job, from its log: the finished steps, and the current or failed one."""

import re
from datetime import UTC, datetime

from studio.jobs.job import Job, JobState
from studio.pages.html import Markup, element, joined

STEPS = {"Import Data": "Import", "Train Model": "Train", "Evaluate Model": "Evaluate", "Export Data": "Export"}
_MODULE = re.compile(rf"\S+ ({'|'.join(STEPS)}): ")
_FAILED_IN = re.compile(rf"Module: ({'|'.join(STEPS)});")


def progress(job: Job) -> Markup:
    """Return the bar of a job's steps, and the progress of a running training."""
    training = job.progress if job.state is JobState.RUNNING else None
    return joined(steps(job), element("small", str(training)) if training else "")


def steps(job: Job) -> Markup:
    """Return the bar of a job's steps."""
    marks = zip(STEPS.values(), _marks(job), strict=True)
    return element("ol", *(element("li", name, class_=mark) for name, mark in marks), class_="steps")


def _marks(job: Job) -> list[str]:
    modules = list(STEPS)
    if job.state is JobState.FINISHED:
        return ["done"] * len(modules)
    at = max(0, modules.index(_module(job)))
    here = {JobState.RUNNING: "now", JobState.FAILED: "failed", JobState.CANCELLED: "failed"}.get(job.state, "")
    if not here or not job.started_at:  # the job waits; its log may be of a run that the studio's end interrupted
        return [""] * len(modules)
    behind = ["done"] * at
    ahead = [""] * (len(modules) - at - 1)
    return [*behind, here, *ahead]


def _module(job: Job) -> str:
    failed = _FAILED_IN.match(job.details or "")
    if failed:
        return failed[1]
    matches = map(_MODULE.match, job.log.splitlines())
    modules = [match[1] for match in matches if match]
    return modules[-1] if modules else next(iter(STEPS))


def duration_text(job: Job) -> str:
    """Return how long a job ran, or has run until now; empty if it never ran."""
    if not job.started_at:
        return ""
    ended = datetime.fromisoformat(job.ended_at) if job.ended_at else datetime.now(UTC)
    if job.state is JobState.NOT_STARTED:
        return ""
    seconds = max(0.0, (ended - datetime.fromisoformat(job.started_at)).total_seconds())
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min" if seconds >= 3600 else f"{seconds / 60:.0f} min"
