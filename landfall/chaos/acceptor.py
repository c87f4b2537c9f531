"""Accepts the form of files in quarantine, as a person does: by the app's own operation, while everything fails."""

from collections import Counter
from collections.abc import Collection, Iterable, Mapping

from landfall.app_client import call_app
from landfall.errors import CommandError
from landfall.stack.stack_document import StackDocument
from shared.records.run import Run
from shared.records.run_states import RunState

TIMEOUT_S = 20  # the host may be stopped meanwhile
MAX_REFUSALS = 5  # of one file: the schema or the run may have changed at the same moment
REFUSED = 409
BY, REASON = "chaos", "a word is meant in the column of numbers"

type Version = tuple[str, str]  # blob and ETag


class Acceptor:
    """Accepts the files of which a person would say that they are meant so.

    `acceptable` are the versions of such files; it grows while the chaos run goes on.
    """

    def __init__(self, document: StackDocument, acceptable: Collection[Version]) -> None:
        self._url = f"{document['functions']}/api/operations/schema"
        self._key = document["functions_key"]
        self._acceptable = acceptable
        self._refusals: Counter[Version] = Counter()
        self.accepted: set[Version] = set()

    def pending(self, runs: Iterable[Run]) -> list[Run]:
        """Return the runs whose files are still to be accepted."""
        return [
            run
            for run in runs
            if run.state is RunState.QUARANTINED
            and (run.blob, run.etag) in self._acceptable
            and (run.blob, run.etag) not in self.accepted
            and self._refusals[run.blob, run.etag] < MAX_REFUSALS
        ]

    def accept(self, runs: Iterable[Run]) -> None:
        """Ask the app to accept each file that waits for it; what fails is asked again at the next call."""
        for run in self.pending(runs):
            version = run.blob, run.etag
            try:
                answer = call_app("POST", self._url, self._key, _arguments(run), TIMEOUT_S)
            except CommandError:  # the host is killed, stopped or starting
                return
            if answer.status == REFUSED:
                self._refusals[version] += 1
            elif answer.status == 200 and answer.body.get("accepted") is True:
                self.accepted.add(version)


def _arguments(run: Run) -> Mapping[str, str]:
    return {"route": run.route, "accept": run.run_id, "by": BY, "reason": REASON}


def not_accepted(runs: Collection[Run], acceptable: Collection[Version], *, grows: bool) -> list[str]:
    """Return a sentence for each file that a person would have accepted, and that ended in quarantine.

    A file that is older than a promoted one is refused with reason, unless its set `grows`: then that has both.
    """
    promoted = max((run.generation for run in runs if run.state is RunState.PROMOTED), default="")
    return [
        f"{run.blob} (version {run.etag}): run {run.run_id} is in quarantine, though its form was to be accepted"
        for run in runs
        if run.state is RunState.QUARANTINED
        and (run.blob, run.etag) in acceptable
        and (grows or run.generation > promoted)
    ]
