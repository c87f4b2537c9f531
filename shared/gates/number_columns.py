"""Which columns of a table without a schema hold numbers (pure)."""

from collections.abc import Sequence

from shared.gates.finite_numbers import finite_number


def number_columns(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> frozenset[str]:
    """Return the columns whose every cell is a number without a needless 0 in front; empty cells say nothing.

    A single other cell makes a column one of texts, so it takes all rows of a file to tell.
    """
    return frozenset(name for index, name in enumerate(columns) if _is_numeric([row[index] for row in rows]))


def _is_numeric(cells: Sequence[str]) -> bool:
    written = [cell for cell in cells if cell]
    return bool(written) and all(finite_number(cell) is not None and not _has_needless_zero(cell) for cell in written)


def _has_needless_zero(cell: str) -> bool:
    digits = cell.strip().lstrip("+-")
    return len(digits) > 1 and digits[0] == "0" and digits[1].isdigit()
