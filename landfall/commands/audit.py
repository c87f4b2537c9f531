"""Audits a system by its rows and its listing: each version's outcome, what waits, and violations (pure)."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

from shared.ports.blob_files import BlobVersion
from shared.records.decision import Verdict
from shared.records.endpoint_record import EndpointRecord
from shared.records.history import HistoryEntry, broken_links
from shared.records.run import Run
from shared.records.run_identity import UNROUTED, run_id_for, settling_run_id
from shared.records.run_states import RunState
from shared.records.times import iso, shown_time
from shared.routes.load import Routes

GRACE_S = 300  # how long a file may have no run, or a run be past its deadline, before it counts as forgotten


@dataclass(frozen=True)
class Rows:
    """The rows of the tables.

    Attributes:
        runs: every run.
        active: by route, the ids of the runs that a tick reads.
        endpoints: by route, the record of its serving endpoint.
        parts: by route, the runs whose files are in training sets.
        members: by the id of the run that carries a batch, the runs that its member list names, as far as it was read.
    """

    runs: Sequence[Run]
    active: Mapping[str, frozenset[str]]
    endpoints: Mapping[str, EndpointRecord]
    parts: Mapping[str, frozenset[str]] = field(default_factory=dict)
    members: Mapping[str, frozenset[str]] = field(default_factory=dict)


@dataclass
class Audit:
    """The result of an audit; `to_json` has the fixed names."""

    files: list[dict[str, Any]] = field(default_factory=list)
    waiting: list[dict[str, Any]] = field(default_factory=list)
    broken: list[dict[str, Any]] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether nothing violates the contract; a file that waits is no violation."""
        return not self.broken

    def to_json(self) -> dict[str, Any]:
        """Return the audit for scripts."""
        return {"ok": self.ok, "files": self.files, "waiting": self.waiting, "broken": self.broken}

    def add_broken(self, invariant: str, what: str, run_id: str | None) -> None:
        """Add a violation."""
        self.broken.append({"invariant": invariant, "what": what, "run_id": run_id})


def audit(routes: Routes, versions: Iterable[BlobVersion], rows: Rows, now: datetime) -> Audit:
    """Compare the container's listing with the rows, and the rows with each other."""
    result = Audit()
    by_id = {run.run_id: run for run in rows.runs}
    for version in versions:
        _check_file(result, routes, version, by_id, now)
    for run in rows.runs:
        _check_run(result, routes, run, rows, now)
        if run.state is RunState.BATCHED:
            _check_member(result, run, by_id, rows.members)
        if run.batch is not None:
            _check_carrier(result, run, rows.members)
        if run.state is RunState.QUARANTINED and run.run_id in rows.parts.get(run.route, frozenset()):
            result.add_broken("intake", "the run's file is in quarantine, and in training sets too", run.run_id)
        if run.forgotten and run.run_id in rows.parts.get(run.route, frozenset()):
            result.add_broken("intake", "the run's data was forgotten, and is in training sets still", run.run_id)
    _check_jobs(result, rows.runs)
    for name, record in rows.endpoints.items():
        _check_endpoint(result, record, [run for run in rows.runs if run.route == name])
    return result


def check_chains(result: Audit, histories: Iterable[tuple[Run, Sequence[HistoryEntry]]]) -> None:
    """Check that no entry of any run's history was removed or edited."""
    for run, entries in histories:
        for sentence in broken_links(run, entries):
            result.add_broken("chain", sentence, run.run_id)


def _check_file(result: Audit, routes: Routes, version: BlobVersion, runs: Mapping[str, Run], now: datetime) -> None:
    """Check that a version has its run, or is too new to have one.

    The run may be under any route: routes.toml may have changed since. Only an unrouted version that now matches a
    route is still to be claimed.
    """
    run = runs.get(run_id_for(version.container, version.name, version.etag)) or _settling(runs, version)
    if run is None and routes.is_marker(version.name):
        return
    if run is not None and run.route == UNROUTED and routes.match(version.name) is not None:
        run = None
    state = run.state.value if run else None
    result.files.append(
        {"blob": version.name, "etag": version.etag, "run_id": run.run_id if run else None, "state": state}
    )
    if run is not None:
        return
    if now - version.modified_at > timedelta(seconds=GRACE_S):
        since = shown_time(version.modified_at)
        result.add_broken("I1", f"{version.name} (version {version.etag}) landed at {since} and has no run", None)
    else:
        unseen = {"blob": version.name, "etag": version.etag, "run_id": None, "state": None}
        result.waiting.append({**unseen, "reason": "not seen yet", "since": iso(version.modified_at)})


