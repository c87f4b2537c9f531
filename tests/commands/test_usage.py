"""A wrong command line is refused in one sentence, with the right exit status, and never ignored."""

import json
import os
import sys
from pathlib import Path

import pytest

from landfall import cli, command_line
from landfall.stack.stack_ports import StackPorts
from landfall.stack.stack_state import ProcessIdentity, StateFolder
from shared.adapters.storage import blob_files, table_client
from tests.fakes.faulty_transport import NO_PAUSE
from tests.pipeline.world import ROOT, SETTINGS


def said(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str]:
    """Run the command in this process; returns its exit status and its standard error."""
    try:
        status = cli.main(arguments)
    except SystemExit as left:
        status = int(left.code or 0)
    return status, capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("runs", "--limit", "0"), "argument --limit: 0 is less than 1"),
        (("runs", "--limit", "-5"), "argument --limit: -5 is less than 1"),
        (("runs", "--limit", "many"), "argument --limit: 'many' is not a whole number"),
        (("chaos", "--files", "x"), "argument --files: 'x' is not a whole number"),
        (("runs", "--route", ""), "argument --route: it must not be empty"),
        (("runs", "--state", ""), "argument --state: it must not be empty"),
        (("show", " "), "argument RUN: it must not be empty"),
        (("submit", "a.csv", "--route", "r", "--name", ""), "argument --name: it must not be empty"),
        (("freeze", "production", "--by", "", "--reason", "x"), "argument --by: it must not be empty"),
        (("rollback", "production", "--to", "", "--reason", "x"), "argument --to: it must not be empty"),
        (("approve", "1", "--link", "--reason", "x"), "so --reason would be ignored"),
        (("approve", "1", "--link", "--wait", "--reason", "x"), "so --reason and --wait would be ignored"),
        (("approve", "1"), "--reason is missing"),
        (("reject", "1"), "--reason is missing"),
        (("freeze", "production"), "--reason is missing"),
        (("rollback", "production"), "--reason is missing"),
        (("doctor", "--app", "x"), "--app NAME is for an app in Azure"),
        (("doctor", "--azure", "--state", "x"), "keep one"),
        (("verify", "--settings", "x.json", "--state", "x"), "name two systems: keep one"),
        (("gate", "--policy", "p.toml"), "give either a RUN, or --route R"),
        (("gate", "1", "--route", "r", "--policy", "p.toml"), "give either a RUN, or --route R"),
        (("demo", "--csv", "x.csv"), "belong together"),
        (("up", "--no-studio", "--experiment", "x.toml"), "--experiment needs the studio"),
        (("up", "--set", "A"), "--set takes NAME=VALUE, not 'A'"),
        (("up", "--set", "A=1", "--set", "A=2"), "--set names A 2 times: keep one"),
        (("up", "--set", "LANDFALL_ROUTES=x.toml"), "use --routes FILE, which applies to the whole stack"),
        (("up", "--set", "LANDFALL_INPUT=elsewhere"), "set `input` in routes.toml"),
        (("up", "--set", "AzureWebJobsStorage=x"), "the commands read the stack's own storage"),
        (("up", "--set", "LANDFALL_DATA__accountName=x"), "the commands read the stack's own storage"),
        (("runs", "--lim", "3"), "unrecognized arguments: --lim 3"),
    ],
)
def test_a_wrong_command_line_ends_with_2(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...], says: str
) -> None:
    """A bad value, a missing option and an option that would be ignored are refused before anything starts."""
    here = ("--state", str(tmp_path)) if arguments[0] in {"approve", "reject", "freeze", "rollback"} else ()
    status, err = said(capsys, *arguments, *here)

    assert status == 2
    assert says in " ".join(err.split())


