"""Names and reasons of others do nothing on a terminal or a page but stand there."""

import ast
import io
import json
import logging
import re
from dataclasses import replace
from datetime import UTC, datetime
from html import unescape
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from rich.console import Console

from landfall.cli import main
from landfall.commands import explain
from landfall.commands.audit import Audit
from landfall.console import escape, guard
from landfall.errors import CommandError
from landfall.run_display import run_lines, run_tree, step_lines
from shared.guarded_log import guard_log
from shared.operators import approval_page
from shared.records.decision import DecidedChallenger, DecisionData, GateRecord, Verdict
from shared.records.endpoint_events import EndpointEvent, EndpointEventKind
from shared.records.history import entry_of
from shared.records.models import Challenger, ChampionSummary
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.visible_text import visible
from tests.contract.records import NOON, a_decision, a_run

ROOT = Path(__file__).resolve().parents[2]
HOSTILE = "a\u202efdp.\x1b[2J\x1b]0;title\x07\u2066\u2028\nrun promoted\r\x9b31m\u200e\ufeff\U000e0041[red]b[/].csv"
CODE = re.compile(r"\\(?:x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")


def a_hostile_run(text: str) -> Run:
    """Return a run in which every text that comes from outside is the same."""
    return replace(
        a_run(),
        state=RunState.REJECTED,
        blob=text,
        etag=text,
        reason=text,
        notes=(text,),
        job_id=text,
        input_blob=text,
        actor=text,
        challenger=Challenger(text, {text: 0.5}, archived_model=text),
        decision=a_decision(
            verdict=Verdict.REJECT,
            reasons=(text,),
            gates=(GateRecord(text, False, text),),
            challenger=DecidedChallenger(None, text, {text: 0.5}),
            champion=ChampionSummary(None, None, text, {text: 0.6}),
            data=DecisionData(champion=None, same=False, note=text),
        ),
        endpoint_events=(EndpointEvent(text, "serve", EndpointEventKind.PATCHED, NOON),),
    )


def printed(run: Run) -> str:
    """Return what the commands that show runs print of one."""
    out = guard(Console(file=io.StringIO(), width=20_000, soft_wrap=True, highlight=False, color_system=None))
    out.print(run_tree(run, [entry_of(run)]))
    for line in (*run_lines([run], 20_000), *step_lines([entry_of(run)])):
        out.print(line)
    explain.print_explanation(out, run)
    out.print("without a care:", run.blob.replace("\n", ""), markup=False)
    written = out.file
    assert isinstance(written, io.StringIO)
    return written.getvalue()


@given(st.text())
@example(HOSTILE)
def test_every_character_that_is_shown_is_visible(text: str) -> None:
    """Nothing but visible characters and spaces is left; a text of those is not changed."""
    shown = visible(text)
    assert shown.isprintable()
    assert visible(shown) == shown
    assert (shown == text) == text.isprintable()
    assert visible(text, keep="\n").split("\n") == [visible(line) for line in text.split("\n")]


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\u202egnp.exe", "\\u202egnp.exe"),
        ("\x1b[2J", "\\x1b[2J"),
        ("a\nb\tc\x00", "a\\x0ab\\x09c\\x00"),
        ("\u2066\u2069\u200f\u061c", "\\u2066\\u2069\\u200f\\u061c"),
        ("\ud800", "\\ud800"),
        ("\U000e0001", "\\U000e0001"),
        ("\x9b1m", "\\x9b1m"),
        ("Größe שלום 東京.csv", "Größe שלום 東京.csv"),
    ],
)
def test_what_is_shown_for_what(text: str, shown: str) -> None:
    """Control, direction, and other characters that nobody sees, each as its code; letters of every language stay."""
    assert visible(text) == shown