def _settling(runs: Mapping[str, Run], version: BlobVersion) -> Run | None:
    """Return the run that waits for this file to settle: it has any version until then, this one too."""
    run = runs.get(settling_run_id(version.container, version.name))
    return run if run is not None and not run.terminal else None


def _check_run(result: Audit, routes: Routes, run: Run, rows: Rows, now: datetime) -> None:
    """Check that a tick reads a run without outcome, and that a promoted run has its decision."""
    active = run.run_id in rows.active.get(run.route, frozenset())
    if run.terminal:
        if active:
            result.add_broken("I1", f"the run is {run.state} and still among the active ones", run.run_id)
        if run.state is RunState.PROMOTED and (run.decision is None or run.decision.verdict is not Verdict.PROMOTE):
            result.add_broken("I3", "the run was promoted without a decision record that says so", run.run_id)
        return
    file = {"blob": run.blob, "etag": run.etag, "run_id": run.run_id, "state": run.state.value}
    result.waiting.append({**file, "reason": run.reason, "since": iso(run.landed_at)})
    if run.route not in routes.routes:
        result.add_broken(
            "I1", f"the run is {run.state}, and routes.toml has no route {run.route} any more", run.run_id
        )
    elif not active:
        result.add_broken("I1", f"the run is {run.state} and not among the active ones: no tick sees it", run.run_id)
    if run.deadline_at is not None and now - run.deadline_at > timedelta(seconds=GRACE_S):
        result.add_broken(
            "I1", f"the run is still {run.state}, past its deadline of {shown_time(run.deadline_at)}", run.run_id
        )


def _check_member(result: Audit, run: Run, runs: Mapping[str, Run], members: Mapping[str, frozenset[str]]) -> None:
    """Check that the run which a file is trained with exists, and carries the batch that the file is in."""
    carrier = runs.get(run.batch_run_id)
    if carrier is None:
        result.add_broken("I1", f"the run is batched with run {run.batch_run_id or '-'}, which is none", run.run_id)
    elif carrier.batch is None:
        result.add_broken("I1", f"the run is batched with run {carrier.run_id}, which carries no batch", run.run_id)
    elif run.run_id not in members.get(carrier.run_id, {run.run_id}):
        what = f"the run is batched with run {carrier.run_id}, whose member list does not name it"
        result.add_broken("I1", what, run.run_id)


def _check_carrier(result: Audit, run: Run, members: Mapping[str, frozenset[str]]) -> None:
    """Check that a run which carries a batch is in that batch, and in no other."""
    if run.run_id not in members.get(run.run_id, {run.run_id}):
        result.add_broken("I1", "the run carries a batch whose member list does not name it", run.run_id)
    if run.batch_run_id:
        result.add_broken("I2", f"the run carries a batch, and is in that of run {run.batch_run_id} too", run.run_id)


def _check_jobs(result: Audit, runs: Iterable[Run]) -> None:
    """Check that a job belongs to one run."""
    owners: dict[tuple[str, str], Run] = {}
    for run in runs:
        if run.job_id:
            owner = owners.setdefault((run.route, run.job_id), run)
            if owner is not run:
                result.add_broken("I2", f"job {run.job_id} is also that of run {owner.run_id}", run.run_id)


def _check_endpoint(result: Audit, record: EndpointRecord, runs: Sequence[Run]) -> None:
    """Check that an endpoint serves the newest promotion, and that a run will finish its open intent.

    After an operator's rollback only later promotions count.
    """
    promoted = [run for run in runs if run.state is RunState.PROMOTED]
    rollback = max((run for run in promoted if run.override is not None), key=lambda run: run.updated_at, default=None)
    if rollback is not None:
        promoted = [run for run in promoted if run.updated_at >= rollback.updated_at and run.generation]
    newest = max(promoted, key=lambda run: run.generation, default=None)
    champion = record.champion
    if newest is not None and (champion is None or champion.generation < newest.generation):
        held = f"run {champion.run_id}" if champion else "no model"
        result.add_broken("I4", f"endpoint {record.name} holds {held}, older than this promotion", newest.run_id)
    if record.unexplained and record.frozen is not None:
        result.add_broken("I5", f"endpoint {record.name}: {record.frozen.reason}", None)
    if record.intent is not None:
        owner = next((run for run in runs if run.run_id == record.intent.run_id), None)
        if owner is None or owner.terminal:
            state = owner.state if owner else "unknown"
            what = f"endpoint {record.name} has an open promotion whose run is {state}: nobody finishes it"
            result.add_broken("I5", what, record.intent.run_id)
