"""What people decide about a held run: approve, reject, and the link that lets somebody do so without a key."""

import hashlib
import hmac
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from shared.errors import NotNowError, StaleWriteError, UnknownError
from shared.lifecycle.decision_record import decision_hash
from shared.lifecycle.held_state import approved, rejected
from shared.ports import StoredRun
from shared.records.run import REASON_LIMIT, Json, Run, RunState, iso, shown_time
from shared.routes.route import Route
from shared.services import Services

DEFAULT_INVITATION_VALID_S = 86_400
MAX_INVITATION_VALID_S = 7 * 86_400


@dataclass(frozen=True)
class Invitation:
    """The right to decide about one decision, once, until it expires. The code is a secret: it is never stored."""

    code: str
    expires_at: datetime

    def __repr__(self) -> str:
        """Show it without its code."""
        return f"Invitation(expires_at={self.expires_at})"


def approve(services: Services, run_id: str, by: str, reason: str, decision: str = "") -> Run:
    """Approve a held run: the tick goes on with it.

    `decision` is the hash of the decision that was looked at, if the caller knows it.

    Raises:
        UnknownError: there is no such run.
        NotNowError: it is not held, or it is held with another decision by now.
    """
    route, stored = _held(services, run_id)
    _check_decision(stored.run, decision)
    return _approve(services, route, stored, by, reason)


def reject(services: Services, run_id: str, by: str, reason: str, decision: str = "") -> Run:
    """Reject a held run: that is its outcome.

    Raises:
        UnknownError: there is no such run.
        NotNowError: it is not held, or it is held with another decision by now.
    """
    _, stored = _held(services, run_id)
    _check_decision(stored.run, decision)
    return _write(services, stored, rejected(stored.run, by, reason, services.clock.now()))


def invite(services: Services, run_id: str, valid_s: int = DEFAULT_INVITATION_VALID_S) -> Invitation:
    """Make the code of an approval link; a code that was made earlier for this run is void from now on.

    The run's history says that one was made, beside why the run is held.

    Raises:
        UnknownError: there is no such run.
        NotNowError: it is not held.
    """
    _, stored = _held(services, run_id)
    run, now = stored.run, services.clock.now()
    secret = secrets.token_urlsafe(32)
    expires_at = now + timedelta(seconds=min(valid_s, MAX_INVITATION_VALID_S))
    held_because = str((run.invitation or {}).get("held_because", run.reason))
    invitation: Json = {
        "token": _digest(secret),
        "expires_at": iso(expires_at),
        "decision": decision_hash(run.decision or {}),
        "held_because": held_because,
    }
    link = f"an approval link was made, valid until {shown_time(expires_at)}"
    reason = f"{held_because[: REASON_LIMIT - len(link) - 2]}; {link}"
    _write(services, stored, run.evolve(now, reason=reason, invitation=invitation))
    return Invitation(f"{run.route}.{run.run_id}.{secret}", expires_at)


def find_invited_run(services: Services, code: str) -> Run:
    """Return the held run that a code is for; nothing is changed.

    Raises:
        NotNowError: the code is void: wrong, used, expired, replaced by a newer one, or for an earlier decision.
    """
    return _find_invited(services, code)[1].run


def approve_by_invitation(services: Services, code: str, by: str, reason: str) -> Run:
    """Approve by a code, which is void from then on.

    Raises:
        NotNowError: the code is void.
    """
    route, stored = _find_invited(services, code)
    return _approve(services, route, stored, by, reason)


def reject_by_invitation(services: Services, code: str, by: str, reason: str) -> Run:
    """Reject by a code, which is void from then on.

    Raises:
        NotNowError: the code is void.
    """
    _, stored = _find_invited(services, code)
    return _write(services, stored, rejected(stored.run, by, reason, services.clock.now()))


def _held(services: Services, run_id: str) -> tuple[Route, StoredRun]:
    stored = services.runs.find(run_id)
    route = services.routes.routes.get(stored.run.route) if stored is not None else None
    if stored is None or route is None:
        raise UnknownError(f"there is no run {run_id} of a route in routes.toml")
    if stored.run.state is not RunState.HELD:
        raise NotNowError(
            f"run {run_id} is {stored.run.state.value}; only one that is held can be approved or rejected"
        )
    return route, stored


def _find_invited(services: Services, code: str) -> tuple[Route, StoredRun]:
    """Find a code's run; every way in which a code can be void gives the same answer, in about the same time."""
    void = NotNowError("this link is void: it was used, has expired, was replaced, or is for an earlier decision")
    route_name, _, rest = code.partition(".")
    run_id, _, secret = rest.partition(".")
    route = services.routes.routes.get(route_name)
    stored = services.runs.get(route_name, run_id) if route is not None and run_id.isalnum() else None
    if route is None or stored is None or stored.run.invitation is None or stored.run.state is not RunState.HELD:
        raise void
    invitation = stored.run.invitation
    if not hmac.compare_digest(_digest(secret), str(invitation["token"])):
        raise void
    if services.clock.now() >= datetime.fromisoformat(invitation["expires_at"]):
        raise void
    if invitation["decision"] != decision_hash(stored.run.decision or {}):
        raise void
    return route, stored


def _approve(services: Services, route: Route, stored: StoredRun, by: str, reason: str) -> Run:
    run, now = stored.run, services.clock.now()
    approval: Json = {"by": by, "reason": reason, "at": iso(now), "decision": decision_hash(run.decision or {})}
    return _write(services, stored, approved(route, run, approval, now))


def _check_decision(run: Run, decision: str) -> None:
    if decision and decision != decision_hash(run.decision or {}):
        raise NotNowError(f"run {run.run_id} is held with another decision by now: look at it again")


def _write(services: Services, stored: StoredRun, run: Run) -> Run:
    try:
        return services.save_run(stored, run).run
    except StaleWriteError:
        raise NotNowError(f"run {run.run_id} was written by somebody else at the same moment: look again") from None


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
