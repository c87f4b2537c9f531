"""Experiments: what their TOML sets, and all problems of one at once."""

from pathlib import Path

import pytest

from studio.errors import ExperimentError
from studio.training.experiment import load_experiment
from studio.training.training_plan import STANDARD_PARAMETERS, Parameter, TrainingPlan

FULL = """
name = "Wine"
data = "wine.csv"
label = "kind"
task = "multiclass"
test_fraction = 0.3
seed = 5
learner = "best"
compare = true
trees = 40
leaves = 8
learning_rate = 0.2
row_filter = "age > 1"
drop_unlabelled = true
[columns]
when = "date dd/mm/yyyy"
" code" = "category"
[parameters]
Seed = "seed"
"Which rows" = { sets = "row_filter", required = true }
"""


def problems(folder: Path, text: str) -> list[str]:
    """Return the problems of an experiment."""
    path = folder / "experiment.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(ExperimentError) as caught:
        load_experiment(path)
    return caught.value.problems


def test_every_key(tmp_path: Path) -> None:
    """All keys are read into the plan."""
    (tmp_path / "wine.csv").touch()
    (tmp_path / "experiment.toml").write_text(FULL, encoding="utf-8")
    experiment = load_experiment(tmp_path / "experiment.toml")
    plan = experiment.plan
    assert (experiment.name, experiment.data, plan.label) == ("Wine", tmp_path / "wine.csv", "kind")
    assert (plan.task, plan.positive, plan.test_fraction, plan.seed) == ("multiclass", "", 0.3, 5)
    assert (plan.learner, plan.compare, plan.trees, plan.leaves, plan.learning_rate) == ("best", True, 40, 8, 0.2)
    assert (plan.row_filter, plan.drop_unlabelled) == ("age > 1", True)
    assert plan.columns == (("when", "date dd/mm/yyyy"), ("code", "category"))
    assert TrainingPlan.of_json(plan.to_json()) == plan
    assert plan.parameters == (Parameter("Seed", "seed"), Parameter("Which rows", "row_filter", required=True))


def test_what_is_left_out(tmp_path: Path) -> None:
    """Four keys are enough; the standard parameters come with them."""
    (tmp_path / "a.csv").touch()
    text = 'name = "A"\ndata = "a.csv"\nlabel = "y"\ntask = "regression"\n'
    (tmp_path / "experiment.toml").write_text(text, encoding="utf-8")
    plan = load_experiment(tmp_path / "experiment.toml").plan
    assert (plan.test_fraction, plan.seed, plan.learner, plan.compare) == (0.25, 0, "boosted-trees", False)
    assert (plan.trees, plan.leaves, plan.learning_rate, plan.row_filter) == (None, None, None, "")
    assert not plan.drop_unlabelled
    assert plan.parameters == STANDARD_PARAMETERS


def test_all_problems_at_once(tmp_path: Path) -> None:
    """Every wrong key is named with what it must be."""
    messages = problems(
        tmp_path,
        'name = ""\ndata = "none.csv"\ntask = "ranking"\ntest_fraction = 2\nseed = "1"\nlearner = "forest"\n'
        'compare = 1\ntrees = true\nleaves = 1\nlearning_rate = -1\nrow_filter = "x >"\ncolour = "red"\n'
        '[parameters]\na = "nothing"\nb = 3\nc = "seed"\nd = { sets = "seed", required = "yes" }\ne = "seed"\n',
    )
    text = "\n".join(messages)
    for phrase in (
        "`name` must be a non-empty string",
        "`label` must be a non-empty string",
        "`task` is 'ranking'; it must be one of: binary, multiclass, regression",
        "`test_fraction` must be a number from 0.001 to 0.999",
        "`seed` is '1'; it must be a number",
        "`learner` is 'forest'",
        "`compare` must be true or false",
        "`trees` is True; it must be a number",
        "`leaves` must be a whole number from 2 to 1024",
        "`learning_rate` must be",
        "`row_filter` cannot be read: the row filter, character 4",
        "there is no file",
        "unknown keys: colour. The keys are",
        "parameter 'a' sets 'nothing'; it must be one of: seed,",
        "parameter 'b' must be the name of a setting",
        "parameter 'd': `required` must be true or false",
        "more than one parameter sets seed",
    ):
        assert phrase in text
    assert len(messages) == 17


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name = ", "cannot be read as TOML"),
        (
            'name = "A"\ndata = "x"\nlabel = "y"\ntask = "regression"\npositive = "1"',
            "`positive` is allowed only for the task",
        ),
        ('name = "A"\ndata = "x"\nlabel = "y"\ntask = "binary"', "`positive` must be a non-empty string"),
        ('parameters = "all"', "parameters"),
    ],
)
def test_single_problems(tmp_path: Path, text: str, message: str) -> None:
    """A broken file, and keys that do not go together."""
    assert message in "\n".join(problems(tmp_path, text))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    """The path is in the error."""
    with pytest.raises(ExperimentError, match=r"none\.toml: the file does not exist"):
        load_experiment(tmp_path / "none.toml")


def test_kinds_that_cannot_be_stated(tmp_path: Path) -> None:
    """Unknown kinds, the label, and one column twice, all at once."""
    (tmp_path / "a.csv").touch()
    text = 'name = "A"\ndata = "a.csv"\nlabel = "y"\ntask = "regression"\n[columns]\n'
    messages = problems(tmp_path, f'{text}a = "dat"\n" a" = "number"\ny = "number"\nb = 3\n')
    kinds = "number, category, yes or no, date yyyy-mm-dd"
    assert messages[0].startswith(f"column 'a' is 'dat'; it must be one of: {kinds}")
    assert messages[1:3] == [
        "column ' a' of `columns` is given twice",
        "column 'y' of `columns` is the label, whose kind the task decides",
    ]
    assert messages[3].startswith("column 'b' is '3'; it must be one of")
    assert problems(tmp_path, text.replace("[columns]", "columns = 3")) == [
        "`columns` must be a table of names and kinds"
    ]
