"""The SDK's client of one table, in memory: compare-and-swap, transactions, and the SDK's own retries."""

import operator as operator_of
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from enum import Enum
from itertools import count
from typing import Any

from azure.core import MatchConditions
from azure.core.exceptions import HttpResponseError, ResourceNotFoundError, ServiceResponseError
from azure.data.tables import TableEntity, TransactionOperation
from requests import ConnectionError as BrokenOff

from shared.adapters.storage.table_client import MAX_OPERATIONS


class Answer(Enum):
    """What becomes of one request."""

    GIVEN = "given"
    REFUSED = "refused"  # 503 until the SDK gives up; nothing was done
    RETRIED = "retried"  # done, then answered 500: the SDK sends it again by itself
    BROKEN_OFF = "broken off"  # done, but the answer broke off: the SDK lets the transport's own error through
    LOST = "lost"  # done, but no answer ever came, and the SDK gave up
    DIED = "died"  # done, and the worker that sent it is gone


class DiedError(BaseException):
    """The worker's process is gone: nothing in it can catch this."""


type Row = tuple[dict[str, Any], str]  # columns, ETag
type Gate = Callable[[str], Answer]  # asked before every request, by the name of its operation


class FakeTableClient:
    """What `shared.adapters.storage.table_client.Table` uses of `azure.data.tables.TableClient`."""

    def __init__(
        self,
        name: str,
        gate: Gate,
        etags: Iterator[int] | None = None,
        answered: Callable[[], None] = lambda: None,
    ) -> None:
        self.table_name = name
        self.url = "https://memory.table.core.windows.net"
        self.rows: dict[tuple[str, str], Row] = {}
        self.changed: Callable[[str, str, Mapping[str, Any]], None] = lambda *_: None
        self.exists = False
        self._gate = gate
        self._answered = answered
        self._etags = etags or count(1)

    def seen_by(self, gate: Gate, answered: Callable[[], None]) -> "FakeTableClient":
        """Return the same table as another worker's client; `answered` is called when a write is done."""
        client = FakeTableClient(self.table_name, gate, self._etags, answered)
        client.__dict__.update({**self.__dict__, "_gate": gate, "_answered": answered, "_origin": self})
        return client

    def create_table(self) -> None:
        """Create the table."""
        self._ask("create")
        self._origin_of().exists = True

    def close(self) -> None:
        """Close nothing."""

    def get_entity(self, partition: str, row_key: str) -> TableEntity:
        """Read one row."""
        self._ask("read")
        row = self.rows.get((partition, row_key))
        if row is None:
            raise ResourceNotFoundError(f"no row {row_key}")
        return _entity(row)

    def query_entities(self, condition: str, parameters: Mapping[str, str], **_: Any) -> list[TableEntity]:
        """Read every row that meets a condition, in the order of the keys."""
        self._ask("query")
        return [
            _entity(row)
            for _, row in sorted(self.rows.items(), key=lambda item: item[0])
            if _meets(condition, parameters, row[0])
        ]

    def upsert_entity(self, row: Mapping[str, Any], mode: object) -> None:
        """Write one row whatever is there."""
        del mode
        answer = self._ask("write")
        self._need_table()
        self._put(dict(row))
        if answer is Answer.DIED:
            raise DiedError
        if answer is Answer.LOST:
            raise ServiceResponseError("no answer")

    def submit_transaction(
        self, operations: Sequence[tuple[TransactionOperation, dict[str, Any], dict[str, Any]]], **_: Any
    ) -> list[dict[str, Any]]:
        """Carry a transaction out, all or nothing."""
        answer = self._ask("write")
        self._need_table()
        written = self._apply(operations)
        match answer:
            case Answer.RETRIED:
                return self._apply(operations)  # as the SDK does by itself after a 500
            case Answer.BROKEN_OFF:
                raise BrokenOff("the answer broke off")
            case Answer.LOST:
                raise ServiceResponseError("no answer")
            case Answer.DIED:
                raise DiedError
        self._answered()
        return written

    def _ask(self, operation: str) -> Answer:
        answer = self._gate(f"{self.table_name}.{operation}")
        if answer is Answer.REFUSED:
            raise _error(503, "ServerBusy")
        if answer is Answer.DIED and operation in {"read", "query", "create"}:
            raise DiedError
        if answer is not Answer.GIVEN and operation in {"read", "query"}:
            raise ServiceResponseError("no answer")
        return answer

    def _origin_of(self) -> "FakeTableClient":
        origin: FakeTableClient = self.__dict__.get("_origin", self)
        return origin

    def _need_table(self) -> None:
        if not self._origin_of().exists:
            raise _error(404, "TableNotFound")

    def _apply(
        self, operations: Sequence[tuple[TransactionOperation, dict[str, Any], dict[str, Any]]]
    ) -> list[dict[str, Any]]:
        keys = {(row["PartitionKey"], row["RowKey"]) for _, row, _ in operations}
        if len(operations) > MAX_OPERATIONS or len(keys) < len(operations) or len({key[0] for key in keys}) > 1:
            raise _error(400, "InvalidInput")  # as the service refuses a transaction beyond its limits
        for operation, row, options in operations:
            stored = self.rows.get((row["PartitionKey"], row["RowKey"]))
            if operation is TransactionOperation.UPSERT:
                continue
            if operation is TransactionOperation.CREATE:
                if stored is not None:
                    raise _error(409, "EntityAlreadyExists")
            elif stored is None:
                raise _error(404, "ResourceNotFound")
            elif options.get("match_condition") is MatchConditions.IfNotModified and options["etag"] != stored[1]:
                raise _error(412, "UpdateConditionNotSatisfied")
        answers: list[dict[str, Any]] = []
        for operation, row, _options in operations:
            if operation is TransactionOperation.DELETE:
                del self.rows[row["PartitionKey"], row["RowKey"]]
                answers.append({})
            else:
                answers.append({"etag": self._put(row)})
        return answers

    def _put(self, row: dict[str, Any]) -> str:
        etag = f'W/"{next(self._etags)}"'
        self.rows[row["PartitionKey"], row["RowKey"]] = (dict(row), etag)
        self._origin_of().changed(row["PartitionKey"], row["RowKey"], row)
        return etag


