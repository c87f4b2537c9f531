"""The line of each row in its file, for errors that name a line."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class RowLines:
    """The line on which each row ends, counted from 1. Rows without line breaks in their cells are kept as ranges."""

    blocks: tuple[range | NDArray[np.int64], ...] = ()

    @classmethod
    def of_blocks(cls, blocks: Sequence[Sequence[int]]) -> Self:
        """Take the lines of consecutive blocks of rows; adjacent ranges are merged."""
        kept: list[range | NDArray[np.int64]] = []
        for lines in filter(None, blocks):
            is_range = lines[-1] - lines[0] == len(lines) - 1
            before = kept[-1] if kept else None
            if is_range and isinstance(before, range) and before.stop == lines[0]:
                kept[-1] = range(before.start, lines[-1] + 1)
            else:
                kept.append(range(lines[0], lines[-1] + 1) if is_range else np.array(lines, dtype=np.int64))
        return cls(tuple(kept))

    @property
    def rows(self) -> int:
        """How many rows were read."""
        return sum(map(len, self.blocks))

    def of(self, rows: NDArray[np.int64]) -> list[int]:
        """Return the lines of some rows; `rows` are counted from 0, in ascending order."""
        lines: list[int] = []
        begin = 0
        for block in self.blocks:
            inside = rows[(rows >= begin) & (rows < begin + len(block))] - begin
            lines += [int(block[row]) for row in inside.tolist()]
            begin += len(block)
        return lines
