"""The audit of a finished chaos run: reads everything from outside, and checks the invariants."""

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Mapping

from landfall.chaos import batch_checks, invariant_checks
from landfall.chaos.acceptor import not_accepted
from landfall.chaos.files import clean_rows
from landfall.chaos.observer import ROUTE, Observer, RequestLog
from landfall.chaos.proxied_stack import ProxiedStack
from landfall.chaos.report import Report, counts_text
from landfall.chaos.scenario import Scenario
from landfall.chaos.schedule import Schedule
from landfall.stack.azurite import ROOT
from shared.intake.settings import TrainingSetKind
from shared.intake.training_sets import GROWING
from shared.plurals import counted
from shared.records.run import Run
from shared.records.run_states import RunState

type Contents = Mapping[tuple[str, str], bytes]  # by blob and ETag

MIN_USEFUL_KILL_SHARE = 0.8  # share of kills that must fall while a run is unsettled
LOGS = ("host", "studio")


def audit(proxied: ProxiedStack, schedule: Schedule, scenario: Scenario, *, settled: bool) -> Report:
    """Audit a chaos run while its stack still answers.

    Raises:
        CommandError: the studio does not answer.
        LandfallError: the storage does not answer.
    """
    observer = Observer(proxied.stack.document, proxied.studio)
    try:
        runs, present_versions, log = observer.runs(), observer.present_versions(), observer.request_log()
        served_model = observer.served_model()
        observer.search(proxied.secret_scan, [proxied.stack.state.log(name) for name in LOGS])
        history = invariant_checks.update_history(log.requests, observer.patch_path, served_model, runs)
        inputs = _started_inputs(log, proxied.recorder.submitted)
        wrong_sets = _wrong_sets(observer, schedule.training_set, inputs, scenario.uploader.contents, runs)
        initial_models = [proxied.stack.routes.routes[ROUTE].initial_model, *_seeds(served_model)]
        unverified = invariant_checks.unverified(observer.endpoint(), served_model, initial_models, runs)
    finally:
        observer.close()
    written, kill_records = scenario.uploader.written, scenario.killer.kill_records
    notes = [f"on older data for a while, then repaired: {sentence}" for sentence in history.repaired]
    unseen = invariant_checks.count_unseen_versions(written, present_versions, runs)
    return Report(
        landed=len(runs),
        outcomes=dict(Counter(run.state.value for run in runs).most_common()),
        kills=_kills_by_state(kill_records),
        lost=invariant_checks.lost_files(written, present_versions, runs),
        trained_twice=invariant_checks.trained_twice(log.requests, proxied.recorder.submitted),
        backward=history.left,
        unverified=unverified,
        secrets=proxied.secret_scan.sentences(),
        longest_recovery_s=invariant_checks.longest_recovery_s(kill_records, runs),
        wrong_sets=wrong_sets,
        broken=_verify(proxied),
        missed=_missed(schedule, scenario, runs, settled=settled),
        notes=[*notes, *_facts(proxied, scenario, len(written), unseen, log.unreadable)],
    )


def _started_inputs(log: RequestLog, submitted: Mapping[str, str]) -> dict[str, str]:
    """Return what each started job reads, by its id: container/path."""
    started = invariant_checks.started_jobs(log.requests)
    return {job_id: submitted[job_id].lstrip("/") for job_id in started if job_id in submitted}


def _wrong_sets(
    observer: Observer, kind: TrainingSetKind | None, inputs: Mapping[str, str], contents: Contents, runs: list[Run]
) -> list[str]:
    """Return a sentence for each batch or training set that is not what it should be; none if the route has neither."""
    if kind is None:
        return []
    sets = batch_checks.trained_sets(inputs, runs, observer.text)
    problems = batch_checks.broken_batches(runs, observer.text) + batch_checks.broken_sets(sets, runs)
    if not problems:
        problems += batch_checks.wrong_rows(sets, lambda version: clean_rows(contents[version]))
    if kind is TrainingSetKind.BATCH:
        problems += batch_checks.in_two_batches(sets)
    return problems


def _seeds(served_model: str) -> list[str]:
    """Return the studio's name of its seed model, which an endpoint serves until its first update; none after it."""
    return [served_model.lstrip("/")] if served_model.lstrip("/").startswith("seeds/") else []


def _kills_by_state(kill_records: list[invariant_checks.KillRecord]) -> dict[str, int]:
    """Return for each state the number of kills at which a run was in it."""
    counts = Counter(state for record in kill_records for state in set(record.states.values()))
    return {state.value: counts[state] for state in RunState if counts[state]}


def _missed(schedule: Schedule, scenario: Scenario, runs: list[Run], *, settled: bool) -> list[str]:
    """Return a sentence for each goal that the chaos run missed."""
    problems = []
    kill_records, planned = scenario.killer.kill_records, schedule.kill_count
    if planned:
        useful = sum(bool(record.states) for record in kill_records)
        missed = ", ".join(sorted(scenario.killer.missed))
        if len(kill_records) < planned:
            problems.append(f"only {len(kill_records)} of {planned} kills took place")
        if useful < MIN_USEFUL_KILL_SHARE * planned:
            problems.append(f"only {useful} of {planned} kills fell while a run was unsettled")
        if missed:
            problems.append(f"no kill fell while a run was in: {missed}")
    if not settled:
        problems.append("some runs were still unsettled at the time limit")
    return problems + not_accepted(runs, scenario.uploader.acceptable, grows=schedule.training_set in GROWING)


def _verify(proxied: ProxiedStack) -> list[str]:
    """Return the violations that `landfall verify` reports."""
    command = [sys.executable, "-m", "landfall", "verify", "--json", "--state", str(proxied.stack.state.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        broken = json.loads(done.stdout)["broken"]
    except (ValueError, KeyError):
        return [f"`landfall verify` failed: {done.stderr.strip()}"]
    return [f"{violation['invariant']}: {violation['what']} (run {violation['run_id']})" for violation in broken]


def _facts(proxied: ProxiedStack, scenario: Scenario, written: int, unseen: int, unreadable: int) -> list[str]:
    """Return the notes: how many files, kills, faults and lost events there were."""
    kills = Counter(record.signal for record in scenario.killer.kill_records)
    restarts = {signal.value: count for signal, count in scenario.killer.restarts.items()}
    faults = {fault.value: count for fault, count in proxied.faults.injected.items()}
    facts = [
        f"{written} versions written, {unseen} of them overwritten before anybody saw them",
        f"kills: {counts_text(kills)}; in addition: {counts_text(restarts)}",
        f"the host ended by itself {counted(scenario.processes.host_ended, 'time')}",
        f"faults on the way: {counts_text(faults)}",
        f"events: {counts_text(proxied.events.counts)}",
    ]
    if scenario.uploader.acceptable:
        accepted, acceptable = len(scenario.acceptor.accepted), len(scenario.uploader.acceptable)
        facts.append(f"the form of {accepted} of {counted(acceptable, 'file')} was accepted from quarantine")
    if unreadable:
        facts.append(f"{unreadable} lines of the studio's request log were cut off when the studio was killed")
    return facts
