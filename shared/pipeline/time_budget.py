"""A pass over many things within a time budget, which the next one takes up where it stopped."""

from bisect import bisect_right
from collections.abc import Callable, Iterable

from shared.log_actions import LogAction, get_log, log_fields
from shared.services import Services

log = get_log("sweep")


def round_robin[Item, Result](
    services: Services,
    items: Iterable[Item],
    name_of: Callable[[Item], str],
    work: Callable[[Item], Result],
    *,
    over: str,
    budget_s: float,
) -> list[Result]:
    """Do `work` for every item, some at once, in the order of their names; begin none later than `budget_s`.

    A pass that did not get to the end leaves a row, called after what it went `over`, that says how far it came; the
    next one begins behind that, also in another worker, and goes round. So every item gets its turn, whatever the
    number. A pass that gets round writes nothing, unless there is such a row.

    Returns the results of those that were begun.
    """
    stopped_at = services.runs.position(over)
    ordered = sorted(items, key=name_of)
    began_s = services.clock.elapsed_s()  # however long the listing took, something is begun
    first = bisect_right(ordered, stopped_at, key=name_of)
    ordered = ordered[first:] + ordered[:first]

    def begin(item: Item) -> tuple[Result] | None:
        return None if services.clock.elapsed_s() - began_s > budget_s else (work(item),)

    done = services.map_concurrently(begin, ordered)
    # They are begun in order, so what was left is the end of them.
    begun = next((number for number, one in enumerate(done) if one is None), len(done))
    position = stopped_at if not begun else name_of(ordered[begun - 1]) if begun < len(ordered) else ""
    if begun < len(ordered):
        log.info(
            "the sweep reached %d of %d %s within %.0f s; the next sweep continues there",
            begun,
            len(ordered),
            over,
            budget_s,
            extra=log_fields(LogAction.SWEEP_INTERRUPTED),
        )
    if position != stopped_at:
        services.runs.save_position(over, position)
    return [one[0] for one in done if one is not None]
