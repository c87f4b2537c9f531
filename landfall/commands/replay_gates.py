"""`landfall gate`: replays stored decisions under another policy, from the decision records alone."""

import argparse
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from landfall.commands.explain import policy_verdict
from landfall.commands.find_run import find_run
from landfall.console import console, escape, print_json
from landfall.errors import CommandError, UsageError
from landfall.exit_status import ExitStatus
from landfall.stack.run_store import ALL_RUNS, open_stack_runs
from landfall.times import moment
from shared.gates.decision import Decision, decide
from shared.gates.evaluation_report import EvaluationReport
from shared.gates.policy import Policy
from shared.plurals import counted
from shared.records.run import Run
from shared.records.times import iso
from shared.routes.policy_reader import read_policy
from shared.routes.toml_reader import TomlTable


@dataclass(frozen=True)
class Replay:
    """A run's stored decision beside the decision of another policy."""

    run: Run
    was: str
    would_be: Decision

    @property
    def differs(self) -> bool:
        """Whether the verdicts differ."""
        return self.was != self.would_be.verdict.value

    def to_json(self) -> dict[str, Any]:
        """Return the replay for scripts."""
        return {
            "run_id": self.run.run_id,
            "blob": self.run.blob,
            "landed_at": iso(self.run.landed_at),
            "was": self.was,
            "would_be": self.would_be.verdict.value,
            "differs": self.differs,
            "reasons": self.would_be.reasons,
        }


def gate(options: argparse.Namespace) -> int:
    """Replay the decision on one run, or on every run of a route.

    Raises:
        UsageError: not exactly one of a run and a route is named.
        CommandError: the policy is wrong, there is no decision to replay, or the storage does not answer.
    """
    if (options.run is None) == (options.route is None):
        raise UsageError("give either a RUN, or --route R for the whole history of a route")
    policy = read_policy_file(options.policy)
    store = open_stack_runs(options.state)
    if options.run is not None:
        run = find_run(store, options.run, options.state).run
        if run.override is not None:
            raise CommandError(f"run {run.run_id[:8]} is an operator's rollback: no policy decided on it")
        if run.decision is None:
            raise CommandError(
                f"run {run.run_id[:8]} has no decision: it is {run.state.value}; {run.reason}".rstrip("; ")
            )
        runs = [run]
    else:
        listed = [stored.run for stored in store.list_runs(options.route, ALL_RUNS)]
        runs = [run for run in listed if run.override is None]
        if not any(run.decision for run in runs):
            raise CommandError(f"no run of route {options.route!r} has a decision ({counted(len(runs), 'run')})")
    replays = [replay(run, policy) for run in runs if run.decision is not None]
    if options.json:
        print_json([result.to_json() for result in replays])
    else:
        _print(console(), replays, left_out=len(runs) - len(replays), policy=policy)
    return ExitStatus.SUCCESS


def read_policy_file(path: Path) -> Policy:
    """Read a policy file: a route's policy keys at the top level (docs/gates.md).

    Raises:
        CommandError: the file cannot be read, or is wrong: with every problem.
    """
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, UnicodeDecodeError) as error:
        raise CommandError(f"{path} cannot be read: {error}") from error
    except tomllib.TOMLDecodeError as error:
        raise CommandError(f"{path} is not valid TOML: {error}") from error
    problems: list[str] = []
    table = TomlTable(document, "", problems, {})
    policy = read_policy(table)
    table.finish()
    if problems:
        raise CommandError("\n".join((f"{path} is not a policy:", *(f"  {problem}" for problem in problems))))
    return policy


def replay(run: Run, policy: Policy) -> Replay:
    """Replay the decision on a run: with its metrics, and with those of the champion of that time.

    The record has a confidence interval only if the policy of that time asked for one, and only for its confidence.
    """
    record = run.decision
    if record is None or record.data.challenger is None:
        raise CommandError(f"run {run.run_id[:8]} has no decision of a policy")
    measured, holdout, champion = record.data.challenger, record.data.holdout, record.champion
    report = EvaluationReport(record.challenger.metrics, measured.row, measured.rows)
    rows = holdout.rows if holdout is not None else measured.examples
    metrics = champion.metrics if champion is not None else None
    decision = decide(metrics, report, policy, record.intervals, rows, after_rollback=record.after_rollback)
    return Replay(run, policy_verdict(record), decision)


def _print(out: Console, replays: Sequence[Replay], *, left_out: int, policy: Policy) -> None:
    for result in replays:
        run, verdict = result.run, result.would_be.verdict.value
        change = f"was {result.was}, would be [bold]{verdict}[/]" if result.differs else f"stays {verdict}"
        out.print(f"{run.run_id[:8]}  {moment(run.landed_at)}  {escape(run.blob)}: {change}")
        for gate_result in sorted(result.would_be.gates, key=lambda gate_result: gate_result.passed):
            mark = "[green]passes[/]" if gate_result.passed else "[red]fails[/] "
            out.print(f"          {mark}  {escape(gate_result.reason)}")
    changed = sum(result.differs for result in replays)
    out.print(
        f"{counted(len(replays), 'decision')}, {changed} would differ; each compared with the champion of its time"
    )
    if left_out:
        out.print(f"left out: {counted(left_out, 'run')} without a decision")
    if policy.cooldown_s:
        out.print("cooldown_s only delays a promotion; it changes no verdict")
