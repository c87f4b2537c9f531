"""Approval: a run waits for a person, who decides about one decision, once."""

from urllib.parse import urlencode

import pytest

from shared.operators import http_operations
from shared.operators.authorization import Caller
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.operator_calls import ask
from tests.pipeline.world import World, assert_closed, decision_of, example_routes

APPROVED = ("golden = ", 'approval = "required"\ngolden = ')
HOLDING = ('no_champion = "threshold-only"', 'no_champion = "hold"')


@pytest.fixture
def world() -> World:
    """Give a world whose route asks for approval."""
    return World(example_routes(APPROVED))


def answer(world: World, **form: str) -> tuple[int, str]:
    """Send a form of the approval page; gives status and page."""
    return http_operations.answer_approval(lambda: world.services, urlencode(form).encode())


def held(world: World, model: str = "better", auc: float = 0.9, name: str = "census/a.csv") -> Run:
    """Bring a run to where it waits for a person."""
    run = world.train(model, auc, name)
    assert run.state is RunState.HELD
    return run


def code_for(world: World, run: Run, **more: str) -> str:
    """Return the code of a fresh approval link."""
    status, body = ask(world, "invite", run=run.run_id, by="alice", **more)
    assert status == 200
    return str(body["link"]).partition("#")[2]


def test_a_run_waits_for_approval_and_then_goes_its_way(world: World) -> None:
    """Held before any endpoint gets a PATCH; approved, it is promoted, and the record says by whom and why."""
    run = held(world)
    assert world.at["staging"].patches == []
    assert "Awaiting approval: AUC 0.9" in run.reason
    for _ in range(5):
        world.tick(600)
    assert world.run(run.run_id).state is RunState.HELD

    status, body = ask(world, "approve", run=run.run_id, by="alice", reason="looks right")
    assert (status, body["run"]["state"]) == (200, "trained")
    ended = world.settle(run)
    assert ended.state is RunState.PROMOTED
    assert ended.decision is not None
    assert decision_of(ended)["verdict"] == "promote"
    assert (decision_of(ended)["approval"]["by"], decision_of(ended)["approval"]["reason"]) == ("alice", "looks right")
    assert "operator alice" in {entry.actor for entry in world.runs.history(run.route, run.run_id)}
    assert_closed(world)


def test_a_rejected_run_has_its_outcome(world: World) -> None:
    """Rejected by a person: no endpoint was touched; a second word about it is refused."""
    run = held(world)
    assert ask(world, "reject", run=run.run_id, by="bob", reason="wrong month")[0] == 200
    ended = world.run(run.run_id)

    assert (ended.state, ended.reason) == (RunState.REJECTED, "Rejected by bob: wrong month")
    status, body = ask(world, "approve", run=run.run_id, by="alice", reason="no, it is fine")
    assert status == 409
    assert "is rejected; only a held run can be approved" in body["error"]
    assert world.at["production"].patches == []


def test_what_no_champion_holds_can_be_approved() -> None:
    """`no_champion = "hold"` waits for a person too, and the record ends with their word."""
    world = World(example_routes(HOLDING))
    run = held(world)
    assert 'no_champion = "hold"' in run.reason
    ask(world, "approve", run=run.run_id, by="alice", reason="the first one")
    ended = world.settle(run)

    assert ended.state is RunState.PROMOTED
    assert decision_of(ended)["verdict"] == "promote"
    assert world.settle(world.train("second", 0.95, "census/b.csv")).state is RunState.PROMOTED


def test_an_approval_is_for_one_decision_only(world: World) -> None:
    """The champion changed since: the run is held again, with the new decision, and says so."""
    first = held(world, "first", 0.9)
    world.clock.advance(60)
    second = held(world, "second", 0.95, "census/b.csv")
    ask(world, "approve", run=first.run_id, by="alice", reason="yes")
    assert world.settle(first).state is RunState.PROMOTED
    ask(world, "approve", run=second.run_id, by="alice", reason="yes")
    for _ in range(60):
        world.tick()
    again = world.run(second.run_id)

    assert again.state is RunState.HELD
    assert "The decision changed after alice approved it" in again.reason
    assert "against the champion's 0.9" in again.reason


def test_a_held_run_ends_when_newer_data_won(world: World) -> None:
    """A later file was approved first: the older one is superseded without anybody's word."""
    first = held(world, "first", 0.9)
    world.clock.advance(60)
    second = held(world, "second", 0.95, "census/b.csv")
    ask(world, "approve", run=second.run_id, by="alice", reason="yes")
    world.settle(second)

    assert world.settle(first, 600).state is RunState.SUPERSEDED


def test_nobody_waits_for_ever(world: World) -> None:
    """A week without a word: timed out, which is no verdict about the model."""
    run = held(world)
    ended = world.settle(run, 86_400)

    assert ended.state is RunState.TIMED_OUT
    assert "Nobody approved or rejected the decision within 604800 s" in ended.reason


