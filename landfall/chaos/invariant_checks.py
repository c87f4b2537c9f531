"""Checks the invariants by what is seen from outside: files, jobs, updates, the endpoint, recovery (pure).

Each check returns a sentence for each violation, and none if the invariant holds.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.records.decision import Verdict
from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run
from shared.records.run_states import RunState

_RUN_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_PINNED = re.compile(r"^/?training/([0-9a-f]{32})/(\d+)/input\.csv$")
_START = re.compile(r"/jobs/([^/]+)/start$")

type LoggedRequest = Mapping[str, Any]  # a line of the studio's request log
type Version = tuple[str, str]  # blob and ETag


@dataclass(frozen=True)
class KillRecord:
    """A kill, and the state of each unsettled run, read from the storage just before."""

    at: datetime
    signal: str
    states: Mapping[str, RunState]


@dataclass(frozen=True)
class UpdateHistory:
    """The excursions of the serving endpoint to older data: those that were repaired, and the one that is left."""

    repaired: Sequence[str]
    left: Sequence[str]


def lost_files(written: Iterable[Version], present: Iterable[Version], runs: Iterable[Run]) -> list[str]:
    """Every version (blob, ETag) has exactly one run, and it has ended.

    A version without a run that is no longer present was overwritten before anybody saw it: that is no loss.
    """
    by_version: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        by_version[run.blob, run.etag].append(run)
    listed = set(present)
    problems = []
    for blob, etag in sorted({*written, *listed, *by_version}):
        versions_runs = by_version[blob, etag]
        if len(versions_runs) > 1:
            problems.append(f"{blob} (version {etag}) has {len(versions_runs)} runs")
        elif versions_runs and not versions_runs[0].terminal:
            run = versions_runs[0]
            problems.append(f"{blob} (version {etag}): run {run.run_id} is still {run.state}")
        elif not versions_runs and (blob, etag) in listed:
            problems.append(f"{blob} (version {etag}) has no run")
    return problems


def count_unseen_versions(written: Iterable[Version], present: Iterable[Version], runs: Iterable[Run]) -> int:
    """Count the versions that were overwritten before anybody saw them."""
    return len({*written} - {*present} - {(run.blob, run.etag) for run in runs})


def trained_twice(requests: Iterable[LoggedRequest], submitted: Mapping[str, str]) -> list[str]:
    """No attempt of a run has more than one started job.

    `submitted` maps job ids to pinned inputs, as the proxy recorded them; the log says which jobs were started.
    """
    started: dict[tuple[str, int], list[str]] = defaultdict(list)
    problems = []
    for job_id in started_jobs(requests):
        pinned = _PINNED.match(submitted.get(job_id, ""))
        if pinned is None:
            problems.append(f"job {job_id} was started, but no submission of it for a pinned file was recorded")
        elif job_id not in started[pinned[1], int(pinned[2])]:
            started[pinned[1], int(pinned[2])].append(job_id)
    for (run_id, attempt), jobs in sorted(started.items()):
        if len(jobs) > 1:
            problems.append(f"run {run_id}, attempt {attempt}: {len(jobs)} jobs were started: {', '.join(jobs)}")
    return problems


def started_jobs(requests: Iterable[LoggedRequest]) -> list[str]:
    """Return the ids of the jobs whose start was accepted, a repeated start as often as it was."""
    starts = (
        _START.search(request["path"])
        for request in requests
        if request["method"] == "POST" and 200 <= request["status"] < 300
    )
    return [start[1] for start in starts if start is not None]


def update_history(
    requests: Iterable[LoggedRequest], patch_path: str, location: str, runs: Iterable[Run]
) -> UpdateHistory:
    """Replay the accepted updates of the serving endpoint, and compare its last model with the newest promotion.

    An excursion begins with an update to data older than that of a run promoted before, and ends with an update to
    data at least as new. `location` is the model that the endpoint lists at the end.
    """
    by_id = {run.run_id: run for run in runs}
    newest, excursion, repaired = "", "", []
    for request in requests:
        if request["method"] != "PATCH" or request["path"] != patch_path or not 200 <= request["status"] < 300:
            continue
        model = _model_of(request)
        run = _run_of(model, by_id)
        generation = _generation_of(run)
        if generation < newest:
            excursion = excursion or f"at {request['time']} it was given {model}, older than {newest}"
        elif excursion:
            repaired.append(f"{excursion}; repaired at {request['time']} by {model}")
            excursion = ""
        if run is not None and run.state is RunState.PROMOTED:
            newest = max(newest, generation)
    left = [excursion] if excursion else []
    last = max((run.generation for run in by_id.values() if run.state is RunState.PROMOTED), default="")
    if not left and _generation_of(_run_of(location, by_id)) < last:
        left.append(f"it serves {location}, older than the newest promoted run's data, {last}")
    return UpdateHistory(repaired, left)


def unverified(record: EndpointRecord, location: str, initial_models: Iterable[str], runs: Iterable[Run]) -> list[str]:
    """The endpoint has no open lease or intent, serves its champion, and every promotion has its decision.

    `initial_models` are the models that it may serve while there is no champion.
    """
    problems = []
    if record.intent is not None:
        problems.append(f"the promotion of run {record.intent.run_id} is still open")
    if record.lease is not None:
        problems.append(f"run {record.lease.run_id} still holds the endpoint")
    expected = [record.champion.model] if record.champion else list(initial_models)
    if location.lstrip("/") not in expected:
        problems.append(f"it serves {location}, not {' or '.join(expected)}")
    problems += [
        f"run {run.run_id} was promoted without a decision that says so"
        for run in runs
        if run.state is RunState.PROMOTED and (run.decision is None or run.decision.verdict is not Verdict.PROMOTE)
    ]
    return problems


def longest_recovery_s(kill_records: Iterable[KillRecord], runs: Iterable[Run]) -> float:
    """Return the longest time from a kill until every run that was unsettled then had its outcome, in seconds.

    A run's own record says when its outcome was written. The time includes the normal way to the outcome, and waiting
    for the endpoint and for other runs. A kill without unsettled runs, or with a run that never ended, does not count.
    """
    ended = {run.run_id: run.updated_at for run in runs if run.terminal}
    recoveries_s = [
        (max(ended[run_id] for run_id in record.states) - record.at).total_seconds()
        for record in kill_records
        if record.states and all(run_id in ended for run_id in record.states)
    ]
    return max(recoveries_s, default=0.0)


def _model_of(request: LoggedRequest) -> str:
    """Return the model that an update names, or a text that says that it names none."""
    try:
        return str(request["body"]["Resources"][0]["Location"]["RelativeLocation"])
    except (KeyError, IndexError, TypeError):
        return "a model that the log does not name"


def _generation_of(run: Run | None) -> str:
    """Return the generation of a run's data; "" for a model from before all runs, which is older than any."""
    return run.generation if run else ""


def _run_of(model: str, runs: Mapping[str, Run]) -> Run | None:
    """Return the run that trained a model; None for a model from before all runs."""
    run_id = _RUN_ID.search(model)
    return runs.get(run_id[0]) if run_id else None
