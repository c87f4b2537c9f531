"""What can be wrong with a request about services, endpoints and their models."""

from collections.abc import Sequence

from studio.errors import RequestError


def broken_rule(parameter: str, text: str) -> str:
    """Return the sentence that refuses a parameter's value; `text` says why, without a period."""
    return f"The parameter value supplied does not satisfy the parameter rule on the parameter {parameter}: {text}."


class WorkspaceNotFoundError(RequestError):
    """The studio has one workspace, and the request names another."""

    def __init__(self) -> None:
        super().__init__("Workspace not found. Verify the workspace Id is correct and try again.")


class ServiceNotFoundError(RequestError):
    """The service, or the endpoint of a run URL, does not exist, or was deleted meanwhile."""

    def __init__(self) -> None:
        super().__init__("Web service not found. Verify the web service Id is correct and try again.")


class ServiceIdError(RequestError):
    """The id of a service is malformed."""


class EndpointNotFoundError(RequestError):
    """The service has no endpoint of that name."""


class DefaultEndpointInUseError(RequestError):
    """The default endpoint cannot be deleted while its service has others."""


class EndpointNotUpdatableError(RequestError):
    """The endpoint keeps the model it has: by its service, its role or its settings."""


class UnknownResourceError(RequestError):
    """An update names a resource that the endpoint does not have, or one twice."""


class InvalidModelError(RequestError):
    """The blob that an update names is not a sound model."""


class IncompatibleModelError(RequestError):
    """Requests that the endpoint answers now would fail under the new model."""


class ModelUnavailableError(RequestError):
    """The endpoint has no model, or its file in the studio's folder is damaged or gone."""


class SettingValueError(RequestError):
    """A setting of an endpoint has a value that it cannot have."""


class SettingTypeError(RequestError):
    """A setting of an endpoint has a value of the wrong type."""


class TooManyCallsError(RequestError):
    """An endpoint cannot execute so many calls at once."""


class FixedCallsError(RequestError):
    """The throttle level of an endpoint fixes how many calls it executes at once."""


class SettingsError(RequestError):
    """Some settings of an endpoint are wrong; `problems` has all of them."""

    def __init__(self, problems: Sequence[RequestError]) -> None:
        super().__init__(" ".join(map(str, problems)))
        self.problems = list(problems)
