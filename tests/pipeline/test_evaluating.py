"""Evaluating: what the gates, the champion and the golden rows say about a trained model."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.blob_path import BlobPath
from shared.errors import UnavailableError
from shared.ports.blob_location import BlobLocation
from shared.records.run_states import RunState
from shared.routes.route import Endpoint
from tests.pipeline.world import FAULT, World, assert_closed, decision_of, example_routes


@pytest.mark.parametrize("listed", ["allow_hosts", "outputs"])
def test_an_answer_cannot_lead_to_storage_of_others(listed: str) -> None:
    """A host that is not allowed for outputs is neither read nor told to an endpoint; the run says which list it is."""
    if listed == "outputs":
        own = '[routes.census.allow_hosts]\noutputs = ["127.0.0.1:1"]\n\n[routes.census.training]'
        world = World(example_routes(("[routes.census.training]", own)))
    else:
        world = World(example_routes(('["${LANDFALL_DATA_HOST}", "127.0.0.1:*"]', '["127.0.0.1:8600"]')))
    run = world.train()

    assert run.state is RunState.TRAINED
    assert f"127.0.0.1:10000 is not in {'routes.census.' if listed == 'outputs' else ''}allow_hosts" in run.reason
    assert world.at["staging"].patches == []


def test_a_worse_model_is_rejected_and_no_endpoint_is_touched(world: World) -> None:
    """The gate says no: the decision names both metrics, and neither endpoint got a PATCH."""
    world.settle(world.train())
    run = world.train("worse", 0.85, "census/b.csv")

    assert run.state is RunState.REJECTED
    assert "worse by 0.05" in run.reason
    assert run.decision is not None
    assert decision_of(run)["champion"]["metrics"]["AUC"] == 0.9
    assert world.at["production"].patches == ["better"]
    assert world.at["staging"].patches == ["better"]
    assert_closed(world)


def test_an_impossible_metric_is_not_promoted(world: World) -> None:
    """Per cent instead of a share: it passes no gate, and is not recorded for others to be compared with."""
    run = world.train(auc=91.2)

    assert run.state is RunState.REJECTED
    assert "AUC 91.2 is impossible: it is from 0 to 1 (per cent may be meant: 0.912)" in run.reason
    assert run.challenger is not None
    assert run.challenger.metrics == {"Accuracy": 0.8, "AUC": None}


def test_what_a_training_says_of_its_columns_stays_with_the_run(world: World) -> None:
    """The notes of the finished job are the run's, and the decision's, whatever comes of it."""
    run = world.land()
    world.finish(run, auc=0.1)
    world.training.jobs[run.job_id].notes = ("column 'id' was dropped", "column 'age': 3 cells were no numbers")
    world.evaluate(world.tick())

    run = world.run(run.run_id)
    assert run.state is RunState.REJECTED
    assert run.notes == ("column 'id' was dropped", "column 'age': 3 cells were no numbers")
    assert run.decision is not None
    assert decision_of(run)["notes"] == list(run.notes)


def test_a_decision_without_a_floor_says_so() -> None:
    """Whoever reads why a model is in service reads that none would have been too bad; a rejected one needs no word."""
    world = World(example_routes(("at_least = 0.80, ", "")))
    promoted = world.settle(world.train())
    assert promoted.decision is not None
    assert "no gate has a floor" in decision_of(promoted)["reasons"][-1]
    assert "no gate has a floor" in promoted.reason

    rejected = world.train("worse", 0.85, "census/b.csv")
    assert rejected.decision is not None
    assert "floor" not in " ".join(decision_of(rejected)["reasons"])


@pytest.mark.parametrize("auc", ["NaN", "", "Infinity", "n/a"])
def test_a_metric_that_is_no_number_never_passes(world: World, auc: str) -> None:
    """An evaluation without a finite AUC rejects."""
    run = world.train(auc=auc)

    assert run.state is RunState.REJECTED
    assert "not a finite number" in run.reason


def test_no_endpoint_gets_a_link_that_came_from_the_job(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The links of a job may permit to write: staging and serving are given links of our own to read by."""
    given: list[str] = []
    patch = world.scoring.patch

    def noted(endpoint: Endpoint, location: BlobLocation, replaces: str) -> None:
        given.append(location.sas)
        patch(endpoint, location, replaces)

    monkeypatch.setattr(world.scoring, "patch", noted)
    world.settle(world.train())

    assert len(given) == 2
    assert not [token for token in given if world.training.gave(token)]


