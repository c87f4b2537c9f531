"""Reads the body of a request: a JSON object, or nothing (pure)."""

import json

from shared.errors import BadRequestError


def read_object(body: bytes) -> dict[str, object]:
    """Return the members of the object; none if the body is empty.

    Raises:
        BadRequestError: it is not JSON, or no object.
    """
    try:
        document = json.loads(body or b"{}")
    except (ValueError, RecursionError):
        raise BadRequestError("the body is not JSON") from None
    if not isinstance(document, dict):
        raise BadRequestError("the body must be a JSON object")
    return document
