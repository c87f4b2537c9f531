"""A schedule that breaks a promise, made short: choices are taken back as long as the promise stays broken."""

from collections.abc import Callable

from tests.simulation.choices import Schedule


def shrink(schedule: Schedule, breaks: Callable[[Schedule], bool]) -> dict[str, int]:
    """Return a schedule that still breaks what `schedule` breaks, and of which no single choice can be left out."""
    kept = dict(schedule)
    size = max(1, len(kept) // 2)
    while True:
        shorter = _without_chunk(kept, size, breaks)
        if shorter is not None:
            kept = shorter
            size = min(size, max(1, len(kept)))
        elif size > 1:
            size //= 2
        else:
            return kept


def _without_chunk(kept: dict[str, int], size: int, breaks: Callable[[Schedule], bool]) -> dict[str, int] | None:
    names = list(kept)
    for start in range(0, len(names), size):
        left_out = set(names[start : start + size])
        shorter = {name: value for name, value in kept.items() if name not in left_out}
        if breaks(shorter):
            return shorter
    return None


def to_text(schedule: Schedule) -> str:
    """Write a schedule as it is given on the command line."""
    return ",".join(f"{name}={value}" for name, value in schedule.items())


def from_text(text: str) -> dict[str, int]:
    """Read a schedule as it is given on the command line."""
    pairs = (part.rpartition("=") for part in text.split(",") if part)
    return {name: int(value) for name, _, value in pairs}
