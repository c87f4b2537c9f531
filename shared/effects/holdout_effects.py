"""Scores the holdout: the challenger on the staging endpoint, the champion on the serving one, batch by batch.

Answers are kept as blobs, and the run's row lists the valid ones. A worker that dies loses at most the batches since
its last write, and the answers of two workers never mix.
"""

import json
from collections.abc import Iterable
from datetime import timedelta

from shared.effects.endpoint_record_effects import renew_lease
from shared.effects.golden_scoring import answers_of, pin_version, pinned_golden
from shared.effects.kept_models import challenger_at, in_service
from shared.effects.run_session import RunSession
from shared.errors import BadEvaluationError, ConfigError, RetryableError
from shared.gates.holdout import MAX_BYTES, Holdout, HoldoutRows, read_holdout
from shared.gates.metrics import measure
from shared.gates.paired_bootstrap import gain_intervals
from shared.gates.policy import NoChampion
from shared.gates.predictions import Predictions, read_predictions
from shared.lifecycle.effects import ScoreHoldout
from shared.lifecycle.endpoint_rules import still_holds
from shared.lifecycle.golden_answers import answers_match, as_answers
from shared.lifecycle.job_paths import TRAINING
from shared.lifecycle.observations import (
    ChampionMeasurement,
    HoldoutInvalidated,
    HoldoutMeasured,
    HoldoutScored,
    LeaseLost,
)
from shared.lifecycle.run_parts import golden_answers_of
from shared.ports.scoring_service import Scored
from shared.records.models import AnswerPart, HoldoutMeasurement, HoldoutProgress, Metrics
from shared.routes.route import Endpoint

SCORE_FOR_S = 60  # in one invocation; the next tick scores the rest
ANSWERS_LIMIT_BYTES = 64 * 1024 * 1024
CHALLENGER, CHAMPION = "challenger", "champion"
SCORED_AGAIN = "The holdout is scored again."

type Outcome = HoldoutScored | HoldoutMeasured | HoldoutInvalidated | LeaseLost


def score_holdout(session: RunSession, effect: ScoreHoldout) -> Outcome:
    """Score batches for at most `SCORE_FOR_S` seconds; measure both models once every row is scored.

    Raises:
        ConfigError: the holdout cannot be used, or a model's answers do not fit its task.
        PermanentError: an endpoint refuses the rows.
        RetryableError: not now; nothing new was scored.
    """
    lease = session.endpoint().lease
    if lease is None or not still_holds(session.endpoint(), session.run):
        return LeaseLost()
    if lease.expires_at - session.now() < timedelta(seconds=session.route.deadlines.promoting / 2):
        renew_lease(session)
    work = _begin(session, effect.progress)
    for result in (work.score(), work.invalidated()):
        if result is not None:
            return result
    return work.measured()


def _begin(session: RunSession, progress: HoldoutProgress | None) -> "_Work":
    """Read the holdout: the version that the run began with, or the present one, which is then pinned."""
    holdout, blobs = session.route.holdout, session.services.blobs
    if holdout is None:
        raise RetryableError("The route no longer has a holdout.")
    if progress is not None:
        rows = read_holdout(holdout, blobs.read_text(progress.path, MAX_BYTES)[0], progress.etag)
        if rows.identity == progress.identity:
            return _Work(session, holdout, rows, progress)
    text, etag = blobs.read_text(holdout.data, MAX_BYTES)  # the first read, or the route's [holdout] changed
    rows = read_holdout(holdout, text, etag)
    path = pin_version(session, holdout.data, etag)
    return _Work(session, holdout, rows, HoldoutProgress(path, etag, rows.identity, {}))


