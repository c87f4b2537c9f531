"""Who is let in: with the key, or signed in by the platform and in a role; nobody by a header of their own making."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.operators.authorization import HEADER_LIMIT, Authorizer, Caller, Denied, Permission

ENTRA = {"LANDFALL_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": "True"}
KEY = {"LANDFALL_HTTP_AUTH": "key"}
OID = "http://schemas.microsoft.com/identity/claims/objectidentifier"


def claims(*roles: str, name: str = "alice@example.com", oid: str = "oid-1") -> list[dict[str, str]]:
    """Return what the platform tells of somebody."""
    told = [{"typ": "preferred_username", "val": name}, {"typ": OID, "val": oid}]
    return told + [{"typ": "roles", "val": role} for role in roles]


def headers(told: Any, kind: str = "aad") -> dict[str, str]:
    """Return the headers of a request, as the platform or somebody else may write them."""
    document = {"auth_typ": kind, "claims": told, "name_typ": "name", "role_typ": "roles"}
    text = base64.b64encode(json.dumps(document).encode()).decode()
    return {"x-ms-client-principal": text, "content-type": "application/json; charset=utf-8"}


@pytest.mark.parametrize(
    ("roles", "permission", "status"),
    [
        (["Landfall.Read"], Permission.READ, 200),
        (["Landfall.Operate"], Permission.READ, 200),
        (["Landfall.Operate"], Permission.OPERATE, 200),
        (["Other", "Landfall.Operate"], Permission.OPERATE, 200),
        (["Landfall.Read"], Permission.OPERATE, 403),
        (["landfall.operate"], Permission.OPERATE, 403),
        (["Other"], Permission.READ, 403),
        ([], Permission.READ, 403),
        ([], Permission.NOTHING, 200),
    ],
)
def test_a_role_permits_what_it_is_for(roles: list[str], permission: Permission, status: int) -> None:
    """A role to operate may also read; without one the refusal says which is missing, and to whom."""
    found = Authorizer.of(ENTRA).authorize(headers(claims(*roles)), permission)
    if status == 200:
        assert found == Caller("alice@example.com, oid-1")
    else:
        assert isinstance(found, Denied)
        assert found.status == status
        assert "alice@example.com" in found.reason
        assert "Landfall.Operate" in found.reason


def test_the_roles_may_be_called_otherwise() -> None:
    """By settings."""
    authorizer = Authorizer.of({**ENTRA, "LANDFALL_OPERATE_ROLE": "Chief", "LANDFALL_READ_ROLE": "Reader"})
    assert isinstance(authorizer.authorize(headers(claims("Chief")), Permission.OPERATE), Caller)
    assert isinstance(authorizer.authorize(headers(claims("Reader")), Permission.READ), Caller)
    assert isinstance(authorizer.authorize(headers(claims("Landfall.Operate")), Permission.OPERATE), Denied)


def test_nobody_is_let_in_without_having_signed_in() -> None:
    """Closed by default: only what something else permits goes on, as an approval link does."""
    authorizer = Authorizer.of(ENTRA)
    for permission in (Permission.READ, Permission.OPERATE):
        assert authorizer.authorize({}, permission) == Denied(
            401, "sign in: this app lets in whom the platform has signed in with Microsoft Entra"
        )
    assert authorizer.authorize({}, Permission.NOTHING) == Caller()


@pytest.mark.parametrize("platform", ["", "False", "0", "yes"])
def test_without_the_platforms_authentication_nothing_is_served(platform: str) -> None:
    """Anybody could write the header then."""
    authorizer = Authorizer.of({"LANDFALL_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": platform})
    for permission in Permission:
        found = authorizer.authorize(headers(claims("Landfall.Operate")), permission)
        assert isinstance(found, Denied)
        assert (found.status, "authentication is off" in found.reason) == (503, True)


def test_a_mode_that_is_not_known_closes_everything() -> None:
    """A typing error does not open the app."""
    authorizer = Authorizer.of({"LANDFALL_HTTP_AUTH": "Entra", "WEBSITE_AUTH_ENABLED": "True"})
    assert not authorizer.entra
    found = authorizer.authorize(headers(claims("Landfall.Operate")), Permission.READ)
    assert isinstance(found, Denied)
    assert "must be 'key' or 'entra', not 'Entra'" in found.reason


def test_in_the_mode_key_a_header_proves_nothing_unless_the_platform_wrote_it() -> None:
    """The host has asked for the key; who else somebody says to be in a header is not believed."""
    sent = headers(claims("Landfall.Operate"))
    assert Authorizer.of({}).authorize(sent, Permission.OPERATE) == Caller()
    assert Authorizer.of(KEY).authorize({"x-ms-client-principal": "nonsense"}, Permission.OPERATE) == Caller()
    on = Authorizer.of({**KEY, "WEBSITE_AUTH_ENABLED": "true"})
    assert on.authorize(sent, Permission.OPERATE) == Caller("alice@example.com, oid-1")
    assert on.authorize({}, Permission.OPERATE) == Caller()


def test_a_form_of_another_page_operates_nothing() -> None:
    """A browser that is signed in can be made to send a form, but not JSON."""
    sent = {**headers(claims("Landfall.Operate")), "content-type": "application/x-www-form-urlencoded"}
    found = Authorizer.of(ENTRA).authorize(sent, Permission.OPERATE)
    assert isinstance(found, Denied)
    assert found.status == 415


@pytest.mark.parametrize(
    "sent",
    [
        {"x-ms-client-principal": ""},
        {"x-ms-client-principal": "{}"},
        {"x-ms-client-principal": base64.b64encode(b"[" * 20_000).decode()},
        {"x-ms-client-principal": base64.b64encode(b"null").decode()},
        {"x-ms-client-principal": "A" * (HEADER_LIMIT + 4)},
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
        found = Authorizer.of(settings).authorize({"content-type": "application/json", **sent}, Permission.OPERATE)
        assert isinstance(found, Denied)
        assert found.status == 401


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
    found = Authorizer.of(ENTRA).authorize({"x-ms-client-principal": text}, Permission.READ)
    assert isinstance(found, Denied)
    assert found.status == 401


@given(anything)
def test_any_document_gives_no_role_that_it_does_not_hold(document: Any) -> None:
    """Whatever JSON it is."""
    text = base64.b64encode(json.dumps(document).encode()).decode()
    found = Authorizer.of(ENTRA).authorize({"x-ms-client-principal": text}, Permission.READ)
    assert isinstance(found, Denied)
    assert found.status in {401, 403}


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_a_name_is_shown_without_tricks(name: str, oid: str) -> None:
    """No control characters, nothing long, no secret."""
    found = Authorizer.of(ENTRA).authorize(headers(claims("Landfall.Read", name=name, oid=oid)), Permission.READ)
    if isinstance(found, Caller):
        assert found.signed_in is not None
        assert found.signed_in.isprintable()
        assert len(found.signed_in) < 300


def test_a_record_names_what_is_said_and_what_is_proven() -> None:
    """Both, if they are two things."""
    assert Caller().display_name("bob") == "bob"
    assert Caller("alice, 1").display_name("bob") == "bob (signed in as alice, 1)"
    assert Caller("alice, 1").display_name("") == "alice, 1 (signed in)"
