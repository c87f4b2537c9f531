"""`landfall submit`: the name of the blob."""

from pathlib import Path

import pytest

from landfall.commands.submit import blob_name
from landfall.errors import CommandError
from shared.routes.load import load_routes
from tests.pipeline.world import ROOT, SETTINGS

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
