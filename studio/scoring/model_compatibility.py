"""Whether a model can replace another: every request that succeeds now must succeed, and be read in the same way."""

from collections.abc import Iterable

from studio.models.model import Model
from studio.scoring.scorer import quoted
from studio.tables.column_names import position_hint
from studio.words import listed

_MAX_NAMES = 10  # columns that an error names


def incompatibilities(served: Model, model: Model) -> list[str]:
    """Return why `model` cannot replace `served`; an empty list if it can.

    Ignored columns do not count: a request may have them or not. If `model` learns from a column that `served` ignores,
    a request must still be able to leave it out.
    """
    problems = []
    if model.label != served.label:
        problems.append(f"it predicts {quoted(model.label)}, not {quoted(served.label)}")
    if model.task != served.task or (model.task == "binary" and model.classes != served.classes):
        problems.append(f"its task is {_task(model)}, not {_task(served)}")
    missing, added = _used(served) - _known(model), _used(model) - _known(served)
    if missing or added:
        problems.append(f"missing columns: {_listed(missing)}; other columns: {_listed(added)}")
    needed = _required(model) & _known(served) - _required(served)
    if needed:
        problems.append(f"requests must have columns that they may leave out now: {_listed(needed)}")
    return problems + _other_kinds(served, model)


def _other_kinds(served: Model, model: Model) -> list[str]:
    """Return the columns that hold something else than now: requests would fail, or be misread."""
    holds = {column.name: column.holds for column in served.columns if column.holds}
    others = [
        f"column {quoted(column.name)}{position_hint(column.name)} holds {column.holds}, not {holds[column.name]}"
        for column in model.columns
        if column.holds and holds.get(column.name, column.holds) != column.holds
    ]
    problems = others[:_MAX_NAMES]
    if len(others) > _MAX_NAMES:
        problems.append(f"and {len(others) - _MAX_NAMES} more columns hold something else")
    if others:
        problems.append("state in the experiment's [columns] what they hold")
    return problems


def _known(model: Model) -> set[str]:
    return {column.name for column in model.columns}


def _used(model: Model) -> set[str]:
    return {column.name for column in model.columns if column.kind != "ignored"}


def _required(model: Model) -> set[str]:
    return {column.name for column in model.columns if column.required}


def _task(model: Model) -> str:
    """Return a model's task for an error, with the classes of a binary model, the positive one last."""
    return f"binary with {' and '.join(map(quoted, model.classes))}" if model.task == "binary" else model.task


def _listed(names: Iterable[str]) -> str:
    """Return names for an error; a model may have very many, and very long ones."""
    return listed([f"{quoted(name)}{position_hint(name)}" for name in sorted(names)], _MAX_NAMES) or "none"
