"""The audit of a run that is over: gathers what is seen from outside, and has it judged."""

import json
import subprocess
import sys
from collections import Counter

from landfall.chaos import invariant_checks
from landfall.chaos.observer import ROUTE, Lookout
from landfall.chaos.proxied_stack import Stage
from landfall.chaos.report import Report
from landfall.chaos.scenario import Course
from landfall.chaos.schedule import Plan
from landfall.stack.azurite import ROOT
from shared.plurals import counted
from shared.records.run import RunState

LEAST_SHARE = 0.8  # of the kills must hit a moment at which something was unsettled
LOGS = ("host", "studio")


def audit(stage: Stage, plan: Plan, course: Course, *, settled: bool) -> Report:
    """Judge a run while its stack still answers.

    Raises:
        CommandError: the studio does not answer.
        LandfallError: storage does not answer.
    """
    lookout = Lookout(stage.stack.document, stage.studio)
    try:
        runs, present, log = lookout.runs(), lookout.present(), lookout.request_log()
        served = lookout.served()
        lookout.search(stage.leaks, [stage.stack.state.log(name) for name in LOGS])
        trail = invariant_checks.trail(log.requests, lookout.patch_path, served, runs)
        firsts = [stage.stack.routes.routes[ROUTE].initial_model, *_seeds(served)]
        unverified = invariant_checks.unverified(lookout.endpoint(), served, firsts, runs)
    finally:
        lookout.close()
    written, hits = course.dropper.written, course.killer.hits
    notes = [f"backwards for a while, and repaired: {one}" for one in trail.repaired]
    unseen = invariant_checks.unseen_files(written, present, runs)
    return Report(
        landed=len(runs),
        outcomes=dict(Counter(run.state.value for run in runs).most_common()),
        kills=_hits_by_state(hits),
        lost=invariant_checks.lost_files(written, present, runs),
        trained_twice=invariant_checks.trained_twice(log.requests, stage.seen.submitted),
        backward=trail.left,
        unverified=unverified,
        secrets=stage.leaks.sentences(),
        longest_recovery_s=invariant_checks.longest_recovery_s(hits, runs),
        broken=_verify(stage),
        missed=[*_missed(plan, course), *([] if settled else ["not every run was settled in the time given"])],
        notes=[*notes, *_facts(stage, course, len(written), unseen, log.unreadable)],
    )


def _seeds(served: str) -> list[str]:
    """Return what the studio calls its seed model, which an endpoint serves until its first update."""
    return [served.lstrip("/")] if served.lstrip("/").startswith("seeds/") else []


def _hits_by_state(hits: list[invariant_checks.Hit]) -> dict[str, int]:
    """Count by state the kills at which a run was in it."""
    counts = Counter(state for hit in hits for state in set(hit.states.values()))
    return {state.value: counts[state] for state in RunState if counts[state]}


def _missed(plan: Plan, course: Course) -> list[str]:
    """Say what the kills did not achieve."""
    hits = course.killer.hits
    if not plan.kills:
        return []
    problems = []
    if len(hits) < plan.kills:
        problems.append(f"only {len(hits)} of {plan.kills} kills took place")
    good = sum(bool(hit.states) for hit in hits)
    if good < LEAST_SHARE * plan.kills:
        problems.append(f"only {good} of {plan.kills} kills fell while a run was unsettled")
    missed = ", ".join(sorted(course.killer.missed))
    if missed:
        problems.append(f"no kill fell while a run was: {missed}")
    return problems


def _verify(stage: Stage) -> list[str]:
    """Have `landfall verify` audit the stack, as a person would."""
    command = [sys.executable, "-m", "landfall", "verify", "--json", "--state", str(stage.stack.state.path)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    try:
        broken = json.loads(done.stdout)["broken"]
    except (ValueError, KeyError):
        return [f"`landfall verify` gave no answer: {done.stderr.strip()}"]
    return [f"{one['invariant']}: {one['what']} (run {one['run_id']})" for one in broken]


def _facts(stage: Stage, course: Course, written: int, unseen: int, unreadable: int) -> list[str]:
    """Say how bad it was."""
    weapons = Counter(hit.weapon for hit in course.killer.hits)
    restarts = {weapon.value: count for weapon, count in course.killer.restarts.items()}
    faults = {fault.value: count for fault, count in stage.weather.met.items()}
    return [
        f"{written} versions written, {unseen} of them overwritten before anybody saw them",
        f"kills: {_listed(weapons)}; in addition: {_listed(restarts)}",
        f"the host ended by itself {counted(course.processes.host_ended, 'time')}",
        f"faults on the way: {_listed(faults)}",
        f"events: {_listed(stage.events.counts)}",
        *([f"{unreadable} lines of the studio's request log were cut off when it was killed"] if unreadable else []),
    ]


def _listed(counts: dict[str, int] | Counter[str]) -> str:
    return ", ".join(f"{count} {name}" for name, count in counts.items()) or "none"
