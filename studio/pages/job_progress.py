"""How far a job is, as its log tells it: the steps that are behind it, the one it is in or failed in."""

import re
from datetime import UTC, datetime

from studio.jobs.job import Job, JobState
from studio.pages.html import Markup, element, joined

STEPS = {"Import Data": "Import", "Train Model": "Train", "Evaluate Model": "Evaluate", "Export Data": "Export"}
_MODULE = re.compile(rf"\S+ ({'|'.join(STEPS)}): ")
_FAILED_IN = re.compile(rf"Module: ({'|'.join(STEPS)});")


def progress(job: Job) -> Markup:
    """Return the bar of a job's steps, and how far its training is while that lasts."""
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
    if not here or not job.started_at:  # it waits; a log tells of a run that the studio's end interrupted
        return [""] * len(modules)
    return ["done" if position < at else here if position == at else "" for position in range(len(modules))]


def _module(job: Job) -> str:
    failed = _FAILED_IN.match(job.details or "")
    if failed:
        return failed[1]
    modules = [match[1] for line in job.log.splitlines() if (match := _MODULE.match(line))]
    return modules[-1] if modules else next(iter(STEPS))


def duration_text(job: Job) -> str:
    """Return how long a job has run, up to now if it still does; nothing for one that never ran."""
    if not job.started_at:
        return ""
    ended = datetime.fromisoformat(job.ended_at) if job.ended_at else datetime.now(UTC)
    if job.state is JobState.NOT_STARTED:
        return ""
    seconds = max(0.0, (ended - datetime.fromisoformat(job.started_at)).total_seconds())
    if seconds < 60:
        return f"{seconds:.1f} s"
    return f"{seconds // 3600:.0f} h {seconds % 3600 // 60:.0f} min" if seconds >= 3600 else f"{seconds / 60:.0f} min"
