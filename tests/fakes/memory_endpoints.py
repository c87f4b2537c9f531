"""The `endpoints` table in memory. Rows go through the real columns, so what a table cannot hold fails here as well."""

from itertools import count
from threading import Lock
from typing import Any

from shared.adapters.storage.table_endpoints import check_same_endpoint, columns_of, record_from
from shared.errors import StaleWriteError
from shared.ports.endpoint_store import StoredEndpoint
from shared.records.endpoint_record import EndpointRecord
from tests.fakes.faults import Faults


class MemoryEndpointStore:
    """`EndpointStore` in memory; `faults` arranges failures of the operations `get` and `save`."""

    def __init__(self) -> None:
        self.faults = Faults()
        self._lock = Lock()
        self._etags = count(1)
        self._rows: dict[tuple[str, str], tuple[dict[str, Any], str]] = {}

    def get(self, route: str, name: str) -> StoredEndpoint:
        """Read an endpoint's record; an endpoint without a row has an empty one."""
        with self.faults.call("get"), self._lock:
            row = self._rows.get((route, name))
            if row is None:
                return StoredEndpoint(EndpointRecord(route=route, name=name), None)
            return StoredEndpoint(record_from(row[0], route, name), row[1])

    def save(self, before: StoredEndpoint, record: EndpointRecord) -> StoredEndpoint:
        """Replace `before` by `record`."""
        check_same_endpoint(before.record, record)
        key = (record.route, record.name)
        with self.faults.call("save"), self._lock:
            present = self._rows.get(key)
            if before.etag != (None if present is None else present[1]):
                raise StaleWriteError(f"the row of endpoint {record.name} was written since it was read")
            etag = f"endpoint-{next(self._etags)}"
            self._rows[key] = (columns_of(record), etag)
        return StoredEndpoint(record, etag)
