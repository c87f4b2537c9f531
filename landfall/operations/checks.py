"""What `landfall doctor` found: each check with what was seen, and what to do if that is not well."""

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from landfall.operations.app_calls import NoJsonError, call_app
from landfall.stack.state import StackError

SILENT_S = 15 * 60  # the poller leaves a heartbeat every five minutes


@dataclass(frozen=True)
class Check:
    """One thing that was looked at."""

    what: str
    ok: bool
    said: str
    do: str = ""

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return {"what": self.what, "ok": self.ok, "said": self.said, "do": self.do}


@dataclass
class Checks:
    """All of them, in the order in which they were made."""

    done: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether all is well."""
        return all(check.ok for check in self.done)

    def add(self, what: str, said: str, do: str = "") -> bool:
        """Add a check: it is not well if something is to be done; tells whether it is."""
        self.done.append(Check(what, not do, said, do))
        return not do

    @contextlib.contextmanager
    def of(self, what: str, do: str) -> Iterator[None]:
        """Turn an error within the `with`, or an answer that nobody expected, into a check that is not well."""
        try:
            yield
        except StackError as error:
            self.add(what, str(error), do)
        except (LookupError, TypeError, AttributeError) as error:  # another shape than this was written for
            self.add(what, f"it answered something else than expected ({type(error).__name__})", do)


def check_health(
    checks: Checks, functions: str, key: str, now: Callable[[], datetime] = lambda: datetime.now(UTC)
) -> None:
    """Ask the app itself: its settings, its routes, its storage, and when its poller ran last."""
    what = "the app's settings and storage"
    url = f"{functions}/api/health"
    try:
        answer = call_app("GET", url, key)
    except NoJsonError as error:
        do = "a key or a sign-in is refused" if error.status in {401, 403} else "is this the app? Look at its log"
        checks.add(what, f"it answered {error.status} and no JSON: {url}", do)
        return
    except StackError as error:
        checks.add(what, str(error), "start the app, or look at its log")
        return
    body = answer.body
    if answer.status != 200:
        problems = "; ".join(map(str, body.get("problems", []))) or body.get("error") or str(body)
        checks.add(what, f"{body.get('state', answer.status)}: {problems}", "correct what it names")
        return
    if body.get("state") != "ok" or "last_heartbeat" not in body:
        checks.add(what, f"it answered 200 and nothing that the app says of its health: {url}", "is this the app?")
        return
    checks.add(what, "in order")
    beat = body.get("last_heartbeat")
    if beat is None:
        checks.add("the poller", "it has not run yet", "wait for its schedule (LANDFALL_POLL_SCHEDULE), then ask again")
        return
    age = now() - datetime.fromisoformat(beat)
    do = (
        "nothing drives pending runs: is the app running, and its timer enabled?"
        if age > timedelta(seconds=SILENT_S)
        else ""
    )
    checks.add("the poller", f"its last heartbeat is {age.total_seconds():.0f} s old", do)
