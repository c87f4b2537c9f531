"""Completes the seal of a batch: its members leave for their ends, and the run of the newest one trains them.

The row of the open batch names the carrier and the member list, and was written in one transaction with the carrier. So
a seal is final before any member is written, and whoever meets an unfinished one can complete it.
"""

from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import replace

from shared.effects.run_log import log_change
from shared.errors import StaleWriteError
from shared.intake.manifest import MAX_TEXT_BYTES, BatchMember, MemberList, member_list_from
from shared.intake.settings import TrainingSetKind
from shared.lifecycle.batch_states import is_accepted, repointed
from shared.ports.intake_rows import StoredBatch
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.services import Services

MAX_TRIES = 5  # of a member that others write meanwhile


def read_members(services: Services, path: str) -> MemberList:
    """Read the member list at `container/path`.

    Raises:
        ConfigError, UnreadableRowError: it does not exist, or cannot be read.
    """
    text, _ = services.blobs.read_text(path, MAX_TEXT_BYTES)
    return member_list_from(text)


def complete_seal(
    services: Services, batch: StoredBatch, at_hand: Mapping[str, StoredRun] | None = None
) -> StoredBatch:
    """Re-point every member of the last seal that still waits, then mark the seal as done; idempotent.

    `at_hand`: runs by id as they were read before the seal. A member that no longer waits is not in the batch.

    Raises:
        StaleWriteError: another worker has completed this seal, and perhaps sealed the next batch.
    """
    seal = batch.batch.seal
    if seal is None or seal.done:
        return batch
    listed = read_members(services, seal.members)
    members = [member for member in listed.members if member.run_id != seal.carrier]
    carrier = next(member for member in listed.members if member.run_id == seal.carrier)
    stored = _members(services, batch.batch.route, members, at_hand or {})
    _repoint(services, batch, listed.kind, carrier, stored)
    return services.runs.save_batch(batch, replace(batch.batch, seal=seal._replace(done=True)))


def _members(
    services: Services, route: str, members: Iterable[BatchMember], at_hand: Mapping[str, StoredRun]
) -> list[StoredRun]:
    def read(member: BatchMember) -> StoredRun | None:
        return at_hand.get(member.run_id) or services.runs.get(route, member.run_id)

    return [stored for stored in services.map_concurrently(read, members) if stored is not None]


def _repoint(
    services: Services, batch: StoredBatch, kind: TrainingSetKind, carrier: BatchMember, members: Iterable[StoredRun]
) -> None:
    now = services.clock.now()
    changes = [
        (stored, repointed(stored.run, kind, carrier.run_id, carrier.blob, now))
        for stored in members
        if is_accepted(stored.run)
    ]
    for together in services.runs.in_transactions(changes):
        try:
            services.save_runs(together)
        except StaleWriteError:
            for stored, _ in together:
                _repoint_alone(services, batch, kind, carrier, stored.run)
        else:
            for _, run in together:
                log_change(run)


def _repoint_alone(
    services: Services, batch: StoredBatch, kind: TrainingSetKind, carrier: BatchMember, run: Run
) -> None:
    """Re-point a member that changed since it was read, if it still waits.

    Raises:
        StaleWriteError: another worker has completed this seal. A member that waits may be one of the next batch.
    """
    for _ in range(MAX_TRIES):
        stored = services.runs.get(run.route, run.run_id)
        if stored is None or not is_accepted(stored.run):
            return
        # Read after the run: whoever completed the seal since has written the run as well, so the save below fails.
        if services.runs.open_batch(run.route).batch.seal != batch.batch.seal:
            raise StaleWriteError(f"The batch of run {carrier.run_id} was completed by another worker.")
        now = services.clock.now()
        with suppress(StaleWriteError):
            log_change(services.save_run(stored, repointed(stored.run, kind, carrier.run_id, carrier.blob, now)).run)
            return
    raise StaleWriteError(f"Run {run.run_id} is written by others all the time.")
