"""Effects on the endpoints: score the golden rows, send a model, read which model an endpoint was given."""

from typing import assert_never

from shared.effects.endpoint_updates import patched
from shared.effects.golden_scoring import answers_of, golden_at, pin_golden, pinned_golden, read_golden
from shared.effects.kept_models import challenger_at, in_service, is_kept, keep_model, kept_model
from shared.effects.run_session import RunSession
from shared.errors import (
    ConfigError,
    LandfallError,
    NotSentError,
    OtherModelError,
    PermanentError,
    RetryableError,
)
from shared.lifecycle.effects import (
    ArchiveModel,
    CaptureBaseline,
    EndpointEffect,
    GetStagingModel,
    PatchServing,
    PatchStaging,
    PendingPromotion,
    RestorePrevious,
    ScorePatchedStaging,
    ScoreServing,
    ScoreStaging,
)
from shared.lifecycle.golden_answers import answers_match
from shared.lifecycle.job_paths import model_path
from shared.lifecycle.observations import (
    BaselineCaptured,
    ModelArchived,
    Observation,
    PreviousRestored,
    RestoreRefused,
    ServingPatched,
    ServingRefused,
    ServingScored,
    StagingModelRead,
    StagingPatched,
    StagingRefused,
    StagingScored,
)
from shared.lifecycle.run_parts import archived_model_of, challenger_of
from shared.ports.blob_files import CopyState
from shared.records.golden_answers import Answers, GoldenAnswers
from shared.records.run_steps import VerifyingStep
from shared.routes.route import Endpoint

ANSWERS_IN_A_ROW = 10  # of a new model that is watched: an endpoint may spread requests over old and new for a while


def perform(session: RunSession, effect: EndpointEffect) -> Observation:
    """Perform an effect.

    Raises:
        LandfallError: it failed, or its result is unknown.
    """
    match effect:
        case CaptureBaseline():
            observation: Observation = capture_baseline(session)
        case PatchStaging():
            observation = patch_staging(session)
        case ScorePatchedStaging(pending):
            observation = score_patched_staging(session, pending)
        case ScoreStaging():
            observation = score_staging(session)
        case GetStagingModel():
            observation = read_staging_model(session)
        case ArchiveModel():
            observation = archive_model(session, effect)
        case PatchServing(model):
            observation = patch_serving(session, model)
        case ScoreServing():
            observation = score_serving(session)
        case RestorePrevious(model):
            observation = restore_previous(session, model)
        case _:
            assert_never(effect)
    return observation


def capture_baseline(session: RunSession) -> BaselineCaptured:
    """Pin the golden rows, and score them before the update."""
    golden = read_golden(session, session.route.golden)
    pinned = pin_golden(session, golden)
    served, staging = session.endpoint().served, session.route.staging
    if served is not None and served.golden_etag == golden.etag:
        before = served.answers  # as verified by its promotion
    else:
        before = answers_of(session, session.route.serving.of_model(in_service(session)), golden)
    answers = GoldenAnswers(golden=pinned, golden_etag=golden.etag, before=before)
    if staging is None or staging.named:  # a named challenger has a place of its own, where nothing answers yet
        return BaselineCaptured(answers)
    earlier, previous = session.run.golden_answers, None
    if earlier is not None and earlier.golden_etag == golden.etag:
        previous = earlier.staged if earlier.staged is not None else earlier.previous_staged
    staged_before = answers_of(session, staging, golden)
    return BaselineCaptured(answers._replace(staging=staged_before, previous_staged=previous))


def patch_staging(session: RunSession) -> StagingPatched | StagingRefused:
    """Give the challenger to the staging endpoint by a read-only link: the job's own link may permit writes.

    Where models have places of their own, the model is kept first: its place is named after the kept model, and begins
    with it again whenever an instance is replaced.
    """
    staging = _staging_of(session)
    if staging.named:
        return _give_named(session, staging)
    back = session.run.override is not None  # the model of an operator's rollback is archived
    path = archived_model_of(session.run) if back else model_path(session.run, session.route.training)
    error = patched(session, staging, path)
    return StagingRefused(error) if error is not None else StagingPatched()


def _give_named(session: RunSession, staging: Endpoint) -> StagingPatched | StagingRefused:
    kept = kept_model(session.route, session.run)
    if not staging.stores(kept):
        return StagingPatched()  # an operator goes back to what the endpoint had before: it stands there already
    try:
        if keep_model(session, model_path(session.run, session.route.training), kept) is not CopyState.DONE:
            return StagingRefused(NotSentError("The copy of the model is not finished yet."))
    except LandfallError as error:
        return StagingRefused(error)
    refused = patched(session, staging, kept, in_service(session))
    return StagingRefused(refused) if refused is not None else StagingPatched()


