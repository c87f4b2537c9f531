"""No secret that the app holds gets through, however a text writes it; every other text is left alone."""

import base64
import html
import json
import logging
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import held_secrets
from shared.adapters.storage.table_endpoints import columns_of, record_from
from shared.guarded_log import guard_log
from shared.held_secrets import MIN_SECRET_LENGTH, PREFIX_LENGTH, SecretValues, hide, hold
from shared.records.decision import DecisionData
from shared.records.endpoint_events import EndpointEvent, EndpointEventKind
from shared.records.endpoint_record import EndpointRecord, Frozen, Served
from shared.records.golden_answers import GoldenAnswers
from shared.records.history import broken_links, chained, entry_of
from shared.records.models import Challenger
from shared.records.run_secrets import without_secrets
from shared.redaction import redact
from tests.contract.records import NOON, a_decision, a_run

KEY = "CANARY/of+all/keys+0123456789/abcdefghij+klmnopq=="
KEYS = st.text(alphabet="abcdefXYZ0189+/=-_", min_size=PREFIX_LENGTH, max_size=90)


def _url(text: str) -> str:
    return quote(text, safe="")


def _json(text: str) -> str:
    return json.dumps(text)[1:-1].replace("/", "\\/")


ENCODINGS: dict[str, Callable[[str], str]] = {
    "as it is": str,
    "URL": _url,
    "URL, small letters": lambda text: _url(text).replace("%2B", "%2b").replace("%2F", "%2f"),
    "URL twice": lambda text: _url(_url(text)),
    "URL three times": lambda text: _url(_url(_url(text))),
    "JSON": _json,
    "JSON within JSON": lambda text: _json(_json(text)),
    "JSON as .NET writes it": lambda text: text.replace("+", "\\u002B").replace("/", "\\/"),
    "HTML": lambda text: html.escape(text).replace("+", "&#43;").replace("/", "&#x2F;").replace("=", "&equals;"),
    "base64": lambda text: base64.b64encode(text.encode()).decode(),
    "base64url": lambda text: base64.urlsafe_b64encode(text.encode()).decode().rstrip("="),
    "base64 of a header": lambda text: base64.b64encode(f"Bearer {text}".encode()).decode(),
    "base64 of a user and password": lambda text: base64.b64encode(f"me:{text}&more".encode()).decode(),
    "base64 in a URL": lambda text: _url(base64.b64encode(text.encode()).decode()),
    "URL in JSON": lambda text: _json(_url(text)),
}


@pytest.fixture
def held(monkeypatch: pytest.MonkeyPatch) -> str:
    """Hold one key for the time of a test."""
    monkeypatch.setattr(held_secrets, "_held", SecretValues(()))
    hold([KEY, "short"])
    return KEY


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(key=KEYS, before=st.text(max_size=20), after=st.text(max_size=20))
def test_nothing_of_a_secret_is_left(encoding: str, key: str, before: str, after: str) -> None:
    """In whatever encoding, wherever in a text: what is left has not even the first characters of the secret."""
    written = ENCODINGS[encoding](key)
    shown = SecretValues([key]).hide(f"{before} {written} {after}")
    assert "***" in shown
    assert written not in shown
    assert len(shown) <= len(before) + len(after) + len("*** ") + 16


@pytest.mark.parametrize("encoding", ENCODINGS)
@given(key=st.text(alphabet="abcdefXYZ0189+/", min_size=41, max_size=90), length=st.integers(40, 90))
def test_a_long_beginning_is_as_secret(encoding: str, key: str, length: int) -> None:
    """A service that cuts off what it repeats shows the beginning of a key: 40 characters of it are hidden too."""
    written = ENCODINGS[encoding](key[:length])
    shown = SecretValues([key]).hide(f"said: {written}")
    assert "***" in shown
    assert len(shown) <= len("said: *** ") + 16


@given(key=KEYS, length=st.integers(40, 90))
def test_base64_that_is_cut_off(key: str, length: int) -> None:
    """40 characters of a key's base64 are hidden too."""
    for encoding in ("base64", "base64url"):
        assert SecretValues([key]).hide(ENCODINGS[encoding](key)[:length]) in {"***", ENCODINGS[encoding](key)[:0]}


@given(st.text(), KEYS)
def test_other_texts_are_left_alone(text: str, key: str) -> None:
    """Whatever they are, encoded or not; and the empty text, without any secret."""
    assert SecretValues([key]).hide(text) == text or key[:PREFIX_LENGTH] in text
    assert SecretValues(()).hide(text) == text


