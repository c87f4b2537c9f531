"""The record of a decision: which models, measured how and on what, by which policy, with which verdict and why (pure).

Its JSON is read by people and other tools: docs/gates.md tells the names.
"""

from datetime import datetime
from enum import StrEnum
from typing import Any, NamedTuple

from shared.records.models import ChampionSummary, Metrics


class Verdict(StrEnum):
    """The outcome of a decision: promote the challenger, hold it for a person, or reject it."""

    PROMOTE = "promote"
    HOLD = "hold"
    REJECT = "reject"


class Verification(StrEnum):
    """How a promotion is verified: the serving endpoint answers as staging did, or otherwise than before."""

    EQUALITY = "equality"
    CHANGE = "change"


class Interval(NamedTuple):
    """The confidence interval of a gain: the challenger's value minus the champion's, in the metric's own unit."""

    low: float
    high: float
    confidence: float


class GateRecord(NamedTuple):
    """The result of one gate, with the reason for people."""

    metric: str
    passed: bool
    reason: str


class DecidedChallenger(NamedTuple):
    """The challenger as the decision names it.

    `run_id` is None where an operator goes back to the model from before the first promotion.
    """

    run_id: str | None
    model: str
    metrics: Metrics
    generation: str | None = None
    evaluation: str | None = None
    own_metrics: Metrics | None = None


class MeasuredOn(NamedTuple):
    """The data of the challenger's evaluation: its file, the row of the evaluation, and how many rows were scored."""

    blob: str
    etag: str
    row: int
    rows: int
    examples: int | None


class MeasuredChampion(NamedTuple):
    """The champion that was compared; `scored` tells where it was measured on the holdout."""

    run_id: str | None
    scored: str | None = None


class DecisionHoldout(NamedTuple):
    """The holdout that both models answered."""

    data: str
    etag: str
    identity: str
    rows: int
    label: str
    task: str


class DecisionData(NamedTuple):
    """What the models were measured on; `same` tells whether it was the same rows."""

    champion: MeasuredChampion | None
    same: bool
    note: str
    challenger: MeasuredOn | None = None
    holdout: DecisionHoldout | None = None


class AnswerShape(NamedTuple):
    """What callers would find changed in the answers: see `ShapeChange`."""

    sentence: str
    lost_classes: tuple[str, ...] = ()
    new_classes: tuple[str, ...] = ()
    respelt_classes: tuple[tuple[str, str], ...] = ()
    lost_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    other_kinds: tuple[tuple[str, str], ...] = ()


class Approval(NamedTuple):
    """A person's approval of one decision; `decision` is its hash."""

    by: str
    reason: str
    at: datetime
    decision: str


class Invitation(NamedTuple):
    """The open approval link of a held run.

    Attributes:
        token: hash of the link's secret.
        decision: hash of the decision that it is for.
        held_because: why the run is held.
    """

    token: str
    expires_at: datetime
    decision: str
    held_because: str


class Override(NamedTuple):
    """An operator's rollback, on which no gate decides.

    Attributes:
        to: the run whose model is wanted; "" for the model from before the first promotion.
        replaces: the run whose model was in service when it was asked for; None for that same model.
    """

    by: str
    reason: str
    to: str
    at: datetime
    replaces: str | None


class DecisionRecord(NamedTuple):
    """What is kept of a decision.

    Attributes:
        policy: the policy in JSON, as it was at the decision; None for an operator's rollback.
        notes: what the training said of its columns.
        after_rollback: whether there was no champion because an operator had gone back to the initial model.
        intervals: of the gains, by metric.
        shape: what callers would find changed in the answers.
        policy_said: the policy's own verdict, where an approval or the shape of the answers changed it.
    """

    verdict: Verdict
    reasons: tuple[str, ...]
    gates: tuple[GateRecord, ...]
    policy: dict[str, Any] | None
    champion: ChampionSummary | None
    challenger: DecidedChallenger
    data: DecisionData
    verification: Verification
    notes: tuple[str, ...]
    decided_at: datetime
    after_rollback: bool = False
    intervals: dict[str, Interval] | None = None
    shape: AnswerShape | None = None
    policy_said: Verdict | None = None
    approval: Approval | None = None
