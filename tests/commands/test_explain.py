"""`landfall explain` and `show`: every kind of run, explained from the stored records alone."""

import time
from argparse import Namespace
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from landfall.commands import explain
from landfall.console import PIPED_WIDTH
from landfall.run_display import print_run, run_lines
from shared.errors import RejectedError
from shared.operators.run_documents import NO_DOCUMENTS
from shared.pipeline import landing
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.records.run_identity import run_id_for
from shared.records.run_states import RunState
from tests.pipeline.operator_calls import ask, go_back, promote
from tests.pipeline.test_approvals import APPROVED, code_for
from tests.pipeline.world import FAULT, World, example_routes, without_staging


@pytest.fixture
def world() -> World:
    """Give a world with the example route."""
    return World()


def told(world: World, file: str | Run, width: int = 300) -> str:
    """Return what `explain` prints about a run, or the run of a file."""
    if isinstance(file, Run):
        run = world.run(file.run_id)
    else:
        (run,) = (stored.run for stored in world.runs.list_runs() if stored.run.blob == file)
    out = Console(width=width, soft_wrap=True)
    with out.capture() as captured:
        explain.print_explanation(out, run)
    return captured.get()


def test_a_promotion_is_explained(world: World) -> None:
    """It prints the file, the job, both models' metrics, each gate's sentence, and the endpoint before and after."""
    first = world.settle(world.train("first", 0.9))
    run = world.settle(world.train("second", 0.95, "census/b.csv"))
    text = told(world, "census/b.csv")

    for says in (
        "incoming/census/b.csv",
        run.input_blob,
        run.job_id,
        "AUC 0.95 against the champion's 0.9: better by 0.05, needs +0.002",
        f"before: models/census/{first.run_id}.ilearner",
        f"after:  models/census/{run.run_id}.ilearner",
        "production (serve): verified",
        "not on the same data",
    ):
        assert says in text
    assert explain.side_by_side(run) == [("Accuracy", 0.8, 0.8), ("AUC", 0.95, 0.9)]
    assert explain.explanation(run)["endpoint"] == {
        "before": f"models/census/{first.run_id}.ilearner",
        "after": f"models/census/{run.run_id}.ilearner",
    }


def test_a_rejection_and_a_rollback_leave_the_endpoint_as_it_was(world: World) -> None:
    """The endpoint is unchanged, and the explanation says why."""
    world.settle(world.train("first", 0.9))
    world.train("worse", 0.85, "census/b.csv")
    assert "untouched by this run" in told(world, "census/b.csv")
    assert "failed  AUC 0.85 against the champion's 0.9" in told(world, "census/b.csv")

    world.at["production"].ignore_patch = True
    run = world.settle(world.train("second", 0.95, "census/c.csv"))
    assert run.state is RunState.ROLLED_BACK
    assert "after:  the same" in told(world, "census/c.csv")
    assert "put_back" in told(world, "census/c.csv")


def test_a_run_on_its_way_says_how_far_it_came(world: World) -> None:
    """Without a decision there is none to print."""
    world.land()

    assert "There is no decision yet." in told(world, "census/a.csv")
    assert "untouched by this run so far" in told(world, "census/a.csv")


def quarantined(world: World) -> Run:
    """Drop an empty file."""
    return world.land("census/empty.csv", "")


def unrouted(world: World) -> Run:
    """Drop a file that no route matches."""
    return world.land("elsewhere/a.csv")


def refused(world: World) -> Run:
    """Have the service refuse the job."""
    world.training.faults.fail_next("submit", RejectedError(FAULT))
    return world.land("census/refused.csv", "r")


def job_failed(world: World) -> Run:
    """Have the job fail."""
    run = world.land("census/failed.csv", "f")
    world.training.fail(run.job_id, "a column has two kinds")
    world.tick()
    return world.run(run.run_id)


