"""A model that answers in another shape than the one in service: no caller loses a column or a class unasked."""

from typing import Any

import pytest

from shared.operators import approvals, endpoint_overrides
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.holdout_world import HOLDOUT_TABLE, TRAINING_TABLE
from tests.pipeline.world import World, assert_closed, decision_of, example_routes, without_staging

FRUITS = ("apple", "cherry", "plum")
TWO = ("apple", "plum")
MAY_CHANGE = ("golden = ", 'classes = "may-change"\ngolden = ')
APPROVAL = ("golden = ", 'approval = "required"\ngolden = ')


def of_fruits(world: World) -> World:
    """Let the model in service tell three fruits apart, and models called `fewer…` only two."""
    names = ("fewer", "fewer too", "full", "full again", "seed", "renamed")
    world.scoring.classes = {name: TWO if name.startswith("fewer") else FRUITS for name in names}
    world.scoring.classes["renamed"] = ("Apple", "cherry", "quince")
    return world


def train(world: World, model: str, auc: float = 0.9) -> Run:
    """Land a file, let its job finish with a model, and let the run come to rest."""
    world.clock.advance(60)
    return world.settle(world.train(model, auc, f"census/{model}.csv", model), 31, ticks=12)


@pytest.fixture
def world() -> World:
    """Give a world with a staging endpoint, in which a model of three classes was promoted."""
    world = of_fruits(World())
    assert train(world, "full").state is RunState.PROMOTED
    return world


def test_a_model_that_lost_a_class_is_held_by_name(world: World) -> None:
    """Its metrics are better; serving is not touched, and the decision says which class is lost."""
    run = train(world, "fewer", 0.99)

    assert (run.state, world.served()) == (RunState.HELD, "full")
    assert "lost class 'cherry'" in run.reason
    assert 'classes = "may-change"' in run.reason
    assert run.decision is not None
    assert decision_of(run)["shape"]["lost_classes"] == ["cherry"]
    assert (decision_of(run)["verdict"], decision_of(run)["policy_said"]) == ("hold", "promote")
    assert "lost class 'cherry'" in decision_of(run)["reasons"][-1]
    assert_closed(world)


def test_new_and_respelt_classes_are_named_as_well(world: World) -> None:
    """What callers know under another name is lost to them too."""
    run = train(world, "renamed", 0.99)

    assert run.state is RunState.HELD
    assert "lost class 'plum', new class 'quince', class 'apple' is spelt 'Apple'" in run.reason


def test_what_a_person_approved_goes_through(world: World) -> None:
    """Staged anew, the same change shows again: it is promoted, and the record says who let it through."""
    run = train(world, "fewer", 0.99)
    approvals.approve(world.services, run.run_id, "alice", "cherry is out of season")
    run = world.settle(run)

    assert (run.state, world.served()) == (RunState.PROMOTED, "fewer")
    assert run.decision is not None
    assert decision_of(run)["verdict"] == "promote"
    assert decision_of(run)["approval"]["by"] == "alice"
    assert decision_of(run)["shape"]["lost_classes"] == ["cherry"]
    assert train(world, "fewer too", 0.995).state is RunState.PROMOTED  # the shape of what serves by now
    assert_closed(world)


def test_an_approval_is_for_the_change_that_was_seen(world: World) -> None:
    """The model was approved without its second class; what it answers by then lacks another one: held again."""
    run = train(world, "fewer", 0.99)
    approvals.approve(world.services, run.run_id, "alice", "fine")
    world.scoring.classes["fewer"] = ("apple", "cherry")
    run = world.settle(run, 31, ticks=12)

    assert (run.state, world.served()) == (RunState.HELD, "full")
    assert "The decision changed after alice approved it" in run.reason
    assert "lost class 'plum'" in run.reason
    assert run.decision is not None
    assert decision_of(run)["shape"]["lost_classes"] == ["plum"]
    assert len([reason for reason in decision_of(run)["reasons"] if "shape" in reason]) == 1


def test_a_change_that_is_gone_after_the_approval_needs_none(world: World) -> None:
    """Another model of the same shape was promoted meanwhile: nothing is lost any more."""
    world.scoring.classes["fewer too"] = TWO
    first = train(world, "fewer", 0.95)
    second = train(world, "fewer too", 0.96)
    for run in (first, second):
        assert run.state is RunState.HELD
    approvals.approve(world.services, first.run_id, "alice", "fine")
    assert world.settle(first).state is RunState.PROMOTED
    approvals.approve(world.services, second.run_id, "alice", "fine")
    run = world.settle(second, 31, ticks=12)

    assert (run.state, world.served()) == (RunState.PROMOTED, "fewer too")
    assert "shape" not in decision_of(run)


def test_a_rejected_change_ends_there(world: World) -> None:
    """A person says no."""
    run = train(world, "fewer", 0.99)
    approvals.reject(world.services, run.run_id, "alice", "callers need cherry")

    assert world.run(run.run_id).state is RunState.REJECTED
    assert world.served() == "full"


def test_a_worse_model_is_rejected_whatever_its_shape(world: World) -> None:
    """The gates come first: nobody is asked."""
    assert train(world, "fewer", 0.5).state is RunState.REJECTED


