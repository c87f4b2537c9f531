"""What is done to the serving endpoint's row: looked at, leased, promised, crowned, turned back, released.

Each change is one conditional write of the row that was looked at, so two workers cannot both make theirs.
"""

from dataclasses import replace
from datetime import timedelta

from shared.blob_path import BlobPath
from shared.effects.run_session import RunDesk
from shared.errors import StaleWriteError
from shared.lifecycle.effects import Crown, LeaseTaken, LookAtEndpoint, Release, TakeLease, TurnBack, WriteIntent
from shared.lifecycle.endpoint_rules import LEASE_MARGIN_S, is_leased_to, still_holds
from shared.lifecycle.observations import (
    Crowned,
    EndpointSeen,
    IntentWritten,
    Released,
    TurnedBack,
    TurnedEarlier,
)
from shared.records.endpoint_record import EndpointRecord, Intent, settled_at
from shared.records.run import RunState

_AFTER_THE_INTENT = frozenset({RunState.PROMOTING, RunState.VERIFYING})


def look(desk: RunDesk, effect: LookAtEndpoint) -> EndpointSeen:
    """Read the row; where it holds another run's intent, also whether that run has ended."""
    del effect
    record = desk.endpoint()
    intent = record.intent
    ended = True
    if intent is not None and intent.run_id != desk.run.run_id:
        owner = desk.services.runs.get(desk.route.name, intent.run_id)
        ended = owner is None or owner.run.terminal
    return EndpointSeen(record, ended)


def take_lease(desk: RunDesk, effect: TakeLease) -> LeaseTaken:
    """Take or renew the lease, and write down until when the PATCH of the staging endpoint may be on its way."""
    record = _leased(desk, desk.endpoint())
    staging = desk.route.staging
    if staging is not None:
        record = replace(record, staging_settles_at=settled_at(desk.now(), staging.propagation_s))
    desk.save_endpoint(record)
    return LeaseTaken(effect.challenge, record.token, record.staging_settles_at)


def renew_lease(desk: RunDesk) -> None:
    """Renew a lease that the run holds: its work on the staging endpoint takes long."""
    desk.save_endpoint(_leased(desk, desk.endpoint()))


def write_intent(desk: RunDesk, effect: WriteIntent) -> IntentWritten:
    """Write down what is about to be done to the endpoint, before it is done; renews the lease.

    Only an operator gets here with a generation that is barred, and lifts that.
    """
    record = _leased(desk, desk.endpoint())
    intent = Intent(
        run_id=desk.run.run_id,
        generation=desk.run.generation,
        token=record.token,
        from_model=effect.from_model,
        to_model=effect.to_model,
        began_at=desk.now(),
    )
    md5 = _md5_of(desk, effect.to_model) if desk.run.override is not None and record.barred_models else ""
    desk.save_endpoint(replace(record, intent=intent).unbarred(desk.run.generation, md5))
    return IntentWritten(effect, record.token)


def crown(desk: RunDesk, effect: Crown) -> Crowned | TurnedEarlier:
    """Write the new champion, close the intent and give the lease back. What was closed before a crash stays so.

    Raises:
        StaleWriteError: the promotion is being turned back by another worker.
    """
    record = desk.endpoint()
    intent = record.intent
    if intent is None or not _is_own(intent, desk):
        return _closed(desk, record)
    if intent.back:
        raise StaleWriteError(f"the promotion of run {desk.run.run_id} is being turned back by another worker")
    crowned = replace(
        record,
        champion=effect.champion,
        served=effect.served,
        intent=None,
        lease=None,
        initial_again_at=desk.now() if effect.champion is None else None,
    )
    if effect.replaced is not None and effect.replaced["run_id"] != (desk.run.override or {}).get("to"):
        crowned = crowned.barring(effect.replaced["generation"], _md5_of(desk, effect.replaced["model"]))
    desk.save_endpoint(_settling(desk, crowned))
    return Crowned()


def turn_back(desk: RunDesk, effect: TurnBack) -> TurnedBack | Crowned | TurnedEarlier:
    """Mark the intent as turned and bar its generation. What was verified before a crash stays verified."""
    del effect
    record = desk.endpoint(fresh=True)
    intent = record.intent
    if intent is None or not _is_own(intent, desk):
        return _closed(desk, record)
    if not intent.back:
        turned = replace(record, intent=replace(intent, back=True))
        turned = turned.barring(desk.run.generation, _md5_of(desk, intent.to_model))
        desk.save_endpoint(turned)
    return TurnedBack(intent.from_model)


def release(desk: RunDesk, effect: Release) -> Released:
    """Give back whatever lease and intent are this run's, and record what the endpoint was verified to serve.

    A run that was not promoting yet leaves an intent alone: another worker of it wrote that, and may be about to send
    the model. If this one's record comes first, nothing is sent, and the intent of an ended run holds nobody up.
    """
    record = desk.endpoint()
    held = still_holds(record, desk.run)
    own_intent = desk.run.state in _AFTER_THE_INTENT and _is_own(record.intent, desk)
    if not is_leased_to(record, desk.run) and not own_intent:
        return Released(effect, held)
    released = replace(
        record,
        lease=None if is_leased_to(record, desk.run) else record.lease,
        intent=None if own_intent else record.intent,
        served=effect.served if effect.served is not None and own_intent else record.served,
    )
    desk.save_endpoint(_settling(desk, released))
    return Released(effect, held)


def _md5_of(desk: RunDesk, model: str) -> str:
    """Return what a kept model is known by; "" if the storage does not know it."""
    kept = desk.services.blobs.version(*BlobPath.parse(model))
    return kept.md5 if kept is not None else ""


def _closed(desk: RunDesk, record: EndpointRecord) -> Crowned | TurnedEarlier:
    """Tell how an intent of this run that is gone was closed: put back, if its generation is barred."""
    return TurnedEarlier() if desk.run.generation in record.barred else Crowned()


def _leased(desk: RunDesk, record: EndpointRecord) -> EndpointRecord:
    valid_s = desk.route.deadlines.promoting + desk.route.bake_s + LEASE_MARGIN_S
    return record.leased(desk.run.run_id, desk.now() + timedelta(seconds=valid_s))


def _is_own(intent: Intent | None, desk: RunDesk) -> bool:
    return intent is not None and intent.run_id == desk.run.run_id


def _settling(desk: RunDesk, record: EndpointRecord) -> EndpointRecord:
    """Hand on what of this run's updates may still be on its way: the next run waits for it.

    The mark of an update of staging is taken away by the worker whose own was answered, unless another worker of the
    same run has set it anew since.
    """
    settles = desk.run.settles_at if desk.run.state in _AFTER_THE_INTENT else record.settles_at
    return replace(
        record,
        settles_at=settles if settles is not None and settles > desk.now() else None,
        staging_settles_at=None if record.staging_settles_at == desk.run.staging_mark else record.staging_settles_at,
    )
