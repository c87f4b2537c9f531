"""Who may call the HTTP functions: holders of the function key, or whom the platform signed in, by their role (pure).

A principal counts only where the platform's authentication is on: it takes the header away from what comes from
outside. Anywhere else anybody can send one, and it is ignored.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from shared.redaction import redact

HTTP_AUTH, READ_ROLE, OPERATE_ROLE = "LANDFALL_HTTP_AUTH", "LANDFALL_READ_ROLE", "LANDFALL_OPERATE_ROLE"
PLATFORM = "WEBSITE_AUTH_ENABLED"  # set by the platform while its authentication is on
HEADER = "x-ms-client-principal"
HEADER_LIMIT = 32 * 1024  # characters
NAME_LIMIT = 120

_ROLE_CLAIMS = frozenset({"roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"})
_ID_CLAIMS = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
# What people call somebody, the best first; a program has an id only.
_NAME_CLAIMS = (
    *("preferred_username", "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn", "upn"),
    *("http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress", "name", "azp", "appid"),
)


class Permission(StrEnum):
    """What a function asks of its caller."""

    NOTHING = "nothing"  # something else permits, such as the code of an approval link
    READ = "read"
    OPERATE = "operate"


@dataclass(frozen=True)
class Caller:
    """Who calls. `signed_in` is who the platform proved them to be; None: somebody who has the key, or the link."""

    signed_in: str | None = None

    def display_name(self, by: str) -> str:
        """Return how a record names a caller who says to be `by`: what is said, and what is proven, if anything."""
        if self.signed_in is None:
            return by
        return f"{by} (signed in as {self.signed_in})" if by else f"{self.signed_in} (signed in)"


@dataclass(frozen=True)
class Denied:
    """Why a caller is not let in."""

    status: int
    reason: str


@dataclass(frozen=True)
class Authorizer:
    """How callers are let in: `entra` asks the platform's word of who they are, otherwise the host asks for the key."""

    entra: bool
    platform: bool
    read_role: str
    operate_role: str
    problem: str = ""

    @classmethod
    def of(cls, settings: Mapping[str, str]) -> "Authorizer":
        """Read the settings. What is wrong with them closes every function, and is told by each."""
        chosen = settings.get(HTTP_AUTH) or "key"
        platform = settings.get(PLATFORM, "").casefold() == "true"
        problem = ""
        if chosen not in {"key", "entra"}:
            problem = f"the setting {HTTP_AUTH} must be 'key' or 'entra', not {chosen!r}"
        elif chosen == "entra" and not platform:
            problem = (
                f"the setting {HTTP_AUTH} is 'entra', but the platform's authentication is off, so that anybody could"
                " say to be anybody: turn it on (Authentication, identity provider Microsoft), or set it to 'key'"
            )
        read, operate = settings.get(READ_ROLE) or "Landfall.Read", settings.get(OPERATE_ROLE) or "Landfall.Operate"
        return cls(chosen == "entra", platform, read, operate, problem)

    def authorize(self, headers: Mapping[str, str], permission: Permission) -> Caller | Denied:
        """Tell who calls, or why they are not let in. In the mode `key` the host has asked for the key already."""
        if self.problem:
            return Denied(503, self.problem)
        text = headers.get(HEADER) if self.platform else None
        principal = None if text is None else _read(text)
        if text is not None and principal is None:
            return Denied(401, f"the header {HEADER} cannot be read: it is not what the platform writes")
        if self.entra and permission is not Permission.NOTHING:
            if principal is None:
                return Denied(401, "sign in: this app lets in whom the platform has signed in with Microsoft Entra")
            wanted = {Permission.READ: {self.read_role, self.operate_role}}.get(permission, {self.operate_role})
            if not wanted & principal.roles:
                roles = " or ".join(sorted(wanted))
                return Denied(403, f"{principal.name} needs the app role {roles}: whoever administers the app gives it")
            # A page of others can make a signed-in browser send a form, but not this type of content.
            if permission is Permission.OPERATE and headers.get("content-type", "").partition(";")[0].strip() != _JSON:
                return Denied(415, f"the body must be sent as {_JSON}")
        return Caller(None if principal is None else principal.name)


_JSON = "application/json"


@dataclass(frozen=True)
class _Principal:
    name: str
    roles: frozenset[str]


def _read(text: str) -> _Principal | None:
    """Read the platform's header; None if it is none of Microsoft Entra's, or tells no object id."""
    if len(text) > HEADER_LIMIT:
        return None
    try:
        found: Any = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(found, dict) or found.get("auth_typ") != "aad" or not isinstance(found.get("claims"), list):
        return None
    claims: dict[str, list[str]] = {}
    for claim in found["claims"]:
        if (
            not isinstance(claim, dict)
            or not isinstance(claim.get("typ"), str)
            or not isinstance(claim.get("val"), str)
        ):
            return None
        claims.setdefault(claim["typ"], []).append(claim["val"])
    ids = {value for name in _ID_CLAIMS for value in claims.get(name, [])}
    if len(ids) != 1 or not (oid := _shown(ids.pop())):
        return None
    names = [value for name in _NAME_CLAIMS for value in claims.get(name, []) if _shown(value)]
    roles = frozenset(value for name in _ROLE_CLAIMS for value in claims.get(name, []))
    return _Principal(f"{_shown(names[0])}, {oid}" if names else oid, roles)


def _shown(text: str) -> str:
    """Return a text of others as records may hold it."""
    return redact("".join(letter for letter in text if letter.isprintable()).strip())[:NAME_LIMIT]
