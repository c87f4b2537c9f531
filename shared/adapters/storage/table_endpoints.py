"""The `endpoints` table: one row per endpoint, keyed by route and endpoint name; every write is conditional."""

from collections.abc import Mapping
from typing import Any

from shared.adapters.storage.record_codec import Column, from_columns, to_columns
from shared.adapters.storage.table_client import Transaction, etag_of
from shared.adapters.storage.table_store import TableStore
from shared.errors import StaleWriteError
from shared.held_secrets import hide
from shared.ports.endpoint_store import StoredEndpoint
from shared.records.endpoint_record import EndpointRecord


class TableEndpointStore(TableStore):
    """`EndpointStore` on Azure Table Storage."""

    TABLE_NAME = "endpoints"

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one.

        Raises:
            UnreadableRowError: the row holds no such record.
        """
        row = self._table.read(route, name)
        if row is None:
            return StoredEndpoint(EndpointRecord(route=route, name=name), None)
        return StoredEndpoint(record_from(row, route, name), etag_of(row))

    def save(self, before: StoredEndpoint, record: EndpointRecord) -> StoredEndpoint:
        """Replace `before` by `record`.

        Raises:
            StaleWriteError: the row was written since `before` was read; nothing was written.
            ValueError: `record` belongs to another endpoint.
        """
        check_same_endpoint(before.record, record)
        change = Transaction(record.route, fence=record.name)
        change.put_over(record.name, columns_of(record), before.etag)
        try:
            return StoredEndpoint(record, self._table.write(change)[record.name])
        except StaleWriteError:
            raise StaleWriteError(
                f"the row of endpoint {record.name} of route {record.route} was written since it was read"
            ) from None


def check_same_endpoint(before: EndpointRecord, record: EndpointRecord) -> None:
    """Check that a record replaces one of the same endpoint.

    Raises:
        ValueError: route or name differ.
    """
    if (before.route, before.name) != (record.route, record.name):
        raise ValueError(f"{record.route}/{record.name} cannot replace {before.route}/{before.name}")


def columns_of(record: EndpointRecord) -> dict[str, Column]:
    """Return the columns of a record; route and name are the row's keys.

    Secrets that the app holds are redacted, since parts quote the services.
    """
    return {name: column for name, column in to_columns(record, hide).items() if name not in {"route", "name"}}


def record_from(row: Mapping[str, Any], route: str, name: str) -> EndpointRecord:
    """Return the record in a row; columns that this release does not know are ignored.

    Raises:
        UnreadableRowError: the row holds no such record.
    """
    return from_columns(EndpointRecord, row, route=lambda: route, name=lambda: name)
