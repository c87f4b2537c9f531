"""Judges what became of files before their jobs: what was trained, who was in which batch, what lies in quarantine."""

import csv
import io
import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from landfall.chaos.batch_checks import TrainedSet, broken_batches, broken_sets, in_two_batches, wrong_rows
from shared.adapters.storage.table_runs import TableRunStore
from shared.intake.settings import TrainingSetKind
from shared.lifecycle.job_paths import ARCHIVE
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.services import QUARANTINE
from tests.simulation.intake_files import HEADER, MARKER, WIDER, rows_of
from tests.simulation.outside import Outside

HEADERS = {HEADER.strip(), WIDER.strip()}
_GIVES_UP = frozenset({RunState.FAILED, RunState.TIMED_OUT, RunState.CANCELLED})  # a set may then be trained again
SETTLE_S = 60.0  # what grows
MAX_SKEW_S = 20.0  # of a worker's clock


class IntakeJudge:
    """Looks at everything once all is quiet."""

    def __init__(self, outside: Outside, runs: TableRunStore, breaks: Callable[[str], None]) -> None:
        self._outside = outside
        self._runs = runs
        self._breaks = breaks

    @property
    def _kind(self) -> TrainingSetKind:
        batch = self._outside.route.batch
        return batch.training_set if batch is not None else TrainingSetKind.FILE

    def run_written(self, row_key: str) -> None:
        """A version is claimed only once it has settled, and once its marker releases it."""
        kind, _, run_id = row_key.partition(";")
        settles = self._outside.seen.settles.pop(run_id, None) if kind == "run" else None
        if settles is None:
            return
        name, landed_s, appended = settles
        now_s = self._outside.clock.elapsed_s()
        if appended and now_s < landed_s + SETTLE_S - MAX_SKEW_S:
            self._breaks(f"I1: {name} is claimed {now_s - landed_s:.0f} s after it was written, and may still grow")
        if self._outside.plan.marker and self._outside.seen.released.get(name, -1.0) < landed_s:
            self._breaks(f"I1: {name} is claimed before its marker releases it")

    def look(self, runs: Iterable[Run]) -> None:
        """Look at every batch, every training set and the quarantine."""
        runs = [run for run in runs if run.override is None]  # a person's rollback has no file
        sets = list(self._sets({run.run_id: run for run in runs}))
        problems = broken_batches(runs, self._outside.blobs.text) + broken_sets(sets, runs)
        problems += wrong_rows(sets, lambda version: rows_of(self._outside.seen.versions[version]))
        if self._kind is TrainingSetKind.BATCH:
            retried = {(run.blob, run.etag) for run in runs if run.attempt > 1}  # for another batch
            problems += in_two_batches(sets, retried)
        for problem in problems:
            self._breaks(f"I2: {problem}")
        if not problems:
            self._membership(sets, runs)
        self._repeated(sets, runs)
        self._quarantine(runs)
        self._erased(runs)
        self._ends(runs)

    # -- training sets -----------------------------------------------------------------------------------------------

    def _sets(self, by_id: Mapping[str, Run]) -> Iterable[TrainedSet]:
        for job in self._outside.training.started:
            _, run_id, attempt, _ = job.request.input_path.split("/")
            run, text = by_id.get(run_id), self._outside.blobs.text(job.request.input_path)
            manifest = self._manifest(run_id, int(attempt))
            if text is None and run is not None and self._is_forgotten(run, manifest, by_id):
                continue
            if run is None or text is None:
                self._breaks(f"I2: {job.job_id} was started for {job.request.input_path}, which is nobody's")
                continue
            rows = list(csv.reader(io.StringIO(text)))
            if manifest is None:
                if self._kind is not TrainingSetKind.FILE:
                    self._breaks(f"I2: {job.job_id} has no manifest")
                yield TrainedSet(job.job_id, run_id, ((run.blob, run.etag),), rows)
                continue
            members = tuple((member["blob"], member["etag"]) for member in manifest["members"])
            if manifest["rows"] != len(rows) - 1 or manifest["rows"] != sum(m["rows"] for m in manifest["members"]):
                self._breaks(f"I2: the rows of {job.job_id}'s manifest are neither its members' nor its input's")
            yield TrainedSet(job.job_id, run_id, members, rows)

    def _is_forgotten(self, run: Run, manifest: Mapping[str, Any] | None, by_id: Mapping[str, Run]) -> bool:
        """Tell whether a person had a file deleted that the run trained on; its input goes as well."""
        listed = [] if manifest is None else [member["run_id"] for member in manifest["members"]]
        return any(by_id[run_id].forgotten for run_id in (run.run_id, *listed) if run_id in by_id)

    def _manifest(self, run_id: str, attempt: int) -> dict[str, Any] | None:
        """Read the manifest of an attempt, which may train on what an earlier one assembled."""
        for number in range(attempt, 0, -1):
            text = self._outside.blobs.text(f"training/{run_id}/{number}/manifest.json")
            if text is not None:
                document: dict[str, Any] = json.loads(text)
                return document
        return None

    def _membership(self, sets: Iterable[TrainedSet], runs: Iterable[Run]) -> None:
        by_id = {run.run_id: run for run in runs}
        by_version = {(run.blob, run.etag): run for run in by_id.values()}
        attempts = {job.job_id: job.request.input_path.split("/")[2] for job in self._outside.training.started}
        for trained in sets:
            members, run = set(trained.members), by_id[trained.run_id]
            settings = self._outside.route.batch
            most = settings.window_files if settings is not None else None
            if most is not None and len(members) > most:
                self._breaks(f"I2: {trained.name} is trained on {len(members)} files of {most}")
            match self._kind:
                case TrainingSetKind.FILE if members != {(run.blob, run.etag)}:
                    self._breaks(f"I2: {trained.name} is trained on {members}")
                # A retry waits for the batch of its moment: what an earlier attempt trained on was another.
                case TrainingSetKind.BATCH if attempts[trained.name] == str(run.attempt):
                    self._whole_batch(trained, by_version)
                case TrainingSetKind.ACCUMULATE:
                    self._everything(trained, run, by_version, by_id)

    def _whole_batch(self, trained: TrainedSet, by_version: Mapping[tuple[str, str], Run]) -> None:
        """All of a batch is trained together: each of its versions, or the same bytes under another name.

        What was forgotten stays in the record of its batch; a set that is decided afterwards is without it.
        """
        expected = {
            version
            for version, run in by_version.items()
            if run.run_id == trained.run_id or (run.state is RunState.BATCHED and run.batch_run_id == trained.run_id)
        }
        texts = {self._outside.seen.versions[version] for version in trained.members}
        missing = [
            version
            for version in expected
            if self._outside.seen.versions[version] not in texts and not by_version[version].forgotten
        ]
        if missing or not set(trained.members) <= expected:
            self._breaks(f"I2: {trained.name} is trained on {trained.members}, its batch is {sorted(expected)}")

    def _everything(
        self, trained: TrainedSet, run: Run, by_version: Mapping[tuple[str, str], Run], by_id: Mapping[str, Run]
    ) -> None:
        """Nothing that was accepted up to its seal is missing, unless something newer took its place."""
        if run.batch is None:
            self._breaks(f"I2: {trained.name} is trained, and its run carries no batch")
            return
        members = set(trained.members)
        texts = {self._outside.seen.versions[version] for version in members}
        newest = {blob: by_version[blob, etag].file_generation for blob, etag in members}
        for version, accepted in by_version.items():
            carrier = by_id.get(accepted.batch_run_id, accepted)
            if carrier.batch is None or carrier.batch.sequence > run.batch.sequence or accepted.forgotten:
                continue
            replaced = newest.get(accepted.blob, "") > accepted.file_generation
            same_bytes = self._outside.seen.versions[version] in texts
            if version not in members and not replaced and not same_bytes:
                self._breaks(f"I2: {version} was accepted before the seal of {trained.name}, whose set lacks it")
        if len(newest) < len(members):
            self._breaks(f"I2: {trained.name} is trained on two versions of a name: {sorted(members)}")

    def _repeated(self, sets: Iterable[TrainedSet], runs: Iterable[Run]) -> None:
        """An equal set is not trained again by another run, unless the run before it gave up."""
        gave_up = {run.run_id for run in runs if self._gave_up(run)}
        by_rows: dict[str, set[str]] = defaultdict(set)
        for trained in sets:
            by_rows[json.dumps(trained.rows)].add(trained.run_id)
        for run_ids in by_rows.values():
            if len(run_ids - gave_up) > 1:
                self._breaks(f"I2: {', '.join(run_ids - gave_up)} trained on equal sets")

    def _gave_up(self, run: Run) -> bool:
        return any(entry.state in _GIVES_UP for entry in self._runs.history(run.route, run.run_id))

    # -- quarantine and ends -----------------------------------------------------------------------------------------

    def _quarantine(self, runs: Iterable[Run]) -> None:
        """What is in quarantine has its original and its problems there, and no part."""
        for run in runs:
            if run.state is not RunState.QUARANTINED:
                continue
            if any(part.run_id == run.run_id for part in self._runs.parts(run.route)):
                self._breaks(f"I2: {run.run_id[:6]} is in quarantine and in the next training set")
            prefix = f"{run.route}/{run.run_id}/"
            names = {
                version.name.removeprefix(prefix)
                for version in self._outside.blobs.versions(QUARANTINE)
                if version.name.startswith(prefix)
            }
            if run.forgotten:
                if names and run.blob in self._outside.seen.erased:
                    self._breaks(f"I1: the data of {run.run_id[:6]} was to be deleted, and there lies {sorted(names)}")
                continue
            if run.size and (not run.problems or "problems.json" not in names or len(names) < 2):
                self._breaks(f"I1: {run.run_id[:6]} is in quarantine, and there lies {sorted(names)}")
            if run.problems and self._outside.blobs.text(run.problems) is None:
                self._breaks(f"I1: {run.run_id[:6]} names {run.problems}, which does not exist")

    def _erased(self, runs: Iterable[Run]) -> None:
        """Nothing is left of the rows of a file whose data was deleted, unless another file has them as well."""
        erased = self._outside.seen.erased
        forgotten = {(run.blob, run.etag) for run in runs if run.forgotten and run.blob in erased}
        texts = self._outside.seen.versions
        # The header is nobody's data, and a byte order mark before it no difference.
        kept = {line for version in texts.keys() - forgotten for line in texts[version].splitlines()} | HEADERS
        lines = {line for version in forgotten & texts.keys() for line in texts[version].splitlines()} - kept
        for container in ("incoming", "training", QUARANTINE, ARCHIVE) if lines else ():
            for version in self._outside.blobs.versions(container):
                text = self._outside.blobs.text(str(version.path)) or ""
                if lines & set(text.splitlines()):
                    self._breaks(f"I1: rows that were to be deleted lie in {version.path}")

    def _ends(self, runs: Iterable[Run]) -> None:
        """A file gives way only to an accepted one, a good one is not refused, and only what was written has a run."""
        by_id = {run.run_id: run for run in runs}
        for run in by_id.values():
            version = (run.blob, run.etag)
            if version not in self._outside.seen.versions:
                if not run.blob.endswith(MARKER):
                    self._breaks(f"I1: {run.run_id[:6]} is the run of {version}, which was never written")
                continue
            if run.state is RunState.QUARANTINED and version not in self._outside.seen.bad:
                self._breaks(f"I1: {version} is good, and {run.run_id[:6]} lies in quarantine: {run.reason}")
            if run.state is RunState.SUPERSEDED and run.batch_run_id:
                successor = by_id[run.batch_run_id]
                if successor.intake is None and self._outside.route.intake is not None:
                    self._breaks(f"I2: {run.run_id[:6]} gave way to {successor.run_id[:6]}, which was not accepted")
