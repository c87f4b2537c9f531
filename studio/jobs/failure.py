"""How a job fails: the module in which it failed, and the `Details` text with the reason."""

import json
import secrets
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime

from studio.errors import StudioError


class JobFailedError(Exception):
    """A job failed in a module; `cause` says why."""

    def __init__(self, module: str, cause: StudioError) -> None:
        super().__init__(str(cause))
        self.module = module
        self.cause = cause

    def details(self, job_id: str) -> str:
        """Return the `Details` of the job, in the one-line style of the original (protocol 1.8)."""
        message = f"Error 1000: {self.cause}"
        exception = {
            "Exception": {
                "ErrorId": type(self.cause).__name__.removesuffix("Error"),
                "ErrorCode": "1000",
                "ExceptionType": "ModuleException",
                "Message": message,
            }
        }
        at = datetime.now(UTC).strftime("%m/%d/%Y %H:%M:%S")
        return (
            f"Module: {self.module}; SNR Job Id: {job_id}; SNR Task Id: {secrets.token_hex(4)};"
            f" requestId = {uuid.uuid4()} errorComponent=Module. taskStatusCode=400."
            f" {json.dumps(exception, ensure_ascii=False, separators=(',', ':'))}Error: {message}"
            f" Process exited with error code -2 Record Starts at UTC {at}:  [ModuleOutput] {self.cause}"
        )


@contextmanager
def failing_in(module: str) -> Iterator[None]:
    """Attribute every error within the `with` to the module."""
    try:
        yield
    except StudioError as error:
        raise JobFailedError(module, error) from error