def superseded(world: World) -> Run:
    """Overwrite a file before it was pinned."""
    version = world.drop("census/again.csv", "1")
    world.drop("census/again.csv", "2")
    landing.land_version(world.services, version)
    return world.run(run_id_for(version.container, version.name, version.etag))


def blocked(world: World) -> Run:
    """Bring the model that was rolled back again, out of a newer file."""
    second = promote(world, "second", 0.95)
    go_back(world)
    world.clock.advance(60)
    assert second.state is RunState.PROMOTED
    return world.settle(world.train("second", 0.99, "census/blocked.csv", "again"))


@pytest.mark.parametrize(
    ("kind", "state", "sentence"),
    [
        (quarantined, RunState.QUARANTINED, "The run ended before a decision."),
        (unrouted, RunState.UNROUTED, "The run ended before a decision."),
        (refused, RunState.FAILED, "The run ended before a decision."),
        (job_failed, RunState.FAILED, "The run ended before a decision."),
        (superseded, RunState.SUPERSEDED, "The run ended before a decision."),
        (blocked, RunState.REJECTED, "No gate decided: the run was rejected before the gates"),
    ],
)
def test_a_run_without_an_update_claims_nothing_about_the_endpoint(
    world: World, kind: Callable[[World], Run], state: RunState, sentence: str
) -> None:
    """A promoted model is in service: no other run claims that the initial model is."""
    promote(world, "first", 0.9)
    run = kind(world)
    text = told(world, run)

    assert run.state is state, run.reason
    assert sentence in text
    for claim in ("before:", "after:", "the initial model"):
        assert claim not in text
    assert ("untouched by this run" in text) == (state is not RunState.UNROUTED)
    assert explain.explanation(run)["endpoint"] == {"before": None, "after": None}
    if not run.job_id:
        assert "none was started" in text


def test_a_failure_after_the_decision_names_the_compared_model(world: World) -> None:
    """The serving endpoint refuses the model: the decision stays, and so does the endpoint."""
    first = promote(world, "first", 0.9)
    world.scoring.faults.run_at_next("patch", lambda: None)  # the staging endpoint takes it
    world.scoring.faults.fail_next("patch", RejectedError(FAULT))
    world.clock.advance(60)
    run = world.settle(world.train("second", 0.95, "census/b.csv"))
    text = told(world, run)

    assert run.state is RunState.FAILED
    assert f"compared with the model of run {first.run_id}" in text
    assert "The policy said promote" in text
    assert "It ended failed all the same" in text
    assert "untouched by this run" in text


def test_the_first_promotion_replaces_the_initial_model(world: World) -> None:
    """Only then was the initial model in service; its metrics are unknown."""
    text = told(world, promote(world, "first", 0.9))

    assert "before: the initial model" in text
    assert "compared with no model" in text


def test_an_unchanged_run_tells_whether_the_endpoint_was_touched() -> None:
    """With a staging endpoint no model was sent; without one it was sent, and the previous model restored."""
    for routes, sentence in ((example_routes(), "untouched by this run"), (without_staging(), "after:  the same")):
        world = World(routes)
        first = promote(world, "first", 0.9)
        world.clock.advance(60)
        world.scoring.alike["second"] = "first"
        run = world.settle(world.train("second", 0.95, "census/b.csv"), 31)
        text = told(world, run)

        assert run.state is RunState.UNCHANGED, run.reason
        assert sentence in text
        assert "It ended unchanged all the same" in text
        assert ("before:" in text) == (world.route.staging is None)
        if world.route.staging is None:
            assert f"before: models/census/{first.run_id}.ilearner" in text


def test_newer_data_won_after_the_decision(world: World) -> None:
    """It names the model that it was compared with, and claims nothing about the model in service now."""
    first = promote(world, "first", 0.9)
    world.clock.advance(60)
    old = world.train("second", 0.95, "census/b.csv")
    assert old.state is RunState.STAGED
    record = world.endpoints.get("census", "production")
    newer = record.record.champion._replace(run_id="f" * 32, generation="9999") if record.record.champion else None
    world.endpoints.save(record, replace(record.record, champion=newer, lease=None))
    text = told(world, world.settle(old))

    assert world.run(old.run_id).state is RunState.SUPERSEDED
    assert f"compared with the model of run {first.run_id}" in text
    assert "untouched by this run" in text
    assert "before:" not in text


