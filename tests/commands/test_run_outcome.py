"""The exit status and the hint after a run that a command followed."""

from dataclasses import replace
from pathlib import Path

import pytest
from rich.console import Console

from landfall import follow_run as follow_run_module
from landfall.commands.run_outcome import exit_status, follow_to_end, outcome_hint
from landfall.exit_status import ExitStatus
from landfall.follow_run import follow_run
from landfall.run_display import colored_state
from landfall.stack.stack_state import StateFolder
from shared.intake.settings import IntakeSettings
from shared.pipeline import landing
from shared.records.drift import DriftRecord
from shared.records.run import Run
from shared.records.run_identity import run_id_for, settling_run_id
from shared.records.run_states import RunState
from tests.pipeline.world import World, example_routes


@pytest.mark.parametrize("state", list(RunState))
def test_only_promoted_and_unchanged_are_success(state: RunState) -> None:
    """Every other state, also one that is no outcome, has status 3."""
    fine = state in {RunState.PROMOTED, RunState.UNCHANGED}

    assert exit_status(state) == (ExitStatus.SUCCESS if fine else ExitStatus.OTHER_END)


def ended(state: RunState) -> Run:
    """Return a run in a state."""
    world = World()
    return replace(world.run(world.land().run_id), state=state)


def test_unchanged_says_that_it_is_fine(tmp_path: Path) -> None:
    """`unchanged` sounds like a failure, so it gets a hint; a clear state gets none."""
    hint = outcome_hint(replace(ended(RunState.UNCHANGED), job_id="job"), tmp_path)
    assert hint.startswith("unchanged is a good end: the new model answers like the one in service")
    assert colored_state(RunState.UNCHANGED).startswith("[green]")
    assert outcome_hint(ended(RunState.PROMOTED), tmp_path) == outcome_hint(ended(RunState.REJECTED), tmp_path) == ""


def test_unchanged_without_a_job_speaks_of_no_new_model(tmp_path: Path) -> None:
    """No column drifted, or an equal set has its run: nothing was trained, so no model answers like another."""
    run = replace(ended(RunState.UNCHANGED), job_id="")
    drift = DriftRecord("psi", "7" * 32, (), (), trained=False)

    steady, equal = outcome_hint(replace(run, drift=drift), tmp_path), outcome_hint(run, tmp_path)

    assert "no column drifted enough, so no job ran" in steady
    assert "an equal training set has a run of its own, so no job ran" in equal
    assert "good end" in steady
    assert "good end" in equal
    assert "new model" not in steady + equal


def test_a_held_run_gives_the_commands_that_decide(tmp_path: Path) -> None:
    """A run may be held for a week: following it ends there, with the commands that decide."""
    world = World(example_routes(('no_champion = "threshold-only"', 'no_champion = "hold"')))
    run = world.settle(world.train("first", 0.9))

    assert [entry.state for entry in follow_run(world.services.runs, run.route, run.run_id, lambda: None)][-1] == "held"
    hint = outcome_hint(run, tmp_path)
    assert "approve" in hint
    assert "reject" in hint
    assert f"--state {tmp_path}" in hint


def test_a_file_that_is_trained_with_another_is_followed_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`--wait` goes on to the run that carries the batch: its end is the file's."""
    monkeypatch.setattr(StateFolder, "read_document", lambda _: None)
    world = World()
    carrier = world.settle(world.train("first", 0.9))
    member = world.land("census/b.csv")
    stored = world.runs.find(member.run_id)
    assert stored is not None
    world.runs.save(
        stored, replace(member, state=RunState.BATCHED, batch_run_id=carrier.run_id, revision=member.revision + 1)
    )
    out = Console(width=300)
    with out.capture() as captured:
        end = follow_to_end(out, world.runs, (member.route, member.run_id), tmp_path)

    assert (end.run_id, end.state) == (carrier.run_id, RunState.PROMOTED)
    assert f"trained with run {carrier.run_id}, which goes on:" in captured.get()
    assert "promoted" in captured.get()


def test_a_quarantined_run_says_how_to_go_on(tmp_path: Path) -> None:
    """Its problems are one command away; a corrected file is dropped anew, corrected settings are tried by a retry."""
    quarantined = replace(ended(RunState.QUARANTINED), problems="quarantine/census/1/problems.json")
    hint = outcome_hint(quarantined, tmp_path)
    assert f"landfall show {quarantined.run_id[:8]} --state {tmp_path}" in hint
    assert f"landfall retry {quarantined.run_id[:8]} --state {tmp_path}" in hint
    accept = f"landfall schema {quarantined.route} --accept {quarantined.run_id[:8]} --state {tmp_path}"
    assert accept in hint, "a file whose form is meant is accepted"


def test_a_file_that_settles_is_followed_before_it_has_a_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """`submit --wait` says what a file waits for; once it has settled, the steps of its own run follow."""
    routes = example_routes()
    route = replace(routes.routes["census"], intake=IntakeSettings(settle_s=60))
    world = World(replace(routes, routes={"census": route}))
    version = world.drop()
    landing.land(world.services, "incoming", version.name)
    settling_id = settling_run_id("incoming", version.name)
    run_id = run_id_for("incoming", version.name, version.etag)
    assert world.runs.get("census", run_id) is None
    looks = iter(range(2))

    def settled(_: object) -> None:
        if next(looks, None) is None:  # seen twice by now: then the time has passed, and the run comes to an end
            world.tick(61)
            stored = world.runs.get("census", run_id)
            assert stored is not None
            if not stored.run.terminal:
                world.runs.save(stored, stored.run.transitioned(world.clock.now(), RunState.CANCELLED, "stopped"))

    monkeypatch.setattr(StateFolder, "read_document", settled)
    monkeypatch.setattr(follow_run_module, "POLL_S", 0)
    out = Console(width=300)
    with out.capture() as captured:
        end = follow_to_end(out, world.runs, ("census", run_id), tmp_path, settling_id=settling_id)

    assert (end.run_id, end.state) == (run_id, RunState.CANCELLED)
    lines = captured.get().splitlines()
    assert sum("waiting (settle)" in line for line in lines) == 1
    assert "is read once it is 60 s old" in lines[0]
    assert "cancelled" in lines[-1]
