"""What is done to the endpoints themselves: asked the golden rows, given a model, asked which one they were given."""

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
from shared.ports import CopyState
from shared.records.golden_answers import GoldenAnswers
from shared.routes.route import Endpoint

LINK_VALID_S = 900  # how long the endpoint may read the model it was given; it copies it at once


def perform(session: RunSession, effect: EndpointEffect) -> Observation:
    """Carry an effect out.

    Raises:
        LandfallError: it failed, or nobody knows whether it did.
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
    """Pin the golden rows, and ask how they are answered before the challenger comes."""
    golden = read_golden(session, session.route.golden)
    pinned = pin_golden(session, golden)
    served, staging = session.endpoint().served, session.route.staging
    if served is not None and served.golden_etag == golden.etag:
        before = served.answers  # as verified when it was put in service
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
    """Give the challenger to the staging endpoint, by a link of our own: the job's may also permit to write."""
    back = session.run.override is not None  # an operator goes back to an archived one
    path = archived_model_of(session.run) if back else model_path(session.run)
    error = _patched(session, _staging_of(session), path)
    return StagingRefused(error) if error is not None else StagingPatched()


def score_patched_staging(session: RunSession, pending: PendingPromotion) -> StagingScored:
    """Ask the staging endpoint the golden rows just after its PATCH; an error only means that it is asked again."""
    if pending.answers is None:
        raise ValueError("the golden rows are pinned before the staging endpoint is patched")
    try:
        golden = golden_at(session.services, pending.answers.golden)
        return StagingScored(answers_of(session, _staging_of(session), golden))
    except LandfallError:
        return StagingScored(None)


def score_staging(session: RunSession) -> StagingScored:
    """Ask the staging endpoint the golden rows."""
    return StagingScored(answers_of(session, _staging_of(session), pinned_golden(session)))


def read_staging_model(session: RunSession) -> StagingModelRead:
    """Ask which model the staging endpoint was given last; a service that cannot be asked shows nothing."""
    return StagingModelRead(located(session, _staging_of(session)))


def located(session: RunSession, endpoint: Endpoint) -> str:
    """Return the model that an endpoint was given last, as the service tells: container/path, "" if it does not."""
    try:
        resources = session.services.scoring.resources(endpoint)
    except PermanentError:
        return ""
    return next((resource.relative for resource in resources if resource.name == endpoint.resource), "")


def archive_model(session: RunSession, effect: ArchiveModel) -> ModelArchived:
    """Copy the challenger to the kept models, and make sure that the way back exists.

    Raises:
        ConfigError: the way back does not exist: nothing is promoted.
        RetryableError: the copy is not finished yet.
    """
    if session.services.blobs.version(*BlobPath.parse(effect.rollback_target)) is None:
        first = session.endpoint().champion is None
        raise ConfigError(
            [
                f"{effect.rollback_target} does not exist, so a failed promotion could not be put back:"
                " nothing was promoted;"
                + (" put the model in service there (initial_model)" if first else " restore this kept model")
            ]
        )
    if session.services.blobs.copy(effect.model, effect.archived_model) is not CopyState.DONE:
        raise RetryableError("the copy of the model is not finished yet")
    return ModelArchived()


def patch_serving(session: RunSession, model: str) -> ServingPatched | ServingRefused:
    """Give the kept challenger to the serving endpoint; whatever it answers is for the run to judge."""
    error = _patched(session, session.route.serving, model)
    return ServingRefused(error) if error is not None else ServingPatched()


def score_serving(session: RunSession) -> ServingScored:
    """Ask the serving endpoint the golden rows; one that cannot score them at all does not serve what was staged."""
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
        raise RetryableError("the route has no staging endpoint any more")
    return session.route.staging


def _patched(session: RunSession, endpoint: Endpoint, model: str) -> LandfallError | None:
    """PATCH an endpoint with the model at `container/path`, if this worker may still do so; return what went wrong.

    A refusal also tells which resources the endpoint has. `had_no_effect` tells what it means.

    Raises:
        StaleWriteError: this worker was paused for too long; nothing was sent.
    """
    try:
        link = session.services.blobs.link(model, LINK_VALID_S)
    except RetryableError as error:
        return NotSentError(f"the endpoint's link to {model} could not be made: {error}")
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
    except Exception:  # noqa: BLE001 - a hint only: whatever goes wrong here must not hide the refusal itself
        return ""
    if endpoint.resource in names:
        return ""
    listed = ", ".join(map(repr, names)) or "none: it may belong to the training web service"
    return f"endpoint {endpoint.name} has no resource {endpoint.resource!r}, its updatable resources are: {listed}"
