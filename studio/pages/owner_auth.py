"""Protects the owner's pages by HTTP Basic: the password is the workspace token, and any user name is accepted."""

import base64
import binascii
from collections.abc import Callable
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response

from studio.pages.html import element, page
from studio.workspace.keys import same_key
from studio.workspace.registry import Registry

type Handler = Callable[[Request], Response]


def owners_only(registry: Registry, show: Handler) -> Handler:
    """Return a handler that shows the page to the owner, and asks everybody else for the token."""

    def handle(request: Request) -> Response:
        if same_key(basic_password(request.headers.get("authorization")), registry.workspace_token):
            return show(request)
        text = "This page is for the studio's owner. Sign in with any name, and the workspace token as the password."
        refusal = page("Sign in", [], element("p", text), status=HTTPStatus.UNAUTHORIZED)
        refusal.headers["WWW-Authenticate"] = 'Basic realm="studio: workspace token", charset="UTF-8"'
        return refusal

    return handle


def basic_password(authorization: str | None) -> str:
    """Return the password of an Authorization header of the scheme Basic; empty if there is none."""
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(encoded, validate=True).decode().partition(":")[2]
    except (binascii.Error, UnicodeDecodeError):
        return ""
