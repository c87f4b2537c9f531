"""Effects that never succeed, in every state: each run says what it waits for, and none outlives its deadline.

From the first update of the serving endpoint on there are two ends only: verified, or restored. Such a run goes on,
shows as stuck, and ends once the effect succeeds.
"""

import logging
from collections.abc import Callable
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, TypeAliasType, get_args

import pytest

from shared.effects import run_driver
from shared.effects.run_session import RunSession
from shared.errors import (
    BadAnswerError,
    BlobChangedError,
    ConfigError,
    ConflictError,
    NoAnswerError,
    StaleWriteError,
    ThrottledError,
)
from shared.intake.settings import IntakeSettings
from shared.lifecycle import effects
from shared.lifecycle.observations import Observation
from shared.operators import approvals, endpoint_overrides
from shared.pipeline import reconciling
from shared.pipeline.polling import stuck
from shared.ports.training_service import JobState
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.holdout_world import world_with_holdout
from tests.pipeline.world import FAULT, World, assert_closed, example_routes, without_staging

ERRORS: dict[str, Exception] = {
    "unknown": NoAnswerError(FAULT),
    "throttled": ThrottledError(FAULT),
    "page": BadAnswerError(FAULT),
    "setting": ConfigError(["somebody must correct it"]),
    "stale row": StaleWriteError("somebody else wrote the row"),
    "blob changed": BlobChangedError("the blob changed"),
    "bug": ZeroDivisionError(),
}
NO_WAY_BACK = frozenset({RunState.PROMOTING, RunState.VERIFYING})


def plain() -> World:
    """A staging and a serving endpoint that do as they are told."""
    return World()


def alone() -> World:
    """No staging endpoint."""
    return World(without_staging())


def ignoring() -> World:
    """The serving endpoint accepts models and goes on serving what it did."""
    world = World()
    world.at["production"].ignore_patch = True
    return world


def unmoved() -> World:
    """The staging endpoint does so."""
    world = World()
    world.at["staging"].ignore_patch = True
    return world


def measured() -> World:
    """A holdout."""
    return world_with_holdout()


def held() -> World:
    """Somebody must approve."""
    return World(example_routes(("no_champion", 'approval = "required"\nno_champion')))


def endless() -> World:
    """A job that never ends."""
    world = World()
    world.training.finish = lambda *_: None  # type: ignore[method-assign]
    return world


def empty() -> World:
    """A file of no bytes."""
    return World()


def reading() -> World:
    """A route that reads its files."""
    routes = example_routes()
    return World(replace(routes, routes={"census": replace(routes.routes["census"], intake=IntakeSettings())}))


SCENARIOS: dict[str, Callable[[], World]] = {
    build.__name__: build for build in (plain, alone, ignoring, unmoved, measured, held, endless, empty, reading)
}
TEXTS = {"empty": "", "reading": "age,workclass\n39,State-gov\n50,Private\n"}


def go_on(world: World, seconds: float) -> Run:
    """Let jobs end, tick once, and return the run of the file."""
    for job in list(world.training.jobs.values()):
        if job.state is JobState.RUNNING:
            world.training.finish(job.job_id, "good", "Accuracy,AUC\n0.8,0.9\n")
    world.tick(seconds)
    world.read()
    return world.run(world.runs.list_runs()[-1].run.run_id)


def landed(scenario: str) -> tuple[World, Run]:
    """Return a world in which a file has landed."""
    world = SCENARIOS[scenario]()
    return world, world.land(text=TEXTS.get(scenario, "1"))


def walk(world: World, check: Callable[[Run], None]) -> Run:
    """Tick for eleven days, at first often."""
    run = world.run()
    for seconds in [10] * 30 + [600] * 20 + [21_600] * 45:
        if run.terminal:
            break
        run = go_on(world, seconds)
        check(run)
    return run


def every_effect() -> list[type[effects.Effect]]:
    """Return every kind of effect that there is."""
    kinds: list[type[effects.Effect]] = []
    for kind in get_args(effects.Effect.__value__):
        kinds += get_args(kind.__value__) if isinstance(kind, TypeAliasType) else [kind]
    return kinds


@contextmanager
def never(effect: type[effects.Effect], error: Exception) -> Any:
    """Let an effect raise, whoever carries it out."""
    perform = run_driver.perform

    def fail(session: RunSession, requested: effects.Effect) -> Observation:
        if isinstance(requested, effect):
            raise error
        return perform(session, requested)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_driver, "perform", fail)
        yield


def effects_of(scenario: str) -> list[type[effects.Effect]]:
    """Return every effect that a scenario comes to."""
    world, _ = landed(scenario)
    performed: list[type[effects.Effect]] = []
    perform = run_driver.perform

    def noting(session: RunSession, requested: effects.Effect) -> Observation:
        performed.append(type(requested))
        return perform(session, requested)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_driver, "perform", noting)
        world, _ = landed(scenario)
        walk(world, lambda _: None)
    return list(dict.fromkeys(performed))


