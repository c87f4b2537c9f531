"""The files of a run: seeded census tables; one in four is better than all before it, so that models get promoted."""

import csv
import io
import random
from dataclasses import dataclass

from landfall.sample_data.census import COLUMNS, LABEL, census_rows

ROWS = (500, 900)
ADVANCES = 0.25  # the share of files that carry the data forward: large, and less noisy than every file before
ADVANCE_ROWS = (3500, 4500)  # enough for their quality to depend on the noise more than on luck
MOST_NOISE = 0.06  # the share of flipped labels in the first of them: just good enough for the route's gate
MORE_NOISE = (0.02, 0.06)  # what the other files have in addition
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
        at_s, blob = number * every_s, f"{FOLDER}/{number:04d}.csv"
        trend = MOST_NOISE * (1 - number / files)
        found.append(_drop(dice, at_s, blob, trend))
        if dice.random() < OVERWRITTEN:
            found.append(_drop(dice, at_s + dice.uniform(*OVERWRITTEN_AFTER_S), blob, trend))
    return sorted(found, key=lambda one: one.at_s)


def _drop(dice: random.Random, at_s: float, blob: str, trend: float) -> Drop:
    """Return one write whose labels are as noisy as the trend has it, noisier, or shuffled."""
    kind, seed = dice.random(), dice.getrandbits(32)
    if kind < SHUFFLED:
        return Drop(at_s, blob, dice.randint(*ROWS), seed, 1.0)
    if kind < SHUFFLED + ADVANCES:
        return Drop(at_s, blob, dice.randint(*ADVANCE_ROWS), seed, trend)
    return Drop(at_s, blob, dice.randint(*ROWS), seed, trend + dice.uniform(*MORE_NOISE))
