"""Effects on the serving endpoint's row: read, lease, intent, champion, rollback, release.

Each change is one conditional write of the row that was read: of two workers only one succeeds.
"""

from dataclasses import replace
from datetime import timedelta
from typing import assert_never

from shared.effects.job_evaluation import model_digest
from shared.effects.run_session import RunSession
from shared.errors import StaleWriteError
from shared.lifecycle.effects import (
    EndpointRecordEffect,
    MarkRollback,
    ReadEndpoint,
    RecordChampion,
    ReleaseEndpoint,
    TakeLease,
    WriteIntent,
)
from shared.lifecycle.endpoint_rules import LEASE_MARGIN_S, is_leased_to, still_holds
from shared.lifecycle.observations import (
    AlreadyRolledBack,
    ChampionRecorded,
    EndpointRead,
    EndpointReleased,
    IntentWritten,
    LeaseTaken,
    Observation,
    RollbackMarked,
)
from shared.records.endpoint_record import EndpointRecord, Intent, settled_at
from shared.records.models import ChampionSummary
from shared.records.run_states import RunState

_AFTER_THE_INTENT = frozenset({RunState.PROMOTING, RunState.VERIFYING})


def perform(session: RunSession, effect: EndpointRecordEffect) -> Observation:
    """Perform an effect.

    Raises:
        StaleWriteError: another worker wrote the row.
        LandfallError: it failed, or its result is unknown.
    """
    match effect:
        case ReadEndpoint():
            observation: Observation = read_endpoint(session)
        case TakeLease():
            observation = take_lease(session)
        case WriteIntent():
            observation = write_intent(session, effect)
        case RecordChampion():
            observation = record_champion(session, effect)
        case MarkRollback():
            observation = mark_rollback(session)
        case ReleaseEndpoint():
            observation = release(session, effect)
        case _:
            assert_never(effect)
    return observation


def read_endpoint(session: RunSession) -> EndpointRead:
    """Read the row; if it has another run's intent, also whether that run has ended."""
    record = session.endpoint()
    intent = record.intent
    ended = True
    if intent is not None and intent.run_id != session.run.run_id:
        owner = session.services.runs.get(session.route.name, intent.run_id)
        ended = owner is None or owner.run.terminal
    return EndpointRead(record, ended)


def take_lease(session: RunSession) -> LeaseTaken:
    """Take or renew the lease, and write until when the update of the staging endpoint may arrive."""
    record = _leased(session, session.endpoint())
    staging = session.route.staging
    if staging is not None and not staging.named:  # a late deployment has a name of its own: it disturbs nobody
        record = replace(record, staging_in_flight_until=settled_at(session.now(), staging.propagation_s))
    session.save_endpoint(record)
    return LeaseTaken(record.token, record.staging_in_flight_until)


def renew_lease(session: RunSession) -> None:
    """Renew the run's lease while it scores the holdout."""
    session.save_endpoint(_leased(session, session.endpoint()))


def write_intent(session: RunSession, effect: WriteIntent) -> IntentWritten:
    """Write the intent before the update, and renew the lease.

    Only an operator's rollback arrives here with a blocked generation; it unblocks the generation.
    """
    record = _leased(session, session.endpoint())
    intent = Intent(
        run_id=session.run.run_id,
        generation=session.run.generation,
        token=record.token,
        from_model=effect.from_model,
        to_model=effect.to_model,
    )
    md5 = _md5_of(session, effect.to_model) if session.run.override is not None and record.blocked_models else ""
    session.save_endpoint(replace(record, intent=intent).unblocked(session.run.generation, md5))
    return IntentWritten(record.token)


