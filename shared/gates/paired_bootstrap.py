"""How sure a gain is: the paired bootstrap of two models' metrics on the same rows (pure)."""

import random
from collections.abc import Sequence

from shared.gates.known_metrics import Task, measured_metrics
from shared.gates.metrics import weighted_measure
from shared.gates.policy import Bootstrap
from shared.gates.predictions import Predictions
from shared.records.decision import Interval

_MAX_DRAWS_PER_SAMPLE = 20  # a draw in which a metric has no value is repeated for it


def gain_intervals(
    task: Task, positive: str, truth: Sequence[str], models: tuple[Predictions, Predictions], settings: Bootstrap
) -> dict[str, Interval]:
    """Return the interval of every metric's gain, by its name; `models` are champion and challenger.

    Rows are drawn with replacement, the same for both models. A metric without a value in most draws is left out.
    Exchanging the models mirrors every interval exactly.
    """
    measure_champion, measure_challenger = (weighted_measure(task, positive, truth, model) for model in models)
    each_once = [1] * len(truth)
    champion, challenger = measure_champion(each_once), measure_challenger(each_once)
    gains: dict[str, list[float]] = {
        name: []
        for name in measured_metrics(task)
        if champion.get(name) is not None and challenger.get(name) is not None
    }
    source = random.Random(settings.seed)  # noqa: S311 - statistics; the same rows must be drawn again
    rows = range(len(truth))
    for _ in range(settings.samples * _MAX_DRAWS_PER_SAMPLE):
        unfinished = [name for name, values in gains.items() if len(values) < settings.samples]
        if not unfinished:
            break
        weights = [0] * len(truth)
        for row in source.choices(rows, k=len(truth)):
            weights[row] += 1
        champion, challenger = measure_champion(weights), measure_challenger(weights)
        for name in unfinished:
            old, new = champion[name], challenger[name]
            if old is not None and new is not None:
                gains[name].append(new - old)
    return {
        name: _interval(sorted(values), settings.confidence)
        for name, values in gains.items()
        if len(values) == settings.samples
    }


def _interval(sorted_gains: list[float], confidence: float) -> Interval:
    cut = min(int((1 - confidence) / 2 * len(sorted_gains)), (len(sorted_gains) - 1) // 2)
    return Interval(sorted_gains[cut], sorted_gains[len(sorted_gains) - 1 - cut], confidence)