def score_patched_staging(session: RunSession, pending: PendingPromotion) -> StagingScored:
    """Score the golden rows on staging just after its PATCH; after an error the next tick scores them."""
    if pending.answers is None:
        raise ValueError("The staging endpoint was patched before the golden rows were pinned.")
    try:
        golden = golden_at(session.services, pending.answers.golden)
        return StagingScored(answers_of(session, _challenger_on_staging(session), golden))
    except LandfallError:
        return StagingScored(None)


def score_staging(session: RunSession) -> StagingScored:
    """Score the golden rows on the staging endpoint."""
    return StagingScored(answers_of(session, _challenger_on_staging(session), pinned_golden(session)))


def read_staging_model(session: RunSession) -> StagingModelRead:
    """Read which model the staging endpoint was given last; "" if the service does not tell."""
    return StagingModelRead(located(session, _staging_of(session)))


def located(session: RunSession, endpoint: Endpoint) -> str:
    """Return the model that an endpoint was given last, by its service: container/path; "" if it does not tell."""
    try:
        resources = session.services.scoring.resources(endpoint)
    except PermanentError:
        return ""
    return next((resource.relative for resource in resources if resource.name == endpoint.resource), "")


def archive_model(session: RunSession, effect: ArchiveModel) -> ModelArchived:
    """Archive the challenger, and check that the model to roll back to exists.

    Raises:
        ConfigError: the model to roll back to does not exist; nothing is promoted.
        RetryableError: the copy is not finished yet.
    """
    if not is_kept(session.services, session.route, effect.rollback_target):
        first = session.endpoint().champion is None
        problem = f"{effect.rollback_target} does not exist, so a failed promotion could not be rolled back."
        remedy = "Restore this archived model."
        if first:
            remedy = f"Upload the model now in service to {effect.rollback_target} (initial_model in routes.toml)."
        raise ConfigError([f"{problem} Nothing was promoted. {remedy}"])
    if keep_model(session, effect.model, effect.archived_model) is not CopyState.DONE:
        raise RetryableError("The copy of the model is not finished yet.")
    if session.run.drift is not None:
        from shared.effects.drift_effects import keep_profile  # noqa: PLC0415 - only routes that measure drift pay for it

        keep_profile(session, effect.archived_model)
    return ModelArchived()


def patch_serving(session: RunSession, model: str) -> ServingPatched | ServingRefused:
    """Give the archived challenger to the serving endpoint; the run judges the answer."""
    intent = session.endpoint().intent
    error = patched(session, session.route.serving, model, intent.from_model if intent is not None else "")
    return ServingRefused(error) if error is not None else ServingPatched()


def score_serving(session: RunSession) -> ServingScored:
    """Score the golden rows on the serving endpoint; a refusal of the rows is an answer too.

    A new model that is watched must answer several times in a row where other models stand beside it; of the answers,
    the first that differs counts.
    """
    golden, run = pinned_golden(session), session.run
    target = run.rollback.target if run.rollback is not None else None
    serving = session.route.serving.of_model(target if target is not None else archived_model_of(run))
    times = ANSWERS_IN_A_ROW if serving.named and run.step == VerifyingStep.BAKING else 1
    first: Answers | None = None
    try:
        for _ in range(times):
            answers = answers_of(session, serving, golden)
            if first is not None and not answers_match(answers, first, session.route.golden_tolerance):
                return ServingScored(answers)
            first = answers
    except OtherModelError as error:
        return ServingScored(None, str(error), by_other=True)
    except PermanentError as error:
        return ServingScored(None, str(error))
    return ServingScored(first)


def restore_previous(session: RunSession, model: str) -> PreviousRestored | RestoreRefused:
    """Give the previous model back to the serving endpoint."""
    error = patched(session, session.route.serving, model, challenger_of(session.run).archived_model or "")
    return RestoreRefused(error) if error is not None else PreviousRestored()


def _staging_of(session: RunSession) -> Endpoint:
    if session.route.staging is None:
        raise RetryableError("The route no longer has a staging endpoint.")
    return session.route.staging


def _challenger_on_staging(session: RunSession) -> Endpoint:
    return challenger_at(session.route, session.run, _staging_of(session))