def _entity(row: Row) -> TableEntity:
    entity = TableEntity(**row[0])
    entity._metadata = {"etag": row[1], "timestamp": None}
    return entity


def _error(status: int, code: str) -> HttpResponseError:
    error = HttpResponseError(code)
    error.status_code = status
    error.error_code = code  # type: ignore[attr-defined]  # as the SDK sets it
    return error


_TERM = re.compile(r"(\w+) (eq|ne|ge|gt|lt) (?:'([^']*)'|@(\w+))")


def _meets(condition: str, parameters: Mapping[str, str], row: Mapping[str, Any]) -> bool:
    """Tell whether a row meets a condition: terms joined by `and`, where a bracket holds terms joined by `or`."""
    brackets = re.findall(r"\(([^)]*)\)", condition)
    plain = re.sub(r"\([^)]*\)", "", condition)
    return all(_holds(term, parameters, row) for term in _TERM.findall(plain)) and all(
        any(_holds(term, parameters, row) for term in _TERM.findall(bracket)) for bracket in brackets
    )


def _holds(term: tuple[str, str, str, str], parameters: Mapping[str, str], row: Mapping[str, Any]) -> bool:
    column, operator, literal, name = term
    if column not in row:
        return False
    value = parameters[name] if name else literal
    operators = {
        "eq": operator_of.eq,
        "ne": operator_of.ne,
        "ge": operator_of.ge,
        "gt": operator_of.gt,
        "lt": operator_of.lt,
    }
    return bool(operators[operator](row[column], value))
