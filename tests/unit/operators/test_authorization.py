"""Who is let in: with the key, or signed in by the platform and in a role; nobody by a header of their own making."""

import base64
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.operators.authorization import HEADER_LIMIT, Admission, Caller, Needs, Refusal

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
    ("roles", "needs", "status"),
    [
        (["Landfall.Read"], Needs.READ, 200),
        (["Landfall.Operate"], Needs.READ, 200),
        (["Landfall.Operate"], Needs.OPERATE, 200),
        (["Other", "Landfall.Operate"], Needs.OPERATE, 200),
        (["Landfall.Read"], Needs.OPERATE, 403),
        (["landfall.operate"], Needs.OPERATE, 403),
        (["Other"], Needs.READ, 403),
        ([], Needs.READ, 403),
        ([], Needs.NOTHING, 200),
    ],
)
def test_a_role_permits_what_it_is_for(roles: list[str], needs: Needs, status: int) -> None:
    """A role to operate may also read; without one the refusal says which is missing, and to whom."""
    found = Admission.of(ENTRA).admit(headers(claims(*roles)), needs)
    if status == 200:
        assert found == Caller("alice@example.com, oid-1")
    else:
        assert isinstance(found, Refusal)
        assert found.status == status
        assert "alice@example.com" in found.reason
        assert "Landfall.Operate" in found.reason


def test_the_roles_may_be_called_otherwise() -> None:
    """By settings."""
    admission = Admission.of({**ENTRA, "LANDFALL_OPERATE_ROLE": "Chief", "LANDFALL_READ_ROLE": "Reader"})
    assert isinstance(admission.admit(headers(claims("Chief")), Needs.OPERATE), Caller)
    assert isinstance(admission.admit(headers(claims("Reader")), Needs.READ), Caller)
    assert isinstance(admission.admit(headers(claims("Landfall.Operate")), Needs.OPERATE), Refusal)


def test_nobody_is_let_in_without_having_signed_in() -> None:
    """Closed by default: only what something else permits goes on, as an approval link does."""
    admission = Admission.of(ENTRA)
    for needs in (Needs.READ, Needs.OPERATE):
        assert admission.admit({}, needs) == Refusal(
            401, "sign in: this app lets in whom the platform has signed in with Microsoft Entra"
        )
    assert admission.admit({}, Needs.NOTHING) == Caller()


@pytest.mark.parametrize("platform", ["", "False", "0", "yes"])
def test_without_the_platforms_authentication_nothing_is_served(platform: str) -> None:
    """Anybody could write the header then."""
    admission = Admission.of({"LANDFALL_HTTP_AUTH": "entra", "WEBSITE_AUTH_ENABLED": platform})
    for needs in Needs:
        found = admission.admit(headers(claims("Landfall.Operate")), needs)
        assert isinstance(found, Refusal)
        assert (found.status, "authentication is off" in found.reason) == (503, True)


def test_a_mode_that_is_not_known_closes_everything() -> None:
    """A typing error does not open the app."""
    admission = Admission.of({"LANDFALL_HTTP_AUTH": "Entra", "WEBSITE_AUTH_ENABLED": "True"})
    assert not admission.entra
    found = admission.admit(headers(claims("Landfall.Operate")), Needs.READ)
    assert isinstance(found, Refusal)
    assert "must be 'key' or 'entra', not 'Entra'" in found.reason


def test_in_the_mode_key_a_header_proves_nothing_unless_the_platform_wrote_it() -> None:
    """The host has asked for the key; who else somebody says to be in a header is not believed."""
    sent = headers(claims("Landfall.Operate"))
    assert Admission.of({}).admit(sent, Needs.OPERATE) == Caller()
    assert Admission.of(KEY).admit({"x-ms-client-principal": "nonsense"}, Needs.OPERATE) == Caller()
    on = Admission.of({**KEY, "WEBSITE_AUTH_ENABLED": "true"})
    assert on.admit(sent, Needs.OPERATE) == Caller("alice@example.com, oid-1")
    assert on.admit({}, Needs.OPERATE) == Caller()


def test_a_form_of_another_page_operates_nothing() -> None:
    """A browser that is signed in can be made to send a form, but not JSON."""
    sent = {**headers(claims("Landfall.Operate")), "content-type": "application/x-www-form-urlencoded"}
    found = Admission.of(ENTRA).admit(sent, Needs.OPERATE)
    assert isinstance(found, Refusal)
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
        found = Admission.of(settings).admit({"content-type": "application/json", **sent}, Needs.OPERATE)
        assert isinstance(found, Refusal)
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
    found = Admission.of(ENTRA).admit({"x-ms-client-principal": text}, Needs.READ)
    assert isinstance(found, Refusal)
    assert found.status == 401


@given(anything)
def test_any_document_gives_no_role_that_it_does_not_hold(document: Any) -> None:
    """Whatever JSON it is."""
    text = base64.b64encode(json.dumps(document).encode()).decode()
    found = Admission.of(ENTRA).admit({"x-ms-client-principal": text}, Needs.READ)
    assert isinstance(found, Refusal)
    assert found.status in {401, 403}


@given(st.text(max_size=300), st.text(min_size=1, max_size=300))
def test_a_name_is_shown_without_tricks(name: str, oid: str) -> None:
    """No control characters, nothing long, no secret."""
    found = Admission.of(ENTRA).admit(headers(claims("Landfall.Read", name=name, oid=oid)), Needs.READ)
    if isinstance(found, Caller):
        assert found.signed_in is not None
        assert found.signed_in.isprintable()
        assert len(found.signed_in) < 300


def test_a_record_names_what_is_said_and_what_is_proven() -> None:
    """Both, if they are two things."""
    assert Caller().called("bob") == "bob"
    assert Caller("alice, 1").called("bob") == "bob (signed in as alice, 1)"
    assert Caller("alice, 1").called("") == "alice, 1 (signed in)"
