"""What every store on a table has in common: it is opened by a connection string or under an identity, and closed."""

from typing import TYPE_CHECKING, ClassVar, Self

from shared.adapters.storage.table_client import Table, Transaction
from shared.errors import StaleWriteError

if TYPE_CHECKING:
    from azure.core.credentials import TokenCredential


class TableStore:
    """A store whose records are rows of one table; its first write creates the table."""

    TABLE_NAME: ClassVar[str]

    def __init__(self, table: Table) -> None:
        self._table = table

    @classmethod
    def from_connection_string(cls, connection_string: str, table: str | None = None) -> Self:
        """Open the store, in `TABLE_NAME` unless another table is named; nothing is sent yet.

        Raises:
            ConfigError: the connection string is malformed.
        """
        return cls(Table.from_connection_string(connection_string, table or cls.TABLE_NAME))

    @classmethod
    def with_identity(cls, url: str, credential: "TokenCredential", table: str | None = None) -> Self:
        """Open the store at the https URL of a table service; nothing is sent yet."""
        return cls(Table.with_identity(url, credential, table or cls.TABLE_NAME))

    def close(self) -> None:
        """Close the connections."""
        self._table.close()

    def _write(self, change: Transaction, what: str) -> dict[str, str | None]:
        """Execute a transaction; `what` it changes, for the error."""
        try:
            return self._table.write(change)
        except StaleWriteError:
            raise StaleWriteError(f"{what} was written since it was read") from None
