"""A blob's place in the storage account: container and name, written `container/name` (pure)."""

import re
from typing import NamedTuple

# Azure Storage's rule: 3 to 63 characters, no hyphen at an end, no two in a row.
_CONTAINER_NAME = r"(?=[a-z0-9-]{3,63}$)[a-z0-9]+(?:-[a-z0-9]+)*"

CONTAINER_NAME_RULE = "3 to 63 lower-case letters, digits and single hyphens, with no hyphen at either end"


class BlobPath(NamedTuple):
    """Container and name of a blob; the name may hold slashes. `str()` gives `container/name`."""

    container: str
    name: str

    @classmethod
    def parse(cls, text: str) -> "BlobPath":
        """Read `container/name`.

        Raises:
            ValueError: the text names no blob; the message says why, and begins with the text.
        """
        container, slash, name = text.partition("/")
        if not slash:
            raise ValueError(f"{text!r} has no slash after the container")
        if not is_container_name(container):
            raise ValueError(f"{text!r} begins with no container name ({CONTAINER_NAME_RULE})")
        if not name:
            raise ValueError(f"{text!r} has no blob name after the container")
        return cls(container, name)

    def __str__(self) -> str:
        """Give `container/name`."""
        return f"{self.container}/{self.name}"


def is_container_name(text: str) -> bool:
    """Tell whether Azure Storage lets a container be called that."""
    return re.fullmatch(_CONTAINER_NAME, text) is not None
