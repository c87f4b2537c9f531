"""The record of a decision, and its effect on the run: the run continues, waits for a person, or ends."""

import hashlib
import json
from datetime import datetime, timedelta
from typing import NamedTuple

from shared.gates.answer_shape import ShapeChange, shape_change
from shared.gates.decision import Decision
from shared.lifecycle.effects import ReleaseEndpoint
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
from shared.records.golden_answers import Answers
from shared.records.json_codec import to_json_value
from shared.records.models import Challenger, ChampionSummary
from shared.records.run import Run, RunFields
from shared.records.run_states import RunState
from shared.routes.route import Route

_BESIDE = frozenset({"decided_at", "approval", "verdict", "policy_said"})  # an approval does not depend on these
OVERRIDE_NOTE = "An operator's rollback: no models were compared."


class Compared(NamedTuple):
    """The models and the data of a decision."""

    challenger: Challenger
    champion: ChampionSummary | None
    data: DecisionData
    after_rollback: bool = False
    intervals: dict[str, Interval] | None = None


def decision_hash(record: DecisionRecord | None) -> str:
    """Return the hash that an approval is bound to, 64 hex digits: it covers everything that the decision rests on.

    A decision that is made again after the approval has the same hash unless the champion, the policy, the data or a
    number changed. With another hash the approval does not count.
    """
    members = to_json_value(record) if record is not None else {}
    kept = {name: value for name, value in members.items() if name not in _BESIDE}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def decision_record(route: Route, run: Run, decision: Decision, compared: Compared, now: datetime) -> DecisionRecord:
    """Return the record of a policy's decision."""
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
    """Return the record of an operator's rollback: it has no gate and no policy."""
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
    """Return how another model's answers to the golden rows change the answer shape; nothing if the route allows it.

    An operator's rollback may change the shape in any case.
    """
    if route.classes_may_change or run.override is not None or run.golden_answers is None or answers is None:
        return ShapeChange()
    return shape_change(run.golden_answers.before, answers)


def with_shape(record: DecisionRecord, change: ShapeChange) -> DecisionRecord:
    """Return a decision's record with the change of the answer shape: an approval covers it as well."""
    if not change:
        return record
    return _shaped(record, AnswerShape(sentence=change.sentence, **change._asdict()))


def with_approved_shape(run: Run, record: DecisionRecord) -> DecisionRecord:
    """Return the record with the change of shape that was approved with it; without such an approval, as it is.

    The challenger is staged again afterwards and must show the same change.
    """
    shape = run.decision.shape if run.decision is not None else None
    if run.approval is None or shape is None:
        return record
    approved = _shaped(record, shape)
    return approved if run.approval.decision == decision_hash(approved) else record


def apply_answer_shape(
    route: Route, run: Run, answers: Answers, fields: RunFields, now: datetime
) -> tuple[ReleaseEndpoint | None, RunFields]:
    """Return the same as `apply_verdict` for the run's own decision, once the challenger's answers are known.

    Raises:
        ValueError: the run has no decision.
    """
    before = run.decision
    if before is None:
        raise ValueError(f"Run {run.run_id} is {run.state} and has no decision.")
    verdict = before.policy_said if before.policy_said is not None else before.verdict
    reasons = before.reasons if before.shape is None else before.reasons[:-1]
    record = before._replace(verdict=verdict, reasons=reasons, shape=None, approval=None, policy_said=None)
    record = with_shape(record, shape_of(route, run, answers))
    return _approved_or_held(route, run, record, {**fields, "decision": record}, now, "; ".join(record.reasons))


def apply_verdict(
    route: Route, run: Run, decision: Decision, fields: RunFields, now: datetime
) -> tuple[ReleaseEndpoint | None, RunFields]:
    """Return the run's release if the decision rejects or holds it (None: the run continues), and the fields to write.

    Raises:
        ValueError: `fields` has no record of the decision.
    """
    record = fields.get("decision")
    if record is None:
        raise ValueError(f"The decision of run {run.run_id} has no record.")
    if decision.verdict is Verdict.REJECT:
        return ReleaseEndpoint(RunState.REJECTED, decision.summary, fields), fields
    return _approved_or_held(route, run, record, fields, now, decision.summary)


def why_promoted(run: Run) -> str:
    """Return the decision's reasons in one line."""
    return "; ".join(run.decision.reasons) if run.decision is not None else ""


def _approved_or_held(  # noqa: PLR0917 - both callers have all of these at hand
    route: Route, run: Run, record: DecisionRecord, fields: RunFields, now: datetime, summary: str
) -> tuple[ReleaseEndpoint | None, RunFields]:
    verdict, shape, approval = record.verdict, record.shape, run.approval
    if verdict is Verdict.PROMOTE and not route.needs_approval and shape is None:
        return None, fields
    if approval is not None and approval.decision == decision_hash(record):
        # The final record says promote, and names the approver.
        approved = record._replace(verdict=Verdict.PROMOTE, policy_said=verdict, approval=approval)
        return None, {**fields, "decision": approved}
    why = _why_held(record, summary)
    if approval is not None:
        why = f"The decision changed after {approval.by} approved it. {why}"
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
    """Return the reason of the hold; the record still has the policy's own verdict."""
    if record.shape is not None:
        remedy = 'Approve the run, or set classes = "may-change" in routes.toml.'
        return f"Awaiting approval: {record.shape.sentence}. {remedy}"
    if record.verdict is not Verdict.HOLD:
        return f"Awaiting approval: {summary}"
    if record.after_rollback:
        return "Awaiting approval: an operator restored the model in service, and its metrics are unknown."
    return 'Awaiting approval: there is no champion to compare with, and routes.toml has no_champion = "hold".'


def _shaped(record: DecisionRecord, shape: AnswerShape) -> DecisionRecord:
    return record._replace(shape=shape, reasons=(*record.reasons, shape.sentence))


def _verification(route: Route) -> Verification:
    return Verification.EQUALITY if route.staging else Verification.CHANGE
