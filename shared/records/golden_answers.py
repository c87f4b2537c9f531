"""The golden rows of a run, the endpoints' answers to them, and the restore of a failed promotion (pure)."""

from typing import NamedTuple

type Answers = tuple[tuple[str, ...], ...]  # the answer's columns, then a row for each golden row


class GoldenAnswers(NamedTuple):
    """The answers to the golden rows that a run is verified with.

    Attributes:
        golden: the pinned golden rows: container/path.
        golden_etag: the version of the route's golden file that was pinned.
        before: the serving endpoint's answers, with the champion.
        staging: the staging endpoint's answers before its update.
        staged: the staging endpoint's answers as the challenger.
        previous_staged: those of an earlier round of this run.
        verified: the serving endpoint's answers at its verification.
        holdout_invalidated: whether scored rows of the holdout became invalid since.
    """

    golden: str
    golden_etag: str
    before: Answers
    staging: Answers | None = None
    staged: Answers | None = None
    previous_staged: Answers | None = None
    verified: Answers | None = None
    holdout_invalidated: bool = False


class Rollback(NamedTuple):
    """The restore of the previous model.

    Attributes:
        cause: why the promotion failed.
        alike: whether the endpoint's answers did not tell the two models apart.
        target: the model to restore: container/path; None until the intent has the mark of the rollback.
    """

    cause: str
    alike: bool = False
    target: str | None = None
