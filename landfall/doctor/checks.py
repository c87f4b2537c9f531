"""The checks of `landfall doctor`: each with its result, and with what to do if it fails."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from landfall.console import escape
from landfall.errors import CommandError


@dataclass(frozen=True)
class Check:
    """One check. A warning is ok, but probably not intended."""

    what: str
    ok: bool
    result: str
    do: str = ""
    warning: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return the check as `--json` prints it."""
        return {"what": self.what, "ok": self.ok, "said": self.result, "do": self.do, "warning": self.warning}


@dataclass
class Checks:
    """All checks, in order."""

    done: list[Check] = field(default_factory=list)

    @property
    def ok(self) -> bool:
        """Whether no check failed."""
        return all(check.ok for check in self.done)

    def add(self, what: str, result: str, do: str = "") -> None:
        """Add a check. It has failed if there is something to do."""
        self.done.append(Check(what, not do, result, do))

    def warn(self, what: str, result: str) -> None:
        """Add a warning."""
        self.done.append(Check(what, ok=True, result=result, warning=True))

    def lines(self) -> Iterator[str]:
        """Yield the lines for a terminal, with markup: each check, and what to do."""
        for check in self.done:
            mark = "[green]ok[/]   "
            if not check.ok:
                mark = "[red]wrong[/]"
            elif check.warning:
                mark = "[yellow]warn[/] "
            yield f"{mark}  {escape(check.what)}: {escape(check.result)}"
            if check.do:
                yield f"       {escape(check.do)}"

    @contextlib.contextmanager
    def catching(self, what: str, do: str) -> Iterator[None]:
        """Turn an error within the `with`, or an unexpected answer, into a failed check."""
        try:
            yield
        except CommandError as error:
            self.add(what, str(error), do)
        except (LookupError, TypeError, AttributeError) as error:  # the answer has another shape
            self.add(what, f"it answered something unexpected ({type(error).__name__})", do)
