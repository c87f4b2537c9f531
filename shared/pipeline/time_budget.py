"""A round robin over many items within a time budget: the next pass continues where the last one stopped."""

from bisect import bisect_right
from collections.abc import Callable, Iterable
from typing import NamedTuple

from shared.log_actions import LogAction, get_log, log_fields
from shared.services import Services

log = get_log("sweep")


class Swept(NamedTuple):
    """What a pass of the sweep did: the items that it checked, those that it changed, and those left for the next."""

    checked: int
    changed: int
    left: int


class Pass[Result](NamedTuple):
    """A pass over many items: the results of those that were begun, and the number of those left for the next pass.

    Items that overtook one that was not begun are among both.
    """

    results: list[Result]
    left: int


def round_robin[Item, Result](
    services: Services,
    items: Iterable[Item],
    name_of: Callable[[Item], str],
    work: Callable[[Item], Result],
    *,
    over: str,
    budget_s: float,
    to_end: bool = False,
    from_first: bool = False,
) -> Pass[Result]:
    """Do `work` for every item, some at once, in the order of their names; begin none after `budget_s` seconds.

    A pass that runs out of time stores its position in a row named `over`. The next pass, in any worker, begins behind
    that position and goes round, so every item gets its turn. A complete pass removes the position, and writes nothing
    if there was none.

    A caller who repeats passes until everything is done uses the other two options. With `to_end` a pass does not go
    round: it is complete at the last name, so some passes are a whole round. With `from_first` it begins at the first
    name, wherever the last one stopped.
    """
    stored = services.runs.position(over)
    stopped_at = "" if from_first else stored
    ordered = sorted(items, key=name_of)
    began_s = services.clock.elapsed_s()  # after the listing: however long that took, at least one item is begun
    first = bisect_right(ordered, stopped_at, key=name_of) if stopped_at else 0
    ordered = ordered[first:] + ([] if to_end else ordered[:first])

    def begin(item: Item) -> tuple[Result] | None:
        return None if services.clock.elapsed_s() - began_s > budget_s else (work(item),)

    results = services.map_concurrently(begin, ordered)
    # Items are begun in order, so those that were not begun are the last ones.
    begun = next((number for number, result in enumerate(results) if result is None), len(results))
    if begun:
        stopped_at = name_of(ordered[begun - 1])
    position = stopped_at if begun < len(ordered) else ""
    if begun < len(ordered):
        _log_interruption(begun, len(ordered), over, budget_s)
    if position != stored:
        services.runs.save_position(over, position)
    return Pass([result[0] for result in results if result is not None], len(ordered) - begun)


def _log_interruption(begun: int, total: int, over: str, budget_s: float) -> None:
    log.info(
        "the sweep reached %d of %d %s within %.0f s; the next sweep continues there",
        begun,
        total,
        over,
        budget_s,
        extra=log_fields(LogAction.SWEEP_INTERRUPTED),
    )
