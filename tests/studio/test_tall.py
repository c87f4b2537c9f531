"""Tall and wide files are trained within a memory limit, which the test's process enforces."""

import resource
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.studio.running import ROOT

# Numbers, a moment and an identifier that differ in every row, codes, categories and a flag.
HEADER = "id,at,a,b,c,code,city,flag,y\n"
TRAIN = """
import resource, sys
from pathlib import Path
import lightgbm
from studio.training.training_plan import TrainingPlan
from studio.training.train import train
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
result = train(Path(sys.argv[1]), TrainingPlan("binary", "y", "yes"), 1)
print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before, result.trained_rows, *result.notes, sep="\\n")
"""
BYTES_A_ROW = 600  # 5 million rows then take 3 GB


def write_tall(path: Path, rows: int) -> None:
    """Write a tall file, block by block."""
    rng = np.random.default_rng(0)
    at = np.datetime64("2015-01-01T00:00:00")
    with path.open("w", encoding="utf-8") as out:
        out.write(HEADER)
        for begin in range(0, rows, 50_000):
            numbers = rng.normal(size=(min(50_000, rows - begin), 3))
            codes, cities = rng.integers(0, 1000, len(numbers)), rng.integers(0, 3000, len(numbers))
            for offset, (number, code, city) in enumerate(zip(numbers.tolist(), codes, cities, strict=True)):
                row = begin + offset
                label = "yes" if number[0] + number[1] * number[2] + city % 3 > 1 else "no"
                flag = "true" if code % 2 else "false"
                moment = str(at + np.timedelta64(row * 53, "s")).replace("T", " ")
                out.write(
                    f"u{row},{moment},{number[0]:.9f},{number[1]:.9f},{number[2]:.9f},{code},c{city},{flag},{label}\n"
                )


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_a_tall_file_takes_a_known_part_of_memory(tmp_path: Path) -> None:
    """A million rows with different texts take a limited number of bytes a row, and the training uses all of them."""
    rows = 1_000_000
    write_tall(tmp_path / "tall.csv", rows)
    command = [sys.executable, "-c", TRAIN, str(tmp_path / "tall.csv")]
    done = subprocess.run(command, capture_output=True, text=True, check=True, cwd=ROOT, timeout=800)
    taken_kb, trained, *notes = done.stdout.splitlines()
    assert int(taken_kb) * 1024 < BYTES_A_ROW * rows
    assert int(trained) == 750_000
    assert notes[:2] == [
        "'id': dropped: an identifier: nearly every row has a different value",
        "'at': dates as year-month-day",
    ]


@pytest.mark.deep
@pytest.mark.timeout(900)
def test_a_file_beyond_the_limit_is_refused_within_memory(tmp_path: Path) -> None:
    """Too many texts are refused, naming the limit, before they fill the memory."""
    path = tmp_path / "texts.csv"
    with path.open("w", encoding="utf-8") as out:
        out.write("x0,x1,x2,x3,x4,x5,x6,x7,y\n")
        for row in range(2_100_000):
            # Each text stands in two rows, so none of the columns is one of identifiers.
            out.write(",".join(f"t{column}-{row // 2 * 7919 % 1_050_011}" for column in range(8)) + f",{row % 2}\n")
    limit = 8 * 2**30
    code = f"import resource; resource.setrlimit(resource.RLIMIT_AS, ({limit}, {limit}))\n{TRAIN}"
    few = code.replace('"yes"', '"1"')
    fewer_texts = "import studio.tables.column_collector as c; c.MAX_TEXTS = 5_000_000"
    done = subprocess.run(
        [sys.executable, "-c", f"{fewer_texts}\n{few}", str(path)],
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT,
        timeout=800,
    )
    assert done.returncode == 1
    assert "more than 5,000,000 different texts" in done.stderr.splitlines()[-1]
    assert resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss < 4 * 2**20  # KB
