"""The record of a decision: models, metrics, data, policy, verdict and reasons (pure).

People and other tools read its JSON; docs/gates.md explains the names.
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
    """How a promotion is verified: the serving endpoint answers as staging did, or differently from before."""

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

    `run_id` is None where an operator restores the initial model.
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
    """The compared champion; `scored` says in words where it scored the holdout."""

    run_id: str | None
    scored: str | None = None


class DecisionHoldout(NamedTuple):
    """The holdout that both models scored."""

    data: str
    etag: str
    identity: str
    rows: int
    label: str
    task: str


class DecisionData(NamedTuple):
    """The data of both measurements; `same`: whether both models scored the same rows."""

    champion: MeasuredChampion | None
    same: bool
    note: str
    challenger: MeasuredOn | None = None
    holdout: DecisionHoldout | None = None


class AnswerShape(NamedTuple):
    """The change of the answer shape that callers would see: see `ShapeChange`."""

    sentence: str
    lost_classes: tuple[str, ...] = ()
    new_classes: tuple[str, ...] = ()
    respelt_classes: tuple[tuple[str, str], ...] = ()
    lost_columns: tuple[str, ...] = ()
    new_columns: tuple[str, ...] = ()
    other_kinds: tuple[tuple[str, str], ...] = ()
    other_meanings: tuple[tuple[str, str], ...] = ()


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
        decision: hash of the decision that the link approves.
        held_because: why the run is held.
    """

    token: str
    expires_at: datetime
    decision: str
    held_because: str


class Override(NamedTuple):
    """A rollback that an operator requested; no gate decides on it.

    Attributes:
        to: the run whose model is restored; "" for the initial model.
        replaces: the run whose model was in service at the request; None for the initial model.
    """

    by: str
    reason: str
    to: str
    at: datetime
    replaces: str | None


class DecisionRecord(NamedTuple):
    """The record of a decision.

    Attributes:
        policy: the policy in JSON, as it was at the decision; None for an operator's rollback.
        notes: the training's remarks about the columns.
        after_rollback: whether there was no champion because an operator had restored the initial model.
        intervals: of the gains, by metric.
        shape: the change of the answer shape, if there is one.
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
