"""The errors of a request's body."""

from studio.errors import RequestError


class InvalidBodyError(RequestError):
    """The body cannot be read, or a part of it has another type than it must have."""


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
