"""The files of a chaos run: seeded census tables. One in four beats all before it, so that models get promoted."""

import csv
import io
import random
from dataclasses import dataclass

from landfall.sample_data.census import COLUMNS, LABEL, census_rows

ROWS = (500, 900)
ADVANCE_SHARE = 0.25  # share of files that are large and less noisy than every file before
ADVANCE_ROWS = (3500, 4500)  # enough for the quality to depend on the noise more than on luck
MAX_NOISE = 0.06  # share of flipped labels in the first advance: just good enough for the route's gate
EXTRA_NOISE = (0.02, 0.06)  # what the other files have in addition
SHUFFLED_SHARE = 0.05  # share of files with shuffled labels
OVERWRITTEN_SHARE = 0.12  # share of files that are written twice
OVERWRITTEN_AFTER_S = (0.05, 8.0)
FOLDER = "census"  # where the example's route looks


@dataclass(frozen=True)
class Upload:
    """One write of a file.

    Attributes:
        at_s: when, from the start of the working phase.
        noise: the share of flipped labels; 1 stands for shuffled labels.
    """

    at_s: float
    blob: str
    rows: int
    seed: int
    noise: float

    def content(self) -> bytes:
        """Return the file; the same upload gives the same bytes."""
        rng = random.Random(self.seed)  # noqa: S311 - not for secrets
        table = census_rows(self.rows, self.seed)
        labels = [row[LABEL] for row in table]
        if self.noise >= 1:
            rng.shuffle(labels)
        else:
            low, high = sorted(set(labels))
            flipped = {low: high, high: low}
            labels = [flipped[label] if rng.random() < self.noise else label for label in labels]
        out = io.StringIO()
        writer = csv.DictWriter(out, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, LABEL: label} for row, label in zip(table, labels, strict=True))
        return out.getvalue().encode()


def draw_uploads(rng: random.Random, files: int, every_s: float) -> list[Upload]:
    """Return the writes of `files` files at a steady rate, ordered by time."""
    uploads: list[Upload] = []
    for number in range(files):
        at_s, blob = number * every_s, f"{FOLDER}/{number:04d}.csv"
        trend = MAX_NOISE * (1 - number / files)
        uploads.append(_draw_upload(rng, at_s, blob, trend))
        if rng.random() < OVERWRITTEN_SHARE:
            uploads.append(_draw_upload(rng, at_s + rng.uniform(*OVERWRITTEN_AFTER_S), blob, trend))
    return sorted(uploads, key=lambda upload: upload.at_s)


def _draw_upload(rng: random.Random, at_s: float, blob: str, trend: float) -> Upload:
    """Return one write whose labels are shuffled, as noisy as the trend, or noisier."""
    kind, seed = rng.random(), rng.getrandbits(32)
    if kind < SHUFFLED_SHARE:
        return Upload(at_s, blob, rng.randint(*ROWS), seed, 1.0)
    if kind < SHUFFLED_SHARE + ADVANCE_SHARE:
        return Upload(at_s, blob, rng.randint(*ADVANCE_ROWS), seed, trend)
    return Upload(at_s, blob, rng.randint(*ROWS), seed, trend + rng.uniform(*EXTRA_NOISE))
