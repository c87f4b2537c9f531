"""Who may call the HTTP functions: holders of the function key, or signed-in callers with an app role (pure).

The platform (App Service authentication) names the signed-in caller in a header, and removes that header from requests
that come from outside. While the platform's authentication is off, anybody could send the header: it is ignored then.
"""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

from shared.errors import AuthSettingsError, NotSignedInError, RoleMissingError, WrongContentTypeError
from shared.key_vault_references import is_unresolved, unresolved_problem
from shared.redaction import redact

HTTP_AUTH, READ_ROLE, OPERATE_ROLE = "LANDFALL_HTTP_AUTH", "LANDFALL_READ_ROLE", "LANDFALL_OPERATE_ROLE"
PLATFORM_AUTH = "WEBSITE_AUTH_ENABLED"  # the platform sets it while its authentication is on
PRINCIPAL_HEADER = "x-ms-client-principal"
MAX_HEADER_CHARACTERS = 32 * 1024
MAX_NAME_CHARACTERS = 120
JSON_TYPE = "application/json"

_ROLE_CLAIMS = frozenset({"roles", "http://schemas.microsoft.com/ws/2008/06/identity/claims/role"})
_ID_CLAIMS = ("http://schemas.microsoft.com/identity/claims/objectidentifier", "oid")
# The claims that may name the caller, in order of preference; an application has an id only.
_NAME_CLAIMS = (
    "preferred_username",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/upn",
    "upn",
    "http://schemas.xmlsoap.org/ws/2005/05/identity/claims/emailaddress",
    "name",
    "azp",
    "appid",
)


class Permission(StrEnum):
    """What a function requires of its caller."""

    READ = "read"
    OPERATE = "operate"


@dataclass(frozen=True)
class Caller:
    """A caller who is let in. `signed_in`: the identity that the platform proved; None: the key permits."""

    signed_in: str | None = None

    def display_name(self, by: str) -> str:
        """Return the caller's name for a record: the name `by` that the request states, and the proven identity."""
        if self.signed_in is None:
            return by
        return f"{by} (signed in as {self.signed_in})" if by else f"{self.signed_in} (signed in)"


@dataclass(frozen=True)
class Authorizer:
    """Decides who is let in: in the mode `entra` by role; otherwise the host has checked the function key already.

    `problem`: what is wrong with the settings; it closes every function.
    """

    entra: bool
    platform_auth: bool
    read_role: str
    operate_role: str
    problem: str = ""

    @classmethod
    def from_settings(cls, settings: Mapping[str, str]) -> "Authorizer":
        """Read the settings."""
        mode = settings.get(HTTP_AUTH) or "key"
        platform_auth = settings.get(PLATFORM_AUTH, "").casefold() == "true"
        unresolved = [name for name in (HTTP_AUTH, READ_ROLE, OPERATE_ROLE) if is_unresolved(settings.get(name, ""))]
        problem = ""
        if unresolved:
            problem = "; ".join(map(unresolved_problem, unresolved))
        elif mode not in {"key", "entra"}:
            problem = f"the setting {HTTP_AUTH} must be 'key' or 'entra', not {mode!r}"
        elif mode == "entra" and not platform_auth:
            problem = (
                f"the setting {HTTP_AUTH} is 'entra', but the platform's authentication is off, so callers could claim"
                " any identity: turn it on (Authentication, identity provider Microsoft), or set it to 'key'"
            )
        return cls(
            mode == "entra",
            platform_auth,
            settings.get(READ_ROLE) or "Landfall.Read",
            settings.get(OPERATE_ROLE) or "Landfall.Operate",
            problem,
        )

    def authorize(self, headers: Mapping[str, str], permission: Permission) -> Caller:
        """Return the caller of a request.

        Raises:
            AuthSettingsError: the settings are wrong.
            NotSignedInError: the caller is not signed in, or the platform's header cannot be read.
            RoleMissingError: the caller has no role that gives the permission.
            WrongContentTypeError: the body of an operation is not sent as JSON.
        """
        if self.problem:
            raise AuthSettingsError(self.problem)
        principal = self._principal(headers)
        if self.entra:
            if principal is None:
                raise NotSignedInError(
                    "sign in with Microsoft Entra: this app accepts only callers whom the platform signed in"
                )
            self._check_role(principal, permission)
            # Another site's page can make a signed-in browser send a form, but not JSON (CSRF).
            content_type = headers.get("content-type", "").partition(";")[0].strip()
            if permission is Permission.OPERATE and content_type != JSON_TYPE:
                raise WrongContentTypeError(f"send the body as Content-Type: {JSON_TYPE}")
        return Caller(None if principal is None else principal.name)

    def _principal(self, headers: Mapping[str, str]) -> "_Principal | None":
        text = headers.get(PRINCIPAL_HEADER)
        if text is None or not self.platform_auth:
            return None
        principal = _read(text)
        if principal is None:
            raise NotSignedInError(f"the header {PRINCIPAL_HEADER} is not a principal of Microsoft Entra")
        return principal

    def _check_role(self, principal: "_Principal", permission: Permission) -> None:
        roles = {self.operate_role}
        if permission is Permission.READ:
            roles.add(self.read_role)
        if not roles & principal.roles:
            raise RoleMissingError(
                f"{principal.name} needs the app role {' or '.join(sorted(roles))}: an administrator of the app"
                " assigns it"
            )


@dataclass(frozen=True)
class _Principal:
    name: str
    roles: frozenset[str]


def _read(text: str) -> _Principal | None:
    """Read the platform's header; None if it is not of Microsoft Entra, or has no object id."""
    if len(text) > MAX_HEADER_CHARACTERS:
        return None
    try:
        document: object = json.loads(base64.b64decode(text, validate=True))
    except (ValueError, RecursionError):
        return None
    if not isinstance(document, dict) or document.get("auth_typ") != "aad":
        return None
    claims = _claims(document.get("claims"))
    if claims is None:
        return None
    ids = {value for name in _ID_CLAIMS for value in claims.get(name, [])}
    object_id = _printable(ids.pop()) if len(ids) == 1 else ""
    if not object_id:
        return None
    names = [_printable(value) for name in _NAME_CLAIMS for value in claims.get(name, [])]
    name = next((name for name in names if name), "")
    roles = frozenset(value for name in _ROLE_CLAIMS for value in claims.get(name, []))
    return _Principal(f"{name}, {object_id}" if name else object_id, roles)


def _claims(items: object) -> dict[str, list[str]] | None:
    """Return the values of each type of claim; None if they are not a list of typed texts."""
    if not isinstance(items, list):
        return None
    claims: dict[str, list[str]] = {}
    for item in items:
        if not isinstance(item, dict):
            return None
        kind, value = item.get("typ"), item.get("val")
        if not isinstance(kind, str) or not isinstance(value, str):
            return None
        claims.setdefault(kind, []).append(value)
    return claims


def _printable(text: str) -> str:
    """Return the text of a claim as records may hold it."""
    return redact("".join(character for character in text if character.isprintable()).strip())[:MAX_NAME_CHARACTERS]
