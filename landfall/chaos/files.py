"""The files of a run: seeded census tables whose labels become ever less noisy, so that models keep getting better."""

import csv
import io
import random
from dataclasses import dataclass

from landfall.demo.census import COLUMNS, LABEL, census_rows

ROWS = (1200, 2000)
MOST_NOISE = 0.08  # the share of flipped labels at which no model passes the route's gate any more
NOISE_JITTER = 0.012
SHUFFLED = 0.05  # the share of files whose labels make no sense
OVERWRITTEN = 0.12  # the share of files that are written twice
OVERWRITTEN_AFTER_S = (0.05, 8.0)
FOLDER = "census"  # where the example's route looks


@dataclass(frozen=True)
class Drop:
    """One write of a file.

    Attributes:
        at_s: when, from the beginning of the working phase.
        noise: the share of flipped labels; 1 stands for shuffled ones.
    """

    at_s: float
    blob: str
    rows: int
    seed: int
    noise: float

    def content(self) -> bytes:
        """Return the file; the same drop gives the same bytes."""
        dice = random.Random(self.seed)  # noqa: S311 - not for secrets
        table = census_rows(self.rows, self.seed)
        labels = [row[LABEL] for row in table]
        if self.noise >= 1:
            dice.shuffle(labels)
        else:
            low, high = sorted(set(labels))
            labels = [(high if label == low else low) if dice.random() < self.noise else label for label in labels]
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, LABEL: label} for row, label in zip(table, labels, strict=True))
        return out.getvalue().encode()


def drops(dice: random.Random, files: int, every_s: float) -> list[Drop]:
    """Return the writes of so many files at a steady rate, in the order of their times."""
    found: list[Drop] = []
    for number in range(files):
        trend = MOST_NOISE * (1 - (number + 1) / files)

        def drop(at_s: float, blob: str, trend: float = trend) -> Drop:
            noise = 1.0 if dice.random() < SHUFFLED else max(0.0, trend + dice.uniform(-NOISE_JITTER, NOISE_JITTER))
            return Drop(at_s, blob, dice.randint(*ROWS), dice.getrandbits(32), noise)

        at_s, blob = number * every_s, f"{FOLDER}/{number:04d}.csv"
        found.append(drop(at_s, blob))
        if dice.random() < OVERWRITTEN:
            found.append(drop(at_s + dice.uniform(*OVERWRITTEN_AFTER_S), blob))
    return sorted(found, key=lambda one: one.at_s)
