"""What is done to the endpoints themselves: asked the golden rows, given a model, asked which one they were given."""

from shared.blob_path import BlobPath
from shared.effects.golden_scoring import answers_of, golden_at, pin_golden, pinned_golden, read_golden
from shared.effects.run_session import RunDesk
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
    AskBefore,
    AskServing,
    AskStaging,
    AskStagingLocation,
    KeepModel,
    PatchBack,
    PatchServing,
    PatchStaging,
)
from shared.lifecycle.observations import (
    BackPatched,
    BackRefused,
    BeforeAsked,
    ModelKept,
    ServingAnswered,
    ServingPatched,
    ServingRefused,
    StagingAnswered,
    StagingLocated,
    StagingPatched,
    StagingRefused,
)
from shared.lifecycle.trained_state import model_path
from shared.ports import CopyState
from shared.routes.route import Endpoint

LINK_VALID_S = 900  # how long the endpoint may read the model it was given; it copies it at once


def ask_before(desk: RunDesk, effect: AskBefore) -> BeforeAsked:
    """Pin the golden rows, and ask how they are answered before the challenger comes."""
    golden = read_golden(desk, desk.route.golden)
    pinned = pin_golden(desk, golden)
    served, staging = desk.endpoint().served, desk.route.staging
    if served is not None and served.golden_etag == golden.etag:
        before = served.answers  # as verified when it was put in service
    else:
        before = answers_of(desk, desk.route.serving, golden)
    answers = {"golden_etag": golden.etag, "golden": pinned, "before": before, "staged": None, "again": None}
    if staging is not None:
        answers["staging"] = answers_of(desk, staging, golden)
        earlier = desk.run.answers or {}
        if earlier.get("golden_etag") == golden.etag:
            answers["again"] = earlier["staged"] or earlier["again"]
    return BeforeAsked(effect.challenge._replace(answers=answers))


def patch_staging(desk: RunDesk, effect: PatchStaging) -> StagingPatched | StagingRefused:
    """Give the challenger to the staging endpoint, by a link of our own: the job's may also permit to write."""
    back = effect.taken.challenge.model is None  # an operator goes back to a kept one
    path = str((desk.run.challenger or {})["kept"]) if back else model_path(desk.run)
    error = _patched(desk, _staging_of(desk), path)
    return StagingRefused(effect.taken, error) if error is not None else StagingPatched(effect.taken)


def ask_staging(desk: RunDesk, effect: AskStaging) -> StagingAnswered:
    """Ask the staging endpoint the golden rows."""
    taken = effect.taken
    known = taken.challenge.answers if taken is not None else desk.run.answers
    path = str((known or {})["golden"])
    try:
        answers = answers_of(desk, _staging_of(desk), golden_at(desk.services, path))
    except LandfallError:
        if taken is None:
            raise
        return StagingAnswered(None, taken=taken)
    return StagingAnswered(answers, effect.serving, taken)


def locate_staging(desk: RunDesk, effect: AskStagingLocation) -> StagingLocated:
    """Ask which model the staging endpoint was given last; a service that cannot be asked shows nothing."""
    return StagingLocated(effect.answers, located(desk, _staging_of(desk)))


def located(desk: RunDesk, endpoint: Endpoint) -> str:
    """Return the model that an endpoint was given last, as the service tells: container/path, "" if it does not."""
    try:
        resources = desk.services.scoring.resources(endpoint)
    except PermanentError:
        return ""
    return next((one.relative for one in resources if one.name == endpoint.resource), "")


def keep_model(desk: RunDesk, effect: KeepModel) -> ModelKept:
    """Copy the challenger to the kept models, and make sure that the way back exists.

    Raises:
        ConfigError: the way back does not exist: nothing is promoted.
        RetryableError: the copy is not finished yet.
    """
    if desk.services.blobs.version(*BlobPath.parse(effect.way_back)) is None:
        first = desk.endpoint().champion is None
        raise ConfigError(
            [
                f"{effect.way_back} does not exist, so a failed promotion could not be put back: nothing was promoted;"
                + (" put the model in service there (initial_model)" if first else " restore this kept model")
            ]
        )
    if desk.services.blobs.copy(effect.model, effect.kept) is not CopyState.DONE:
        raise RetryableError("the copy of the model is not finished yet")
    return ModelKept(effect)


def patch_serving(desk: RunDesk, effect: PatchServing) -> ServingPatched | ServingRefused:
    """Give the kept challenger to the serving endpoint; whatever it answers is for the run to judge."""
    error = _patched(desk, desk.route.serving, effect.kept)
    return ServingRefused(error, effect.first) if error is not None else ServingPatched(effect.first)


def ask_serving(desk: RunDesk, effect: AskServing) -> ServingAnswered:
    """Ask the serving endpoint the golden rows; one that cannot score them at all does not serve what was staged."""
    del effect
    golden = pinned_golden(desk)
    try:
        return ServingAnswered(answers_of(desk, desk.route.serving, golden))
    except PermanentError as error:
        return ServingAnswered(None, str(error))


def patch_back(desk: RunDesk, effect: PatchBack) -> BackPatched | BackRefused:
    """Give the previous model back to the serving endpoint."""
    error = _patched(desk, desk.route.serving, effect.model)
    return BackRefused(error, effect.first) if error is not None else BackPatched(effect.first)


def _staging_of(desk: RunDesk) -> Endpoint:
    if desk.route.staging is None:
        raise RetryableError("the route has no staging endpoint any more")
    return desk.route.staging


def _patched(desk: RunDesk, endpoint: Endpoint, model: str) -> LandfallError | None:
    """PATCH an endpoint with the model at `container/path`, if this worker may still do so; return what went wrong.

    A refusal also tells which resources the endpoint has. `had_no_effect` tells what it means.

    Raises:
        StaleWriteError: this worker was paused for too long; nothing was sent.
    """
    try:
        link = desk.services.blobs.link(model, LINK_VALID_S)
    except RetryableError as error:
        return NotSentError(f"the endpoint's link to {model} could not be made: {error}")
    except LandfallError as error:
        return error
    desk.check_permit()
    try:
        desk.services.scoring.patch(endpoint, link)
    except (RejectedError, NotFoundError) as error:
        hint = _resource_hint(desk, endpoint)
        return type(error)(error.fault.because(hint)) if hint else error
    except LandfallError as error:
        return error
    return None


def _resource_hint(desk: RunDesk, endpoint: Endpoint) -> str:
    try:
        names = [resource.name for resource in desk.services.scoring.resources(endpoint)]
    except Exception:  # noqa: BLE001 - a hint only: whatever goes wrong here must not hide the refusal itself
        return ""
    if endpoint.resource in names:
        return ""
    listed = ", ".join(map(repr, names)) or "none: it may belong to the training web service"
    return f"endpoint {endpoint.name} has no resource {endpoint.resource!r}, its updatable resources are: {listed}"
