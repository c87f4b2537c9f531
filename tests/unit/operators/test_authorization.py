"""Callers are let in by the key, or signed in by the platform and with a role; never by a header that they made up."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.errors import AuthSettingsError, NotSignedInError, RoleMissingError, WrongContentTypeError
from shared.operators.authorization import MAX_HEADER_CHARACTERS, Authorizer, Caller, Permission

ENTRA = {"LANDFALL_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": "True"}
KEY = {"LANDFALL_HTTP_AUTH": "key"}
OID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


def claims(*roles: str, name: str = "alice@example.com", oid: str = "oid-1") -> list[dict[str, str]]:
    """Return the claims of a signed-in caller, as the platform writes them."""
    identity = [{"typ": "preferred_username", "val": name}, {"typ": OID, "val": oid}]
    return identity + [{"typ": "roles", "val": role} for role in roles]


def headers(claimed: Any, kind: str = "aad") -> dict[str, str]:
    """Return the headers of a request, as the platform or an attacker may write them."""
    document = {"auth_typ": kind, "claims": claimed, "name_typ": "name", "role_typ": "roles"}
    text = base64.b64encode(json.dumps(document).encode()).decode()
    return {"x-ms-client-principal": text, "content-type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("roles", "permission"),
    [
        (["Landfall.Read"], Permission.READ),
        (["Landfall.Operate"], Permission.READ),
        (["Landfall.Operate"], Permission.OPERATE),
        (["Other", "Landfall.Operate"], Permission.OPERATE),
    ],
)
def test_a_role_gives_its_permissions(roles: list[str], permission: Permission) -> None:
    """The role to operate gives the permission to read as well."""
    caller = Authorizer.from_settings(ENTRA).authorize(headers(claims(*roles)), permission)

    assert caller == Caller("alice@example.com, oid-1")


@pytest.mark.parametrize(
    ("roles", "permission"),
    [
        (["Landfall.Read"], Permission.OPERATE),
        (["landfall.operate"], Permission.OPERATE),
        (["Other"], Permission.READ),
        ([], Permission.READ),
    ],
)
def test_a_missing_role_is_named(roles: list[str], permission: Permission) -> None:
    """The refusal names the caller and the role."""
    with pytest.raises(RoleMissingError, match=r"alice@example\.com, oid-1 needs the app role .*Landfall\.Operate"):
        Authorizer.from_settings(ENTRA).authorize(headers(claims(*roles)), permission)


def test_the_roles_may_be_called_otherwise() -> None:
    """By settings."""
    authorizer = Authorizer.from_settings({**ENTRA, "LANDFALL_OPERATE_ROLE": "Chief", "LANDFALL_READ_ROLE": "Reader"})
    assert authorizer.authorize(headers(claims("Chief")), Permission.OPERATE).signed_in
    assert authorizer.authorize(headers(claims("Reader")), Permission.READ).signed_in
    with pytest.raises(RoleMissingError):
        authorizer.authorize(headers(claims("Landfall.Operate")), Permission.OPERATE)


def test_nobody_is_let_in_without_having_signed_in() -> None:
    """Closed by default."""
    authorizer = Authorizer.from_settings(ENTRA)
    for permission in (Permission.READ, Permission.OPERATE):
        with pytest.raises(NotSignedInError, match="sign in with Microsoft Entra"):
            authorizer.authorize({}, permission)


@pytest.mark.parametrize("platform", ["", "False", "0", "yes"])
def test_without_the_platforms_authentication_nothing_is_served(platform: str) -> None:
    """Anybody could write the header then."""
    authorizer = Authorizer.from_settings({"LANDFALL_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": platform})
    for permission in Permission:
        with pytest.raises(AuthSettingsError, match="authentication is off"):
            authorizer.authorize(headers(claims("Landfall.Operate")), permission)


def test_a_mode_that_is_not_known_closes_everything() -> None:
    """A typing error does not open the app."""
    authorizer = Authorizer.from_settings({"LANDFALL_HTTP_AUTH": "Entra", "WEBSITE_AUTH_ENABLED": "True"})
    assert not authorizer.entra
    with pytest.raises(AuthSettingsError, match="must be 'key' or 'entra', not 'Entra'"):
        authorizer.authorize(headers(claims("Landfall.Operate")), Permission.READ)


def test_in_the_mode_key_a_header_proves_nothing_unless_the_platform_wrote_it() -> None:
    """The host has asked for the key; who else somebody says to be in a header is not believed."""
    sent = headers(claims("Landfall.Operate"))
    assert Authorizer.from_settings({}).authorize(sent, Permission.OPERATE) == Caller()
    assert (
        Authorizer.from_settings(KEY).authorize({"x-ms-client-principal": "nonsense"}, Permission.OPERATE) == Caller()
    )
    on = Authorizer.from_settings({**KEY, "WEBSITE_AUTH_ENABLED": "true"})
    assert on.authorize(sent, Permission.OPERATE) == Caller("alice@example.com, oid-1")
    assert on.authorize({}, Permission.OPERATE) == Caller()


def test_a_form_of_another_page_operates_nothing() -> None:
    """A browser that is signed in can be made to send a form, but not JSON."""
    sent = {**headers(claims("Landfall.Operate")), "content-type": "application/x-www-form-urlencoded"}
    with pytest.raises(WrongContentTypeError, match="application/json"):
        Authorizer.from_settings(ENTRA).authorize(sent, Permission.OPERATE)


@pytest.mark.parametrize(
    "sent",
    [
        {"x-ms-client-principal": ""},
        {"x-ms-client-principal": "{}"},
        {"x-ms-client-principal": base64.b64encode(b"[" * 20_000).decode()},
        {"x-ms-client-principal": base64.b64encode(b"null").decode()},
        {"x-ms-client-principal": "A" * (MAX_HEADER_CHARACTERS + 4)},
        headers(claims("Landfall.Operate") * 2000),
        headers(claims("Landfall.Operate"), kind="google"),
        headers("Landfall.Operate"),
        headers([{"typ": "roles", "val": ["Landfall.Operate"]}]),
        headers([{"typ": "roles", "val": "Landfall.Operate"}]),
        headers(claims("Landfall.Operate", oid="")),
        headers([*claims("Landfall.Operate"), {"typ": "oid", "val": "oid-2"}]),
    ],
)
def test_what_the_platform_does_not_write_is_refused(sent: dict[str, str]) -> None:
    """Malformed, oversized, of another provider, of nobody or of two: in either mode, where the header counts."""
    for settings in (ENTRA, {**KEY, "WEBSITE_AUTH_ENABLED": "True"}):
        authorizer = Authorizer.from_settings(settings)
        with pytest.raises(NotSignedInError):
            authorizer.authorize({"content-type": "application/json", **sent}, Permission.OPERATE)


anything = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=9) | st.sampled_from(["aad", "roles", OID]),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["auth_typ", "claims", "typ", "val", "x"]), inner, max_size=4)
    ),
    max_leaves=20,
)


@given(st.text(max_size=60) | st.binary(max_size=60).map(lambda data: base64.b64encode(data).decode()))
def test_any_header_is_read_or_refused(text: str) -> None:
    """Never an error that would be the host's answer, and never a role."""
    with pytest.raises(NotSignedInError):
        Authorizer.from_settings(ENTRA).authorize({"x-ms-client-principal": text}, Permission.READ)


@given(anything)
def test_any_document_gives_no_role_that_it_does_not_hold(document: Any) -> None:
    """Whatever JSON it is."""
    text = base64.b64encode(json.dumps(document).encode()).decode()
    with pytest.raises((NotSignedInError, RoleMissingError)):
        Authorizer.from_settings(ENTRA).authorize({"x-ms-client-principal": text}, Permission.READ)


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_a_name_is_shown_without_tricks(name: str, oid: str) -> None:
    """No control characters, nothing long, no secret."""
    sent = headers(claims("Landfall.Read", name=name, oid=oid))
    try:
        signed_in = Authorizer.from_settings(ENTRA).authorize(sent, Permission.READ).signed_in
    except NotSignedInError:
        return
    assert signed_in is not None
    assert signed_in.isprintable()
    assert len(signed_in) < 300


def test_a_record_names_what_is_said_and_what_is_proven() -> None:
    """Both, if they are two things."""
    assert Caller().display_name("bob") == "bob"
    assert Caller("alice, 1").display_name("bob") == "bob (signed in as alice, 1)"
    assert Caller("alice, 1").display_name("") == "alice, 1 (signed in)"
