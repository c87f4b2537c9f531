"""What one look at the app, its files and its services came to."""

from dataclasses import asdict, dataclass

from shared.records.run import Json


@dataclass(frozen=True)
class Finding:
    """One thing that was looked at. `do` is what to do about it, with the setting or file; "" if it is in order."""

    what: str
    said: str
    do: str = ""

    def to_json(self) -> Json:
        """Return it for `health` and `doctor`."""
        return {**asdict(self), "ok": not self.do}
