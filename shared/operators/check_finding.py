"""A check of the setup, and what it found."""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from shared.errors import ConfigError, LandfallError
from shared.records.json_codec import Json


class Finding(NamedTuple):
    """One finding: its subject, the result, and what to do with which setting or file ("": it is in order)."""

    subject: str
    result: str
    do: str = ""

    def to_json(self) -> Json:
        """Return the finding for `health` and `doctor`."""
        return {"what": self.subject, "said": self.result, "do": self.do, "ok": not self.do}


class SetupCheck(NamedTuple):
    """One check: its subject, what to do if it ends in an error, and the work."""

    subject: str
    remedy: str
    run: Callable[[], Iterator[Finding]]

    def findings(self) -> Iterator[Finding]:
        """Check; an error is a finding, of wrong content one for each problem."""
        try:
            yield from self.run()
        except ConfigError as error:
            for problem in error.problems:
                yield Finding(self.subject, problem, self.remedy)
        except LandfallError as error:
            yield Finding(self.subject, str(error), self.remedy)
