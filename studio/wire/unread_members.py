"""Finds unknown members of a submit. They are ignored, as by the original (protocol 1.3), and noted in the job's log.

The notes show a caller why a misspelt parameter has no effect.
"""

from collections.abc import Iterator
from difflib import get_close_matches
from itertools import islice
from typing import Any

from studio.redaction import without_secrets
from studio.words import shortened

MAX_NOTES = 10
_POOL = "AzureBatchPoolId"  # a member of the protocol that the studio does not need
_OF_A_SUBMIT = ("Input", "Inputs", "Output", "Outputs", "GlobalParameters", _POOL)
_OF_A_LOCATION = ("ConnectionString", "RelativeLocation", "BaseLocation", "SasBlobToken")
_SHOWN = 60  # characters of a name in a note


def unknown_member_notes(body: Any) -> list[str]:
    """Return a line for each unknown member of a submit's body, at most `MAX_NOTES`."""
    return list(islice(_notes(body), MAX_NOTES))


def _notes(body: Any) -> Iterator[str]:
    yield from _unread(body, _OF_A_SUBMIT, "")
    if isinstance(body, dict):
        for name, member in body.items():
            match name.lower():
                case "input" | "output":
                    yield from _unread(member, _OF_A_LOCATION, f" in {name}")
                case "inputs" | "outputs" if isinstance(member, dict):
                    for place, location in member.items():
                        yield from _unread(location, _OF_A_LOCATION, f" in {_shown(place)} of {name}")


def _unread(members: Any, read: tuple[str, ...], where: str) -> Iterator[str]:
    spelt = {name.lower(): name for name in read}
    for name in members if isinstance(members, dict) else ():
        if name.lower() not in spelt:
            meant = get_close_matches(name.lower()[:_SHOWN], spelt, n=1, cutoff=0.75)
            hint = f"; {spelt[meant[0]]} is perhaps meant" if meant else ""
            yield f"Submit: unknown member {_shown(name)}{where} was ignored{hint}"


def _shown(name: str) -> str:
    return without_secrets(shortened(name, _SHOWN)).replace("\n", " ")
