"""The `endpoints` table: one row per endpoint, keyed by route and endpoint name; every write is conditional."""

import json
from collections.abc import Mapping
from dataclasses import asdict, fields
from datetime import datetime
from typing import TYPE_CHECKING, Any, Self

from azure.data.tables import EdmType, EntityProperty

from shared.adapters.storage.record_codec import Column, text_columns, text_of, time_text, to_json, unreadable
from shared.adapters.storage.table_client import Table, Transaction, etag_of
from shared.errors import StaleWriteError
from shared.held_secrets import hide
from shared.ports import StoredEndpoint
from shared.records.endpoint_record import Champion, EndpointRecord, Frozen, Intent, Lease, Served

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_TIMES = ("in_flight_until", "staging_in_flight_until", "initial_again_at")
_PARTS = ("champion", "served", "lease", "intent", "frozen")
_LISTS = ("blocked_generations", "blocked_models")


class TableEndpointStore:
    """`EndpointStore` on Azure Table Storage."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @classmethod
    def from_connection_string(cls, connection_string: str, table: str = "endpoints") -> Self:
        """Open the store; nothing is sent yet, the table is created by the first save.

        Raises:
            ConfigError: the connection string is malformed.
        """
        return cls(Table.from_connection_string(connection_string, table))

    @classmethod
    def with_identity(cls, url: str, credential: "TokenCredential", table: str = "endpoints") -> Self:
        """Open the store at the https URL of a table service; nothing is sent yet."""
        return cls(Table.with_identity(url, credential, table))

    def close(self) -> None:
        """Close the connections."""
        self._table.close()

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one.

        Raises:
            UnreadableRowError: the row holds no such record.
        """
        row = self._table.read(route, name)
        if row is None:
            return StoredEndpoint(EndpointRecord(route=route, name=name), None)
        try:
            return StoredEndpoint(record_from(row, route, name), etag_of(row))
        except (ValueError, TypeError, KeyError) as error:
            raise unreadable(row, repr(error)) from error

    def save(self, before: StoredEndpoint, record: EndpointRecord) -> StoredEndpoint:
        """Replace `before` by `record`.

        Raises:
            StaleWriteError: the row was written since `before` was read; nothing was written.
            ValueError: `record` belongs to another endpoint.
        """
        check_same_endpoint(before.record, record)
        change = Transaction(record.route, fence=record.name)
        if before.etag is None:
            change.insert(record.name, columns_of(record))
        else:
            change.replace(record.name, columns_of(record), before.etag)
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
    """Return the columns of a record: each part as JSON text, without a column for an absent part.

    Secrets that the app holds are redacted, since parts quote the services.
    """
    parts = {name: getattr(record, name) for name in _PARTS}
    columns: dict[str, Column] = {"token": EntityProperty(record.token, EdmType.INT64)}
    for name, part in parts.items():
        if part is not None:
            columns |= text_columns(name, hide(to_json(asdict(part))))
    for name in _LISTS:
        if getattr(record, name):
            columns |= text_columns(name, to_json(getattr(record, name)))
    for name in _TIMES:
        when = getattr(record, name)
        if when is not None:
            columns[name] = time_text(when)
    return columns


def record_from(row: Mapping[str, Any], route: str, name: str) -> EndpointRecord:
    """Return the record in a row; columns that this release does not know are ignored."""
    token = row["token"]
    read: dict[str, Any] = {name: tuple(json.loads(text_of(name, row))) for name in _LISTS if name in row}
    read |= {name: datetime.fromisoformat(row[name]) for name in _TIMES if name in row}
    return EndpointRecord(
        route=route,
        name=name,
        champion=_part(Champion, row, "champion"),
        served=_part(Served, row, "served"),
        lease=_part(Lease, row, "lease"),
        intent=_part(Intent, row, "intent"),
        frozen=_part(Frozen, row, "frozen"),
        token=int(token.value if isinstance(token, EntityProperty) else token),
        **read,
    )


def _part[Part: (Champion, Served, Lease, Intent, Frozen)](
    kind: type[Part], row: Mapping[str, Any], name: str
) -> Part | None:
    """Read one part: a record of texts, numbers, times and answers (a table of texts)."""
    if name not in row:
        return None
    members = json.loads(text_of(name, row))
    values: dict[str, Any] = {}
    for field in fields(kind):
        value = members[field.name]
        if field.type is datetime:
            value = datetime.fromisoformat(value)
        elif isinstance(value, list):
            value = tuple(tuple(line) for line in value)
        values[field.name] = value
    return kind(**values)
