"""`landfall gate`: what another policy would have decided, from the stored decision records alone."""

import argparse
import json
import tomllib
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rich.console import Console

from landfall.commands.explain import policy_verdict
from landfall.commands.find_run import find_run
from landfall.console import console, escape
from landfall.errors import CommandError, UsageError
from landfall.stack.run_store import open_stack_runs
from landfall.times import moment
from shared.gates.decision import Decision, decide
from shared.gates.evaluation_report import EvaluationReport
from shared.gates.policy import Interval, Policy
from shared.plurals import counted
from shared.records.run import Run, iso
from shared.routes.policy_reader import read_policy
from shared.routes.toml_reader import TomlTable

_ALL = 1_000_000


@dataclass(frozen=True)
class Replay:
    """One run's stored decision beside the one of another policy."""

    run: Run
    was: str
    would_be: Decision

    @property
    def differs(self) -> bool:
        """Whether the verdict would have been another one."""
        return self.was != self.would_be.verdict.value

    def to_json(self) -> dict[str, Any]:
        """Return what scripts read."""
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
    """Decide again, one run or every run of a route.

    Raises:
        CommandError: the policy is wrong, there is nothing to decide on, or the storage does not answer.
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
        found = [run]
    else:
        listed = [stored.run for stored in store.list_runs(options.route, _ALL)]
        found = [run for run in listed if run.override is None]
        if not any(run.decision for run in found):
            raise CommandError(f"no run of route {options.route!r} has a decision ({counted(len(found), 'run')})")
    others = [replay(run, policy) for run in found if run.decision is not None]
    if options.json:
        print(json.dumps([one.to_json() for one in others], indent=2))  # noqa: T201 - this is a command
    else:
        _show(console(), others, left_out=len(found) - len(others), policy=policy)
    return 0


def read_policy_file(path: Path) -> Policy:
    """Read a policy file: at its top the keys of a route that are its policy (docs/gates.md).

    Raises:
        CommandError: it cannot be read, or something in it is wrong: every problem is named.
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
        raise CommandError("\n".join((f"{path} is no policy:", *(f"  {problem}" for problem in problems))))
    return policy


def replay(run: Run, policy: Policy) -> Replay:
    """Decide again on a run that has a decision: with its metrics, and those of the champion of that time.

    How sure a gain was stands in the record if the policy of that time asked for it; another confidence cannot be told.
    """
    record = run.decision or {}
    measured = record["data"]["challenger"]
    report = EvaluationReport(record["challenger"]["metrics"], measured["row"], measured["rows"])
    champion = record["champion"]
    intervals = {name: Interval(**one) for name, one in record.get("intervals", {}).items()}
    rows = record["data"]["holdout"]["rows"] if record["data"].get("holdout") else measured["examples"]
    metrics = champion["metrics"] if champion else None
    after_rollback = record.get("after_rollback", False)
    decision = decide(metrics, report, policy, intervals, rows, after_rollback=after_rollback)
    return Replay(run, policy_verdict(record), decision)


def _show(out: Console, others: Iterable[Replay], *, left_out: int, policy: Policy) -> None:
    count = changed = 0
    for one in others:
        count, changed = count + 1, changed + one.differs
        verdict = one.would_be.verdict.value
        said = f"was {one.was}, would be [bold]{verdict}[/]" if one.differs else f"stays {verdict}"
        out.print(f"{one.run.run_id[:8]}  {moment(one.run.landed_at)}  {escape(one.run.blob)}: {said}")
        for result in sorted(one.would_be.gates, key=lambda result: result.passed):
            out.print(f"          {'[green]passes[/]' if result.passed else '[red]fails[/] '}  {escape(result.reason)}")
    out.print(
        f"{counted(count, 'decision')}, {changed} would differ; each against the champion that it was made against"
    )
    if left_out:
        out.print(f"left out: {counted(left_out, 'run')} without a decision")
    if policy.cooldown_s:
        out.print("cooldown_s only delays a promotion: it changes no verdict")
