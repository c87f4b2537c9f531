"""Reads a policy's keys from a TOML table: `gates`, `no_champion`, `require`, `min_rows`, `cooldown_s`, `bootstrap`."""

import math

from shared.gates.known_metrics import Direction, direction_of, range_of, why_impossible
from shared.gates.policy import BOUNDS, Bootstrap, Gate, NoChampion, Policy, Require
from shared.routes.toml_reader import TomlTable

MIN_SAMPLES, MAX_SAMPLES = 100, 2000
MIN_CONFIDENCE = 0.5
_EXAMPLE = 'a gate, for example gates = [ { metric = "AUC", at_least = 0.8 } ]'
_NOT_NEGATIVE = ("min_gain_percent", "max_loss", "max_loss_percent")


def read_policy(table: TomlTable) -> Policy:
    """Return the policy; it may be used only if the table has no problems afterwards."""
    no_champion = table.choice("no_champion", [choice.value for choice in NoChampion])
    require = table.choice("require", [choice.value for choice in Require], required=False)
    policy = Policy(
        gates=tuple(_gate(gate) for gate in table.tables("gates", add=_EXAMPLE)),
        no_champion=NoChampion(no_champion or NoChampion.HOLD),
        require=Require(require or Require.ALL),
        min_rows=table.integer("min_rows", 0),
        cooldown_s=table.integer("cooldown_s", 0),
        bootstrap=_bootstrap(table),
    )
    if policy.gates and all(gate.is_guard for gate in policy.gates):
        table.problem(
            "gates",
            "only limit losses, so every model that is no worse passes",
            "Give a gate at_least, at_most or min_gain",
        )
    elif policy.gates:
        for sentence in policy.warnings:
            table.warning("gates", f"let any model through: {sentence}.")
    return policy


def _bootstrap(table: TomlTable) -> Bootstrap | None:
    keys = table.table("bootstrap", required=False)
    if keys is None:
        return None
    usual, confidence = Bootstrap(), keys.number("confidence")
    bootstrap = Bootstrap(
        samples=keys.integer("samples", usual.samples, minimum=MIN_SAMPLES),
        confidence=usual.confidence if confidence is None else confidence,
        seed=keys.integer("seed", usual.seed),
    )
    if not MIN_CONFIDENCE <= bootstrap.confidence < 1:
        keys.problem("confidence", f"must be at least {MIN_CONFIDENCE} and less than 1, not {bootstrap.confidence:g}")
    elif bootstrap.samples * (1 - bootstrap.confidence) < 2:
        needed = math.ceil(2 / (1 - bootstrap.confidence) - 1e-9)
        keys.problem("samples", f"must be at least {needed:,} for a confidence of {bootstrap.confidence:g}")
    if bootstrap.samples > MAX_SAMPLES:
        keys.problem("samples", f"must be at most {MAX_SAMPLES:,}, not {bootstrap.samples:,}: more take too long")
    keys.finish()
    return bootstrap


def _gate(table: TomlTable) -> Gate:
    metric = table.text("metric", add='the metric\'s name, for example "AUC"')
    direction = table.choice("direction", [choice.value for choice in Direction], required=False)
    gate = Gate(
        metric=metric,
        **{name: table.number(name) for name in BOUNDS},
        direction=Direction(direction) if direction else None,
    )
    for name in _NOT_NEGATIVE:
        value = getattr(gate, name)
        if value is not None and value < 0:
            table.problem(name, f"must not be negative, and is {value:g}")
    if not any(table.has(name) for name in BOUNDS):
        table.problem("metric", "has no bound", f"Give its gate one or more of {', '.join(BOUNDS)}")
    if gate.compares and metric and gate.direction is None and direction_of(metric) is None:
        table.problem(
            "direction",
            f"is missing: the name {metric!r} does not tell which values are better",
            'Add "higher" or "lower"',
        )
    _check_reach(table, gate)
    if gate.at_least is not None and gate.at_most is not None and gate.at_least > gate.at_most:
        table.problem("at_least", f"is {gate.at_least:g}, more than at_most = {gate.at_most:g}: no model can pass")
    table.finish()
    return gate


def _check_reach(table: TomlTable, gate: Gate) -> None:
    """Refuse a bound that no value of the metric can meet: `at_least = 80` of what is a share."""
    low, high = range_of(gate.metric)
    if gate.at_least is not None and gate.at_least > high:
        table.problem("at_least", f"lets no model pass: {why_impossible(gate.metric, gate.at_least)}")
    if gate.at_most is not None and gate.at_most < low:
        table.problem("at_most", f"lets no model pass: {why_impossible(gate.metric, gate.at_most)}")
    if gate.min_gain is not None and gate.min_gain > high - low:
        table.problem("min_gain", f"lets no model pass: {gate.metric} is between {low:g} and {high:g}")
