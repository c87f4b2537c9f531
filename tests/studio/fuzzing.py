"""Loads and scores hostile model files, one for each seed, in a process of its own: what would end it ends only it.

`python -m tests.studio.fuzzing FIRST LAST` prints each seed before it is tried, and last how many files were used.
"""

import math
import random
import sys
from collections.abc import Sequence

import numpy as np

from studio.errors import ModelFileError
from studio.json_values import r_number
from studio.models.model import Model
from studio.models.model_file import dump_model, load_model
from studio.scoring.lightgbm_scorer import LightGbmScorer
from studio.scoring.scorer import CellError, Scorer
from tests.studio.random_models import CELLS, hostile_file, random_model, random_row


def check_scores(model: Model, rows: Sequence[Sequence[float]]) -> None:
    """Score rows in each way: the numbers must be finite and the same to the last bit."""
    scorer = Scorer(model)
    plain, table = [scorer.raw_scores(row) for row in rows], np.array(rows)
    native = [LightGbmScorer(model).raw_scores(table, wait=True)] if model.trees else []
    for scores in (scorer.batch_raw_scores(table), *native):
        if scores is None or repr(plain) != repr(scores.tolist()):
            raise AssertionError(f"{plain} is not {scores}")
    for cells in scorer.batch_output_cells(table):
        numbers = list(map(float, cells[1:] if model.task == "binary" else cells[: len(model.classes) or 1]))
        if not all(map(math.isfinite, numbers)) or any(cell == "-0" for cell in cells):
            raise AssertionError(f"{cells} is no answer")
        if model.task == "multiclass" and abs(sum(numbers) - 1) > 1e-12:
            raise AssertionError(f"the probabilities {cells} do not add up to {r_number(1)}")


def check_cells(rng: random.Random, model: Model) -> None:
    """Any cells are answered, or refused in words."""
    scorer = Scorer(model)
    try:
        scorer.output_cells(scorer.raw_scores(scorer.features([rng.choice(CELLS) for _ in model.columns])))
    except CellError as error:
        if not str(error):
            raise AssertionError("no word about a cell") from error


def try_seed(seed: int) -> bool:
    """Try one file; True if it was a model after all."""
    rng = random.Random(seed)
    sound = dump_model(random_model(rng))
    data = sound if seed % 5 == 0 else hostile_file(rng, sound)
    try:
        model = load_model(data)
    except ModelFileError:
        if data == sound:
            raise
        return False
    check_scores(model, [random_row(rng, model) for _ in range(12)])
    for _ in range(5):
        check_cells(rng, model)
    return True


def main() -> None:
    """Try the seeds of the command line."""
    used = 0
    for seed in range(int(sys.argv[1]), int(sys.argv[2])):
        sys.stdout.write(f"{seed}\n")
        sys.stdout.flush()
        used += try_seed(seed)
    sys.stdout.write(f"used {used}\n")


if __name__ == "__main__":
    main()
