"""Parts that were checked against an older schema, holdout or spelling of labels: written anew before they are joined.

The pinned original of the file is read again. A file that does not fit any more is left out of the set, and named in
the manifest. A column that was only added is missing in the rows of an older file.
"""

from collections.abc import Sequence
from dataclasses import replace
from typing import NamedTuple

from shared.blob_path import BlobPath
from shared.effects.file_reading import RouteFacts, check_file, route_facts
from shared.effects.route_schema import SchemaInForce, class_counts, columns_since, schema_in_force
from shared.effects.run_session import RunSession
from shared.gates.holdout import label_key
from shared.intake.manifest import UnfitFile
from shared.intake.refusals import reason_of
from shared.intake.settings import IntakeSettings
from shared.lifecycle.job_paths import part_path
from shared.log_actions import LogAction, get_log, log_fields
from shared.records.part import Part

log = get_log("run")


class CurrentParts(NamedTuple):
    """The parts of a set as they are joined, in the given order, and the files that do not fit any more."""

    parts: tuple[Part, ...]
    unfit: tuple[UnfitFile, ...]


def current_parts(session: RunSession, settings: IntakeSettings, parts: Sequence[Part]) -> CurrentParts:
    """Return the parts of a set, those anew that were checked against anything else than what holds now.

    Raises:
        LandfallError: storage does not answer, or the schema or a row changed meanwhile; a repeated call goes on.
    """
    services, route = session.services, session.route
    in_force = schema_in_force(services, route)
    holdout_etag = _holdout_etag(session)
    classes = _spelling(session, parts)
    stale = [
        part
        for part in parts
        if part.schema != (in_force.number or None)
        or part.holdout_etag != holdout_etag
        or any(label not in classes for label in part.labels)
    ]
    if not stale:
        return CurrentParts(tuple(parts), ())
    writer = _PartWriter(session, settings, in_force, route_facts(services, route, tuple(classes)))
    anew = {part.run_id: writer.written(part) for part in stale}
    kept = [anew.get(part.run_id, part) for part in parts]
    return CurrentParts(
        tuple(part for part in kept if isinstance(part, Part)),
        tuple(part for part in kept if isinstance(part, UnfitFile)),
    )


def is_of_older_holdout(session: RunSession, part: Part) -> bool:
    """Tell whether the holdout changed since a part was written, which may have rows of it now.

    Raises:
        LandfallError: storage does not answer.
    """
    return session.route.holdout is not None and part.holdout_etag != _holdout_etag(session)


def _holdout_etag(session: RunSession) -> str:
    holdout = session.route.holdout
    version = session.services.blobs.version(*BlobPath.parse(holdout.data)) if holdout is not None else None
    return version.etag if version is not None else ""


def _spelling(session: RunSession, parts: Sequence[Part]) -> list[str]:
    """Return the one spelling of each label: the champion's where parts differ, else that of the oldest part."""
    labels = list(dict.fromkeys(label for part in parts for label in part.labels))
    spellings = {label_key(label): label for label in reversed(labels)}
    if len(spellings) < len(labels):
        champion = session.endpoint().champion
        classes = champion.classes if champion is not None else ()
        spellings |= {label_key(label): label for label in classes if label_key(label) in spellings}
    return list(spellings.values())


class _PartWriter:
    """Writes parts anew."""

    def __init__(
        self, session: RunSession, settings: IntakeSettings, in_force: SchemaInForce, facts: RouteFacts
    ) -> None:
        self._session = session
        self._services = session.services
        self._settings = settings
        self._in_force = in_force
        self._facts = facts

    def written(self, part: Part) -> Part | UnfitFile:
        """Read the original of a part, and write the part anew; what does not fit is named with the reason."""
        original = self._services.blobs.version(*BlobPath.parse(part.original))
        stored = self._services.runs.get(part.route, part.run_id)
        if original is None or original.etag != part.original_etag or stored is None:
            return self._unfit(part, "Its pinned original is gone, so it cannot be read by the schema in force.")
        expected = self._facts.against(self._in_force)
        if part.schema is not None:
            since = columns_since(self._services, part.route, self._in_force, part.schema)
            expected = replace(expected, optional=[name for name in since if name != expected.label])
        of_attempt = replace(stored.run, attempt=part.attempt)
        checked = check_file(
            self._services.blobs,
            part.blob,
            original,
            self._settings,
            expected,
            part_path(of_attempt, self._in_force.number or None, self._facts.holdout_etag),
            alive=self._session.renew_lease,
        )
        report = checked.report
        if report.refused:
            return self._unfit(part, reason_of(report.problems, report.more))
        anew = replace(
            part,
            path=checked.path,
            etag=checked.etag,
            size=checked.size,
            header=report.header,
            rows=report.rows,
            rows_sha256=report.rows_sha256,
            encoding=report.encoding,
            schema=self._in_force.number or None,
            holdout_etag=self._facts.holdout_etag,
            labels=class_counts(self._session.route, expected.label, expected.schema, report.labels),
            missing=dict(report.missing),
            sketch="",
        )
        self._services.runs.replace_part(anew)
        return anew

    def _unfit(self, part: Part, reason: str) -> UnfitFile:
        log.warning(
            "run %s: the file of run %s is left out of its training set: %s",
            self._session.run.run_id[:8],
            part.run_id[:8],
            reason,
            extra=log_fields(LogAction.MEMBER_LEFT_OUT),
        )
        return UnfitFile(part.blob, part.run_id, reason)
