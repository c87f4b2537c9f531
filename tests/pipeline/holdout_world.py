"""A world whose route has a holdout, which the fake models answer by their skill."""

import random

from shared.records.run import Run
from tests.pipeline.world import World, example_routes

POLICY_KEY = 'no_champion = "threshold-only"'
HOLDOUT_TABLE = """[routes.census.holdout]
data = "models/holdout/census.csv"
label = "income"
task = "binary"
positive = "yes"
batch_rows = 40

[routes.census.training]"""
TRAINING_TABLE = "[routes.census.training]"
ROWS = 200


def holdout_csv(seed: int = 1, rows: int = ROWS) -> str:
    """Return rows whose label follows a signal, with noise."""
    source = random.Random(seed)
    lines = ["signal,age,income"]
    for _ in range(rows):
        signal = source.random()
        lines.append(
            f"{signal:.4f},{source.randrange(20, 70)},{'yes' if signal + source.gauss(0, 0.2) > 0.5 else 'no'}"
        )
    return "\n".join(lines) + "\n"


def world_with_holdout(keys: str = POLICY_KEY) -> World:
    """Return a world whose route has a holdout; models follow the signal by their skill."""
    world = World(
        example_routes(("at_least = 0.80", "at_least = 0.50"), (POLICY_KEY, keys), (TRAINING_TABLE, HOLDOUT_TABLE))
    )
    world.blobs.put("models", "holdout/census.csv", holdout_csv())
    world.blobs.put("models", "golden/census.csv", "signal,age\n0.3,39\n0.8,50\n")
    world.scoring.skill = {"seed": 0.1, "poor": 0.3, "good": 0.9, "best": 1.0}
    return world


def train(world: World, model: str, auc: float = 0.9) -> Run:
    """Land a file, let its job finish with a model, and let the run come to its end."""
    world.clock.advance(60)
    return world.settle(world.train(model, auc, f"census/{model}.csv", model))
