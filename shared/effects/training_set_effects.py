"""Assembles a run's training set: it is decided once, in the manifest, and joined by the storage.

Every step can be repeated. The first writer of the manifest decides which files the set has; whoever joins them later
joins the same bytes.
"""

from dataclasses import replace

from shared.blob_path import BlobPath
from shared.effects.batch_members import complete_seal, read_members
from shared.effects.older_parts import current_parts, is_of_older_holdout
from shared.effects.route_schema import schema_in_force
from shared.effects.run_session import RunSession
from shared.effects.set_claims import claim_set
from shared.errors import BlobChangedError, BlobMissingError, RetryableError, StaleWriteError, UnfitSetError
from shared.intake.batches import burst_of
from shared.intake.manifest import (
    MAX_TEXT_BYTES,
    Manifest,
    UnfitFile,
    manifest_from,
    manifest_of,
    manifest_of_unread,
    to_text,
)
from shared.intake.settings import BatchSettings, TrainingSetKind
from shared.intake.training_sets import GROWING, JOINED, choose, problems_of_set
from shared.lifecycle.input_observations import (
    MemberForgotten,
    MemberRewritten,
    NothingToTrain,
    OriginalMissing,
    SetAssembled,
)
from shared.lifecycle.job_paths import input_path, kept_manifest_path, manifest_path
from shared.ports.blob_files import BlobPart, CopyState
from shared.records.batch import TrainingSetRef
from shared.records.drift import DriftRecord
from shared.records.part import Part
from shared.records.run import Run

type Assembled = SetAssembled | NothingToTrain | OriginalMissing | MemberForgotten | MemberRewritten


def assemble(session: RunSession) -> Assembled:
    """Assemble the training set of a run, or of the batch that it carries, at the path that its job reads.

    Raises:
        LandfallError: it failed; a repeated call goes on.
    """
    _complete_own_seal(session)
    manifest = _manifest(session)
    if manifest is None:
        return OriginalMissing()
    forgotten = _forgotten_member(session, manifest)
    if forgotten is not None:
        return MemberForgotten(forgotten)
    try:
        return _joined(session, manifest)
    except (BlobChangedError, BlobMissingError):
        rewritten = _rewritten_member(session, manifest)
        if rewritten is None:
            raise
        return MemberRewritten(rewritten)


def _joined(session: RunSession, manifest: Manifest) -> SetAssembled | NothingToTrain:
    """Join the files that the manifest lists, unless their set needs no job.

    Raises:
        BlobChangedError, BlobMissingError: a part is no longer the version that the manifest lists.
    """
    run = session.run
    training_set = TrainingSetRef(manifest.kind, manifest_path(run), manifest.rows, manifest.sha256, manifest.classes)
    generation, duplicates, unfit = manifest.generation, manifest.duplicates, len(manifest.unfit)
    if manifest.sha256 is not None:
        holder = claim_set(session.services.runs, run, manifest.sha256)
        if holder is not None:
            reason = f"Its training set equals that of run {holder.run_id}, which is {holder.state}: not trained again."
            return NothingToTrain(reason, training_set, None, generation, duplicates, unfit)
    drift = _drift(session, manifest)
    if drift is not None and not drift.trained:
        from shared.effects.drift_effects import why_not_trained  # noqa: PLC0415 - as in `_drift`

        reason = why_not_trained(session, drift)
        return NothingToTrain(reason, training_set, drift, generation, duplicates, unfit)
    target = input_path(run, normalised=session.route.normalises)
    if manifest.kind in JOINED:
        session.services.blobs.write_text(kept_manifest_path(run), to_text(manifest))
    _write_input(session, manifest, target)
    return SetAssembled(target, training_set, drift, generation, duplicates, unfit)


def _drift(session: RunSession, manifest: Manifest) -> DriftRecord | None:
    """Measure how far the set has moved from the champion's; None if the route does not ask, or reads no files."""
    if session.route.drift is None or manifest.sha256 is None:
        return None
    from shared.effects.drift_effects import drift_of  # noqa: PLC0415 - only routes that measure drift pay for it

    schema = schema_in_force(session.services, session.route).schema
    # Without normalising the set is the original, beside which its profile lies.
    parts = _blob_parts(manifest) if session.route.normalises else [BlobPart(session.run.original_blob, "", 0)]
    return drift_of(session, manifest_path(session.run), manifest.header, parts, schema)


def _complete_own_seal(session: RunSession) -> None:
    """Make sure that every member of the run's batch has left for its end, if the run carries one.

    Raises:
        StaleWriteError: another worker does the same and is not done.
    """
    run = session.run
    if run.batch is None:
        return
    batch = session.services.runs.open_batch(run.route)
    seal = batch.batch.seal
    if seal is not None and seal.sequence == run.batch.sequence and not seal.done:
        try:
            complete_seal(session.services, batch)
        except StaleWriteError:
            seal = session.services.runs.open_batch(run.route).batch.seal
            if seal is not None and seal.sequence == run.batch.sequence and not seal.done:
                raise


def _manifest(session: RunSession) -> Manifest | None:
    """Return what the set consists of, as its first writer decided; None if the run's file was never read."""
    blobs, path = session.services.blobs, manifest_path(session.run)
    if blobs.version(*BlobPath.parse(path)) is None:
        manifest = _decide(session)
        if manifest is None or blobs.create_text(path, to_text(manifest)):
            return manifest
    text, _ = blobs.read_text(path, MAX_TEXT_BYTES)
    return manifest_from(text)