def test_reasons_of_no_gate_are_printed_beside_the_gates() -> None:
    """A policy without a floor, and a model with another answer shape, are reasons of the decision too."""
    world = World(example_routes(("at_least = 0.80, ", "")))
    assert "beside  no gate has a floor" in told(world, promote(world, "first", 0.9))
    world.scoring.classes["second"] = ("yes", "no")
    world.clock.advance(60)
    held = world.settle(world.train("second", 0.95, "census/second.csv", "second"), ticks=10)

    assert held.state is RunState.HELD
    assert "beside  the answers would change their shape: lost column 'Scored Probabilities'" in told(world, held)


def test_after_a_rollback_only_the_metrics_are_unknown(world: World) -> None:
    """The model in service is known; only its metrics are not."""
    promote(world, "first", 0.9)
    go_back(world)
    world.clock.advance(60)
    held = world.settle(world.train("second", 0.95, "census/second.csv", "second"), ticks=10)
    text = told(world, held)

    assert "the metrics of the model that an operator returned to are unknown" in text
    assert "nothing was known" not in text


def test_a_rollback_is_explained_as_a_rollback(world: World) -> None:
    """It prints both models, the operator and the reason, but no file, bytes, job or pinned input."""
    first, second = promote(world, "first", 0.9), promote(world, "second", 0.95)
    run = go_back(world)
    text = told(world, run)

    assert "rollback    requested by alice at 20" in text
    assert f"from        the model of run {second.run_id}, models/census/{second.run_id}.ilearner" in text
    assert f"to          the model of run {first.run_id}, models/census/{first.run_id}.ilearner" in text
    assert f"before: models/census/{second.run_id}.ilearner" in text
    assert f"after:  models/census/{first.run_id}.ilearner" in text
    for claim in ("byte", "trained on", "job ", "version", "It ended"):
        assert claim not in text
    assert explain.explanation(run)["file"] is None
    assert f"rollback to run {first.run_id[:8]}" in "\n".join(run_lines([run], 300))
    assert "byte" not in shown(world, run, 300)


def test_a_rollback_from_the_initial_model_is_explained(world: World) -> None:
    """It replaces no run's model: the text says so, and shows no id."""
    first = promote(world, "first", 0.9)
    go_back(world)
    text = told(world, go_back(world, to=first.run_id))

    assert "from        the initial model" in text
    assert f"to          the model of run {first.run_id}" in text
    assert "None" not in text


def test_a_rollback_that_was_not_carried_out_says_so(world: World) -> None:
    """Another model was promoted first: the run ended superseded, and claims nothing about the endpoint."""
    promote(world, "first", 0.9)
    second = promote(world, "second", 0.95)
    world.at["production"].ignore_patch = True
    run = go_back(world)
    text = told(world, run)

    assert run.state is RunState.ROLLED_BACK
    assert "It ended rolled_back all the same" in text
    assert f"before: models/census/{second.run_id}.ilearner" in text
    assert "after:  the same" in text


def test_a_person_had_the_last_word() -> None:
    """The policy said promote, and a person rejected the run: the explanation has both."""
    world = World(example_routes(APPROVED))
    run = world.train("better", 0.9)
    assert ask(world, "reject", run=run.run_id, by="bob", reason="wrong month")[0] == 200
    text = told(world, run)

    assert "The policy said promote" in text
    assert "It ended rejected all the same: Rejected by bob: wrong month" in text
    assert "untouched by this run" in text


