"""Simulations of routes that read their files, drawn by seed apart from all others."""

import random
from dataclasses import replace

from tests.simulation.choices import of_seed
from tests.simulation.plan import Plan, Result
from tests.simulation.simulation import simulate

SETS = ("", "file", "batch", "accumulate", "window")


def intake_plan(seed: int) -> Plan:
    """Draw the plan of a route that reads and gathers its files."""
    source = random.Random(f"intake of {seed}")
    plan = Plan(
        files=source.choice([1, 2, 3, 5]),
        staging=source.random() < 0.75,
        events=source.random() < 0.8,
        intake=True,
        sets=source.choice(SETS),
        bad=source.random() < 0.4,
        growing=source.random() < 0.3,
        marker=source.random() < 0.2,
        copied=source.random() < 0.2,
        archives=source.random() < 0.2,
        overwrite=source.random() < 0.3,
        accepts=source.random() < 0.3,
        forgets=source.random() < 0.15,
    )
    return replace(plan, bad=plan.bad or plan.accepts)


def simulate_intake_seed(seed: int) -> Result:
    """Run the simulation of a seed on a route that reads its files."""
    return simulate(intake_plan(seed), of_seed(seed))
