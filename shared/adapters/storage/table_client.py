"""One table: time-outs, creation at the first write, and idempotent transactions."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Self
from uuid import uuid4

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceExistsError, ResourceNotFoundError
from azure.data.tables import TableClient, TableEntity, TransactionOperation, UpdateMode
from requests import RequestException

from shared.adapters.storage.azure_errors import error_code, storage_errors
from shared.adapters.storage.sdk_transport import RETRIES, client_settings, malformed_connection_string
from shared.errors import StaleWriteError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential

_CONFLICTS = frozenset({404, 409, 412})  # a row is missing, exists already, or was written since it was read
_NO_TABLE = frozenset({"TableNotFound", "TableBeingDeleted"})  # with status 404 and 409 as well, but no conflict
MAX_OPERATIONS = 100  # of one transaction: the service's limit
_KEYS_A_QUERY = 13  # beside partition and fence: a condition may have 15 comparisons
# By default the SDK repeats a transaction only after 500, 503 and 504. Ours may be repeated after a lost answer too:
# one that has taken effect is refused, and its write token shows that it was ours.
_REPEATABLE = frozenset({"GET", "POST", "PUT", "DELETE"})
# With these the pauses are 0, 0.8 and 1.6 seconds.
_RETRY_OPTIONS = {"retry_total": RETRIES, "retry_backoff_factor": 0.4, "retry_backoff_max": 5}


@dataclass
class Transaction:
    """Changes of rows of one partition, all or nothing.

    Every written row has a random `write_token`. If the service refuses the transaction as a conflict, the token of the
    row `fence` shows whether it conflicts with an earlier sending of itself.
    """

    partition: str
    fence: str  # the row key whose token decides about a conflict
    token: str = field(default_factory=lambda: uuid4().hex)
    operations: list[tuple[TransactionOperation, dict[str, Any], dict[str, Any]]] = field(default_factory=list)

    def insert(self, row_key: str, columns: Mapping[str, Any]) -> None:
        """Add a row that must not exist."""
        self.operations.append((TransactionOperation.CREATE, self._row(row_key, columns), {}))

    def replace(self, row_key: str, columns: Mapping[str, Any], etag: str | None) -> None:
        """Replace a row that must exist; in the version `etag`, if that is known."""
        options = {"mode": UpdateMode.REPLACE, **_condition(etag)}
        self.operations.append((TransactionOperation.UPDATE, self._row(row_key, columns), options))

    def put_over(self, row_key: str, columns: Mapping[str, Any], etag: str | None) -> None:
        """Replace the version `etag` of a row; without one, add a row that must not exist."""
        if etag is None:
            self.insert(row_key, columns)
        else:
            self.replace(row_key, columns, etag)

    def put(self, row_key: str, columns: Mapping[str, Any]) -> None:
        """Write a row, whether or not it exists."""
        options = {"mode": UpdateMode.REPLACE}
        self.operations.append((TransactionOperation.UPSERT, self._row(row_key, columns), options))

    def delete(self, row_key: str, etag: str | None) -> None:
        """Delete a row that must exist; in the version `etag`, if that is known."""
        self.operations.append((TransactionOperation.DELETE, self._row(row_key, {}), _condition(etag)))

    @property
    def row_keys(self) -> list[str]:
        """The rows that it changes, in order."""
        return [row["RowKey"] for _, row, _ in self.operations]

    def _row(self, row_key: str, columns: Mapping[str, Any]) -> dict[str, Any]:
        return {**columns, "write_token": self.token, "PartitionKey": self.partition, "RowKey": row_key}


class Table:
    """A table of the app's storage account."""

    def __init__(self, client: TableClient) -> None:
        self._client = client
        self._url = f"{client.url.partition('?')[0]}/{client.table_name}"

    @classmethod
    def from_connection_string(cls, connection_string: str, name: str, **options: Any) -> Self:
        """Open a table; nothing is sent yet. `options` go to the SDK's client.

        Raises:
            ConfigError: the connection string is malformed.
        """
        settings = client_settings(_RETRY_OPTIONS, options)
        try:
            client = TableClient.from_connection_string(connection_string, name, **settings)
        except ValueError:
            raise malformed_connection_string() from None
        return cls(client)

    @classmethod
    def with_identity(cls, url: str, credential: "TokenCredential", name: str, **options: Any) -> Self:
        """Open a table of the account whose table service is at an https URL; nothing is sent yet."""
        settings = client_settings(_RETRY_OPTIONS, options)
        return cls(TableClient(url, name, credential=credential, **settings))

    def read(self, partition: str, row_key: str) -> TableEntity | None:
        """Read one row; None if it, or the whole table, does not exist."""
        with storage_errors("read a row", self._url):
            try:
                return self._client.get_entity(partition, row_key)
            except ResourceNotFoundError:
                return None

    def query(self, condition: str, **parameters: str) -> Iterator[TableEntity]:
        """Read every row that meets an OData condition, page by page; a table that does not exist has none."""
        with storage_errors("query rows", self._url), suppress(ResourceNotFoundError):
            yield from self._client.query_entities(condition, parameters=parameters)

    def first(self, condition: str, **parameters: str) -> TableEntity | None:
        """Read the first row that meets an OData condition; None if there is none, or no table."""
        with storage_errors("query rows", self._url), suppress(ResourceNotFoundError):
            return next(iter(self._client.query_entities(condition, parameters=parameters, results_per_page=1)), None)
        return None

    def write(self, transaction: Transaction) -> dict[str, str | None]:
        """Execute a transaction and return the new ETags by row key.

        An ETag is None if the row was deleted, or if somebody else wrote it after this transaction.

        Raises:
            StaleWriteError: a condition of the transaction does not hold; nothing was written.
        """
        with storage_errors("write rows", self._url):
            try:
                answers = self._send(transaction)
            except HttpResponseError as error:
                if error.status_code not in _CONFLICTS or error_code(error) in _NO_TABLE:
                    raise
                return self._own_write(transaction)
        return {row_key: answer.get("etag") for row_key, answer in zip(transaction.row_keys, answers, strict=True)}

    def put(self, partition: str, row_key: str, columns: Mapping[str, Any]) -> None:
        """Write one row unconditionally: the last writer wins."""
        row = {**columns, "PartitionKey": partition, "RowKey": row_key}
        with storage_errors("write a row", self._url):
            try:
                self._client.upsert_entity(row, mode=UpdateMode.REPLACE)
            except ResourceNotFoundError:  # no table yet
                self._create()
                self._client.upsert_entity(row, mode=UpdateMode.REPLACE)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _send(self, transaction: Transaction) -> Sequence[Mapping[str, Any]]:
        """Send a transaction; once more after creating the table, or after an answer that broke off."""
        for last in (False, True):
            try:
                return self._client.submit_transaction(transaction.operations, retry_on_methods=_REPEATABLE)
            except RequestException:  # the SDK neither repeats nor translates it
                if last:
                    raise
            except HttpResponseError as error:
                if last or error_code(error) != "TableNotFound":
                    raise
                self._create()
        raise AssertionError("the second attempt returns or raises")

    def _create(self) -> None:
        with suppress(ResourceExistsError):  # another worker was faster
            self._client.create_table()

    def _own_write(self, transaction: Transaction) -> dict[str, str | None]:
        """Return the ETags of a refused transaction that an earlier sending of it has written.

        Raises:
            StaleWriteError: somebody else wrote the rows.
        """
        written: dict[str, TableEntity] = {}
        others = [row_key for row_key in transaction.row_keys if row_key != transaction.fence]
        for start in range(0, len(others) + 1, _KEYS_A_QUERY):  # the first of them tells whether there is more to ask
            rows = self._rows(transaction.partition, [transaction.fence, *others[start : start + _KEYS_A_QUERY]])
            written |= {row["RowKey"]: row for row in rows if row.get("write_token") == transaction.token}
            if transaction.fence not in written:
                raise StaleWriteError(f"{transaction.fence} in {transaction.partition} was written by somebody else")
        return {key: etag_of(written[key]) if key in written else None for key in transaction.row_keys}

    def _rows(self, partition: str, row_keys: Sequence[str]) -> Iterator[TableEntity]:
        """Read the rows of some keys in one query."""
        keys = {f"key{number}": row_key for number, row_key in enumerate(row_keys)}
        condition = f"PartitionKey eq @partition and ( {' or '.join(f'RowKey eq @{name}' for name in keys)} )"
        return self.query(condition, partition=partition, **keys)


def etag_of(row: TableEntity) -> str | None:
    """Return the ETag of a row as read."""
    return row.metadata["etag"]


def _condition(etag: str | None) -> dict[str, Any]:
    if etag is None:
        return {"match_condition": MatchConditions.Unconditionally}
    return {"etag": etag, "match_condition": MatchConditions.IfNotModified}
