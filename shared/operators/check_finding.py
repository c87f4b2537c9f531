"""The result of one check of the setup."""

from typing import NamedTuple

from shared.records.json_codec import Json


class Finding(NamedTuple):
    """One finding: its subject, the result, and what to do with which setting or file ("": it is in order)."""

    subject: str
    result: str
    do: str = ""

    def to_json(self) -> Json:
        """Return the finding for `health` and `doctor`."""
        return {"what": self.subject, "said": self.result, "do": self.do, "ok": not self.do}
