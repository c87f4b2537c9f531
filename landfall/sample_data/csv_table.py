"""A CSV in memory, as text cells."""

import csv
import io
import random
from dataclasses import dataclass


@dataclass(frozen=True)
class Table:
    """A CSV in memory, as text cells."""

    header: tuple[str, ...]
    rows: list[list[str]]

    @classmethod
    def of(cls, text: str) -> "Table":
        """Read a valid CSV."""
        header, *rows = csv.reader(io.StringIO(text, newline=""))
        return cls(tuple(header), rows)

    def to_csv(self) -> str:
        """Return the table as a CSV."""
        out = io.StringIO()
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(self.header)
        writer.writerows(self.rows)
        return out.getvalue()

    def with_shuffled(self, column: str, seed: int) -> "Table":
        """Return the table with the cells of one column shuffled: the same labels, without any signal."""
        at = self.header.index(column)
        cells = [row[at] for row in self.rows]
        random.Random(seed).shuffle(cells)  # noqa: S311 - not for secrets
        return Table(
            self.header, [[*row[:at], cell, *row[at + 1 :]] for row, cell in zip(self.rows, cells, strict=True)]
        )

    def without(self, column: str) -> "Table":
        """Return the table without a column."""
        at = self.header.index(column)
        return Table((*self.header[:at], *self.header[at + 1 :]), [[*row[:at], *row[at + 1 :]] for row in self.rows])
