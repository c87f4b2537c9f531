"""Every error of the studio's core has its one answer on the wire, and the core knows none of the wire's codes."""

import ast
import csv
import importlib
import pkgutil
from collections.abc import Iterator
from pathlib import Path

import pytest

import studio
from studio.api.protocol_errors import STATUSES, translate
from studio.errors import RequestError, StorageError, StorageFault
from studio.workspace.errors import SettingsError, SettingTypeError, TooManyCallsError
from tests.studio.running import ROOT

TABLE = Path(__file__).parents[1] / "error_codes.csv"
CORE = ("jobs", "models", "scoring", "storage", "tables", "training", "wire", "workspace")
UNDOCUMENTED = {"JobNotFound", "UnsupportedOperation"}  # answers of which the table of codes says nothing


def documented() -> set[tuple[str, str]]:
    """Return the codes and detail codes of the protocol."""
    with TABLE.open(encoding="utf-8", newline="") as file:
        return {(row["code"], row["detail_code"]) for row in csv.DictReader(file)}


def kinds(base: type[RequestError] = RequestError) -> Iterator[type[RequestError]]:
    """Give every kind of request error that any module of the studio defines."""
    for module in pkgutil.walk_packages(studio.__path__, "studio."):
        if not module.name.endswith("__main__"):
            importlib.import_module(module.name)
    for kind in base.__subclasses__():
        yield kind
        yield from kinds(kind)


def errors() -> Iterator[RequestError]:
    """Give an error of each kind."""
    for kind in kinds():
        if kind is StorageError:
            yield from (StorageError(fault, "Text.") for fault in StorageFault)
        elif kind is SettingsError:
            yield SettingsError([SettingTypeError("Text.")])
        elif kind.__init__ is RequestError.__init__:
            yield kind("Text.")
        else:
            yield kind()  # type: ignore[call-arg]  # the kinds whose text is fixed


@pytest.mark.parametrize("error", list(errors()), ids=lambda error: type(error).__name__)
def test_every_error_of_the_core_has_an_answer(error: RequestError) -> None:
    """Its codes are documented ones, and its text is what the caller reads."""
    answer = translate(error)

    assert answer.status == STATUSES[answer.code][0]
    assert [detail.message for detail in answer.details] == [str(error)]
    codes = (answer.code, answer.details[0].code)
    assert codes in documented() or codes[1] in UNDOCUMENTED


def test_several_problems_are_one_answer() -> None:
    """Each problem of a body has its own detail; the code is that of the first."""
    answer = translate(SettingsError([TooManyCallsError("Too many."), SettingTypeError("No text.")]))

    details = [("WebServiceTooManyConcurrentRequestRequirement", "Too many."), ("RequestBodyInvalid", "No text.")]
    assert answer.body() == {
        "error": {
            "code": "BadArgument",
            "message": "Invalid argument provided.",
            "details": [{"code": code, "message": message} for code, message in details],
        }
    }


def test_a_secret_that_a_caller_sent_is_not_repeated() -> None:
    """An error hides it already where it is raised, before any log or page sees it."""
    error = SettingTypeError("The name 'https://x/?sig=abc123' is not a name.")

    assert "abc123" not in str(error)
    assert "abc123" not in str(translate(error).body())


@pytest.mark.parametrize("room", CORE)
def test_the_core_names_no_code_of_the_protocol(room: str) -> None:
    """Neither a code nor a detail code stands in it as a text: only the edge knows them."""
    codes = {name for pair in documented() for name in pair if name} | UNDOCUMENTED
    for path in sorted((ROOT / "studio" / room).glob("*.py")):
        texts = {
            node.value
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
            if isinstance(node, ast.Constant) and isinstance(node.value, str)
        }
        assert not texts & codes, path
