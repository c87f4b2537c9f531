"""Reads the metrics that a job of Azure Machine Learning writes as JSON into an EvaluationReport (pure)."""

import json
from collections.abc import Iterator, Mapping

from shared.errors import BadEvaluationError
from shared.gates.evaluation_report import EvaluationReport
from shared.gates.finite_numbers import finite_number
from shared.gates.known_metrics import metric_key

_NESTED = "metrics"
_KEY, _VALUE = "key", "value"  # of MLflow's list of metrics


def read_metrics(text: str) -> EvaluationReport:
    """Read a document of metrics: `{"AUC": 0.9}`, the same below `metrics`, or MLflow's list of `key` and `value`.

    A value that is no finite number (text, true, null, NaN, Infinity) is None: it is never taken for the worst or the
    best value. What is an object or a list is no metric, and is left out.

    Raises:
        BadEvaluationError: it is no JSON object, has no metric, or names one twice.
    """
    try:
        document = json.loads(text, object_pairs_hook=_without_repetition)
    except ValueError as error:
        raise BadEvaluationError(f"the metrics are no JSON: {error}") from error
    if not isinstance(document, dict):
        raise BadEvaluationError('the metrics are no JSON object: write {"AUC": 0.9}')
    metrics: dict[str, float | None] = {}
    for name, value in _members(document.get(_NESTED, document)):
        if isinstance(value, dict | list):
            continue
        if any(metric_key(name) == metric_key(other_name) for other_name in metrics):
            raise BadEvaluationError(f"the metrics name {name} more than once")
        metrics[name] = _number(value)
    if not metrics:
        raise BadEvaluationError('the metrics have no number: write {"AUC": 0.9}')
    return EvaluationReport(metrics, 0, 1)


def _members(metrics: object) -> Iterator[tuple[str, object]]:
    if isinstance(metrics, Mapping):
        yield from metrics.items()
    elif isinstance(metrics, list):
        for item in metrics:
            if isinstance(item, Mapping) and isinstance(item.get(_KEY), str):
                yield item[_KEY], item.get(_VALUE)
    else:
        raise BadEvaluationError(f'"{_NESTED}" holds neither an object nor a list')


def _number(value: object) -> float | None:
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    return finite_number(str(value))


def _without_repetition(pairs: list[tuple[str, object]]) -> dict[str, object]:
    names = [name for name, _ in pairs]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise BadEvaluationError(f"the metrics name {', '.join(twice)} more than once")
    return dict(pairs)
