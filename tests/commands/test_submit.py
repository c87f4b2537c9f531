"""`landfall submit`: the name of the blob, and the marker that a route awaits."""

from argparse import Namespace
from pathlib import Path
from typing import BinaryIO

import pytest

from landfall.commands import submit
from landfall.commands.submit import blob_name
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.stack.stack_state import StateFolder
from shared.routes.load import load_routes
from tests.pipeline.world import ROOT, SETTINGS, example_routes

ROUTES = load_routes(ROOT / "routes.toml", SETTINGS)


@pytest.mark.parametrize("character", ["\x00", "\t", "\n", "\x1b", "\x7f", "\x85", "\uffff"])
@pytest.mark.parametrize("by_name", [True, False])
def test_a_name_with_control_characters_is_not_uploaded(character: str, by_name: bool) -> None:
    """Storage could not list the container any more; the error shows the name's characters as codes."""
    file = Path("plain.csv") if by_name else Path(f"a{character}b.csv")

    with pytest.raises(CommandError, match="control characters, which storage does not allow") as refused:
        blob_name(ROUTES, "census", file, f"census/a{character}b.csv" if by_name else None)

    assert str(refused.value).isprintable()


def test_a_name_in_another_writing_is_uploaded() -> None:
    """Letters of any script, spaces and direction marks are allowed."""
    name = "census/дані \u202efdp.csv"

    assert blob_name(ROUTES, "census", Path("plain.csv"), name) == name


@pytest.mark.parametrize("marker", [".done", None])
def test_the_marker_that_a_route_awaits_follows_the_file(
    marker: str | None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """A file that is submitted is whole; without its marker it would wait for ever."""
    intake = f'[routes.census.intake]\nmarker = "{marker}"\n\n[routes.census.training]'
    routes = ROUTES if marker is None else example_routes(("[routes.census.training]", intake))
    uploaded: list[tuple[str, bytes]] = []

    def upload_input(_storage: str, container: str, name: str, content: BinaryIO) -> str:
        uploaded.append((f"{container}/{name}", content.read()))
        return "a" * 32

    document = {"routes": "routes.toml", "storage": "", "input": "incoming"}
    monkeypatch.setattr(StateFolder, "read_document", lambda _: document)
    monkeypatch.setattr(submit, "routes_of", lambda *_: routes)
    monkeypatch.setattr(submit, "open_stack_runs", lambda _: None)
    monkeypatch.setattr(submit, "upload_input", upload_input)
    file = tmp_path / "june.csv"
    file.write_bytes(b"age\n1\n")
    options = Namespace(state=tmp_path, route="census", file=file, name="census/june.csv", wait=False, json=False)

    assert submit.submit(options) == ExitStatus.SUCCESS
    markers = [] if marker is None else [("incoming/census/june.csv.done", b"")]
    assert uploaded == [("incoming/census/june.csv", b"age\n1\n"), *markers]
    assert ("its marker incoming/census/june.csv.done" in capsys.readouterr().out) is (marker is not None)
