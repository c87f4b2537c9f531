"""Simulations of routes that read their files, drawn by seed apart from all others."""

import random

from tests.simulation.choices import of_seed
from tests.simulation.plan import Plan, Result, with_intake
from tests.simulation.simulation import simulate


def intake_plan(seed: int) -> Plan:
    """Draw the plan of a route that reads and gathers its files."""
    source = random.Random(f"intake of {seed}")
    plan = Plan(
        files=source.choice([1, 2, 3, 5]),
        staging=source.random() < 0.75,
        events=source.random() < 0.8,
        overwrite=source.random() < 0.3,
    )
    return with_intake(plan, source)


def simulate_intake_seed(seed: int) -> Result:
    """Run the simulation of a seed on a route that reads its files."""
    return simulate(intake_plan(seed), of_seed(seed))