def test_the_notes_of_a_training_are_shown(world: World) -> None:
    """Both commands print each note of the training on a line."""
    run = replace(world.land(), notes=("column 'id' was left out: an identifier", "column 'age': 3 odd cells"))
    out = Console(width=300, soft_wrap=True)
    with out.capture() as captured:
        explain.print_explanation(out, run)
        print_run(out, run, [])

    for note in run.notes:
        assert captured.get().count(note) == 2
    assert explain.explanation(run)["notes"] == list(run.notes)


def shown(world: World, run: Run, width: int) -> str:
    """Return what `show` prints about a run on so wide a terminal."""
    out = Console(width=width, soft_wrap=True)
    with out.capture() as captured:
        print_run(out, run, world.runs.history(run.route, run.run_id))
    return captured.get()


def test_long_lines_are_wrapped(world: World) -> None:
    """With twenty metrics at 80 columns the last one is printed; in a pipe each fact is one line."""
    names = [f"Metric number {number}" for number in range(20)]
    run = promote(world, "first", 0.9)
    metrics: dict[str, float | None] = {**dict.fromkeys(names, 0.125), "Deciding": 0.875}
    assert run.challenger is not None
    run = replace(run, challenger=run.challenger._replace(metrics=metrics), reason="word " * 300 + "end")

    narrow, wide = shown(world, run, 80), shown(world, run, PIPED_WIDTH)
    assert max(map(len, narrow.splitlines())) <= 80
    assert "Deciding 0.875" in " ".join(narrow.replace("│", " ").split())
    assert "end" in narrow
    assert sum("Metric number 0" in line and "Deciding 0.875" in line for line in wide.splitlines()) == 1
    assert max(map(len, wide.splitlines())) < PIPED_WIDTH


def test_every_time_is_utc_and_says_so(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """The machine's time zone has no effect."""
    monkeypatch.setenv("TZ", "Asia/Tokyo")
    time.tzset()
    try:
        run = promote(world, "first", 0.9)
        landed = f"{run.landed_at:%Y-%m-%d %H:%M:%S} UTC"
        assert landed in "\n".join(run_lines([run], 300))
        assert f"landed {landed}" in told(world, run)
        assert f"{run.landed_at:%H:%M:%S} UTC" in shown(world, run, 300)
    finally:
        monkeypatch.undo()
        time.tzset()


def test_an_approval_link_has_a_line_of_its_own_in_the_history() -> None:
    """It names who made it and its end, beside the reason of the hold; a second link replaces the first one's text."""
    world = World(example_routes(APPROVED))
    run = world.train("better", 0.9)
    held = run.reason
    code_for(world, run)
    code_for(world, run)

    entry = world.runs.history(run.route, run.run_id)[-1]
    assert entry.actor == "operator alice"
    assert entry.reason.startswith(f"{held}. An approval link was made, valid until 20")
    assert entry.reason.endswith(" UTC.")
    assert entry.reason.count("link") == 1
    assert "An approval link was made" in shown(world, world.run(run.run_id), 300)


def test_what_to_do_next_stands_at_the_end(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Of a quarantined run the way to its problems, to a retry and to an acceptance; of a promoted one nothing."""
    promoted = world.settle(world.train("first", 0.9))
    quarantined = replace(promoted, state=RunState.QUARANTINED, problems="quarantine/census/1/problems.json")
    monkeypatch.setattr(explain, "open_stack_runs", lambda _: None)
    monkeypatch.setattr(explain, "open_stack_blobs", lambda _: None)
    monkeypatch.setattr(explain, "read_documents", lambda *_: NO_DOCUMENTS)
    options = Namespace(state=tmp_path, run=promoted.run_id[:8], json=False)
    for run, is_hinted in ((quarantined, True), (promoted, False)):
        monkeypatch.setattr(explain, "find_run", lambda *_, run=run: StoredRun(run, "1", None))
        explain.explain(options)
        last = capsys.readouterr().out.splitlines()[-1]
        assert ("--accept" in last and "lists its problems" in last) is is_hinted
