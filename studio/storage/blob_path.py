"""A blob's place within its account: container and name, written `container/name`."""

from typing import NamedTuple, Self

from studio.errors import StorageError, StorageFault


class BlobPath(NamedTuple):
    """Container and name of a blob; the name may hold slashes. `str()` gives `container/name`."""

    container: str
    name: str  # with nothing in it escaped

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read a `RelativeLocation`; a leading slash does not count (protocol 1.3).

        Raises:
            StorageError: the container or the name is missing.
        """
        container, _, name = text.lstrip("/").partition("/")
        if not container:
            raise StorageError(
                StorageFault.NO_CONTAINER, "RelativeLocation must be CONTAINER/PATH; it names no container."
            )
        if not name:
            raise StorageError(StorageFault.NO_BLOB, f"RelativeLocation {text!r} names no blob.")
        return cls(container, name)

    def __str__(self) -> str:
        """Give `container/name`."""
        return f"{self.container}/{self.name}"
