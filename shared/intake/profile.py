"""The profile of a training set: mergeable sketches of its columns, by which two sets are compared (pure).

The sketches are Apache DataSketches: KLL for quantiles, frequent items for categories, HyperLogLog for the number of
distinct values. They are approximate, and merging the profiles of parts gives the profile of their set.
"""

import json
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import StrEnum
from hashlib import blake2b
from typing import Any

NUMBERS_K = 500  # of a KLL sketch: ranks are within 0.6 %, in 12 KiB
FREQUENT_LG = 11  # of a frequent items sketch: it keeps 1,536 values, and counts are within 0.2 % of all cells
DISTINCT_LG = 11  # of a HyperLogLog sketch: within 2.3 %, in 2 KiB
_VERSION = 1


class ColumnKind(StrEnum):
    """How the values of a column are compared."""

    NUMBER = "number"
    CATEGORY = "category"
    DATE = "date"  # as categories, but running dates are recognised
    MIXED = "mixed"  # parts of the set disagree: the column is not compared


def text_key(text: str) -> str:
    """Return the hash by which a sketch keeps a text: it is short, and no person's name outlives the files in it."""
    return blake2b(text.encode(errors="surrogatepass"), digest_size=8).hexdigest()


@dataclass(frozen=True, kw_only=True)
class ColumnProfile:
    """The sketches of one column; treat them as immutable.

    Attributes:
        cells: cells with a value; an estimate where rows were sampled.
        sampled: cells with a value that were sketched.
        numbers: `kll_doubles_sketch` of a column of numbers, else None.
        texts: `frequent_strings_sketch` of the hashes of a column's categories or dates, else None.
        distinct: `hll_sketch` of the sketched values; not complete for numbers with fractions.
        whole: whether each number is a whole number.
        followers: of the sketched numbers, how many come after another one in their file.
        rises: how many of these are larger than the one before.
    """

    kind: ColumnKind
    cells: int = 0
    sampled: int = 0
    numbers: Any = None
    texts: Any = None
    distinct: Any = None
    whole: bool = False
    followers: int = 0
    rises: int = 0

    def merged(self, added: "ColumnProfile") -> "ColumnProfile":
        """Return the profile of the cells of both; neither is changed. A column without a value has any kind."""
        if not self.cells or not added.cells:
            return self if self.cells else added
        if self.kind is not added.kind or self.kind is ColumnKind.MIXED:
            return ColumnProfile(kind=ColumnKind.MIXED, cells=self.cells + added.cells)
        return replace(
            self,
            cells=self.cells + added.cells,
            sampled=self.sampled + added.sampled,
            numbers=_merged(self.numbers, added.numbers),
            texts=_merged(self.texts, added.texts),
            distinct=_union(self.distinct, added.distinct),
            whole=self.whole and added.whole,
            followers=self.followers + added.followers,
            rises=self.rises + added.rises,
        )

    def times(self, text: str) -> int:
        """Return how many cells of a column of categories or dates hold a text, approximately."""
        return int(self.texts.get_estimate(text_key(text)))

    @property
    def distinct_values(self) -> float:
        """The number of distinct sketched values, approximately."""
        return float(self.distinct.get_estimate()) if self.distinct is not None else 0.0


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The profile of a file, of a part or of a set.

    Attributes:
        rows: data rows.
        columns: the columns' profiles by name.
    """

    rows: int
    columns: dict[str, ColumnProfile]

    def merged(self, added: "Profile") -> "Profile":
        """Return the profile of the rows of both; a column that one of them lacks is missing in its rows."""
        columns = dict(self.columns)
        for name, column in added.columns.items():
            columns[name] = columns[name].merged(column) if name in columns else column
        return Profile(rows=self.rows + added.rows, columns=columns)

    def to_text(self) -> str:
        """Return the profile as JSON, which `profile_from_text` reads."""
        columns = [
            {
                "name": name,
                "kind": column.kind.value,
                "cells": column.cells,
                "sampled": column.sampled,
                "numbers": _text(column.numbers),
                "texts": _text(column.texts),
                "distinct": b64encode(column.distinct.serialize_compact()).decode() if column.distinct else None,
                "whole": column.whole,
                "followers": column.followers,
                "rises": column.rises,
            }
            for name, column in self.columns.items()
        ]
        return json.dumps({"version": _VERSION, "rows": self.rows, "columns": columns}, ensure_ascii=False)


def merged_profile(profiles: Iterable[Profile]) -> Profile:
    """Return the profile of a set from those of its parts; without parts it is empty."""
    merged = Profile(rows=0, columns={})
    for profile in profiles:
        merged = merged.merged(profile)
    return merged


def profile_from_text(text: str) -> Profile:
    """Read a profile back.

    Raises:
        ValueError: the text is not a profile of this version.
    """
    import datasketches  # noqa: PLC0415 - imports numpy, which only routes that measure drift pay for

    try:
        value = json.loads(text)
        if value["version"] != _VERSION:
            raise ValueError(f"The profile has version {value['version']}, not {_VERSION}.")
        columns = {
            str(column["name"]): ColumnProfile(
                kind=ColumnKind(column["kind"]),
                cells=int(column["cells"]),
                sampled=int(column["sampled"]),
                numbers=_read(datasketches.kll_doubles_sketch, column["numbers"]),
                texts=_read(datasketches.frequent_strings_sketch, column["texts"]),
                distinct=_read(datasketches.hll_sketch, column["distinct"]),
                whole=bool(column["whole"]),
                followers=int(column["followers"]),
                rises=int(column["rises"]),
            )
            for column in value["columns"]
        }
        return Profile(rows=int(value["rows"]), columns=columns)
    except (LookupError, TypeError, RuntimeError) as error:  # a sketch that is cut, or of another kind
        raise ValueError(f"The profile cannot be read: {error}") from error


def _text(sketch: Any) -> str | None:
    return b64encode(sketch.serialize()).decode() if sketch is not None else None


def _read(kind: Any, text: str | None) -> Any:
    return kind.deserialize(b64decode(text, validate=True)) if text is not None else None


def _merged(first: Any, second: Any) -> Any:
    """Return a new sketch of both: the library merges in place, so it begins with a copy of the first."""
    if first is None or second is None:
        return first if second is None else second
    copy = type(first).deserialize(first.serialize())
    copy.merge(second)
    return copy


def _union(first: Any, second: Any) -> Any:
    if first is None or second is None:
        return first if second is None else second
    import datasketches  # noqa: PLC0415 - imports numpy, which only routes that measure drift pay for

    union = datasketches.hll_union(DISTINCT_LG)
    union.update(first)
    union.update(second)
    return union.get_result(datasketches.tgt_hll_type.HLL_8)
