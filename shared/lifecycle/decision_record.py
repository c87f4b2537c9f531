"""What a decision means for its run: it goes on, waits for a person, or ends; and the record that is kept of it."""

import hashlib
import json
from dataclasses import fields
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.gates.answer_shape import ShapeChange, shape_change
from shared.gates.decision import Decision
from shared.lifecycle.effects import ReleaseEndpoint
from shared.ports import Answers
from shared.records.decision import (
    AnswerShape,
    DecidedChallenger,
    DecisionData,
    DecisionRecord,
    GateRecord,
    Interval,
    Verdict,
    Verification,
)
from shared.records.json_codec import to_json_value
from shared.records.models import Challenger, ChampionSummary
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.routes.route import Route

_BESIDE = frozenset({"decided_at", "approval", "verdict", "policy_said"})  # what an approval does not depend on
OVERRIDE_NOTE = "an operator's override: nothing was compared"


class Compared(NamedTuple):
    """What a decision was made on."""

    challenger: Challenger
    champion: ChampionSummary | None
    data: DecisionData
    after_rollback: bool = False
    intervals: dict[str, Interval] | None = None


def decision_hash(record: DecisionRecord | None) -> str:
    """Return what an approval is bound to: the hash of all that the decision rests on; 64 hex digits.

    Made again after the approval, the same decision has the same hash, unless the champion, the policy, the data or a
    number changed: then it is another one, and the approval does not count for it.
    """
    members = to_json_value(record) if record is not None else {}
    kept = {name: value for name, value in members.items() if name not in _BESIDE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def decision_record(route: Route, run: Run, decision: Decision, compared: Compared, now: datetime) -> DecisionRecord:
    """Return what is kept of a policy's decision."""
    warnings = [] if decision.verdict is Verdict.REJECT else route.policy.warnings
    challenger = compared.challenger
    return DecisionRecord(
        verdict=decision.verdict,
        reasons=(*decision.reasons, *warnings),
        gates=tuple(GateRecord(gate.metric, gate.passed, gate.reason) for gate in decision.gates),
        policy=route.policy.to_json(),
        champion=compared.champion,
        challenger=DecidedChallenger(
            run_id=run.run_id,
            model=challenger.model,
            metrics=challenger.metrics,
            generation=run.generation,
            evaluation=challenger.evaluation,
            own_metrics=challenger.own_metrics,
        ),
        data=compared.data,
        verification=_verification(route),
        notes=run.notes,
        decided_at=now,
        after_rollback=compared.after_rollback,
        intervals=compared.intervals,
    )


def override_decision(
    route: Route, challenger: DecidedChallenger, champion: ChampionSummary | None, why: str, now: datetime
) -> DecisionRecord:
    """Return what is kept of an operator's decision to go to another model: no gate and no policy is in it."""
    return DecisionRecord(
        verdict=Verdict.PROMOTE,
        reasons=(why,),
        gates=(),
        policy=None,
        champion=champion,
        challenger=challenger,
        data=DecisionData(champion=None, same=False, note=OVERRIDE_NOTE),
        verification=_verification(route),
        notes=(),
        decided_at=now,
    )


def shape_of(route: Route, run: Run, answers: Answers | None) -> ShapeChange:
    """Return what another model's answers to the golden rows would change for callers, if the route minds that.

    An operator who goes back is obeyed in any case.
    """
    if route.classes_may_change or run.override is not None or run.golden_answers is None or answers is None:
        return ShapeChange()
    return shape_change(run.golden_answers.before, answers)


def with_shape(record: DecisionRecord, change: ShapeChange) -> DecisionRecord:
    """Return a decision's record with what the model would change of the answers: an approval is for that as well."""
    if not change:
        return record
    changed = {field.name: getattr(change, field.name) for field in fields(change)}
    return _shaped(record, AnswerShape(sentence=change.sentence, **changed))


def with_approved_shape(run: Run, record: DecisionRecord) -> DecisionRecord:
    """Return the record made anew of a decision that was approved with its change of shape; else as it is.

    The challenger is staged again after that, and has to show the same change.
    """
    shape = run.decision.shape if run.decision is not None else None
    if run.approval is None or shape is None:
        return record
    approved = _shaped(record, shape)
    return approved if run.approval.decision == decision_hash(approved) else record


def apply_answer_shape(
    route: Route, run: Run, answers: Answers, fields: RunFields, now: datetime
) -> tuple[ReleaseEndpoint | None, RunFields]:
    """Return the same as `apply_verdict` once it is known what the challenger answers: the decision is the run's own.

    Raises:
        ValueError: the run has no decision.
    """
    before = run.decision
    if before is None:
        raise ValueError(f"run {run.run_id} is {run.state} and has no decision")
    verdict = before.policy_said if before.policy_said is not None else before.verdict
    reasons = before.reasons if before.shape is None else before.reasons[:-1]
    record = before._replace(verdict=verdict, reasons=reasons, shape=None, approval=None, policy_said=None)
    record = with_shape(record, shape_of(route, run, answers))
    return _approved_or_held(route, run, record, {**fields, "decision": record}, now, "; ".join(record.reasons))


def apply_verdict(
    route: Route, run: Run, decision: Decision, fields: RunFields, now: datetime
) -> tuple[ReleaseEndpoint | None, RunFields]:
    """Return how the run ends or stops by its decision (None: it goes on), and what it then knows.

    `known` holds the decision's record.

    Raises:
        ValueError: it does not.
    """
    record = fields.get("decision")
    if record is None:
        raise ValueError(f"the decision of run {run.run_id} has no record")
    if decision.verdict is Verdict.REJECT:
        return ReleaseEndpoint(RunState.REJECTED, decision.summary, fields), fields
    return _approved_or_held(route, run, record, fields, now, decision.summary)


def why_promoted(run: Run) -> str:
    """Return the decision's reasons in one line."""
    return "; ".join(run.decision.reasons) if run.decision is not None else ""


def _approved_or_held(  # noqa: PLR0917 - its two callers give it all that they know
    route: Route, run: Run, record: DecisionRecord, fields: RunFields, now: datetime, summary: str
) -> tuple[ReleaseEndpoint | None, RunFields]:
    verdict, shape, approval = record.verdict, record.shape, run.approval
    if verdict is Verdict.PROMOTE and not route.needs_approval and shape is None:
        return None, fields
    if approval is not None and approval.decision == decision_hash(record):
        # The decision as it stands in the end says promote, and who said so.
        approved = record._replace(verdict=Verdict.PROMOTE, policy_said=verdict, approval=approval)
        return None, {**fields, "decision": approved}
    why = _why_held(record, summary)
    if approval is not None:
        why = f"what {approval.by} approved is not what is decided now; {why}"
    if shape is not None:
        record = record._replace(verdict=Verdict.HOLD, policy_said=verdict)
    held: RunFields = {
        **fields,
        "decision": record,
        "deadline_at": now + timedelta(seconds=route.deadlines.held),
        "approval": None,
        "invitation": None,
    }
    return ReleaseEndpoint(RunState.HELD, why, held), held


def _why_held(record: DecisionRecord, summary: str) -> str:
    """Say why a run is held; the verdict of the record is still the policy's own."""
    if record.shape is not None:
        lifted = 'approve it, or let routes.toml say classes = "may-change"'
        return f"{record.shape.sentence}: {lifted}"
    if record.verdict is not Verdict.HOLD:
        return f"awaits approval: {summary}"
    if record.after_rollback:
        why = "an operator went back to the model in service, whose metrics are not known: no gain can be shown"
        return f"{why}; approve or reject it"
    return "there is no champion to compare with, and no_champion says hold"


def _shaped(record: DecisionRecord, shape: AnswerShape) -> DecisionRecord:
    return record._replace(shape=shape, reasons=(*record.reasons, shape.sentence))


def _verification(route: Route) -> Verification:
    return Verification.EQUALITY if route.staging else Verification.CHANGE
