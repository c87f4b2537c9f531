"""How much is measured: the defaults are those of a real run, a test uses tiny ones."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """How many rows, rounds and model swaps are measured, and for how long."""

    baselines: bool = True  # False: only the studio runs
    training_rows: int = 30_000
    rounds: int = 5
    warm_up_s: float = 0.5
    round_s: float = 2.0
    batch_rows: int = 100_000
    swaps: int = 100
    swaps_a_round: int = 20
    swap_pause_s: float = 1.0
    job_rows: tuple[int, ...] = (30_000, 300_000)
    job_rounds: int = 3
