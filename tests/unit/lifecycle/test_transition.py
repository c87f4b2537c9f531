"""The transition function alone: whatever is seen, in whatever order, after whatever crash, it stays on its rails."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import assert_never

from hypothesis import event, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from shared.errors import (
    BadAnswerError,
    ConfigError,
    NoAnswerError,
    PermanentError,
    ServiceFault,
    StaleWriteError,
    ThrottledError,
    UnavailableError,
)
from shared.gates.evaluation_report import read_evaluation
from shared.gates.holdout import Holdout
from shared.gates.known_metrics import Task
from shared.intake.settings import BatchSettings, IntakeSettings, TrainingSetKind
from shared.lifecycle import effects as do
from shared.lifecycle import input_observations
from shared.lifecycle import observations as saw
from shared.lifecycle.decision_record import decision_hash
from shared.lifecycle.effects import Effect
from shared.lifecycle.held_state import approved
from shared.lifecycle.intake_states import INTAKE_STEPS, UNDER_LEASE, is_announced, prepared
from shared.lifecycle.observations import Observation
from shared.lifecycle.transition import compensation_for, transition
from shared.ports.training_service import JobState, JobStatus
from shared.records.batch import TrainingSetRef
from shared.records.decision import Approval
from shared.records.endpoint_record import Champion, EndpointRecord, Intent, Lease
from shared.records.golden_answers import GoldenAnswers
from shared.records.intake_record import IntakeRecord
from shared.records.models import HoldoutMeasurement, HoldoutProgress
from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_states import TERMINAL, RunState
from shared.records.run_steps import LandedStep, PromotingStep, WaitingStep
from tests.contract.records import NOON, a_run
from tests.pipeline.world import example_routes, without_staging

BEFORE, AFTER, STRANGE = (("no", "0.1"),), (("yes", "0.9"),), (("yes", "0.5"),)
GOOD, BAD = (read_evaluation(f"AUC\n{value}\n", 0) for value in ("0.9", "0.5"))
FAULT = ServiceFault("a request", "https://memory", 503, "Busy", retry_after_s=30)
ERRORS = (
    NoAnswerError(FAULT),
    UnavailableError(FAULT),
    ThrottledError(FAULT),
    StaleWriteError("somebody else wrote the row"),
    BadAnswerError(FAULT),
    PermanentError("no"),
    ConfigError(["key"]),
    ZeroDivisionError(),
)
STATES = (JobState.FINISHED, *(state for state in JobState if state is not JobState.FINISHED))
STATUSES = [JobStatus(state, "details", {}, state.value) for state in STATES]
BASE = a_run(size=5)
BASELINE = GoldenAnswers(
    golden="training/golden/g.csv", golden_etag="g", before=BEFORE, staging=BEFORE, previous_staged=AFTER
)
PART = Part(
    run_id=BASE.run_id,
    attempt=1,
    route="census",
    blob=BASE.blob,
    blob_etag=BASE.etag,
    generation=BASE.generation,
    original="training/x/1/original.csv",
    original_etag="o",
    labels={},
    missing={},
)
INTAKE = IntakeRecord(2, 1, "utf-8", ",", "00")
SET = TrainingSetRef("file", "training/x/1/manifest.json", 2, "00")
SETTINGS = {
    "as it is": (None, None),
    "read": (IntakeSettings(), None),
    "gathered": (None, BatchSettings()),
    "joined": (None, BatchSettings(training_set=TrainingSetKind.ACCUMULATE)),
}
PROGRESS = HoldoutProgress("training/golden/h.csv", "e", "i", {})


def champion(generation: str) -> Champion:
    """Return a champion of some other run."""
    return Champion(run_id="other", generation=generation, model="models/o", metrics={"AUC": 0.8}, promoted_at=NOON)


def records(run: Run) -> list[EndpointRecord]:
    """Return rows of the endpoint as this run may find them; first the one that it hopes for."""
    free = EndpointRecord(route="census", name="production", champion=champion("2000"), token=2)
    lease = Lease(run_id=run.run_id, token=2, expires_at=NOON + timedelta(hours=1))
    intent = Intent(
        run_id=run.run_id,
        generation=run.generation,
        token=2,
        from_model="models/o",
        to_model="models/n",
    )
    own = replace(free, lease=lease, intent=intent if run.state is RunState.VERIFYING else None)
    later = NOON + timedelta(minutes=5)
    return [
        own,
        free,
        replace(own, champion=None),
        replace(own, champion=champion("3000")),
        replace(own, blocked_generations=(run.generation,)),
        replace(own, token=3),
        replace(free, lease=lease._replace(run_id="other")),
        replace(free, intent=intent._replace(run_id="other")),
        replace(free, in_flight_until=later, staging_in_flight_until=later),
    ]


def results_of(effect: Effect, run: Run) -> list[Observation]:  # noqa: C901, PLR0911, PLR0912 - a table
    """Return what may come of an effect; first what is hoped for."""
    failed: list[Observation] = [saw.EffectFailed(error) for error in ERRORS]
    match effect:
        case do.QuarantineInput():
            return [input_observations.Quarantined(True), input_observations.Quarantined(False), *failed]
        case do.PinInput():
            missing: list[Observation] = [
                input_observations.InputArchived("archived"),
                input_observations.InputMissing(),
            ]
            return [input_observations.InputPinned(), input_observations.InputCopyPending(), *missing, *failed]
        case do.ReadInput():
            read: list[Observation] = [
                input_observations.InputAccepted(PART, INTAKE),
                input_observations.InputRefused("bad", "quarantine/p", INTAKE),
            ]
            return [*read, input_observations.OriginalMissing(), *failed]
        case do.AssembleInput():
            target = f"training/{run.job_folder}/input.csv"
            newer = input_observations.SetAssembled(
                target, SET, generation="2026-08-01T00:00:00Z/1/x+00000002", duplicates=1
            )
            return [
                input_observations.SetAssembled(target, SET),
                newer,
                input_observations.NothingToTrain("equal", SET),
                input_observations.OriginalMissing(),
                *failed,
            ]
        case do.SubmitJob():
            return [saw.JobSubmitted(f"job-{run.revision}"), *failed]
        case do.StartJob():
            return [saw.JobStarted(), saw.JobNotFound("404"), *failed]
        case do.GetJobStatus():
            return [*(saw.JobStatusRead(status) for status in STATUSES), saw.JobNotFound("404"), *failed]
        case do.CancelJob():
            return [saw.JobCancelled(), *failed]
        case do.ReadEndpoint():
            return [saw.EndpointRead(record, ended) for record in records(run) for ended in (False, True)] + failed
        case do.ReadEvaluation():
            return [*(saw.EvaluationRead(report, "training/x/1/evaluation.csv") for report in (GOOD, BAD)), *failed]
        case do.CaptureBaseline():
            return [saw.BaselineCaptured(BASELINE), *failed]
        case do.TakeLease():
            return [saw.LeaseTaken(2, NOON), *failed]
        case do.PatchStaging():
            return [saw.StagingPatched(), *(saw.StagingRefused(error) for error in ERRORS), *failed]
        case do.ScorePatchedStaging():
            return [saw.StagingScored(answers) for answers in (AFTER, BEFORE, STRANGE, None)]
        case do.ScoreStaging():
            return [*(saw.StagingScored(answers) for answers in (AFTER, BEFORE, STRANGE)), *failed]
        case do.GetStagingModel():
            return [saw.StagingModelRead(f"training/{run.run_id}/1/model.ilearner"), saw.StagingModelRead("")]
        case do.ScoreHoldout(progress):
            challenger = HoldoutMeasurement("i", "e", {"AUC": 0.9}, ())
            champion = saw.ChampionMeasurement({"AUC": 0.8}, "now")
            scored = progress if progress is not None else PROGRESS
            return [
                saw.HoldoutMeasured(challenger, champion, {}, 100),
                saw.HoldoutMeasured(challenger._replace(metrics={"AUC": 0.5}), champion, {}, 100),
                saw.HoldoutMeasured(challenger, None, {}, 100),
                saw.HoldoutScored(scored, 50, 100, None),
                saw.HoldoutScored(scored, 50, 100, NoAnswerError(FAULT)),
                saw.HoldoutInvalidated(NoAnswerError(FAULT)),
                saw.LeaseLost(),
                *failed,
            ]
        case do.ArchiveModel():
            return [saw.ModelArchived(), *failed]
        case do.WriteIntent():
            return [saw.IntentWritten(2), *failed]
        case do.PatchServing():
            return [saw.ServingPatched(), *(saw.ServingRefused(error) for error in ERRORS), *failed]
        case do.ScoreServing():
            return [*(saw.ServingScored(answers, "why") for answers in (AFTER, BEFORE, STRANGE, None)), *failed]
        case do.RecordChampion():
            return [saw.ChampionRecorded(), saw.AlreadyRolledBack(), *failed]
        case do.MarkRollback():
            return [saw.RollbackMarked("models/o"), saw.ChampionRecorded(), saw.AlreadyRolledBack(), *failed]
        case do.RestorePrevious():
            return [saw.PreviousRestored(), *(saw.RestoreRefused(error) for error in ERRORS), *failed]
        case do.ReleaseEndpoint():
            return [saw.EndpointReleased(True), saw.EndpointReleased(False), *failed]
        case _:
            assert_never(effect)


class Life(RuleBasedStateMachine):
    """One run, and an environment that shows it anything that is possible."""

    @initialize(
        staging=st.sampled_from(["none", "plain", "plain", "holdout"]),
        approval=st.sampled_from([False, False, True]),
        bake_s=st.sampled_from([0, 0, 60]),
        size=st.sampled_from([5, 5, 5, 0]),
        reading=st.sampled_from(["as it is", *SETTINGS]),
        lucky=st.sampled_from(range(25)),
        odd=st.tuples(st.sampled_from(range(5, 22)), st.sampled_from(range(6))),
    )
    def begin(
        self, staging: str, approval: bool, bake_s: int, size: int, reading: str, lucky: int, odd: tuple[int, int]
    ) -> None:
        """Claim a version, and let everything go well for some steps, but for one of them."""
        self.route = (without_staging() if staging == "none" else example_routes()).routes["census"]
        holdout = Holdout(data="models/h.csv", label="y", task=Task.BINARY) if staging == "holdout" else None
        intake, batch = SETTINGS[reading]
        self.route = replace(
            self.route, bake_s=bake_s, needs_approval=approval, holdout=holdout, intake=intake, batch=batch
        )
        self.now: datetime = NOON
        self.run = replace(BASE, size=size, generation="2500")
        self.effect: Effect | None = None
        self.promised = self.turned = False
        self.step(None, saw.Claimed())
        for number in range(lucky):
            if self.run.state is RunState.HELD:
                self.is_approved()
            elif self.run.step == WaitingStep.BATCH:
                self.is_sealed()
            elif self.effect is None and is_announced(self.run):
                self.is_announced()
            elif not self.run.terminal:
                possible = results_of(self.effect, self.run) if self.effect is not None else [saw.TimerFired()]
                self.step(self.effect, possible[odd[1] % len(possible) if number == odd[0] else 0])

    def step(self, done: Effect | None, result: Observation) -> None:
        """Show the run what came of an effect; check what it does about it."""
        before = self.run
        run, effect = transition(self.route, before, done, result, self.now)
        again = transition(self.route, before, done, result, self.now)
        assert again == (run, effect), "it is no function of what it is given"
        assert run is before or run.revision == before.revision + 1
        self.promised |= isinstance(result, saw.IntentWritten)
        self.turned |= isinstance(result, saw.RollbackMarked)
        self.run, self.effect = run, effect
        event(run.state.value)
        if effect is not None:
            self.check(effect)

    def check(self, effect: Effect) -> None:
        """Nothing is done that its row does not permit."""
        run = self.run
        assert not run.terminal
        match effect:
            case do.StartJob(job_id) | do.GetJobStatus(job_id) | do.CancelJob(job_id):
                assert job_id
                assert job_id == run.job_id, "only a job whose id is saved is touched"
            case do.SubmitJob(request):
                assert f"/{run.attempt}/" in request.input_path
                assert "/original" not in request.input_path, "a job reads what is made of the original"
            case do.ReadInput() | do.AssembleInput():
                assert run.step in UNDER_LEASE
                assert run.not_before > self.now, "the lease is written before the work begins"
            case do.PatchServing():
                assert self.promised, "an intent comes before every PATCH"
                assert run.step is PromotingStep.SENDING
                assert run.in_flight_until is not None
            case do.RestorePrevious():
                assert self.turned, "the restore is marked before it begins"
            case do.RecordChampion():
                assert run.state is RunState.VERIFYING

    @rule(data=st.data(), luck=st.integers(0, 11))
    @precondition(lambda self: not self.run.terminal)
    def goes_on(self, data: st.DataObject, luck: int) -> None:
        """What is to be done is done, with whatever result; or the worker dies, or loses a race; or a tick comes."""
        if self.effect is not None and luck == 0:
            self.effect = None
        elif self.effect is not None:
            result = data.draw(st.sampled_from(results_of(self.effect, self.run)))
            if luck == 1:  # another worker was first with its record
                undone = compensation_for(result)
                assert undone is None or isinstance(undone, do.CancelJob)
                self.effect = None
            else:
                self.step(self.effect, result)
        elif self.run.not_before <= self.now:
            self.step(None, saw.TimerFired())

    @rule()
    @precondition(lambda self: self.run.state is RunState.HELD)
    def is_approved(self) -> None:
        """Somebody approves the run, as it is held now."""
        approval = Approval("a", "b", self.now, decision_hash(self.run.decision))
        self.run, self.effect = approved(self.route, self.run, approval, self.now), None

    @rule()
    @precondition(lambda self: self.run.step in INTAKE_STEPS)
    def is_announced(self) -> None:
        """A message of the queue `intake` arrives: it begins what nobody has under a lease, and else nothing."""
        leased = self.run.step in UNDER_LEASE and self.now < self.run.not_before
        if leased:
            assert transition(self.route, self.run, None, saw.IntakeAnnounced(), self.now) == (self.run, None)
        else:
            self.step(None, saw.IntakeAnnounced())
            assert self.run.step in {LandedStep.READING, LandedStep.ASSEMBLING}

    @rule()
    @precondition(lambda self: self.run.step == WaitingStep.BATCH)
    def is_sealed(self) -> None:
        """Its batch is sealed, and it carries the batch."""
        self.run, self.effect = prepared(self.route, self.run, self.now), None

    @rule(seconds=st.sampled_from([1, 31, 100, 1000, 90_000]))
    def time_passes(self, seconds: int) -> None:
        """Some time goes by."""
        self.now += timedelta(seconds=seconds)

    @invariant()
    def has_an_end_or_a_time(self) -> None:
        """A run that has no outcome has a deadline, or is being restored, or waits for what no clock ends."""
        run = self.run
        if run.state in TERMINAL:
            assert run.deadline_at is None
        else:
            endless = run.state is RunState.WAITING or (run.step or "").startswith("put-back")
            assert run.deadline_at is not None or endless


TestLife = Life.TestCase
TestLife.settings = settings(stateful_step_count=60, deadline=None)