def record_champion(session: RunSession, effect: RecordChampion) -> ChampionRecorded | AlreadyRolledBack:
    """Write the new champion, close the intent and release the lease; idempotent after a crash.

    Raises:
        StaleWriteError: another worker is rolling the promotion back.
    """
    record = session.endpoint()
    intent = record.intent
    if intent is None or not _is_own(intent, session):
        return _closed(session, record)
    if intent.back:
        raise StaleWriteError(f"Another worker is rolling back the promotion of run {session.run.run_id}.")
    recorded = replace(
        record,
        champion=effect.champion,
        served=effect.served,
        intent=None,
        lease=None,
        initial_again_at=session.now() if effect.champion is None else None,
    )
    replaced, override = effect.replaced, session.run.override
    if replaced is not None and override is not None and replaced.run_id != override.to:
        recorded = _blocking(session, recorded, replaced)
    session.save_endpoint(_settling(session, recorded))
    return ChampionRecorded()


def _blocking(session: RunSession, record: EndpointRecord, replaced: ChampionSummary) -> EndpointRecord:
    """Return the record with the champion blocked that an operator rolled back from."""
    if replaced.generation is None or replaced.model is None:
        return record
    return record.blocking(replaced.generation, _md5_of(session, replaced.model))


def mark_rollback(session: RunSession) -> RollbackMarked | ChampionRecorded | AlreadyRolledBack:
    """Mark the rollback in the intent and block its generation. A promotion verified before a crash stays verified."""
    record = session.endpoint(fresh=True)
    intent = record.intent
    if intent is None or not _is_own(intent, session):
        return _closed(session, record)
    if not intent.back:
        turned = replace(record, intent=intent._replace(back=True))
        turned = turned.blocking(session.run.generation, _md5_of(session, intent.to_model))
        session.save_endpoint(turned)
    return RollbackMarked(intent.from_model)


def release(session: RunSession, effect: ReleaseEndpoint) -> EndpointReleased:
    """Release the run's lease and intent, and record what the endpoint was verified to serve.

    A run that is not promoting leaves an intent alone: another worker of the run wrote it, and may be about to send the
    model. If this worker's record comes first, nothing is sent, and the intent of an ended run blocks no other run.
    """
    record = session.endpoint()
    held = still_holds(record, session.run)
    own_intent = session.run.state in _AFTER_THE_INTENT and _is_own(record.intent, session)
    if not is_leased_to(record, session.run) and not own_intent:
        return EndpointReleased(held)
    released = replace(
        record,
        lease=None if is_leased_to(record, session.run) else record.lease,
        intent=None if own_intent else record.intent,
        served=effect.served if effect.served is not None and own_intent else record.served,
    )
    session.save_endpoint(_settling(session, released))
    return EndpointReleased(held)


def _md5_of(session: RunSession, model: str) -> str:
    """Return what tells an archived model from others; "" if storage does not know it."""
    return model_digest(session.services, model)


def _closed(session: RunSession, record: EndpointRecord) -> ChampionRecorded | AlreadyRolledBack:
    """Tell how the run's intent was closed: by a rollback if its generation is blocked, else by the promotion."""
    return AlreadyRolledBack() if session.run.generation in record.blocked_generations else ChampionRecorded()


def _leased(session: RunSession, record: EndpointRecord) -> EndpointRecord:
    valid_s = session.route.deadlines.promoting + session.route.watch_s + LEASE_MARGIN_S
    return record.leased(session.run.run_id, session.now() + timedelta(seconds=valid_s))


def _is_own(intent: Intent | None, session: RunSession) -> bool:
    return intent is not None and intent.run_id == session.run.run_id


def _settling(session: RunSession, record: EndpointRecord) -> EndpointRecord:
    """Return the record with the run's unconfirmed updates, which the next run waits for.

    A worker whose update of staging was answered removes its mark, unless another worker of the run set a new mark.
    """
    settles = session.run.in_flight_until if session.run.state in _AFTER_THE_INTENT else record.in_flight_until
    return replace(
        record,
        in_flight_until=settles if settles is not None and settles > session.now() else None,
        staging_in_flight_until=None
        if record.staging_in_flight_until == session.run.answered_staging_patch
        else record.staging_in_flight_until,
    )
