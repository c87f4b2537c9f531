"""The measures of drift: the population stability index, and the distance of Kolmogorov and Smirnov (pure).

They come from sketches, so they are approximate: a value is within about 0.02 of the exact one.
"""

from collections.abc import Iterator, Sequence
from math import log
from typing import Any

from shared.intake.profile import ColumnKind, ColumnProfile
from shared.intake.settings import DriftMeasure

QUANTILES = tuple(tenth / 10 for tenth in range(1, 10))  # the bounds of ten bins
MAX_CATEGORIES = 20  # the most frequent of the reference, each a bin; the others share one
MIN_SHARE = 0.0001  # of a bin: a smaller one counts as this
KS_POINTS = tuple(point / 256 for point in range(257))


def measured(measure: DriftMeasure, new: ColumnProfile, old: ColumnProfile, new_rows: int, old_rows: int) -> float:
    """Return the drift of a column against its reference; where both have values, they are of the same kind.

    PSI has a bin for the missing cells: a column that half of the rows suddenly lack has drifted. KS compares values
    alone.

    Args:
        measure: PSI, or KS of two columns of numbers with values.
        new: the column in the set.
        old: the column in the reference.
        new_rows: of the set.
        old_rows: of the reference.
    """
    if measure is DriftMeasure.KS:
        return _ks(new.numbers, old.numbers)
    new_bins, old_bins = _value_bins(new, old)
    return _psi([*new_bins, _missing(new, new_rows)], [*old_bins, _missing(old, old_rows)])


def _value_bins(new: ColumnProfile, old: ColumnProfile) -> tuple[list[float], list[float]]:
    if not new.cells or not old.cells:
        return [float(new.cells)], [float(old.cells)]  # there is nothing to compare them with
    return _number_bins(new, old) if new.kind is ColumnKind.NUMBER else _category_bins(new, old)


def _missing(column: ColumnProfile, rows: int) -> float:
    return float(max(rows - column.cells, 0))


def kept_share(new: ColumnProfile, old: ColumnProfile) -> float:
    """Return which share of a column's cells has a value that also occurs in the reference; no column of numbers."""
    return sum(times for text, times in _frequent(new.texts) if old.texts.get_upper_bound(text)) / new.cells


def _psi(new: Sequence[float], old: Sequence[float]) -> float:
    """Return the population stability index of cells by bin.

    Half a cell is added to each bin: the index of an empty bin would be infinite. No share is below `MIN_SHARE`: else a
    bin that is empty in the reference would count for more, the more rows the reference has.
    """
    shares = zip(_shares(new), _shares(old), strict=True)
    return sum((share - before) * log(share / before) for share, before in shares)


def _shares(cells: Sequence[float]) -> list[float]:
    total = sum(cells) + len(cells) / 2
    return [max((times + 0.5) / total, MIN_SHARE) for times in cells]


def _number_bins(new: ColumnProfile, old: ColumnProfile) -> tuple[list[float], list[float]]:
    """Return the cells by the reference's quantile bins.

    A value that is several quantiles at once is a bin of its own: most cells of a column may be 0.
    """
    quantiles = old.numbers.get_quantiles(list(QUANTILES), True)
    bounds = sorted(set(quantiles))
    cuts = [(bound, inclusive) for bound in bounds for inclusive in _sides(bound, quantiles)]
    return _by_cuts(new, cuts), _by_cuts(old, cuts)


def _sides(bound: float, quantiles: Sequence[float]) -> tuple[bool, ...]:
    return (False, True) if quantiles.count(bound) > 1 else (True,)


def _by_cuts(column: ColumnProfile, cuts: Sequence[tuple[float, bool]]) -> list[float]:
    ranks = [column.numbers.get_rank(bound, inclusive) for bound, inclusive in cuts]
    return [(high - low) * column.cells for low, high in zip([0.0, *ranks], [*ranks, 1.0], strict=True)]


def _ks(new: Any, old: Any) -> float:
    """Return the largest difference of the two distribution functions, at the quantiles of both."""
    points = {*new.get_quantiles(list(KS_POINTS), True), *old.get_quantiles(list(KS_POINTS), True)}
    sides = [(point, inclusive) for point in points for inclusive in (False, True)]
    return max(float(abs(new.get_rank(*side) - old.get_rank(*side))) for side in sides)


def _category_bins(new: ColumnProfile, old: ColumnProfile) -> tuple[list[float], list[float]]:
    """Return the cells of the reference's most frequent categories, of its others, and of new ones.

    New categories can be told from rare ones while the sketch of the reference holds all of its categories.
    """
    top = sorted(_frequent(old.texts), key=lambda entry: (-entry[1], entry[0]))[:MAX_CATEGORIES]
    before = [float(times) for _, times in top]
    after = [float(new.texts.get_estimate(text)) for text, _ in top]
    unheard = float(sum(times for text, times in _frequent(new.texts) if not old.texts.get_upper_bound(text)))
    rest = max(new.cells - sum(after) - unheard, 0.0)
    return [*after, rest, unheard], [*before, max(old.cells - sum(before), 0.0), 0.0]


def _frequent(texts: Any) -> Iterator[tuple[str, int]]:
    """Yield the categories that a sketch holds, with their cells."""
    import datasketches  # noqa: PLC0415 - imports numpy, which only routes that measure drift pay for

    for text, estimate, _, _ in texts.get_frequent_items(datasketches.frequent_items_error_type.NO_FALSE_NEGATIVES):
        yield text, estimate
