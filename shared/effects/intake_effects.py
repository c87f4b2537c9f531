"""Reads the pinned original of a run: it is accepted and leaves a part, or is refused and lies in quarantine.

A verdict comes from reading alone. Whatever fails on the way (storage, a setting, a race for the schema) is an error,
and the file is read again.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import replace

from shared.blob_path import BlobPath
from shared.effects.file_reading import CheckedFile, RouteFacts, check_file, route_facts
from shared.effects.route_schema import SchemaInForce, class_counts, learnt_label, put_in_force, schema_in_force
from shared.effects.run_session import RunSession
from shared.errors import BlobChangedError, BlobMissingError, RetryableError, StaleWriteError
from shared.intake.block_check import Columns
from shared.intake.cells import ColumnReader
from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected, FileReport
from shared.intake.learning import Learner
from shared.intake.problems import Code, Level, Problem, limited, problems_json
from shared.intake.refusals import reason_of
from shared.intake.settings import IntakeSettings, SchemaSource, TrainingSetKind
from shared.intake.table_schema import Origin
from shared.intake.tightening import open_columns, tightened, watch_of
from shared.intake.training_sets import GROWING, content_problems
from shared.lifecycle.input_observations import InputAccepted, InputRefused, OriginalMissing
from shared.lifecycle.job_paths import kept_original_path, part_path, problems_path, quarantined_path
from shared.ports.blob_files import BlobVersion, CopyState
from shared.records.intake_record import IntakeRecord
from shared.records.part import Part

MAX_READINGS = 3  # in one invocation; a file is read again if another worker put a schema in force meanwhile


def read_input(session: RunSession) -> InputAccepted | InputRefused | OriginalMissing:
    """Read and check the pinned original of the session's run, under the run's lease.

    Raises:
        LandfallError: it failed; that is no verdict.
    """
    original = session.services.blobs.version(*BlobPath.parse(session.run.original_blob))
    if original is None:
        return OriginalMissing()
    facts = route_facts(session.services, session.route, _champion_classes(session))
    try:
        for _ in range(MAX_READINGS):
            outcome = _Reading(session, original, facts).outcome()
            if outcome is not None:
                return outcome
    except (BlobChangedError, BlobMissingError):
        if session.services.blobs.version(*original.path) != original:
            return OriginalMissing()
        raise  # another blob changed: its worker is read about in the next attempt
    raise RetryableError("The route's schema changed each time that the file was read.")


class _Reading:
    """One reading of a run's original, against the schema that is in force at its beginning."""

    def __init__(self, session: RunSession, original: BlobVersion, facts: RouteFacts) -> None:
        self._session = session
        self._services, self._route = session.services, session.route
        self._original = original
        self._facts = facts
        self._settings = session.route.reading or IntakeSettings()
        self._warnings: tuple[Problem, ...] = ()  # of what was learnt

    def outcome(self) -> InputAccepted | InputRefused | None:
        """Read the file; None if another worker's schema came into force meanwhile.

        A file that teaches a schema or decides what it left open is read twice: what it teaches is known at its end.
        """
        in_force = schema_in_force(self._services, self._route)
        against = in_force
        if in_force.schema is None and self._settings.schema is SchemaSource.LEARN:
            taught = self._taught(in_force)
            if isinstance(taught, InputRefused):
                return taught
            against = taught
            checked = self._check(against)
        else:
            learner = self._learner(() if in_force.schema is None else open_columns(in_force.schema))
            checked = self._check(against, watch_of(learner))
            decided = None if in_force.schema is None else tightened(in_force.schema, learner, self._origin())
            if decided is not None:
                against = in_force._replace(number=in_force.number + 1, schema=decided)
                checked = self._check(against)
        report = checked.report
        problems = (*report.problems, *self._warnings)
        part = self._part(checked, against)
        if not report.refused:
            problems = (*problems, *self._content_problems(part))
        problems, more = limited(problems, report.more)
        if any(problem.level is Level.ERROR for problem in problems):
            return self._refused(report, problems, more, in_force)
        part = self._with_kept_original(part)
        if against is not in_force and against.schema is not None:
            try:
                put_in_force(self._services, in_force, against.schema)
            except StaleWriteError:
                return None
        return self._accepted(report, part, problems, more)

    def _taught(self, in_force: SchemaInForce) -> SchemaInForce | InputRefused:
        """Read the file for the schema that it teaches; its form may be refused."""
        learners: list[Learner] = []

        def observe(check: FileCheck, columns: Columns) -> None:
            if not learners:
                learners.append(self._learner(check.columns))
            learners[0].add_rows(check.columns, columns)

        report = self._read(self._facts.expected, None, observe).report
        if report.refused or not learners:
            return self._refused(report, report.problems, report.more, in_force)
        learnt = learners[0].learnt(self._origin(), keeps_values=self._settings.problem_values)
        self._warnings = tuple(
            Problem(Code.AMBIGUOUS_VALUE, warned.message, Level.WARNING, row=warned.row, column=warned.column)
            for warned in learnt.warnings
        )
        return in_force._replace(number=in_force.number + 1, schema=learnt.schema)

    def _learner(self, columns: Sequence[str]) -> Learner:
        expected = self._facts.expected
        label = learnt_label(self._route, expected.label, expected.classes)
        return Learner(columns, label, self._settings.dialect, expected.golden)

    def _origin(self) -> Origin:
        return Origin(self._session.run.run_id, self._session.now())

    def _check(
        self, against: SchemaInForce, watch: Callable[[ColumnReader], ColumnReader] | None = None
    ) -> CheckedFile:
        """Read the file against a schema, and write its clean rows.

        If the route measures drift, their profile is written as well; without clean rows it lies beside the original.
        """
        expected = replace(self._facts.against(against), watch=watch)
        target = part_path(self._session.run, against.number or None, self._facts.holdout_etag)
        if self._route.drift is None:
            return self._read(expected, target)
        from shared.effects.drift_effects import save_profile  # noqa: PLC0415 - only routes that measure drift pay for it
        from shared.intake.sketches import FileSketch, sketched_columns  # noqa: PLC0415

        sketches: list[FileSketch] = []

        def observe(check: FileCheck, columns: Columns) -> None:
            if not sketches:
                sketches.append(FileSketch(sketched_columns(check.columns, against.schema), self._original.size))
            sketches[0].add(columns)

        checked = self._read(expected, target, observe)
        if sketches and not checked.report.refused:
            save_profile(self._services.blobs, checked.path or str(self._original.path), sketches[0].profile())
        return checked

    def _read(
        self, expected: Expected, target: str | None, observe: Callable[[FileCheck, Columns], None] | None = None
    ) -> CheckedFile:
        return check_file(
            self._services.blobs,
            self._session.run.blob,
            self._original,
            self._settings,
            expected,
            target,
            alive=self._session.renew_lease,
            observe=observe,
        )

    def _part(self, checked: CheckedFile, against: SchemaInForce) -> Part:
        run, report = self._session.run, checked.report
        return Part(
            run_id=run.run_id,
            attempt=run.attempt,
            route=run.route,
            blob=run.blob,
            blob_etag=run.etag,
            generation=run.generation,
            original=run.original_blob,
            original_etag=self._original.etag,
            path=checked.path,
            etag=checked.etag,
            size=checked.size,
            header=report.header,
            rows=report.rows,
            sha256=report.sha256,
            rows_sha256=report.rows_sha256,
            encoding=report.encoding,
            schema=against.number or None,
            holdout_etag=self._facts.holdout_etag,
            labels=class_counts(self._route, self._facts.expected.label, against.schema, report.labels),
            missing=dict(report.missing),
        )

    def _with_kept_original(self, part: Part) -> Part:
        """Copy the original beside its part, where a set that grows may need it after its attempt's folder is gone.

        Raises:
            RetryableError: storage is still copying; the copy is done when the file is read again.
        """
        batch = self._route.batch
        if batch is None or batch.training_set not in GROWING:
            return part
        blobs, target = self._services.blobs, BlobPath.parse(kept_original_path(self._session.run))
        copied = blobs.copy_version(self._original, *target)
        kept = blobs.version(*target)
        if copied is CopyState.PENDING or kept is None:
            raise RetryableError("Storage is still copying the original to where later training sets find it.")
        return replace(part, original=str(kept.path), original_etag=kept.etag)

    def _content_problems(self, part: Part) -> tuple[Problem, ...]:
        """Return why the file is no training set by itself, where the route trains on single files."""
        batch = self._route.batch
        if batch is not None and batch.training_set is not TrainingSetKind.FILE:
            return ()
        classes = () if self._route.classes_may_change else tuple(self._facts.expected.classes)
        return content_problems(self._settings, (part,), classes)

    def _refused(
        self, report: FileReport, problems: Sequence[Problem], more: int, in_force: SchemaInForce
    ) -> InputRefused:
        """Copy the original to quarantine, with its problems beside it."""
        run = self._session.run
        self._services.blobs.copy(run.original_blob, quarantined_path(run))
        path = self._write_problems(problems_path(run, refused=True), report, problems, more)
        return InputRefused(reason_of(problems, more), path, self._record(report, in_force.number or None))

    def _accepted(self, report: FileReport, part: Part, warnings: Sequence[Problem], more: int) -> InputAccepted:
        path = ""
        if warnings:
            path = self._write_problems(problems_path(self._session.run, refused=False), report, warnings, more)
        return InputAccepted(part, self._record(report, part.schema), path)

    def _write_problems(self, path: str, report: FileReport, problems: Sequence[Problem], more: int) -> str:
        run = self._session.run
        values = self._settings.problem_values
        blob = f"{run.container}/{run.blob}"
        content = problems_json(blob, run.etag, report.rows_read, problems, more, values=values)
        self._services.blobs.write_text(path, json.dumps(content, ensure_ascii=False, indent=2) + "\n")
        return path

    def _record(self, report: FileReport, schema: int | None) -> IntakeRecord:
        return IntakeRecord(
            report.rows, schema, report.encoding, report.delimiter, report.sha256, report.changes, report.left_out
        )


def _champion_classes(session: RunSession) -> tuple[str, ...]:
    """Return the labels of the champion's training set, as it spells them; empty if they are not known."""
    champion = session.endpoint().champion
    return champion.classes if champion is not None else ()
