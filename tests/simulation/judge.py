"""Judges a simulation from outside: what was promised, and whether it was kept."""

import json
from collections import defaultdict
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from shared.adapters.storage.table_endpoints import record_from
from shared.adapters.storage.table_runs import TableRunStore
from shared.lifecycle.decision_record import decision_hash
from shared.lifecycle.endpoint_rules import REPAIR
from shared.lifecycle.job_paths import archived_original_path
from shared.lifecycle.run_parts import archived_model_of
from shared.ports.blob_files import BlobVersion
from shared.records.decision import Verdict
from shared.records.endpoint_record import Champion, EndpointRecord
from shared.records.history import broken_links
from shared.records.run import Run
from shared.records.run_identity import run_id_for
from shared.records.run_states import TERMINAL, RunState
from tests.fakes.memory_blobs import CANARY
from tests.simulation.intake_judge import IntakeJudge
from tests.simulation.outside import SEED_MODEL, STRANGER, Outside, Patch, classes_of
from tests.simulation.workers import PAGE


class Judge:
    """Watches writes and PATCHes as they happen, and looks at everything once all is quiet."""

    def __init__(self, outside: Outside, runs: TableRunStore) -> None:
        self._outside = outside
        self._runs = runs
        self._record = EndpointRecord(route="census", name="production")
        self._allowed: dict[str, set[str]] = {"staging": set(), "serve": set()}  # by role, what was allowed last
        self._intake = IntakeJudge(outside, runs, self.breaks) if outside.plan.intake else None

    def breaks(self, what: str) -> None:
        """Note a broken promise."""
        self._outside.tell(f"BROKEN {what}")
        self._outside.seen.broken.append(what)

    def run_written(self, partition: str, row_key: str, row: Mapping[str, Any]) -> None:
        """Look at a new row of the table `runs`."""
        del partition, row
        if self._intake is not None:
            self._intake.run_written(row_key)

    def deleted(self, version: BlobVersion) -> None:
        """The app deletes only what has its run, and a copy elsewhere: a retry may begin at that moment."""
        run = self._quietly(run_id_for(version.container, version.name, version.etag))
        if run is None:
            self.breaks(f"I1: {version.name} ({version.etag}) is deleted, and has no run")
        elif run.forgotten:
            return
        elif self._outside.blobs.text(archived_original_path(run)) != self._outside.seen.versions[run.blob, run.etag]:
            self.breaks(f"I1: {version.name} ({version.etag}) is deleted, and nowhere else")

    # -- while it happens --------------------------------------------------------------------------------------------

    def endpoint_written(self, partition: str, row_key: str, row: Mapping[str, Any]) -> None:
        """Champions succeed each other by generation, each compared with the one before; tokens only grow."""
        del partition
        record, before = record_from(row, "census", row_key), self._record
        self._record = record
        for role in self._allowed:
            self._allowed[role] = self._allowed_now(role) or self._allowed[role]
        if record.token < before.token:
            self.breaks(f"I6: the endpoint's token fell from {before.token} to {record.token}")
        if record.unexplained and not self._outside.seen.stranger:
            self.breaks("I4: the sweep finds no explanation, and every model is known")
        champion, previous = record.champion, before.champion
        if champion == previous:
            return
        owner = self._quietly(before.intent.run_id) if before.intent else None
        if owner is not None and owner.override is not None:
            self._overridden(owner, champion, previous)
            return
        if champion is None:
            self.breaks("I4: the champion is forgotten, and no operator asked for that")
            return
        self._succeeded(champion, before)

    def _succeeded(self, champion: Champion, before: EndpointRecord) -> None:
        """A champion is newer than the one before, was compared with it, and no operator had gone away from it."""
        previous, record = before.champion, self._record
        if previous is not None and champion.generation <= previous.generation:
            self.breaks(f"I4: {champion.run_id[:6]} ({champion.generation}) succeeds {previous.generation}")
        if champion.generation in record.blocked_generations:
            self.breaks(f"I4: {champion.run_id[:6]} is of a blocked generation")
        stored = self._quietly(champion.run_id)
        compared = stored.decision.champion if stored and stored.decision else None
        approved = stored.decision.approval if stored and stored.decision else None
        if before.initial_again_at is not None and self._outside.route.holdout is None and approved is None:
            self.breaks(f"I3: {champion.run_id[:6]} succeeds what an operator went back to, and nobody compared them")
        if self._outside.plan.shapes and approved is None and self._shape(champion) != self._shape(previous):
            self.breaks(f"I3: {champion.run_id[:6]} answers with other classes, and nobody was asked")
        if (compared.run_id if compared else None) != (previous.run_id if previous else None):
            self.breaks(f"I3: {champion.run_id[:6]} was not compared with the champion that it succeeds")

    def _shape(self, champion: Champion | None) -> tuple[str, ...]:
        """Return the classes that callers know from a champion, or from the model before the first one."""
        return classes_of(str(self._outside.blobs.text(champion.model)) if champion is not None else SEED_MODEL)

    def _overridden(self, run: Run, champion: Champion | None, previous: Champion | None) -> None:
        """An operator goes back to what they named, from what they went away from."""
        override = run.override
        if override is None:
            return
        if (champion.run_id if champion else "") != override.to:
            self.breaks(f"I4: {run.run_id[:6]} goes back to {champion}, asked for was {override.to[:6]}")
        if (previous.run_id if previous else None) != override.replaces:
            self.breaks(f"I4: {run.run_id[:6]} replaces {previous}, asked for was {override.replaces}")

    def patched(self, patch: Patch) -> None:
        """Only the holder of the endpoint sends anything, unless its sender could not know better."""
        if patch.excused:
            return
        record, now = self._record, self._outside.clock.now()
        settles = record.staging_in_flight_until if patch.role == "staging" else record.in_flight_until
        # Two workers of one run may both be permitted: what the second sends after the first was done is waited for.
        allowed = self._allowed[patch.role] if settles is not None and now < settles else self._allowed_now(patch.role)
        if not any(model in patch.model for model in allowed):
            holder = record.lease.run_id if record.lease else None
            self.breaks(f"I6: {patch.role} is given {patch.model} while {holder} holds the endpoint")

    def _allowed_now(self, role: str) -> set[str]:
        """Return what may be sent to an endpoint: a run's own model to staging, what is promised to serving."""
        record = self._record
        if role == "staging":
            holder = self._quietly(record.lease.run_id) if record.lease else None
            if holder is not None and holder.override is not None:
                return {archived_model_of(holder)}
            return {record.lease.run_id} if record.lease else set()
        if record.intent is not None:
            return {record.intent.from_model if record.intent.back else record.intent.to_model}
        repair = record.lease is not None and record.lease.run_id == REPAIR
        return {record.served.model} if repair and record.served else set()

    # -- in the end --------------------------------------------------------------------------------------------------

    def look(self, rows: Mapping[str, Mapping[tuple[str, str], tuple[dict[str, Any], str]]]) -> None:
        """Look at everything once all is quiet."""
        runs = [stored.run for stored in self._runs.list_runs(limit=10_000)]
        self._files(runs)
        for run in runs:
            self._run(run)
        self._jobs(runs)
        if self._intake is not None:
            self._intake.look(runs)
        self._endpoint(runs)
        if CANARY in json.dumps([row for table in rows.values() for row in table.values()], default=str):
            self.breaks("I7: a row holds a SAS token")

    def _files(self, runs: list[Run]) -> None:
        """Every version has one run with one outcome, or was gone before anybody could see it."""
        runs_by_id = {run.run_id: run for run in runs}
        present = {(version.name, version.etag) for version in self._outside.blobs.versions("incoming")}
        for name, etag in self._outside.seen.versions:
            run = runs_by_id.get(run_id_for("incoming", name, etag))
            if run is None and (name, etag) in present:
                self.breaks(f"I1: {name} ({etag}) has no run")

    def _run(self, run: Run) -> None:
        entries = self._runs.history(run.route, run.run_id)
        states = [(entry.state, entry.attempt) for entry in entries]
        if not run.terminal:
            self.breaks(f"I1: {run.run_id[:6]} is still {run.state} ({run.step}): {run.reason}")
        if run.state in {RunState.FAILED, RunState.REJECTED} and PAGE in run.reason:
            self.breaks(f"I1: {run.run_id[:6]} is {run.state} by the word of a gateway")
        ends = [end for index, end in enumerate(states) if end[0] in TERMINAL and end not in states[:index]]
        if len(ends) > len({attempt for _, attempt in ends}):
            self.breaks(f"I1: {run.run_id[:6]} has the outcomes {', '.join(state for state, _ in ends)}")
        if any(
            before[1] != after[1] and before[0] in {RunState.PROMOTED, RunState.UNCHANGED}
            for before, after in pairwise(states)
        ):
            self.breaks(f"I4: {run.run_id[:6]} is tried again although it went well")
        if run.state is RunState.PROMOTED and (run.decision is None or run.decision.verdict is not Verdict.PROMOTE):
            self.breaks(f"I3: {run.run_id[:6]} is promoted without a decision")
        if self._outside.route.needs_approval and run.state is RunState.PROMOTED and run.override is None:
            approval = run.decision.approval if run.decision is not None else None
            if approval is None or approval.decision != decision_hash(run.decision):
                self.breaks(f"I3: {run.run_id[:6]} is promoted, and nobody approved its decision")
        if any("internal error" in entry.reason for entry in entries):
            self.breaks(f"a bug: {run.run_id[:6]}: {run.reason}")
        for sentence in broken_links(run, entries):
            self.breaks(f"chain: {run.run_id[:6]}: {sentence}")

    def _jobs(self, runs: list[Run]) -> None:
        """One started job for a version and attempt, on what was claimed."""
        started: dict[str, list[str]] = defaultdict(list)
        for job in self._outside.training.started:
            started[job.request.input_path].append(job.job_id)
        for path, jobs in started.items():
            if len(jobs) > 1:
                self.breaks(f"I2: {', '.join(jobs)} were started for {path}")
        for run in runs if not self._outside.plan.intake else ():
            text = self._outside.seen.versions.get((run.blob, run.etag))
            for path in started:
                if f"/{run.run_id}/" in path and self._outside.blobs.text(path) != text:
                    self.breaks(f"I2: {path} is not the version that was claimed")

    def _endpoint(self, runs: list[Run]) -> None:
        record = self._record
        if record.intent is not None or (record.lease is not None and record.lease.run_id != REPAIR):
            self.breaks(f"I5: the endpoint is left with {record.lease} and {record.intent}")
        promoted = [run for run in runs if run.state is RunState.PROMOTED]
        if any(run.override is not None for run in promoted):
            promoted = []  # who came last was looked at when it came
        newest = max(promoted, key=lambda run: run.generation, default=None)
        champion = record.champion
        if newest is not None and (champion is None or champion.run_id != newest.run_id):
            self.breaks(f"I4: {newest.run_id[:6]} was promoted last, the endpoint's row says {champion}")
        served = self._outside.scoring.served(self._outside.route.serving)
        if self._outside.seen.stranger:
            if served != STRANGER[1]:
                self.breaks(f"I4: {served!r} takes the place of a model that the tables do not know")
            if record.served is not None and not record.unexplained:
                self.breaks("I4: nobody says that a model serves which the tables do not know")
            return
        expected = self._outside.blobs.text(champion.model) if champion else SEED_MODEL
        if served != expected:
            self.breaks(f"I5: the endpoint serves {served!r}, and not {expected!r}")

    def _quietly(self, run_id: str) -> Run | None:
        stored = self._runs.get("census", run_id)
        return stored.run if stored else None
