"""The port of the `endpoints` table."""

from typing import NamedTuple, Protocol

from shared.records.endpoint_record import EndpointRecord


class StoredEndpoint(NamedTuple):
    """An endpoint's record as read or written; `etag` is None while there is no row yet."""

    record: EndpointRecord
    etag: str | None


class EndpointStore(Protocol):
    """The `endpoints` table."""

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one."""

    def save(self, before: StoredEndpoint, record: EndpointRecord) -> StoredEndpoint:
        """Replace `before` by `record`.

        Raises:
            StaleWriteError: the row was written since `before` was read; nothing was written.
        """
