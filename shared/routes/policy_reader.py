"""Reads a policy's keys from a TOML table: `gates`, `no_champion`, `require`, `min_rows`, `cooldown_s`, `bootstrap`."""

import math

from shared.gates.known_metrics import Direction, direction_of, range_of, why_impossible
from shared.gates.policy import BOUNDS, Bootstrap, Gate, NoChampion, Policy, Require
from shared.routes.toml_reader import Table

_FEWEST_SAMPLES, _MOST_SAMPLES = 100, 2000
_LEAST_CONFIDENCE = 0.5
_NEVER_NEGATIVE = ("min_gain_percent", "max_loss", "max_loss_percent")


def read_policy(table: Table) -> Policy:
    """Return the policy; what is wrong goes to the table's problems, and the caller must not use it then."""
    no_champion = table.choice("no_champion", [choice.value for choice in NoChampion])
    require = table.choice("require", [choice.value for choice in Require], required=False)
    policy = Policy(
        gates=tuple(_gate(gate) for gate in table.tables("gates")),
        no_champion=NoChampion(no_champion or NoChampion.HOLD),
        require=Require(require or Require.ALL),
        min_rows=table.integer("min_rows", 0),
        cooldown_s=table.integer("cooldown_s", 0),
        bootstrap=_bootstrap(table),
    )
    if policy.gates and all(gate.is_guard for gate in policy.gates):
        table.problem(
            "gates", "only limit losses, so every model that is no worse passes: give one at_least, at_most or min_gain"
        )
    elif policy.gates:
        for sentence in policy.warnings:
            table.warning("gates", f"let anything through: {sentence}")
    return policy


def _bootstrap(table: Table) -> Bootstrap | None:
    asked = table.table("bootstrap", required=False)
    if asked is None:
        return None
    confidence = asked.number("confidence")
    read = Bootstrap(
        samples=asked.integer("samples", Bootstrap.samples, least=_FEWEST_SAMPLES),
        confidence=Bootstrap.confidence if confidence is None else confidence,
        seed=asked.integer("seed", Bootstrap.seed),
    )
    if not _LEAST_CONFIDENCE <= read.confidence < 1:
        asked.problem("confidence", f"must be at least {_LEAST_CONFIDENCE} and less than 1, not {read.confidence:g}")
    elif read.samples * (1 - read.confidence) < 2:
        least = math.ceil(2 / (1 - read.confidence) - 1e-9)
        asked.problem("samples", f"must be at least {least} for a confidence of {read.confidence:g}")
    if read.samples > _MOST_SAMPLES:
        asked.problem("samples", f"must be at most {_MOST_SAMPLES}: {read.samples} take too long")
    asked.finish()
    return read


def _gate(table: Table) -> Gate:
    metric = table.text("metric")
    direction = table.choice("direction", [choice.value for choice in Direction], required=False)
    gate = Gate(
        metric=metric,
        **{name: table.number(name) for name in BOUNDS},
        direction=Direction(direction) if direction else None,
    )
    for name in _NEVER_NEGATIVE:
        value = getattr(gate, name)
        if value is not None and value < 0:
            table.problem(name, f"must not be negative: {value:g}")
    if not any(table.has(name) for name in BOUNDS):
        table.problem("metric", f"has no bound: give one or more of {', '.join(BOUNDS)}")
    if gate.compares and metric and gate.direction is None and direction_of(metric) is None:
        table.problem("direction", f"is missing: whether a higher {metric!r} is better is not known by its name")
    _check_reach(table, gate)
    if gate.at_least is not None and gate.at_most is not None and gate.at_least > gate.at_most:
        table.problem("at_least", f"{gate.at_least:g} is more than at_most = {gate.at_most:g}: nothing can pass")
    table.finish()
    return gate


def _check_reach(table: Table, gate: Gate) -> None:
    """Refuse a bound that no value of the metric can meet: `at_least = 80` of what is a share."""
    low, high = range_of(gate.metric)
    if gate.at_least is not None and gate.at_least > high:
        table.problem("at_least", f"lets nothing pass: {why_impossible(gate.metric, gate.at_least)}")
    if gate.at_most is not None and gate.at_most < low:
        table.problem("at_most", f"lets nothing pass: {why_impossible(gate.metric, gate.at_most)}")
    if gate.min_gain is not None and gate.min_gain > high - low:
        table.problem("min_gain", f"lets nothing pass: {gate.metric} is from {low:g} to {high:g}, so no gain is larger")
