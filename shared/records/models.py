"""The two models that a decision is about, and what they answered to the rows of a holdout (pure)."""

from typing import NamedTuple

type Metrics = dict[str, float | None]  # by the evaluation's names; None where it has no finite value


class AnswerPart(NamedTuple):
    """Answers of one model to consecutive rows of a holdout: the blob (container/path), and how many rows."""

    path: str
    rows: int


class HoldoutMeasurement(NamedTuple):
    """What a model was measured to be on a holdout.

    Attributes:
        identity, etag: of the holdout, see `HoldoutRows`.
        parts: where its answers lie, in the order of the rows.
    """

    identity: str
    etag: str
    metrics: Metrics
    parts: tuple[AnswerPart, ...]


class Challenger(NamedTuple):
    """The new model of a run.

    Attributes:
        model: where it is: container/path.
        metrics: those that the decision was made on.
        evaluation: container/path of the job's evaluation; None where there was none.
        own_metrics: those of the job's own evaluation, where a holdout gave `metrics`.
        measured: on the holdout, where there is one.
        archived_model: container/path of its archived copy, once it is promoted.
    """

    model: str
    metrics: Metrics
    evaluation: str | None = None
    own_metrics: Metrics | None = None
    measured: HoldoutMeasurement | None = None
    archived_model: str | None = None


class ChampionSummary(NamedTuple):
    """The model in service at a decision.

    Run, generation and model are None for a model from before the first promotion, which was measured on the holdout.
    """

    run_id: str | None
    generation: str | None
    model: str | None
    metrics: Metrics


class HoldoutProgress(NamedTuple):
    """The holdout's answers so far.

    Attributes:
        path: the pinned version of the holdout that the run began with: container/path.
        etag, identity: of that version.
        parts: the answers by side, `challenger` or `champion`.
        use_recorded: whether the champion's answers from when it was the challenger may be used.
    """

    path: str
    etag: str
    identity: str
    parts: dict[str, tuple[AnswerPart, ...]]
    use_recorded: bool = True
