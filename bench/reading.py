"""Measures the check of a file before its job: speed and peak memory in a new interpreter, of made-up columns."""

import json
import random
import resource
import subprocess
import sys
import time
from datetime import date, timedelta
from typing import Any

from bench import thresholds
from bench.errors import BenchError
from bench.results import Row
from landfall.stack.azurite import ROOT
from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected
from shared.intake.settings import IntakeSettings
from shared.intake.table_schema import FieldType, SchemaField, TableSchema

SIZES_MB = (1, 100, 1000)
CHUNK_BYTES = 4 * 2**20  # as the app reads a blob
_ROWS = 30_000  # about a chunk; they are read again and again
_KINDS = (*["number"] * 6, *["integer"] * 4, *["string"] * 5, *["date"] * 2, *["boolean"] * 2)
_COLUMNS = (*(f"{kind}{number}" for number, kind in enumerate(_KINDS)), "label")


def readings() -> list[Row]:
    """Check a file of each size.

    Raises:
        BenchError: the check refuses the file, or loses rows.
    """
    rows = []
    for size_mb in SIZES_MB:
        command = [sys.executable, "-m", "bench.reading", str(size_mb)]
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BenchError(f"the check of {size_mb} MB failed: {done.stderr[-500:]}")
        measured = json.loads(done.stdout)
        goal = thresholds.READING_MS_A_MB if size_mb > 1 else None  # a small file is over before cells come again
        what = f"checking a file of {size_mb} MB, 20 typed columns"
        rows += [
            Row(what, round(measured["ms_a_mb"], 1), "ms of the processor for each MB", goal),
            Row(f"{what}: speed", round(1000 / measured["ms_a_mb"]), "MB for each second of the processor"),
            Row(f"{what}: peak memory of the process", round(measured["peak_mib"]), "MiB"),
        ]
    return rows


def measured(size_mb: int) -> dict[str, Any]:
    """Check a made-up file in this process; the time is without making it up.

    Raises:
        BenchError: the check refuses the file, or loses rows.
    """
    header, body = f"{','.join(_COLUMNS)}\n".encode(), _rows()
    types = [*(FieldType(kind) for kind in _KINDS), FieldType.STRING]
    fields = [SchemaField(name=name, type=kind) for name, kind in zip(_COLUMNS, types, strict=True)]
    expected = Expected(
        columns=_COLUMNS, schema=TableSchema(fields=tuple(fields)), label="label", classes=("no", "yes")
    )
    check = FileCheck("made-up.csv", IntakeSettings(), expected)
    # Whole repetitions at least: a file that ends in the middle of a row would be refused.
    times = max(1, round(size_mb * 1e6 / len(body))) if size_mb * 1e6 > len(body) else 1
    content = body if times > 1 else body[: body.index(b"\n", int(size_mb * 1e6) - 1000) + 1]
    started = time.process_time()
    written = len(check.feed(header))
    for _ in range(times):
        for at in range(0, len(content), CHUNK_BYTES):
            written += len(check.feed(content[at : at + CHUNK_BYTES]))
    rows, report = check.finish()
    took_s = time.process_time() - started
    if report.refused or written + len(rows) != len(content) * times:
        raise BenchError(f"the made-up file is refused, or not written whole: {report.problems[:1]}")
    peak_kib = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return {"ms_a_mb": took_s * 1000 / (len(content) * times / 1e6), "peak_mib": peak_kib / 1024}


def _rows() -> bytes:
    chosen = random.Random(20)  # noqa: S311 - made-up data
    lines = (",".join([*(_cell(kind, chosen) for kind in _KINDS), _word(("no", "yes"), chosen)]) for _ in range(_ROWS))
    return "".join(f"{line}\n" for line in lines).encode()


def _cell(kind: str, chosen: random.Random) -> str:
    match kind:
        case "number":
            return f"{chosen.uniform(0, 1000):.2f}"
        case "integer":
            return str(chosen.randrange(1000))
        case "date":
            return (date(2020, 1, 1) + timedelta(days=chosen.randrange(1500))).isoformat()
        case "boolean":
            return _word(("true", "false"), chosen)
        case _:
            return f"word {chosen.randrange(200)}"


def _word(words: tuple[str, str], chosen: random.Random) -> str:
    return chosen.choice(words)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(measured(int(sys.argv[1]))))