@pytest.mark.parametrize(
    "arguments",
    [
        ("up",),
        ("down",),
        ("runs",),
        ("show", "1"),
        ("explain", "1"),
        ("verify",),
        ("submit", "x.csv", "--route", "r"),
        ("freeze", "production", "--reason", "x"),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_a_state_that_is_no_folder_is_refused(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A file, or a path below a file, is refused in one sentence with status 1 and without a traceback."""
    file = tmp_path / "file"
    file.touch()
    for state in (file, file / "below"):
        status, err = said(capsys, *arguments, "--state", str(state))
        assert status == 1
        assert str(state) in err
        assert len(err.splitlines()) == 1


@pytest.mark.skipif(sys.platform != "linux", reason="/proc takes no folder, whoever asks")
def test_a_state_folder_that_cannot_be_created_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    """A path at which not even root can write is refused in one sentence."""
    status, err = said(capsys, "up", "--detach", "--state", "/proc/landfall-state")

    assert (status, len(err.splitlines())) == (1, 1)
    assert "the state folder /proc/landfall-state cannot be used" in err


@pytest.mark.parametrize(
    "arguments", [("demo", "--keep"), ("chaos", "--files", "1", "--kills", "0", "--state")], ids=["demo", "chaos"]
)
def test_a_stack_of_its_own_needs_a_folder_of_its_own(
    capsys: pytest.CaptureFixture[str], tmp_path: Path, arguments: tuple[str, ...]
) -> None:
    """A file is refused, and so is a folder that is not empty: files of an old run would count."""
    file = tmp_path / "file"
    file.touch()
    assert said(capsys, *arguments, str(file)) == (1, f"landfall {arguments[0]}: {file} is not a folder\n")
    status, err = said(capsys, *arguments, str(tmp_path))

    assert status == 1
    assert f"{tmp_path} is not empty" in err


def test_the_doctor_of_a_stack_that_does_not_run_ends_with_4(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    """The output has the command that starts the stack, ready to paste."""
    status = cli.main(("doctor", "--state", str(tmp_path)))

    assert status == 4
    assert f"`landfall up --state {tmp_path}`" in capsys.readouterr().out


@pytest.mark.parametrize(
    "arguments",
    [
        ("runs",),
        ("verify",),
        ("show", "1"),
        ("submit", __file__, "--route", "census", "--name", "census/a.csv"),
        ("freeze", "production", "--reason", "x"),
    ],
    ids=lambda arguments: str(arguments[0]),
)
def test_a_dead_stack_gives_the_command_that_starts_it(
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    arguments: tuple[str, ...],
) -> None:
    """After a crash the document remains, but nothing answers; the error has the next command, ready to paste."""
    monkeypatch.setitem(table_client._RETRY_OPTIONS, "retry_backoff_factor", 0)
    for pause in NO_PAUSE:
        monkeypatch.setitem(blob_files._RETRY_OPTIONS, pause, 0)
    ports = StackPorts.free()
    state = StateFolder(tmp_path)
    functions = f"http://127.0.0.1:{ports.host}"
    document = {"storage": ports.azurite.connection_string, "functions": functions, "functions_key": "k"}
    state.write_document({**document, "input": "incoming", "routes": str(ROOT / "routes.toml")})
    state.settings.write_text(json.dumps({"Values": SETTINGS}), encoding="utf-8")
    assert said(capsys, *arguments, "--state", str(tmp_path))[1].endswith(
        f"nothing of the stack runs any more: start it again with `landfall up --state {tmp_path}`\n"
    )
    state.write_processes([ProcessIdentity.of("studio", os.getpid())])
    status, err = said(capsys, *arguments, "--state", str(tmp_path))

    assert status == 1
    assert "does not answer" in err
    assert err.endswith(f"  `landfall doctor --state {tmp_path}` tells more\n")


def test_a_suggested_command_can_be_pasted(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """It calls the program as it was called now, names the state folder, and is quoted for the shell."""
    folder = tmp_path / "my state"
    monkeypatch.setattr(sys, "argv", ["/somewhere/.venv/bin/landfall", "runs"])
    assert command_line.command_line("down", state=folder) == f"`/somewhere/.venv/bin/landfall down --state '{folder}'`"
    monkeypatch.setattr(sys, "argv", ["/somewhere/landfall/__main__.py"])
    monkeypatch.setattr(sys, "executable", "/usr/bin/python3")
    assert command_line.command_line("runs") == "`/usr/bin/python3 -m landfall runs`"
    (tmp_path / "landfall").write_text("#!/bin/sh\n")
    (tmp_path / "landfall").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "argv", [str(tmp_path / "landfall")])
    assert command_line.command_line("runs") == "`landfall runs`"