def _forgotten_member(session: RunSession, manifest: Manifest) -> str | None:
    """Return the name of a file of the set whose data was forgotten; None if there is none.

    It is looked for once the manifest is written and before anything is joined. `forget` records its erasure, marks the
    file, and then looks for the manifests that list it: a file that is not marked yet is found in this one.
    """
    if manifest.kind not in JOINED:
        return None
    runs = session.services.runs
    erased = {erasure.run_id for erasure in runs.erasures() if erasure.route == session.route.name}
    for member in manifest.members:
        if member.run_id in erased:
            stored = runs.get(session.route.name, member.run_id)
            if stored is not None and stored.run.forgotten:
                return member.blob
    return None


def _rewritten_member(session: RunSession, manifest: Manifest) -> str | None:
    """Return the name of a file of the set whose part has another version by its row, or none; None if all are right.

    A part that is written anew only for the spelling of its labels keeps its path. The rows decide and not the blobs:
    a set that is decided anew takes what they name, so it cannot be the same one again.
    """
    rows = {part.run_id: (part.path, part.etag) for part in session.services.runs.parts(session.route.name)}
    changed = (
        member.blob
        for member in manifest.members
        if member.part and rows.get(member.run_id) != (member.part, member.part_etag)
    )
    return next(changed, None)


def _decide(session: RunSession) -> Manifest | None:
    run, route = session.run, session.route
    settings = route.batch or BatchSettings()
    if run.batch is not None:
        members = read_members(session.services, run.batch.members)
        settings = replace(settings, training_set=members.kind)
    elif settings.training_set in GROWING:  # its route's sets have grown only since it left its burst, alone
        settings = replace(settings, training_set=TrainingSetKind.BATCH)
    if settings.training_set is TrainingSetKind.FILE and route.reading is None:
        return manifest_of_unread(run)
    parts = _accepted_parts(session, settings.training_set)
    if not parts:
        if settings.training_set is TrainingSetKind.FILE:
            return None
        raise UnfitSetError("No file of the training set is left: the data of all of them was forgotten.")
    chosen = choose(settings, parts)
    unfit: tuple[UnfitFile, ...] = ()
    if route.reading is not None and _is_read_again(session, settings.training_set, chosen.parts):
        current = current_parts(session, route.reading, chosen.parts)
        if not current.parts:
            raise UnfitSetError(f"No file of the training set fits the schema in force. {current.unfit[0].reason}")
        chosen, unfit = chosen._replace(parts=current.parts), current.unfit
    if settings.training_set is not TrainingSetKind.FILE and route.reading is not None:
        problems = problems_of_set(route.reading, chosen.parts)
        if problems:
            raise UnfitSetError(" ".join(("The training set is not fit to train on.", *problems)))
    return manifest_of(
        settings.training_set,
        chosen.parts,
        generation=_generation(run, settings.training_set, chosen.parts[-1]),
        encoding="utf-8" if route.normalises else chosen.parts[-1].encoding,
        duplicates=chosen.duplicates,
        unfit=unfit,
    )


def _is_read_again(session: RunSession, kind: TrainingSetKind, parts: tuple[Part, ...]) -> bool:
    """Tell whether the parts must be those of now: in a joined set, and where the holdout changed meanwhile.

    The schema by which a single file was accepted is good enough for it.
    """
    return kind in JOINED or any(is_of_older_holdout(session, part) for part in parts)


def _accepted_parts(session: RunSession, kind: TrainingSetKind) -> list[Part]:
    """Return the parts that the set is taken from."""
    services, run = session.services, session.run
    if kind in GROWING:
        parts = list(services.runs.parts(run.route))
        # Read after the parts: a file that is sealed in between is in the set, and in that of its own batch as well.
        burst = burst_of(stored.run for stored in services.runs.in_progress(run.route).runs)
        waiting = {waiting_run.run_id for waiting_run in (*burst.accepted, *burst.pending)}
        return [part for part in parts if part.run_id not in waiting]
    members = [run]
    if kind is TrainingSetKind.BATCH and run.batch is not None:
        run_ids = [member.run_id for member in read_members(services, run.batch.members).members]
        stored = services.map_concurrently(lambda run_id: services.runs.get(run.route, run_id), run_ids)
        listed = [item.run for item in stored if item is not None]
        members = [member for member in listed if run.run_id in {member.run_id, member.batch_run_id}]
    return [part for part in services.map_concurrently(services.runs.part, members) if part is not None]


def _generation(run: Run, kind: TrainingSetKind, newest: Part) -> str:
    """Return the generation of a set: that of its newest file.

    A run whose own file is older trains on a set that another run has trained in part. The sequence of its seal puts it
    behind that run.
    """
    own = run.file_generation
    if kind not in GROWING or newest.generation <= own or run.batch is None:
        return own
    return f"{newest.generation}+{run.batch.sequence:08d}"


def _write_input(session: RunSession, manifest: Manifest, target: str) -> None:
    blobs, route = session.services.blobs, session.route
    if manifest.kind is TrainingSetKind.FILE and not route.normalises:
        if blobs.copy(session.run.original_blob, target) is CopyState.PENDING:
            raise RetryableError("Storage is still copying the file to where its job reads it.")
        return
    session.renew_lease()
    header = manifest.header.encode(manifest.encoding)
    blobs.join(target, header, _blob_parts(manifest), alive=session.renew_lease)


def _blob_parts(manifest: Manifest) -> list[BlobPart]:
    return [BlobPart(member.part, member.part_etag, member.part_bytes) for member in manifest.members]
