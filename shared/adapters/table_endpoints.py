"""The `endpoints` table: one row per endpoint, keyed by route and endpoint name, written by compare-and-swap only."""

import json
from collections.abc import Mapping
from dataclasses import asdict
from datetime import datetime
from typing import Any, Self

from shared.adapters.table_columns import text_columns, text_of, to_json, unreadable
from shared.adapters.tables import Table, Transaction, etag_of
from shared.champions import Champion, EndpointRecord, Intent, Lease
from shared.errors import StaleWriteError
from shared.ports import StoredEndpoint


class TableEndpointStore:
    """`EndpointStore` on Azure Table Storage."""

    def __init__(self, table: Table) -> None:
        self._table = table

    @classmethod
    def from_connection_string(cls, connection_string: str, table: str = "endpoints") -> Self:
        """Open the store; nothing is sent yet, the table is created by the first save.

        Raises:
            ConfigError: that is no connection string.
        """
        return cls(Table.from_connection_string(connection_string, table))

    def close(self) -> None:
        """Close the connections."""
        self._table.close()

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one.

        Raises:
            UnreadableRowError: the row holds something else.
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
            StaleWriteError: somebody wrote the row since `before` was read; nothing was written.
            ValueError: `record` is that of another endpoint.
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
    """Refuse to replace the record of one endpoint by that of another.

    Raises:
        ValueError: route or name differ.
    """
    if (before.route, before.name) != (record.route, record.name):
        raise ValueError(f"{record.route}/{record.name} cannot replace {before.route}/{before.name}")


def columns_of(record: EndpointRecord) -> dict[str, str]:
    """Return the columns of a record: each part as JSON text, an absent part as no column."""
    parts = {"champion": record.champion, "lease": record.lease, "intent": record.intent}
    columns: dict[str, str] = {}
    for name, part in parts.items():
        if part is not None:
            columns |= text_columns(name, to_json(asdict(part)))
    return columns


def record_from(row: Mapping[str, Any], route: str, name: str) -> EndpointRecord:
    """Return the record that a row holds; members that this version does not know are ignored."""
    champion, lease, intent = (_part(row, part) for part in ("champion", "lease", "intent"))
    return EndpointRecord(
        route=route,
        name=name,
        champion=None if champion is None else _champion(champion),
        lease=None if lease is None else _lease(lease),
        intent=None if intent is None else _intent(intent),
    )


def _part(row: Mapping[str, Any], name: str) -> dict[str, Any] | None:
    return dict(json.loads(text_of(name, row))) if name in row else None


def _champion(values: dict[str, Any]) -> Champion:
    return Champion(
        run_id=values["run_id"],
        generation=values["generation"],
        model=values["model"],
        metrics=values["metrics"],
        promoted_at=datetime.fromisoformat(values["promoted_at"]),
        golden_etag=values["golden_etag"],
        answers=tuple(tuple(row) for row in values["answers"]),
    )


def _lease(values: dict[str, Any]) -> Lease:
    return Lease(run_id=values["run_id"], expires_at=datetime.fromisoformat(values["expires_at"]))


def _intent(values: dict[str, Any]) -> Intent:
    return Intent(
        run_id=values["run_id"],
        generation=values["generation"],
        from_model=values["from_model"],
        to_model=values["to_model"],
        began_at=datetime.fromisoformat(values["began_at"]),
    )