def test_a_link_shows_the_decision_and_works_once(world: World) -> None:
    """Opened it changes nothing and shows nothing; its code shows the decision; the button decides; then it is void."""
    run = held(world)
    code = code_for(world, run)
    page = http_operations.show_approval()
    assert "<form" in page
    assert run.run_id[:8] not in page
    assert world.run(run.run_id).state is RunState.HELD

    status, page = answer(world, code=code)
    assert status == 200
    for shown in (run.run_id[:8], "census/a.csv", "0.9", "at least 0.8 required"):
        assert shown in page
    assert world.run(run.run_id).state is RunState.HELD
    status, page = answer(world, code=code, action="approve", by="carol", reason="checked")
    assert status == 200
    assert "Approved by carol (by approval link): checked" in page
    assert "approval link (carol)" in {entry.actor for entry in world.runs.history(run.route, run.run_id)}

    assert answer(world, code=code, action="approve", by="carol", reason="again")[0] == 409
    ended = world.settle(run)
    assert ended.state is RunState.PROMOTED
    assert decision_of(ended)["approval"]["by"] == "carol (by approval link)"


def test_a_link_can_also_reject(world: World) -> None:
    """The other button."""
    run = held(world)
    assert answer(world, code=code_for(world, run), action="reject", by="carol", reason="no")[0] == 200
    ended = world.run(run.run_id)
    assert (ended.state, ended.reason) == (RunState.REJECTED, "Rejected by carol (by approval link): no")


def test_a_link_needs_a_name_and_a_reason(world: World) -> None:
    """Without them nothing happens, the page says what is missing, and the link is still good."""
    run = held(world)
    code = code_for(world, run)
    status, page = answer(world, code=code, action="approve", by=" ")

    assert status == 400
    assert "Please give your name and a reason." in page
    assert world.run(run.run_id).state is RunState.HELD
    assert answer(world, code=code)[0] == 200


@pytest.mark.parametrize("what", ["expired", "replaced", "wrong", "other run", "nonsense", "empty"])
def test_a_void_link_says_so_and_nothing_more(world: World, what: str) -> None:
    """Expired, replaced by a newer one, guessed: the same words for each, and the run stays as it was."""
    run = held(world)
    code = code_for(world, run, valid_s="600")
    match what:
        case "expired":
            world.clock.advance(600)
        case "replaced":
            code_for(world, run)
        case "wrong":
            code = code[:-1] + ("x" if code[-1] != "x" else "y")
        case "other run":
            code = code.replace(run.run_id, "0" * 32)
        case "nonsense":
            code = "../../x?y=1"
        case "empty":
            code = ""
    status, page = answer(world, code=code, action="approve", by="mallory", reason="please")

    assert status == 409
    assert "this link is void" in page
    assert run.run_id[:8] not in page
    assert world.run(run.run_id).state is RunState.HELD


def test_a_link_is_for_the_decision_that_it_was_made_for(world: World) -> None:
    """Held anew with another decision: the old link is void."""
    first = held(world, "first", 0.9)
    world.clock.advance(60)
    second = held(world, "second", 0.95, "census/b.csv")
    code = code_for(world, second)
    ask(world, "approve", run=first.run_id, by="alice", reason="yes")
    world.settle(first)
    ask(world, "approve", run=second.run_id, by="alice", reason="yes")
    for _ in range(20):
        world.tick()
    assert world.run(second.run_id).state is RunState.HELD

    assert answer(world, code=code)[0] == 409


def test_no_code_is_kept_anywhere(world: World) -> None:
    """The row has only a hash; a name and a reason that hold a secret lose it, and markup stays text."""
    run = held(world)
    code = code_for(world, run)
    assert code.rpartition(".")[2] not in repr(world.run(run.run_id))
    _, page = answer(world, code=code, action="approve", by="<b>x</b>", reason="")
    assert "<b>x</b>" not in page
    ask(world, "reject", run=run.run_id, by="bob", reason="see AccountKey=abc123")
    assert "abc123" not in repr(world.run(run.run_id))


def test_a_decision_that_changed_under_the_eyes_is_not_approved(world: World) -> None:
    """Who names the decision that they looked at is told if it is another one by now."""
    run = held(world)
    status, body = ask(world, "approve", run=run.run_id, by="alice", reason="yes", decision="0" * 64)

    assert status == 409
    assert "has changed: read it again" in body["error"]
    assert world.run(run.run_id).state is RunState.HELD


def test_wrong_requests_are_told_everything_that_is_wrong(world: World) -> None:
    """Nothing missing or unknown is passed over, and no run is touched."""
    status, body = ask(world, "approve", runn="x")
    assert status == 400
    for problem in ("by is missing", "reason is missing", "run is missing", "runn is unknown"):
        assert problem in body["error"]
    assert ask(world, "destroy")[0] == 404
    assert ask(world, "approve", run="0" * 32, by="a", reason="b")[0] == 404
    assert ask(world, "invite", run="0" * 32, by="a", valid_s="never")[0] == 400
    assert http_operations.operate(lambda: world.services, "approve", b"{", Caller())[0] == 400
    assert http_operations.operate(lambda: world.services, "approve", b"[]", Caller())[0] == 400


def test_links_are_fresh_and_kept_nowhere(world: World) -> None:
    """Evaluation and model can be read; the row does not change, so nothing is stored; without outputs: a reason."""
    run = held(world)
    before = world.run(run.run_id)
    status, body = ask(world, "links", run=run.run_id)

    assert status == 200
    assert "evaluation.csv?" in body["evaluation"]
    assert "model.ilearner?" in body["model"]
    assert world.run(run.run_id) == before
    assert ask(world, "links", run=run.run_id)[1]["model"] != body["model"]
    young = world.land("census/young.csv", "2")
    assert ask(world, "links", run=young.run_id)[0] == 409
