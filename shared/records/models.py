"""The two models of a decision, and their answers to the rows of a holdout (pure)."""

from typing import NamedTuple

type Metrics = dict[str, float | None]  # by the evaluation's names; None for a value that is not finite


class AnswerPart(NamedTuple):
    """Answers of one model to consecutive rows of a holdout: the blob (container/path) and the number of rows."""

    path: str
    rows: int


class HoldoutMeasurement(NamedTuple):
    """A model's measurement on a holdout.

    Attributes:
        identity, etag: of the holdout, see `HoldoutRows`.
        parts: the blobs of its answers, in the order of the rows.
    """

    identity: str
    etag: str
    metrics: Metrics
    parts: tuple[AnswerPart, ...]


class Challenger(NamedTuple):
    """The new model of a run.

    Attributes:
        model: the job's output: container/path.
        metrics: the metrics that the decision used.
        evaluation: container/path of the job's evaluation; None if there was none.
        own_metrics: the metrics of the job's evaluation, if a holdout gave `metrics`.
        measured: the measurement on the holdout, if the route has one.
        archived_model: container/path of the archived model, from the promotion on.
    """

    model: str
    metrics: Metrics
    evaluation: str | None = None
    own_metrics: Metrics | None = None
    measured: HoldoutMeasurement | None = None
    archived_model: str | None = None


class ChampionSummary(NamedTuple):
    """The model in service at a decision.

    Run, generation and model are None for the initial model, which was measured on the holdout.
    """

    run_id: str | None
    generation: str | None
    model: str | None
    metrics: Metrics


class HoldoutProgress(NamedTuple):
    """The holdout's answers so far.

    Attributes:
        path: the pinned version of the holdout: container/path.
        etag, identity: of that version.
        parts: the answers by side, `challenger` or `champion`.
        use_recorded: whether the champion's recorded answers, from when it was the challenger, may be used.
    """

    path: str
    etag: str
    identity: str
    parts: dict[str, tuple[AnswerPart, ...]]
    use_recorded: bool = True
