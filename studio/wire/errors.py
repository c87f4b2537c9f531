"""The errors of a request's body."""

from collections.abc import Iterable, Sequence

from studio.errors import RequestError


class InvalidBodyError(RequestError):
    """The body cannot be read, or a part of it has another type than it must have."""


def unreadable_body(text: str) -> str:
    """Return the sentence that refuses a body; `text` says why, without a period."""
    return f"No request body provided or error in deserializing the request body. {text}."


class BlobExtensionError(RequestError):
    """The name of a blob does not end as its kind must."""


class DuplicateInputError(RequestError):
    """A job has both the single input of the first generation and the map of the later ones."""


class MissingInputError(RequestError):
    """A job has no input."""


class TooManyInputsError(RequestError):
    """A job has more inputs than its service takes."""


class UnknownInputError(RequestError):
    """An input has a name that the service does not know."""


def unknown_inputs(given: Iterable[str], accepted: Sequence[str]) -> UnknownInputError:
    """Return the error for inputs of which at least one is not an accepted one."""
    names = ", ".join(sorted(set(given) - set(accepted)))
    text = f"Invalid service input name(s) specified in the request: {names}. There is: {', '.join(accepted)}."
    return UnknownInputError(text)


class UnknownOutputError(RequestError):
    """An output has a name that the service does not know."""


class NullOutputError(RequestError):
    """An output is named, and its location is null."""


class UnknownParameterError(RequestError):
    """A job has a parameter that its service does not know."""


class MissingParameterError(RequestError):
    """A job lacks a parameter that its service requires."""


class ScoringParameterError(RequestError):
    """A scoring request has parameters; no predictive service takes any."""


class MissingRowsError(RequestError):
    """A scoring request has no input."""


class UnreadableRowsError(RequestError):
    """The rows of a scoring request are not what the model needs."""
