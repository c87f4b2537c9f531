"""A link to one blob."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BlobLocation:
    """A link to a blob as the protocol writes it (protocol 1.6): base URL, container/path, SAS token with its `?`.

    The token is a secret: it may be sent, but never stored or logged.
    """

    base: str
    relative: str
    sas: str

    @property
    def url(self) -> str:
        """The whole link, a secret too: the three parts fit by plain concatenation."""
        return self.base + self.relative + self.sas

    def __repr__(self) -> str:
        """Show the location without its token."""
        return f"BlobLocation({self.base}{self.relative})"