@pytest.mark.parametrize("output", ["model_output", "evaluation_output"])
def test_a_service_that_names_another_file_gets_nothing_of_it(world: World, output: str) -> None:
    """The run fails, saying what was named; neither is the file read nor is an endpoint given a link to it."""
    run = world.land()
    world.finish(run)
    name = getattr(world.route.training, output)
    path = f"incoming/secret{'.ilearner' if output == 'model_output' else '.csv'}"
    world.blobs.put(*BlobPath.parse(path), "Accuracy,AUC\n0.8,0.99\n")
    world.training.jobs[run.job_id].outputs[name] = path

    run = world.settle(run)

    assert run.state is RunState.FAILED
    assert f"The service names the output {path}, but the job was told to write training/" in run.reason
    assert [endpoint.patches for endpoint in world.at.values()] == [[], []]


def test_an_equal_model_ends_unchanged(world: World) -> None:
    """A model that answers exactly as the champion is not promoted, though its metrics pass."""
    world.settle(world.train("better", 0.9))
    run = world.settle(world.train("better", 0.95, "census/b.csv"))

    assert run.state is RunState.UNCHANGED
    assert "exactly as the model in service" in run.reason
    assert world.at["production"].patches == ["better"]
    assert_closed(world)


def test_older_data_never_replaces_newer(world: World) -> None:
    """A run that finishes late with older data ends superseded, however good it is."""
    older = world.land("census/old.csv", "1")
    world.clock.advance(60)
    newer = world.land("census/new.csv", "2")
    world.finish(newer, "new", 0.9)
    world.evaluate(world.tick())
    assert world.settle(newer).state is RunState.PROMOTED

    world.finish(older, "old", 0.99)
    run = world.settle(older)

    assert run.state is RunState.SUPERSEDED
    assert world.served() == "new"


def test_one_promoter_at_a_time(world: World) -> None:
    """A second run waits while the first holds the endpoint, says so, and is then judged against its result."""
    world.at["production"].propagation_s = 10
    first = world.land("census/a.csv", "1")
    second = world.land("census/b.csv", "2")
    world.finish(first, "first", 0.9)
    world.finish(second, "second", 0.95)
    world.evaluate(world.tick())

    waiting = next(run for run in (world.run(first.run_id), world.run(second.run_id)) if run.state is RunState.TRAINED)
    assert "Waiting for run" in waiting.reason
    outcomes = {world.settle(first).state, world.settle(second).state}
    # The first to promote decides how the other ends: better, worse, or from older data.
    assert RunState.PROMOTED in outcomes
    assert outcomes <= {RunState.PROMOTED, RunState.REJECTED, RunState.SUPERSEDED}
    assert_closed(world)


def test_a_lease_whose_run_is_gone_expires(world: World) -> None:
    """A run that vanished with the lease blocks others only until the lease expires."""
    assert world.train().state is RunState.STAGED
    lost = World()
    lost.endpoints = world.endpoints
    lost.services = replace(lost.services, endpoints=world.endpoints)
    second = lost.train("other", 0.95, "census/other.csv")
    assert second.state is RunState.TRAINED

    lost.clock.advance(lost.route.deadlines.promoting + 61)
    assert lost.settle(second).state is RunState.PROMOTED