@given(st.text(alphabet='ab\\"/%&;+ u0', max_size=40), st.text(alphabet='ab\\"/%&;+', min_size=1, max_size=10))
def test_json_stays_json(around: str, tail: str) -> None:
    """An answer of the app is still what its callers read."""
    document = {"reason": f"{around}{KEY}{around}", around: [KEY[:40], tail + KEY]}
    shown = SecretValues([KEY]).hide(json.dumps(document))
    assert KEY[:PREFIX_LENGTH] not in shown
    assert set(json.loads(shown)) == {"reason", around}


def test_a_text_without_secrets_is_not_even_copied(held: str) -> None:
    """And what is shorter than a secret is none: it may be a word of every text."""
    text = f"a short text of a run, which says %20 and \\u0041 {held[: PREFIX_LENGTH - 1]}"
    assert hide(text) is text
    assert len("short") < MIN_SECRET_LENGTH


def test_a_row_holds_no_secret(held: str) -> None:
    """Neither in its reason nor in what a service said anywhere; its history is chained over what is stored."""
    encoded = base64.b64encode(held.encode()).decode()
    run = replace(
        a_run(),
        reason=f"the service said {quote(held)}",
        challenger=Challenger("m", {f"AUC {held}": 0.9}),
        decision=a_decision(reasons=("fine", f"said {encoded}"), data=DecisionData(None, same=False, note=held)),
        golden_answers=GoldenAnswers("g", "e", before=(("<=50K", held),)),
        endpoint_events=(EndpointEvent(f"production {held[:40]}", "serve", EndpointEventKind.PATCHED, NOON),),
    )
    written = chained(run, "sweep")
    assert held[:PREFIX_LENGTH] not in str(written)
    assert encoded[:PREFIX_LENGTH] not in str(written)
    assert written.reason == "the service said ***"
    assert written.golden_answers == GoldenAnswers("g", "e", before=(("<=50K", "***"),))
    assert broken_links(written, [entry_of(written)]) == []
    assert without_secrets(written) is written


def test_an_endpoints_row_holds_no_secret(held: str) -> None:
    """Neither where a service names a model nor where somebody says why it is frozen; the row can be read as ever."""
    encoded = base64.urlsafe_b64encode(held.encode()).decode()
    record = EndpointRecord(
        route="census",
        name="production",
        frozen=Frozen(by="the sweep", reason=f'it was given "a/{held}"', at=NOON),
        served=Served(
            model="m",
            golden="golden",
            golden_etag="1",
            answers=(("<=50K", encoded),),
            verified_at=NOON,
            listed=f"models/{quote(held)}",
        ),
    )
    columns = columns_of(record)
    assert held[:PREFIX_LENGTH] not in str(columns)
    assert encoded[:PREFIX_LENGTH] not in str(columns)
    read = record_from(columns, "census", "production")
    assert read.frozen is not None
    assert read.frozen.reason == 'it was given "a/***"'
    assert read.served is not None
    assert (read.served.listed, read.served.answers) == ("models/***", (("<=50K", "***"),))


def test_error_texts_lose_what_is_held_and_what_looks_like_a_secret(held: str) -> None:
    """`redact` does both, so every text of others that is kept loses both."""
    assert redact(f"sig=abc%3D and {_url(held)}") == "sig=*** and ***"


def test_no_log_line_holds_a_secret(held: str, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever logs it: in the message, its arguments, or an error's traceback."""
    usual = logging.getLogRecordFactory()
    guard_log()
    guard_log()
    try:
        log = logging.getLogger("somebody.elses.library")
        log.warning("header %s of %d", held, 3)
        log.warning("said %s", ENCODINGS["base64 of a header"](held))
        log.warning("nothing to hide in %s", "this one")
        try:
            json.loads("{}")[quote(held)]
        except KeyError:
            log.exception("it failed")
    finally:
        logging.setLogRecordFactory(usual)
    assert "CANARY" not in caplog.text
    assert base64.b64encode(held.encode()).decode()[:PREFIX_LENGTH] not in caplog.text
    assert "header *** of 3" in caplog.text
    assert "nothing to hide in this one" in caplog.text
    assert "KeyError: '***'" in caplog.text
    assert "Traceback" in caplog.text
