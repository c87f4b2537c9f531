"""`[holdout]`: read whole, or refused with the key of what cannot work."""

from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task, measured_metrics
from shared.gates.policy import Bootstrap
from tests.unit.routes.example_route import HOLDOUT, changed, parse, problems


def test_a_holdout_is_read() -> None:
    """Where it lies, what is predicted, and how sure a gain must be."""
    text = changed(r"\[routes.census.training\]", HOLDOUT).replace(
        "golden = ", 'approval = "required"\nbootstrap = { samples = 200 }\ngolden = ', 1
    )
    census = parse(text).routes["census"]

    assert census.holdout == Holdout(
        data="models/holdout/census.csv", label="income", task=Task.BINARY, positive=">50K", label_sent="0"
    )
    assert census.policy.bootstrap == Bootstrap(samples=200)
    assert census.needs_approval


def test_a_holdout_that_cannot_work_is_refused() -> None:
    """What the task does not measure, what has no meaning, what would take for ever: each with its key."""
    table = (
        HOLDOUT.replace('"binary"', '"regression"').replace("census.csv", "census.txt").replace('"0"', '""') + "\n"
    ).replace('label = "income"', 'label = "income"\nbatch_rows = 9999')
    assert problems(changed(r"\[routes.census.training\]", table)) == [
        "routes.census.holdout.data must end in .csv, not 'models/holdout/census.txt'. Write container/path.csv.",
        "routes.census.holdout.positive means nothing for a regression task. Remove it.",
        "routes.census.holdout.batch_rows must be at most 5,000 rows a request, not 9,999.",
        "routes.census.holdout.label_sent must be a non-empty string, not ''.",
        "routes.census.gates[0].metric is 'AUC', which is not measured on a regression holdout. Use one of "
        + ", ".join(measured_metrics(Task.REGRESSION))
        + ".",
    ]


def test_what_needs_a_holdout_says_so() -> None:
    """A sure gain and a comparison with whatever is in service need rows that both models score, and staging."""
    text = changed('no_champion = "threshold-only"', 'no_champion = "compare"\nbootstrap = { confidence = 0.99 }')
    assert problems(text) == [
        "routes.census.bootstrap needs a [holdout]: only models that scored the same rows can be compared that way.",
        "routes.census.no_champion needs a [holdout]: only models that scored the same rows can be compared that way.",
    ]
    without = changed(r"\[routes.census.training\]", HOLDOUT)
    without = without[: without.rindex("[[routes.census.endpoints]]")]
    assert problems(without) == [
        "routes.census.holdout needs an endpoint with role 'staging', which scores the challenger. Add it."
    ]