def test_an_error_is_not_a_verdict(world: World) -> None:
    """While the evaluation cannot be read the run waits; afterwards it is decided as ever."""
    world.training.faults.fail_next("read_output", UnavailableError(FAULT), times=3)
    run = world.train()
    assert run.state is RunState.TRAINED
    assert "503" in run.reason

    assert world.settle(run).state is RunState.PROMOTED


def test_fresh_links_are_asked_for_after_the_old_ones_expired(world: World) -> None:
    """Links are never stored: after days a run reads its outputs, in somebody else's storage, with new ones."""
    world.training.outputs_base = "http://127.0.0.1:10009/another-account/"
    run = world.land()
    world.finish(run)
    world.tick()
    world.training.expire_links()
    world.clock.advance(timedelta(hours=23).total_seconds())

    assert world.settle(run).state is RunState.PROMOTED


def test_a_lost_message_only_delays(world: World) -> None:
    """No message ever arrives: the tick evaluates and promotes by itself."""
    run = world.land()
    world.finish(run)

    assert world.settle(run).state is RunState.PROMOTED


def test_duplicate_messages_change_nothing(world: World) -> None:
    """The same message again, at any later time, does nothing."""
    run = world.land()
    world.finish(run)
    messages = world.tick()
    for _ in range(3):
        world.evaluate(messages)
    run = world.settle(run)
    revision = run.revision
    world.evaluate(messages)

    assert run.state is RunState.PROMOTED
    assert world.run(run.run_id).revision == revision
    assert world.at["production"].patches == ["better"]


@pytest.mark.parametrize("golden", ["", "age\n", "age\n1,2\n", "age\n" + "1\n" * 201])
def test_unusable_golden_rows_stop_before_any_patch(world: World, golden: str) -> None:
    """A golden file that cannot verify anything is named in the reason, and nothing is sent."""
    world.blobs.put("models", "golden/census.csv", golden)
    run = world.train()

    assert run.state is RunState.TRAINED
    assert "models/golden/census.csv" in run.reason
    assert world.at["staging"].patches == []


def test_hold_waits_for_a_person() -> None:
    """With no champion and `hold`, the decision is written and nothing is sent."""
    world = World(example_routes(('"threshold-only"', '"hold"')))
    run = world.train()

    assert run.state is RunState.HELD
    for _ in range(3):
        world.tick(100_000)
    assert world.run(run.run_id).state is RunState.HELD
    assert world.at["staging"].patches == []
    assert_closed(world)


def test_between_two_promotions_the_cooldown_passes() -> None:
    """A better model that comes too soon waits, writes nothing meanwhile, and is promoted in the end."""
    world = World(
        example_routes(('no_champion = "threshold-only"', 'no_champion = "threshold-only"\ncooldown_s = 200000'))
    )
    first = world.settle(world.train("first", 0.9))
    second = world.train("second", 0.95, "census/b.csv")
    world.tick(100)
    assert world.run(second.run_id).state is RunState.TRAINED
    assert "200000 s must pass between two promotions" in world.run(second.run_id).reason
    writes = world.runs.faults.calls["save"]
    for _ in range(3):
        world.tick(40000)

    assert world.runs.faults.calls["save"] == writes
    assert world.served() == "first"
    second = world.settle(second, seconds=40000)
    assert (first.state, second.state) == (RunState.PROMOTED, RunState.PROMOTED)
    assert world.served() == "second"


def test_golden_rows_that_change_between_two_tries_are_not_mixed(world: World) -> None:
    """The first try pinned one version and failed; the second is staged and verified with the version of its own."""
    world.scoring.faults.fail_next("patch", UnavailableError(FAULT))
    run = world.train()
    assert run.state is RunState.TRAINED
    world.blobs.put("models", "golden/census.csv", "age\n1\n2\n3\n")
    run = world.settle(run)

    assert run.state is RunState.PROMOTED
    assert run.golden_answers is not None
    assert len(run.golden_answers.staged or ()) == 1 + 3