class _Work:
    """One invocation's work on one run's holdout.

    `progress` is the part that the run's row keeps.
    """

    def __init__(self, session: RunSession, holdout: Holdout, rows: HoldoutRows, progress: HoldoutProgress) -> None:
        self._session = session
        self._holdout = holdout
        self._rows = rows
        self._progress = progress
        self._fresh: dict[str, Scored] = {}  # scored in this invocation, by path: not read again

    def score(self) -> HoldoutScored | None:
        """Score the rows that are left; None once every row is scored.

        Raises:
            RetryableError: a batch failed, and nothing new was scored.
        """
        until_s = self._session.services.clock.elapsed_s() + SCORE_FOR_S
        for side, endpoint in self._sides().items():
            before = self._done(side)
            error = self._score_side(side, endpoint, until_s)
            if self._done(side) < len(self._rows.rows):
                if error is not None and self._done(side) == before:
                    raise error
                return self._so_far(error)
        return None

    def invalidated(self) -> HoldoutInvalidated | None:
        """Score the golden rows again: both endpoints must still serve the models that scored the holdout."""
        answers, tolerance = golden_answers_of(self._session.run), self._session.route.golden_tolerance
        golden = pinned_golden(self._session)
        expected = {CHALLENGER: answers.staged, CHAMPION: answers.before}
        for side, endpoint in self._sides().items():
            before = expected[side]
            if before is None or not answers_match(answers_of(self._session, endpoint, golden), before, tolerance):
                what = f"Endpoint {endpoint.name} changed its answers to the golden rows while it scored the holdout."
                return HoldoutInvalidated(RetryableError(f"{what} {SCORED_AGAIN}"))
        return None

    def measured(self) -> HoldoutScored | HoldoutMeasured | HoldoutInvalidated:
        """Measure both models.

        Raises:
            ConfigError: a model's answers do not fit the task.
        """
        policy, recorded = self._session.route.policy, self._recorded()
        parts = self._progress.parts
        challenger = self._predictions(parts[CHALLENGER])
        if challenger is None or (CHAMPION in parts and self._predictions(parts[CHAMPION]) is None):
            return HoldoutInvalidated(RetryableError(f"Answers to the holdout are missing in storage. {SCORED_AGAIN}"))
        champion: Predictions | None = None
        measured: ChampionMeasurement | None = None
        if CHAMPION in parts:
            champion = self._predictions(parts[CHAMPION])
            measured = ChampionMeasurement(self._metrics(champion), "on the serving endpoint, beside the challenger")
        elif recorded is not None:
            champion = self._predictions(recorded.parts) if policy.bootstrap is not None else None
            measured = ChampionMeasurement(recorded.metrics, "on the staging endpoint, when it was the challenger")
            if (
                policy.bootstrap is not None and champion is None
            ):  # the recorded answers are gone: the champion scores again
                self._progress = self._progress._replace(use_recorded=False)
                return self._so_far(None)
        how = (self._holdout.task, self._holdout.positive, self._rows.truth)
        pair = (champion, challenger) if champion is not None else None
        intervals = gain_intervals(*how, pair, policy.bootstrap) if pair and policy.bootstrap is not None else {}
        own = HoldoutMeasurement(self._rows.identity, self._rows.etag, self._metrics(challenger), parts[CHALLENGER])
        return HoldoutMeasured(own, measured, intervals, len(self._rows.rows))

    def _sides(self) -> dict[str, Endpoint]:
        """Return the sides that must score, with their endpoints; a champion with recorded answers need not."""
        route, record = self._session.route, self._session.endpoint()
        if route.staging is None:
            raise RetryableError("The route no longer has a staging endpoint.")
        sides = {CHALLENGER: challenger_at(route, self._session.run, route.staging)}
        if record.champion is not None:
            wanted = self._recorded() is None
        else:  # a restored initial model is known to serve, so it is measured as well
            wanted = route.policy.no_champion is NoChampion.COMPARE or record.initial_again_at is not None
        return {**sides, CHAMPION: route.serving.of_model(in_service(self._session))} if wanted else sides

    def _recorded(self) -> HoldoutMeasurement | None:
        """Return the champion's measurement on exactly these rows, from when it was the challenger."""
        champion = self._session.endpoint().champion
        measured = champion.measured if champion is not None else None
        if measured is None or measured.identity != self._rows.identity or not self._progress.use_recorded:
            return None
        return measured

    def _done(self, side: str) -> int:
        return sum(part.rows for part in self._progress.parts.get(side, ()))

    def _so_far(self, error: RetryableError | None) -> HoldoutScored:
        sides = self._sides()
        return HoldoutScored(self._progress, sum(map(self._done, sides)), len(self._rows.rows) * len(sides), error)

    def _score_side(self, side: str, endpoint: Endpoint, until_s: float) -> RetryableError | None:
        """Score batches until the rows or the time end, or a batch fails; scored batches are kept in any case."""
        services, start = self._session.services, self._done(side)
        endpoint = endpoint.of_table(self._rows.columns, self._rows.rows)
        columns: tuple[str, ...] = ()
        answers: list[tuple[str, ...]] = []
        error: RetryableError | None = None
        while start + len(answers) < len(self._rows.rows) and services.clock.elapsed_s() < until_s:
            begin = start + len(answers)
            batch = self._rows.rows[begin : begin + self._holdout.batch_rows]
            try:
                scored = services.scoring.score(endpoint, self._rows.columns, batch)
            except RetryableError as failed:
                error = failed
                break
            if answers and scored.columns != columns:
                error = RetryableError(
                    f"Endpoint {endpoint.name} changed its answer columns while it scored the holdout."
                )
                break
            columns = scored.columns
            answers += scored.rows
        if answers:
            self._keep(side, start, Scored(columns, tuple(answers)))
        return error

    def _keep(self, side: str, start: int, scored: Scored) -> None:
        run = self._session.run
        rows = f"{start}-{start + len(scored.rows)}"
        folder = f"{TRAINING}/{run.job_folder}/holdout/{self._rows.identity[:16]}"
        path = f"{folder}/{side}-{run.lease_token}-{rows}.json"
        self._session.services.blobs.write_text(path, json.dumps({"columns": scored.columns, "rows": scored.rows}))
        self._fresh[path] = scored
        parts = self._progress.parts
        added = (*parts.get(side, ()), AnswerPart(path, len(scored.rows)))
        self._progress = self._progress._replace(parts={**parts, side: added})

    def _metrics(self, predictions: Predictions | None) -> Metrics:
        if predictions is None:
            raise AssertionError("The answers were just read.")
        return measure(self._holdout.task, self._holdout.positive, self._rows.truth, predictions)

    def _predictions(self, parts: Iterable[AnswerPart]) -> Predictions | None:
        """Read answers back; None if they are gone.

        Raises:
            ConfigError: they do not fit the task.
        """
        columns: tuple[str, ...] = ()
        rows: list[tuple[str, ...]] = []
        for part in parts:
            try:
                scored = self._fresh[part.path] if part.path in self._fresh else self._read(part.path)
            except ConfigError:
                return None
            self._fresh[part.path] = scored
            columns = scored.columns
            rows += scored.rows
        try:
            return read_predictions(self._holdout.task, columns, rows)
        except BadEvaluationError as error:
            raise ConfigError([f"holdout {self._holdout.data}: {error}"]) from error

    def _read(self, path: str) -> Scored:
        stored = json.loads(self._session.services.blobs.read_text(path, ANSWERS_LIMIT_BYTES)[0])
        return Scored(tuple(stored["columns"]), as_answers(stored["rows"]))
