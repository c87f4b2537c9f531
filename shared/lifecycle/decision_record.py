"""What a decision means for its run: it goes on, waits for a person, or ends; and the record that is kept of it."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import Any

from shared.gates.answer_shape import ShapeChange, shape_change
from shared.gates.decision import Decision, Verdict
from shared.lifecycle.effects import ReleaseEndpoint
from shared.lifecycle.golden_answers import as_answers
from shared.ports import Answers
from shared.records.run import Json, Run, RunState, iso
from shared.routes.route import Route

_BESIDE = frozenset({"decided_at", "approval", "verdict", "policy_said"})  # what an approval does not depend on


def decision_hash(record: Json) -> str:
    """Return what an approval is bound to: the hash of all that the decision rests on; 64 hex digits.

    Made again after the approval, the same decision has the same hash, unless the champion, the policy, the data or a
    number changed: then it is another one, and the approval does not count for it.
    """
    kept = {name: value for name, value in record.items() if name not in _BESIDE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def decision_record(route: Route, run: Run, decision: Decision, measured: Json, now: datetime) -> Json:
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


def shape_of(route: Route, run: Run, answers: Answers | None) -> ShapeChange:
    """Return what another model's answers to the golden rows would change for callers, if the route minds that.

    An operator who goes back is obeyed in any case.
    """
    before = (run.golden_answers or {}).get("before")
    if route.classes_may_change or run.override is not None or before is None or answers is None:
        return ShapeChange()
    return shape_change(as_answers(before), answers)


def with_shape(record: Json, change: ShapeChange) -> Json:
    """Return a decision's record with what the model would change of the answers: an approval is for that as well."""
    if not change:
        return record
    told = {**change.to_json(), "sentence": change.sentence}
    return {**record, "shape": told, "reasons": [*record["reasons"], change.sentence]}


def with_approved_shape(run: Run, record: Json) -> Json:
    """Return the record made anew of a decision that was approved with its change of shape; else as it is.

    The challenger is staged again after that, and has to show the same change.
    """
    shape = (run.decision or {}).get("shape")
    if run.approval is None or not shape:
        return record
    approved = {**record, "shape": shape, "reasons": [*record["reasons"], shape["sentence"]]}
    return approved if run.approval["decision"] == decision_hash(approved) else record


def apply_answer_shape(
    route: Route, run: Run, answers: Answers, known: Json, now: datetime
) -> tuple[ReleaseEndpoint | None, Json]:
    """Return the same as `ruled` once it is known what the challenger answers: the decision is the run's own."""
    before = run.decision or {}
    record = {name: value for name, value in before.items() if name not in {"shape", "approval", "policy_said"}}
    record["verdict"] = before.get("policy_said", before["verdict"])
    if "shape" in before:
        record["reasons"] = before["reasons"][:-1]
    record = with_shape(record, shape_of(route, run, answers))
    known = {**known, "decision": record}
    return _approved_or_held(route, run, Verdict(record["verdict"]), known, now, summary="; ".join(record["reasons"]))


def apply_verdict(
    route: Route, run: Run, decision: Decision, known: Json, now: datetime
) -> tuple[ReleaseEndpoint | None, Json]:
    """Return how the run ends or stops by its decision (None: it goes on), and what it then knows.

    `known` holds the decision's record.
    """
    if decision.verdict is Verdict.REJECT:
        return ReleaseEndpoint(RunState.REJECTED, decision.summary, known), known
    return _approved_or_held(route, run, decision.verdict, known, now, summary=decision.summary)


def _approved_or_held(
    route: Route, run: Run, verdict: Verdict, known: Json, now: datetime, *, summary: str
) -> tuple[ReleaseEndpoint | None, Json]:
    record: Json = known["decision"]
    shape = record.get("shape")
    if verdict is Verdict.PROMOTE and not route.needs_approval and not shape:
        return None, known
    approval = run.approval
    if approval is not None and approval["decision"] == decision_hash(record):
        # The decision as it stands in the end says promote, and who said so.
        said = {"verdict": Verdict.PROMOTE.value, "policy_said": verdict.value, "approval": approval}
        return None, {**known, "decision": {**record, **said}}
    if shape:
        record = {**record, "verdict": Verdict.HOLD.value, "policy_said": verdict.value}
    held: dict[str, Any] = {
        **known,
        "decision": record,
        "deadline_at": now + timedelta(seconds=route.deadlines.held),
        "approval": None,
        "invitation": None,
    }
    why = _why_held(record, verdict, summary)
    if approval is not None:
        why = f"what {approval['by']} approved is not what is decided now; {why}"
    return ReleaseEndpoint(RunState.HELD, why, held), held


def _why_held(record: Json, verdict: Verdict, summary: str) -> str:
    if record.get("shape"):
        lifted = 'approve it, or let routes.toml say classes = "may-change"'
        return f"{record['shape']['sentence']}: {lifted}"
    if verdict is not Verdict.HOLD:
        return f"awaits approval: {summary}"
    if record.get("after_rollback"):
        why = "an operator went back to the model in service, whose metrics are not known: no gain can be shown"
        return f"{why}; approve or reject it"
    return "there is no champion to compare with, and no_champion says hold"


def why_promoted(run: Run) -> str:
    """Return the decision's reasons in one line."""
    return "; ".join((run.decision or {})["reasons"])
