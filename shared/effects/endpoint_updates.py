"""Sends a model to an endpoint: by a read-only link, or by its path where the service reads with its own rights."""

from shared.effects.run_session import RunSession
from shared.errors import LandfallError, NotFoundError, NotSentError, RejectedError, RetryableError
from shared.ports.blob_location import BlobLocation
from shared.routes.route import Endpoint
from shared.services import Services

LINK_VALID_S = 900  # the endpoint copies the model at once


def patched(session: RunSession, endpoint: Endpoint, model: str, replaces: str = "") -> LandfallError | None:
    """PATCH an endpoint with the model at `container/path`, if this worker may still do so; return the error, if any.

    `replaces` is the model that must be in service, where the service can tell.

    A refusal also names the endpoint's resources. `had_no_effect` tells whether the endpoint is unchanged.

    Raises:
        StaleWriteError: this worker was paused for too long; nothing was sent.
    """
    try:
        link = model_location(session.services, endpoint, model)
    except RetryableError as error:
        return NotSentError(f"The endpoint's link to {model} could not be created: {error}")
    except LandfallError as error:
        return error
    session.check_permit()
    try:
        session.services.scoring.patch(endpoint, link, replaces)
    except (RejectedError, NotFoundError) as error:
        hint = _resource_hint(session, endpoint)
        return type(error)(error.fault.because(hint)) if hint else error
    except LandfallError as error:
        return error
    return None


def model_location(services: Services, endpoint: Endpoint, model: str) -> BlobLocation:
    """Return how an endpoint is told of a model: by a link, or by its path where the service reads with its own rights.

    Raises:
        LandfallError: the link could not be created.
    """
    return BlobLocation("", model, "") if endpoint.named else services.blobs.link(model, LINK_VALID_S)


def _resource_hint(session: RunSession, endpoint: Endpoint) -> str:
    if endpoint.named:
        return ""
    try:
        names = [resource.name for resource in session.services.scoring.resources(endpoint)]
    except Exception:  # noqa: BLE001 - a hint only: its failure must not hide the refusal
        return ""
    if endpoint.resource in names:
        return ""
    listed = ", ".join(map(repr, names)) or "none (it may belong to the training web service)"
    return f"endpoint {endpoint.name} has no resource {endpoint.resource!r}. Its updatable resources: {listed}"
