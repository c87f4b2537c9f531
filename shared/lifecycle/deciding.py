"""What a decision means for its run: it goes on, waits for a person, or ends; and the record that is kept of it."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from shared.lifecycle.effects import Release
from shared.promotion import Decision, Verdict
from shared.route import Route
from shared.runs import Json, Run, RunState, iso

_BESIDE = frozenset({"decided_at", "approval", "verdict", "policy_said"})  # what an approval does not depend on


def decision_hash(record: Json) -> str:
    """Return what an approval is bound to: the hash of all that the decision rests on; 64 hex digits.

    Made again after the approval, the same decision has the same hash, unless the champion, the policy, the data or a
    number changed: then it is another one, and the approval does not count for it.
    """
    kept = {name: value for name, value in record.items() if name not in _BESIDE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def record_of(route: Route, run: Run, decision: Decision, measured: Json, now: datetime) -> Json:
    """Return what is kept of a decision: who, measured how and on what, by which policy, with which verdict and why.

    `measured` holds `champion`, `challenger`, `data`, and whatever else came of measuring.
    """
    warnings = [] if decision.verdict is Verdict.REJECT else route.policy.warnings
    return {
        "verdict": decision.verdict.value,
        "reasons": [*decision.reasons, *warnings],
        "gates": [{"metric": one.metric, "passed": one.passed, "reason": one.reason} for one in decision.gates],
        "policy": route.policy.to_json(),
        **measured,
        "challenger": {"run_id": run.run_id, "generation": run.generation, **measured["challenger"]},
        "verification": "equality" if route.staging else "change",
        "notes": list(run.notes),
        "decided_at": iso(now),
    }


def ruled(route: Route, run: Run, decision: Decision, known: Json, now: datetime) -> tuple[Release | None, Json]:
    """Return how the run ends or stops by its decision (None: it goes on), and what it then knows.

    `known` holds the decision's record.
    """
    record: Json = known["decision"]
    if decision.verdict is Verdict.REJECT:
        return Release(RunState.REJECTED, decision.summary, known), known
    if decision.verdict is Verdict.PROMOTE and not route.needs_approval:
        return None, known
    approval = run.approval
    if approval is not None and approval["decision"] == decision_hash(record):
        # The decision as it stands in the end says promote, and who said so.
        said = {"verdict": Verdict.PROMOTE.value, "policy_said": record["verdict"], "approval": approval}
        return None, {**known, "decision": {**record, **said}}
    held: dict[str, Any] = {
        **known,
        "deadline_at": now + timedelta(seconds=route.deadlines.held),
        "approval": None,
        "invitation": None,
    }
    if decision.verdict is Verdict.HOLD:
        why = "there is no champion to compare with, and no_champion says hold"
        if record.get("after_rollback"):
            why = "an operator went back to the model in service, whose metrics are not known: no gain can be shown"
    else:
        why = f"awaits approval: {decision.summary}"
    if approval is not None:
        why = f"what {approval['by']} approved is not what is decided now; {why}"
    return Release(RunState.HELD, why, held), held
