"""What `landfall doctor` found: each check with what was seen, and what to do if that is not well."""

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from landfall.errors import CommandError


@dataclass(frozen=True)
class Check:
    """One thing that was looked at. A warning is well, and probably not meant."""

    what: str
    ok: bool
    said: str
    do: str = ""
    warning: bool = False

    def to_json(self) -> dict[str, Any]:
        """Return it as `--json` prints it."""
        return {"what": self.what, "ok": self.ok, "said": self.said, "do": self.do, "warning": self.warning}


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

    def warn(self, what: str, said: str) -> None:
        """Add what is allowed and probably not meant."""
        self.done.append(Check(what, ok=True, said=said, warning=True))

    @contextlib.contextmanager
    def of(self, what: str, do: str) -> Iterator[None]:
        """Turn an error within the `with`, or an answer that nobody expected, into a check that is not well."""
        try:
            yield
        except CommandError as error:
            self.add(what, str(error), do)
        except (LookupError, TypeError, AttributeError) as error:  # another shape than this was written for
            self.add(what, f"it answered something else than expected ({type(error).__name__})", do)
