"""Judges a run by what was seen from outside: files, jobs, updates, the endpoint, secrets, recovery (pure).

Each function returns sentences, one for each violation; none means that the promise was kept.
"""

import re
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from shared.records.endpoint_record import EndpointRecord
from shared.records.run import Run, RunState

_RUN_ID = re.compile(r"(?<![0-9a-f])[0-9a-f]{32}(?![0-9a-f])")
_PINNED = re.compile(r"^/?training/([0-9a-f]{32})/(\d+)/input\.csv$")
_START = re.compile(r"/jobs/([^/]+)/start$")

type Logged = Mapping[str, Any]  # a line of the studio's request log
type Version = tuple[str, str]  # blob and ETag


@dataclass(frozen=True)
class Hit:
    """A kill, and what was unsettled when it fell: the state of each such run, read from storage just before."""

    at: datetime
    weapon: str
    states: Mapping[str, RunState]


@dataclass(frozen=True)
class Trail:
    """What the serving endpoint was told to serve, in order: excursions to older data, repaired and left."""

    repaired: Sequence[str]
    left: Sequence[str]


def lost_files(written: Iterable[Version], present: Iterable[Version], runs: Iterable[Run]) -> list[str]:
    """Every version (blob, ETag) has exactly one run, and that has ended.

    One that is no longer present and has no run was overwritten before anybody saw it: that is no loss.
    """
    by_version: dict[tuple[str, str], list[Run]] = defaultdict(list)
    for run in runs:
        by_version[run.blob, run.etag].append(run)
    listed = set(present)
    problems = []
    for blob, etag in sorted({*written, *listed, *by_version}):
        found = by_version[blob, etag]
        if len(found) > 1:
            problems.append(f"{blob} (version {etag}) has {len(found)} runs")
        elif found and not found[0].terminal:
            problems.append(f"{blob} (version {etag}): run {found[0].run_id} is still {found[0].state}")
        elif not found and (blob, etag) in listed:
            problems.append(f"{blob} (version {etag}) has no run")
    return problems


def unseen_files(written: Iterable[Version], present: Iterable[Version], runs: Iterable[Run]) -> int:
    """Count the versions that were overwritten before anybody saw them."""
    return len({*written} - {*present} - {(run.blob, run.etag) for run in runs})


def trained_twice(requests: Iterable[Logged], submitted: Mapping[str, str]) -> list[str]:
    """No run and attempt has more than one job that was really started.

    `submitted` gives the pinned input by job id, as the proxy saw both go by; the log says which jobs were started.
    """
    started: dict[tuple[str, int], list[str]] = defaultdict(list)
    problems = []
    for request in requests:
        found = _START.search(request["path"])
        if request["method"] != "POST" or found is None or not 200 <= request["status"] < 300:
            continue
        job_id = found[1]
        pinned = _PINNED.match(submitted.get(job_id, ""))
        if pinned is None:
            problems.append(f"job {job_id} was started, and nobody saw it being submitted for a pinned file")
        elif job_id not in started[pinned[1], int(pinned[2])]:
            started[pinned[1], int(pinned[2])].append(job_id)
    for (run_id, attempt), jobs in sorted(started.items()):
        if len(jobs) > 1:
            problems.append(f"run {run_id}, attempt {attempt}: {len(jobs)} jobs were started: {', '.join(jobs)}")
    return problems


def trail(requests: Iterable[Logged], patch_path: str, location: str, runs: Iterable[Run]) -> Trail:
    """Replay the accepted updates of the serving endpoint, and compare where it ended with the newest promotion.

    It is on an excursion from an update to data older than a promoted run's that was sent before, until one to data
    as new as that. `location` is the model that the endpoint itself names at the end.
    """
    by_id = {run.run_id: run for run in runs}
    newest, away, repaired = "", "", []
    for request in requests:
        if request["method"] != "PATCH" or request["path"] != patch_path or not 200 <= request["status"] < 300:
            continue
        model = _model_of(request)
        run = _run_of(model, by_id)
        generation = run.generation if run else ""
        if generation < newest:
            away = away or f"at {request['time']} it was given {model}, older than {newest}"
        elif away:
            repaired.append(f"{away}; repaired at {request['time']} by {model}")
            away = ""
        if run is not None and run.state is RunState.PROMOTED:
            newest = max(newest, generation)
    left = [away] if away else []
    last = max((run.generation for run in by_id.values() if run.state is RunState.PROMOTED), default="")
    served = _run_of(location, by_id)
    if not left and (served.generation if served else "") < last:
        left.append(f"it serves {location}, older than the newest promoted run's data, {last}")
    return Trail(repaired, left)


def unverified(record: EndpointRecord, location: str, firsts: Iterable[str], runs: Iterable[Run]) -> list[str]:
    """Nothing is left open at the endpoint, it serves its champion's kept model, and every promotion was decided.

    `firsts` are the models that it may serve as long as there is no champion.
    """
    problems = []
    if record.intent is not None:
        problems.append(f"the promotion of run {record.intent.run_id} is still open")
    if record.lease is not None:
        problems.append(f"run {record.lease.run_id} still holds the endpoint")
    good = [record.champion.model] if record.champion else list(firsts)
    if location.lstrip("/") not in good:
        problems.append(f"it serves {location}, not {' or '.join(good)}")
    problems += [
        f"run {run.run_id} was promoted without a decision that says so"
        for run in runs
        if run.state is RunState.PROMOTED and (run.decision or {}).get("verdict") != "promote"
    ]
    return problems


def longest_recovery_s(hits: Iterable[Hit], runs: Iterable[Run]) -> float:
    """Return the longest time from a kill until the last of the runs that were unsettled then had its outcome.

    That is when its outcome was written, by the run's own record; a run's way to its outcome is part of it, waiting
    for the endpoint and for other runs' recovery included. A kill that hit nothing, or whose runs have not all ended,
    does not count.
    """
    ended = {run.run_id: run.updated_at for run in runs if run.terminal}
    times = [
        (max(ended[run_id] for run_id in hit.states) - hit.at).total_seconds()
        for hit in hits
        if hit.states and all(run_id in ended for run_id in hit.states)
    ]
    return max(times, default=0.0)


def _model_of(request: Logged) -> str:
    """Return the model that an update names."""
    try:
        return str(request["body"]["Resources"][0]["Location"]["RelativeLocation"])
    except (KeyError, IndexError, TypeError):
        return "a model that the log does not name"


def _run_of(model: str, runs: Mapping[str, Run]) -> Run | None:
    """Return the run that trained a model; None for one from before all runs."""
    found = _RUN_ID.search(model)
    return runs.get(found[0]) if found else None
