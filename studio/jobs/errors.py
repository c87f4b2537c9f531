"""Why a job cannot be accepted, found or started."""

from studio.errors import RequestError


class JobNotFoundError(RequestError):
    """The endpoint has no such job, or has it no more."""


class JobNotStartableError(RequestError):
    """The job was started before, or has ended."""


class JobParameterError(RequestError):
    """A parameter of a job has a value that it cannot have."""


class MissingOutputLocationError(RequestError):
    """A job names no place for an output, and the studio has no storage of its own for it."""
