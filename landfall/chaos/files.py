"""The files of a chaos run: seeded census tables. One in four beats all before it, so that models get promoted.

For a route that reads its files, some are spelt as Excel does, some grow, and some are bad until somebody corrects them
or accepts their form.
"""

import csv
import io
import random
from dataclasses import dataclass, replace
from enum import StrEnum

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
CORRECTED_AFTER_S = (2.0, 20.0)  # when the good version of a bad file follows
PIECES = 3  # in which a file grows
EXTRA_COLUMN = "note"
WORDED_COLUMN, WORD = "capital-loss", "small"


class Form(StrEnum):
    """How a file is written."""

    PLAIN = "plain"
    EXCEL = "excel"  # BOM, semicolons, CRLF
    GROWING = "growing"  # an append blob, in pieces
    RAGGED = "ragged"  # bad: a row lacks cells
    WIDER = "wider"  # bad: it has a column more, which the service in use cannot take
    WORDED = "worded"  # bad: a word in a column of numbers, until somebody accepts its form


FORMS = {Form.PLAIN: 10, Form.EXCEL: 3, Form.GROWING: 3, Form.RAGGED: 2, Form.WIDER: 1, Form.WORDED: 2}


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
    form: Form = Form.PLAIN

    def content(self) -> bytes:
        """Return the file; the same upload gives the same bytes."""
        text = self._plain_text()
        match self.form:
            case Form.EXCEL:  # no cell has a comma
                text = "\ufeff" + text.replace(",", ";").replace("\n", "\r\n")
            case Form.RAGGED:
                text += "39,Private\n"
            case Form.WIDER:
                header, *lines = text.splitlines()
                text = "\n".join([f"{header},{EXTRA_COLUMN}", *(f"{line},none" for line in lines), ""])
            case Form.WORDED:
                header, line, rest = text.split("\n", 2)
                cells = line.split(",")
                cells[COLUMNS.index(WORDED_COLUMN)] = WORD
                text = "\n".join([header, ",".join(cells), rest])
        return text.encode()

    def pieces(self) -> list[bytes]:
        """Return the file as it grows: in several pieces if it does, otherwise in one."""
        content = self.content()
        size = len(content) // PIECES + 1 if self.form is Form.GROWING else len(content)
        return [content[start : start + size] for start in range(0, len(content), size)]

    def _plain_text(self) -> str:
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
        return out.getvalue()


def clean_rows(content: bytes) -> list[dict[str, str]]:
    """Return the rows of an upload of any form, by name, as a job should get them; a row that is cut is left out."""
    text = content.decode("utf-8-sig")
    rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=";" if text.count(";") else ","))
    return [dict(zip(rows[0], row, strict=True)) for row in rows[1:] if len(row) == len(rows[0])] if rows else []


def draw_uploads(rng: random.Random, files: int, every_s: float, *, forms: bool = False) -> list[Upload]:
    """Return the writes of `files` files at a steady rate, ordered by time.

    `forms`: the files are of several forms, and a bad one is followed by the good one.
    """
    uploads: list[Upload] = []
    for number in range(files):
        at_s, blob = number * every_s, f"{FOLDER}/{number:04d}.csv"
        trend = MAX_NOISE * (1 - number / files)
        uploads.append(_draw_upload(rng, at_s, blob, trend))
        if rng.random() < OVERWRITTEN_SHARE:
            uploads.append(_draw_upload(rng, at_s + rng.uniform(*OVERWRITTEN_AFTER_S), blob, trend))
    if forms:
        uploads = [version for upload in uploads for version in _in_some_form(rng, upload)]
    return sorted(uploads, key=lambda upload: upload.at_s)


def _in_some_form(rng: random.Random, upload: Upload) -> list[Upload]:
    (form,) = rng.choices(list(FORMS), list(FORMS.values()))
    written = [replace(upload, form=form)]
    if form is Form.RAGGED:
        written.append(replace(upload, at_s=upload.at_s + rng.uniform(*CORRECTED_AFTER_S)))
    return written


def _draw_upload(rng: random.Random, at_s: float, blob: str, trend: float) -> Upload:
    """Return one write whose labels are shuffled, as noisy as the trend, or noisier."""
    kind, seed = rng.random(), rng.getrandbits(32)
    if kind < SHUFFLED_SHARE:
        return Upload(at_s, blob, rng.randint(*ROWS), seed, 1.0)
    if kind < SHUFFLED_SHARE + ADVANCE_SHARE:
        return Upload(at_s, blob, rng.randint(*ADVANCE_ROWS), seed, trend)
    return Upload(at_s, blob, rng.randint(*ROWS), seed, trend + rng.uniform(*EXTRA_NOISE))