CASES = [(scenario, effect) for scenario in SCENARIOS for effect in effects_of(scenario)]


def test_every_effect_is_tried() -> None:
    """The scenarios come to all there are."""
    assert {effect for _, effect in CASES} == set(every_effect())


@pytest.mark.parametrize(
    ("scenario", "effect", "error"),
    [(*case, error) for case in CASES for error in (ERRORS if case[0] == "plain" else ("unknown", "stale row"))],
    ids=lambda part: getattr(part, "__name__", part),
)
def test_an_effect_that_never_succeeds(scenario: str, effect: type[effects.Effect], error: str) -> None:
    """The run ends, or is on its way to one of two ends and shows as stuck; what it waits for stands in its row."""
    logging.disable(logging.CRITICAL)
    met: list[RunState] = []

    def check(run: Run) -> None:
        met.append(run.state)
        if run.consecutive_failures:
            assert run.reason, f"{run.state} ({run.step}) waits and does not say for what"

    try:
        with never(effect, ERRORS[error]):
            world, _ = landed(scenario)
            run = walk(world, check)
            if not run.terminal:
                assert run.state in NO_WAY_BACK, f"{run.state} ({run.step}) outlived its deadline: {run.reason}"
                assert run.reason
                assert stuck(run, world.clock.now())
        run = walk(world, lambda _: None)
    finally:
        logging.disable(logging.NOTSET)
    assert run.terminal, f"{run.state} ({run.step}): {run.reason}"
    assert run.reason
    reconciling.reconcile(world.services)
    assert_closed(world)


@pytest.mark.parametrize("effect", every_effect(), ids=lambda effect: effect.__name__)
def test_a_single_conflict_costs_no_wait(effect: type[effects.Effect]) -> None:
    """Somebody else wrote at the same moment, once at every effect: the file is promoted within a minute."""
    world = World()
    conflicts: list[ConflictError] = [StaleWriteError("somebody else wrote the row")]
    perform = run_driver.perform

    def conflicting(session: RunSession, requested: effects.Effect) -> Observation:
        if isinstance(requested, effect) and conflicts:
            raise conflicts.pop()
        return perform(session, requested)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run_driver, "perform", conflicting)
        run = world.land()
        for _ in range(60):
            run = go_on(world, 1)

    assert run.state is RunState.PROMOTED


def test_a_model_that_is_not_there_fails_its_run_and_frees_the_endpoint() -> None:
    """Deleted after staging read it, before it was kept: the run ends and says so, and a better file is promoted."""
    world = World()
    run = world.train()
    while world.run(run.run_id).state is not RunState.STAGED:
        world.tick(1)
    world.blobs.remove("training", f"{run.run_id}/1/model.ilearner")
    run = world.settle(run, seconds=1)

    assert run.state is RunState.FAILED
    assert f"training/{run.run_id}/1/model.ilearner does not exist" in run.reason
    assert_closed(world)
    assert world.settle(world.train("next", 0.95, "census/next.csv")).state is RunState.PROMOTED


def test_a_model_that_was_never_written_fails_its_run() -> None:
    """Without a staging endpoint nobody reads it before it is kept."""
    world = World(without_staging())
    run = world.land()
    world.finish(run)
    world.blobs.remove("training", f"{run.run_id}/1/model.ilearner")
    world.evaluate(world.tick())
    run = world.settle(run)

    assert run.state is RunState.FAILED
    assert "was never written, or it was deleted" in run.reason
    assert world.at["production"].patches == []


def test_a_run_that_nobody_decides_on_ends_although_the_endpoint_cannot_be_read() -> None:
    """Its deadline is its own."""
    world = held()
    run = world.train()
    assert world.run(run.run_id).state is RunState.HELD
    with never(effects.ReadEndpoint, NoAnswerError(FAULT)):
        run = walk(world, lambda _: None)

    assert run.state is RunState.TIMED_OUT
    assert "Nobody approved or rejected the decision" in run.reason
    with pytest.raises(Exception, match="is timed_out"):
        approvals.approve(world.services, run.run_id, "somebody", "too late")


def test_a_rollback_that_is_never_possible_ends() -> None:
    """An operator's run has a deadline as well."""
    world = World()
    world.settle(world.train())
    rollback = endpoint_overrides.rollback(world.services, "production", "somebody", "complaints")
    with never(effects.CaptureBaseline, NoAnswerError(FAULT)):
        for _ in range(60):
            world.tick(3600)

    assert world.run(rollback.run_id).state is RunState.TIMED_OUT
    assert_closed(world)
