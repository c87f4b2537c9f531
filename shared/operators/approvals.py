"""Decisions of people about a held run: approve, reject, and invite a person without a key by a link."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import NotNowError
from shared.lifecycle.decision_record import decision_hash
from shared.lifecycle.held_state import approved, rejected
from shared.lifecycle.reasons import with_sentence
from shared.operators.operator_runs import find_run, route_of_run, save_operators_run
from shared.ports.stored_run import StoredRun
from shared.records.decision import Approval, Invitation
from shared.records.run import REASON_LIMIT, Run
from shared.records.run_states import RunState
from shared.records.times import shown_time
from shared.routes.route import Route
from shared.services import Services

DEFAULT_INVITATION_VALID_S = 86_400
MAX_INVITATION_VALID_S = 7 * 86_400


@dataclass(frozen=True)
class ApprovalLink:
    """The right to answer one decision, once, until it expires. The code is a secret: only its hash is stored."""

    code: str
    expires_at: datetime

    def __repr__(self) -> str:
        """Return the invitation without its code."""
        return f"ApprovalLink(expires_at={self.expires_at})"


def approve(services: Services, run_id: str, by: str, reason: str, decision: str = "") -> Run:
    """Approve a held run; the tick continues it.

    `decision`: the hash of the decision that the person read, if the caller has it.

    Raises:
        UnknownError: there is no such run.
        NotNowError: the run is not held, or its decision has changed since.
    """
    route, stored = _held(services, run_id)
    _check_decision(stored.run, decision)
    return _approve(services, route, stored, by, reason)


def reject(services: Services, run_id: str, by: str, reason: str, decision: str = "") -> Run:
    """Reject a held run; it ends as `rejected`.

    Raises:
        UnknownError: there is no such run.
        NotNowError: the run is not held, or its decision has changed since.
    """
    _, stored = _held(services, run_id)
    _check_decision(stored.run, decision)
    return save_operators_run(services, stored, rejected(stored.run, by, reason, services.clock.now()))


def invite(services: Services, run_id: str, valid_s: int = DEFAULT_INVITATION_VALID_S) -> ApprovalLink:
    """Make the code of an approval link; earlier codes of the run become void.

    The run's reason keeps why it is held, and adds that a link was made.

    Raises:
        UnknownError: there is no such run.
        NotNowError: the run is not held.
    """
    _, stored = _held(services, run_id)
    run, now = stored.run, services.clock.now()
    secret = secrets.token_urlsafe(32)
    expires_at = now + timedelta(seconds=min(valid_s, MAX_INVITATION_VALID_S))
    held_because = run.invitation.held_because if run.invitation is not None else run.reason
    invitation = Invitation(_digest(secret), expires_at, decision_hash(run.decision), held_because)
    link = f"An approval link was made, valid until {shown_time(expires_at)}."
    reason = with_sentence(held_because[: REASON_LIMIT - len(link) - 2], link)
    save_operators_run(services, stored, run.evolve(now, reason=reason, invitation=invitation))
    return ApprovalLink(f"{run.route}.{run.run_id}.{secret}", expires_at)


def find_invited_run(services: Services, code: str) -> Run:
    """Return the held run that a code belongs to; nothing is changed.

    Raises:
        NotNowError: the code is void: wrong, used, expired, replaced by a newer one, or for an earlier decision.
    """
    return _find_invited(services, code)[1].run


def approve_by_invitation(services: Services, code: str, by: str, reason: str) -> Run:
    """Approve by a code; the code becomes void.

    Raises:
        NotNowError: the code is void.
    """
    route, stored = _find_invited(services, code)
    return _approve(services, route, stored, by, reason)


def reject_by_invitation(services: Services, code: str, by: str, reason: str) -> Run:
    """Reject by a code; the code becomes void.

    Raises:
        NotNowError: the code is void.
    """
    _, stored = _find_invited(services, code)
    return save_operators_run(services, stored, rejected(stored.run, by, reason, services.clock.now()))


def _held(services: Services, run_id: str) -> tuple[Route, StoredRun]:
    stored = find_run(services, run_id)
    route = route_of_run(services, stored.run)
    if stored.run.state is not RunState.HELD:
        raise NotNowError(f"run {run_id} is {stored.run.state.value}; only a held run can be approved or rejected")
    return route, stored


def _find_invited(services: Services, code: str) -> tuple[Route, StoredRun]:
    """Find the run of a code; every void code gets the same answer, in about the same time."""
    void = NotNowError("this link is void: it was used, expired, was replaced, or belongs to an earlier decision")
    route_name, _, rest = code.partition(".")
    run_id, _, secret = rest.partition(".")
    route = services.routes.routes.get(route_name)
    stored = services.runs.get(route_name, run_id) if route is not None and run_id.isalnum() else None
    if route is None or stored is None or stored.run.invitation is None or stored.run.state is not RunState.HELD:
        raise void
    invitation = stored.run.invitation
    if not hmac.compare_digest(_digest(secret), invitation.token):
        raise void
    if services.clock.now() >= invitation.expires_at:
        raise void
    if invitation.decision != decision_hash(stored.run.decision):
        raise void
    return route, stored


def _approve(services: Services, route: Route, stored: StoredRun, by: str, reason: str) -> Run:
    run, now = stored.run, services.clock.now()
    approval = Approval(by, reason, now, decision_hash(run.decision))
    return save_operators_run(services, stored, approved(route, run, approval, now))


def _check_decision(run: Run, decision: str) -> None:
    if decision and decision != decision_hash(run.decision):
        raise NotNowError(f"the decision of run {run.run_id} has changed: read it again")


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