@given(st.text(min_size=1, max_size=30))
@example(HOSTILE)
def test_nothing_acts_on_a_terminal(text: str) -> None:
    """Neither colours nor codes nor lines of a name's own: only what the command itself prints."""
    shown = printed(a_hostile_run(text))
    assert all(line.isprintable() for line in shown.split("\n"))
    plain = printed(a_hostile_run("x"))
    assert shown.count("\n") == plain.count("\n")


@given(st.text(max_size=30))
@example(HOSTILE)
def test_nothing_acts_on_the_approval_page(text: str) -> None:
    """The page shows the codes, and no markup of a name's own."""
    run = a_hostile_run(text)
    for page in (approval_page.decision_page(run, "code", "decision", text), approval_page.message_page(text)):
        shown = unescape(page)
        assert all(character.isprintable() or character == "\n" for character in page)
        assert visible(text) in shown
        plain = approval_page.decision_page(a_hostile_run("x"), "code", "decision", "x")
        assert page.count("\n") in {plain.count("\n"), approval_page.message_page("x").count("\n")}


def test_errors_are_shown_so(capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch) -> None:
    """On standard error too; the lines of an error that has several stay lines."""

    def fail(_: object) -> int:
        raise CommandError(f"first {HOSTILE.replace(chr(10), '')}\nsecond")

    monkeypatch.setattr("landfall.commands.runs.runs", fail)
    assert main(["runs"]) == 1
    shown = capsys.readouterr().err
    assert len(shown.splitlines()) == 2
    assert all(line.isprintable() for line in shown.rstrip("\n").split("\n"))
    assert len(CODE.findall(shown)) >= 8


def test_a_name_writes_no_log_line_of_its_own(caplog: pytest.LogCaptureFixture) -> None:
    """In the app's log, which people read on terminals too; a traceback keeps its lines."""
    usual = logging.getLogRecordFactory()
    guard_log()
    try:
        logging.getLogger("landfall.sweep").warning("%s: no route matches", HOSTILE)
        logging.getLogger("some.library").warning("two\nlines of %s", "\u202eit")
        try:
            json.loads(HOSTILE)
        except ValueError:
            logging.getLogger("landfall.run").exception("it failed")
    finally:
        logging.setLogRecordFactory(usual)
    first, second, third = (record.getMessage() for record in caplog.records)
    assert first == f"{visible(HOSTILE)}: no route matches"
    assert second == "two\nlines of \\u202eit"
    assert third == "it failed"
    assert "Traceback (most recent call last):\n" in caplog.text
    assert all(line.isprintable() for line in caplog.text.splitlines())


def test_markup_of_a_name_is_text() -> None:
    """As before: brackets of a name are brackets."""
    assert escape("[red]a[/]") == "\\[red]a\\[/]"


def test_there_is_one_way_to_the_terminal() -> None:
    """No module of the command takes rich's own function, which lets control characters through, or a bare console."""
    for path in (ROOT / "landfall").rglob("*.py"):
        tree = ast.parse(path.read_text(encoding="utf-8"))
        taken = {node.module for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        assert "rich.markup" not in taken or path == ROOT / "landfall" / "console.py", path
        calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
        consoles = [call for call in calls if ast.unparse(call.func).endswith("Console")]
        guarded = {id(argument) for call in calls if ast.unparse(call.func) == "guard" for argument in call.args}
        assert all(id(call) in guarded for call in consoles), path


def test_verify_shows_what_waits_so(capsys: pytest.CaptureFixture[str]) -> None:
    """The name of a file that waits, and its reason."""
    from landfall.commands.verify import _print  # noqa: PLC0415 - the rest of it needs a storage

    audit = Audit()
    audit.waiting.append(
        {
            "blob": HOSTILE,
            "etag": "1",
            "run_id": None,
            "state": None,
            "since": datetime(2026, 11, 23, tzinfo=UTC).isoformat(),
            "reason": HOSTILE,
        }
    )
    _print(audit)
    shown = capsys.readouterr().out
    assert all(line.isprintable() for line in shown.rstrip("\n").split("\n"))
    assert "\\u202e" in shown
