"""Web service parameters: the settings of a training that a job may change."""

import pytest

from studio.errors import ParameterError
from studio.training.parameters import SETTABLE, plan_of_job, required_names, value_schema
from studio.training.training_plan import STANDARD_PARAMETERS, Parameter, TrainingPlan

PLAN = TrainingPlan(
    "regression", "y", parameters=(*STANDARD_PARAMETERS, Parameter("Learner", "learner", required=True))
)


def test_a_job_changes_its_plan() -> None:
    """Each parameter sets its member, as the type that it has there; what is not given stays."""
    given = {
        "Random seed": " 12 ",
        "Test fraction": "0.5",
        "Number of trees": "10.0",
        "Learning rate": "1e-2",
        "Learner": "linear",
        "Row filter": "x > 1",
        "Drop unlabelled rows": " True ",
    }
    plan = plan_of_job(PLAN, given)
    assert (plan.seed, plan.test_fraction, plan.trees, plan.learning_rate) == (12, 0.5, 10, 0.01)
    assert (plan.learner, plan.row_filter, plan.leaves, plan.label) == ("linear", "x > 1", None, "y")
    assert plan.drop_unlabelled
    assert plan_of_job(PLAN, {}) == PLAN
    assert TrainingPlan.of_json(plan.to_json()) == plan


def test_all_wrong_values_are_named_at_once() -> None:
    """Each says what it must be."""
    given = {
        "Random seed": "-1",
        "Test fraction": "1",
        "Number of trees": "1.5",
        "Number of leaves": "many",
        "Learning rate": "nan",
        "Learner": "forest",
        "Row filter": "x >",
        "Drop unlabelled rows": "1",
    }
    with pytest.raises(ParameterError) as caught:
        plan_of_job(PLAN, given)
    messages = str(caught.value).split("; ")
    assert messages[0] == "'Random seed' must be a whole number from 0 to 2147483647, not '-1'"
    assert messages[1] == "'Test fraction' must be a number from 0.001 to 0.999, not '1'"
    assert [each.split("'")[1] for each in messages] == [
        name for name in (p.name for p in PLAN.parameters) if name in given
    ]
    assert "'Learner' must be one of boosted-trees, linear, best, not 'forest'" in messages
    assert "'Drop unlabelled rows' must be true or false, not '1'" in messages
    assert "'Row filter' cannot be read: the row filter, character 4: " in str(caught.value)


def test_every_parameter_is_described() -> None:
    """What can be set has a type for the service's description, and only what must be given is required."""
    assert {value_schema(sets)["type"] for sets in SETTABLE} == {"integer", "number", "string"}
    assert required_names(PLAN.parameters) == ["Learner"]