def test_the_route_can_let_shapes_change() -> None:
    """Said once, nobody is asked."""
    world = of_fruits(World(example_routes(MAY_CHANGE)))
    assert train(world, "full").state is RunState.PROMOTED
    run = train(world, "fewer", 0.99)

    assert (run.state, world.served()) == (RunState.PROMOTED, "fewer")
    assert "shape" not in decision_of(run)


def test_the_first_model_of_all_is_compared_with_what_serves() -> None:
    """There is no champion, and callers know the shape of the initial model all the same."""
    world = of_fruits(World())
    run = train(world, "fewer", 0.99)

    assert run.state is RunState.HELD
    assert "lost class 'cherry'" in run.reason


def test_a_route_whose_decisions_all_need_approval_is_asked_about_the_shape_too() -> None:
    """The first approval did not know of it: the challenger is staged only after it. The second one is for both."""
    world = of_fruits(World(example_routes(APPROVAL)))
    run = train(world, "fewer", 0.99)
    assert "Awaiting approval" in run.reason
    approvals.approve(world.services, run.run_id, "alice", "good numbers")
    run = world.settle(run, 31, ticks=12)
    assert run.state is RunState.HELD
    assert "The decision changed after alice approved it" in run.reason
    assert "lost class 'cherry'" in run.reason
    approvals.approve(world.services, run.run_id, "bob", "cherry is out of season")
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    assert decision_of(run)["approval"]["by"] == "bob"


def test_without_a_staging_endpoint_the_previous_model_is_put_back() -> None:
    """The shape shows only once it serves: restored and verified, with the names in the reason, and not tried again."""
    world = of_fruits(World(without_staging()))
    assert train(world, "full").state is RunState.PROMOTED
    run = train(world, "fewer", 0.99)

    assert (run.state, world.served()) == (RunState.ROLLED_BACK, "full")
    assert "The previous model was restored and verified. Cause: the answers would change their shape" in run.reason
    assert "lost class 'cherry'" in run.reason
    assert_closed(world)
    assert train(world, "full again", 0.995).state is RunState.PROMOTED


def test_without_a_staging_endpoint_the_route_can_let_it_through() -> None:
    """The key counts there as well."""
    world = of_fruits(World(without_staging(MAY_CHANGE)))
    assert train(world, "fewer", 0.99).state is RunState.PROMOTED


@pytest.mark.parametrize("staging", [True, False])
def test_an_operator_goes_back_whatever_the_shape(staging: bool) -> None:
    """From three classes to the model of two that was approved before: obeyed at once."""
    world = of_fruits(World(example_routes(MAY_CHANGE) if staging else without_staging(MAY_CHANGE)))
    first = train(world, "fewer", 0.85)
    assert train(world, "full", 0.95).state is RunState.PROMOTED
    run = endpoint_overrides.rollback(world.services, "production", "alice", "complaints", first.run_id)
    route: Any = world.route
    object.__setattr__(route, "classes_may_change", False)

    assert world.settle(run, 31).state is RunState.PROMOTED
    assert world.served() == "fewer"


def test_an_operator_who_goes_back_needs_no_approval_for_it() -> None:
    """A route whose decisions all need approval asks nobody about a rollback: that is a person's word itself."""
    world = of_fruits(World(example_routes(APPROVAL)))
    for model, auc in (("full", 0.85), ("full again", 0.95)):
        run = train(world, model, auc)
        approvals.approve(world.services, run.run_id, "alice", "fine")
        assert world.settle(run).state is RunState.PROMOTED

    assert (
        world.settle(endpoint_overrides.rollback(world.services, "production", "alice", "complaints"), 31).state
        is RunState.PROMOTED
    )
    assert world.served() == "full"


def test_with_a_holdout_shape_and_numbers_are_one_decision() -> None:
    """Both models are measured first; the decision that a person is asked about has the numbers and the names."""
    table = HOLDOUT_TABLE.replace("binary", "multiclass").replace('positive = "yes"\n', "")
    gate = ('metric = "AUC", at_least = 0.80, min_gain = 0.002', 'metric = "Overall Accuracy", at_least = 0.0')
    world = of_fruits(World(example_routes(gate, (TRAINING_TABLE, table))))
    rows = "".join(f"{number},{20 + number},{FRUITS[number % 3]}\n" for number in range(60))
    world.blobs.put("models", "holdout/census.csv", f"signal,age,income\n{rows}")
    world.blobs.put("models", "golden/census.csv", "signal,age\n0.3,39\n0.8,50\n")
    assert train(world, "full").state is RunState.PROMOTED
    run = train(world, "fewer")
    assert (run.state, world.served()) == (RunState.HELD, "full")
    assert run.decision is not None
    assert decision_of(run)["data"]["same"] is True
    assert decision_of(run)["shape"]["lost_classes"] == ["cherry"]
    approvals.approve(world.services, run.run_id, "alice", "fine")

    assert world.settle(run, 31).state is RunState.PROMOTED
    assert world.served() == "fewer"


def test_columns_alone_make_another_answer(world: World) -> None:
    """The same cells under other names are not the model in service: such a model is no `unchanged` one."""
    world.scoring.renamed["full again"] = {"Scored Labels": "Scored Fruit"}
    world.scoring.alike["full again"] = "full"
    run = train(world, "full again", 0.95)

    assert run.state is RunState.HELD
    assert "lost column 'Scored Labels', new column 'Scored Fruit'" in run.reason
