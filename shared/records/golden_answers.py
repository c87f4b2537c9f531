"""The golden rows of a run: which version it is verified with, and who answered them how (pure)."""

from typing import NamedTuple

type Answers = tuple[tuple[str, ...], ...]  # the answer's columns, then a row for each golden row


class GoldenAnswers(NamedTuple):
    """Answers to the golden rows that a run is verified with.

    Attributes:
        golden: the pinned golden rows: container/path.
        golden_etag: the version of the route's golden file that they are.
        before: the serving endpoint's answers with the champion.
        staging: the staging endpoint's, before it was given the challenger.
        staged: the staging endpoint's, as the challenger.
        previous_staged: the same of an earlier round of this run.
        verified: the serving endpoint's, as it was verified.
        holdout_invalidated: whether scored rows of the holdout had to be thrown away since.
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
    """The way back that a run is on.

    Attributes:
        cause: why the promotion was turned round.
        alike: whether the endpoint was asked, and its answers did not tell the two models apart.
        target: the model that is put back: container/path; None until the intent is marked.
    """

    cause: str
    alike: bool = False
    target: str | None = None
