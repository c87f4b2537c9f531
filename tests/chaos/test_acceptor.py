"""The acceptor: it asks the app until a file is accepted, and the audit finds the one that was not."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from landfall.app_client import AppAnswer, AppUnreachableError
from landfall.chaos import acceptor
from landfall.chaos.acceptor import MAX_REFUSALS, Acceptor, not_accepted
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.chaos.test_invariant_checks import run

REFUSED = run(1, RunState.QUARANTINED)
OF_BAD_FORM = run(2, RunState.QUARANTINED)
DOCUMENT: Any = {"functions": "http://127.0.0.1:1", "functions_key": "key"}


def version(refused: Run) -> tuple[str, str]:
    """Return blob and ETag of a run's file."""
    return refused.blob, refused.etag


@contextmanager
def answering(*answers: AppAnswer | Exception) -> Iterator[list[Any]]:
    """Let the app give these answers, one after the other; gives the arguments of each request."""
    requests: list[Any] = []
    left = list(answers)

    def call(_method: str, _url: str, _key: str, arguments: Any, _timeout_s: float) -> AppAnswer:
        requests.append(arguments)
        answer = left.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(acceptor, "call_app", call)
        yield requests


def test_it_asks_until_the_file_is_accepted() -> None:
    """A host that is killed, and a refusal at a bad moment, are no end; an acceptance is not repeated."""
    person = Acceptor(DOCUMENT, {version(REFUSED)})
    failures = AppUnreachableError("killed"), AppAnswer(500, {"error": "fault"}), AppAnswer(409, {"error": "changed"})
    with answering(*failures, AppAnswer(200, {"accepted": True})) as requests:
        for _ in range(6):
            person.accept([REFUSED, OF_BAD_FORM])
    assert [arguments["accept"] for arguments in requests] == [REFUSED.run_id] * 4
    assert all(arguments["by"] and arguments["reason"] for arguments in requests)
    assert person.accepted == {version(REFUSED)}
    assert person.pending([REFUSED, OF_BAD_FORM]) == []


def test_a_file_that_is_always_refused_ends_the_asking() -> None:
    """The chaos run ends, and the audit judges."""
    person = Acceptor(DOCUMENT, {version(REFUSED)})
    with answering(*[AppAnswer(409, {"error": "no"})] * MAX_REFUSALS):
        for _ in range(MAX_REFUSALS + 2):
            person.accept([REFUSED])
    assert person.pending([REFUSED]) == []
    assert person.accepted == set()


def test_the_audit_finds_a_file_that_was_not_accepted() -> None:
    """Unless newer data is in service, and its set would be without that."""
    acceptable = {version(REFUSED)}
    newer = run(3, RunState.PROMOTED)
    assert newer.generation > REFUSED.generation
    assert len(not_accepted([REFUSED, OF_BAD_FORM], acceptable, grows=False)) == 1
    assert not_accepted([REFUSED, newer], acceptable, grows=False) == []
    assert len(not_accepted([REFUSED, newer], acceptable, grows=True)) == 1
    assert not_accepted([run(1, RunState.TRAINED)], acceptable, grows=True) == []
