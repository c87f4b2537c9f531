"""Effects on the endpoints: score the golden rows, send a model, read which model an endpoint was given."""

from typing import assert_never

from shared.blob_path import BlobPath
from shared.effects.golden_scoring import answers_of, golden_at, pin_golden, pinned_golden, read_golden
from shared.effects.run_session import RunSession
from shared.errors import (
    ConfigError,
    LandfallError,
    NotFoundError,
    NotSentError,
    PermanentError,
    RejectedError,
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
from shared.lifecycle.run_parts import archived_model_of
from shared.ports.blob_files import CopyState
from shared.records.golden_answers import GoldenAnswers
from shared.routes.route import Endpoint

LINK_VALID_S = 900  # the endpoint copies the model at once


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
        before = answers_of(session, session.route.serving, golden)
    answers = GoldenAnswers(golden=pinned, golden_etag=golden.etag, before=before)
    if staging is None:
        return BaselineCaptured(answers)
    earlier, previous = session.run.golden_answers, None
    if earlier is not None and earlier.golden_etag == golden.etag:
        previous = earlier.staged if earlier.staged is not None else earlier.previous_staged
    staged_before = answers_of(session, staging, golden)
    return BaselineCaptured(answers._replace(staging=staged_before, previous_staged=previous))


def patch_staging(session: RunSession) -> StagingPatched | StagingRefused:
    """Give the challenger to the staging endpoint by a read-only link: the job's own link may permit writes."""
    back = session.run.override is not None  # the model of an operator's rollback is archived
    path = archived_model_of(session.run) if back else model_path(session.run, session.route.training)
    error = _patched(session, _staging_of(session), path)
    return StagingRefused(error) if error is not None else StagingPatched()


def score_patched_staging(session: RunSession, pending: PendingPromotion) -> StagingScored:
    """Score the golden rows on staging just after its PATCH; after an error the next tick scores them."""
    if pending.answers is None:
        raise ValueError("The staging endpoint was patched before the golden rows were pinned.")
    try:
        golden = golden_at(session.services, pending.answers.golden)
        return StagingScored(answers_of(session, _staging_of(session), golden))
    except LandfallError:
        return StagingScored(None)


def score_staging(session: RunSession) -> StagingScored:
    """Score the golden rows on the staging endpoint."""
    return StagingScored(answers_of(session, _staging_of(session), pinned_golden(session)))


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
    if session.services.blobs.version(*BlobPath.parse(effect.rollback_target)) is None:
        first = session.endpoint().champion is None
        problem = f"{effect.rollback_target} does not exist, so a failed promotion could not be rolled back."
        remedy = "Restore this archived model."
        if first:
            remedy = f"Upload the model now in service to {effect.rollback_target} (initial_model in routes.toml)."
        raise ConfigError([f"{problem} Nothing was promoted. {remedy}"])
    if session.services.blobs.copy(effect.model, effect.archived_model) is not CopyState.DONE:
        raise RetryableError("The copy of the model is not finished yet.")
    if session.run.drift is not None:
        from shared.effects.drift_effects import keep_profile  # noqa: PLC0415 - only routes that measure drift pay for it

        keep_profile(session, effect.archived_model)
    return ModelArchived()


def patch_serving(session: RunSession, model: str) -> ServingPatched | ServingRefused:
    """Give the archived challenger to the serving endpoint; the run judges the answer."""
    error = _patched(session, session.route.serving, model)
    return ServingRefused(error) if error is not None else ServingPatched()


def score_serving(session: RunSession) -> ServingScored:
    """Score the golden rows on the serving endpoint; a refusal of the rows is an answer too."""
    golden = pinned_golden(session)
    try:
        return ServingScored(answers_of(session, session.route.serving, golden))
    except PermanentError as error:
        return ServingScored(None, str(error))


def restore_previous(session: RunSession, model: str) -> PreviousRestored | RestoreRefused:
    """Give the previous model back to the serving endpoint."""
    error = _patched(session, session.route.serving, model)
    return RestoreRefused(error) if error is not None else PreviousRestored()


def _staging_of(session: RunSession) -> Endpoint:
    if session.route.staging is None:
        raise RetryableError("The route no longer has a staging endpoint.")
    return session.route.staging


def _patched(session: RunSession, endpoint: Endpoint, model: str) -> LandfallError | None:
    """PATCH an endpoint with the model at `container/path`, if this worker may still do so; return the error, if any.

    A refusal also names the endpoint's resources. `had_no_effect` tells whether the endpoint is unchanged.

    Raises:
        StaleWriteError: this worker was paused for too long; nothing was sent.
    """
    try:
        link = session.services.blobs.link(model, LINK_VALID_S)
    except RetryableError as error:
        return NotSentError(f"The endpoint's link to {model} could not be created: {error}")
    except LandfallError as error:
        return error
    session.check_permit()
    try:
        session.services.scoring.patch(endpoint, link)
    except (RejectedError, NotFoundError) as error:
        hint = _resource_hint(session, endpoint)
        return type(error)(error.fault.because(hint)) if hint else error
    except LandfallError as error:
        return error
    return None


def _resource_hint(session: RunSession, endpoint: Endpoint) -> str:
    try:
        names = [resource.name for resource in session.services.scoring.resources(endpoint)]
    except Exception:  # noqa: BLE001 - a hint only: its failure must not hide the refusal
        return ""
    if endpoint.resource in names:
        return ""
    listed = ", ".join(map(repr, names)) or "none (it may belong to the training web service)"
    return f"endpoint {endpoint.name} has no resource {endpoint.resource!r}. Its updatable resources: {listed}"
