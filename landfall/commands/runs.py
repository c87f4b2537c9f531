"""`landfall runs` and `landfall show`."""

import argparse
import json

from landfall.command_line import command
from landfall.commands.find_run import find_run
from landfall.commands.operate import ask
from landfall.console import console, escape
from landfall.run_display import print_run, run_lines
from landfall.stack.run_store import open_stack_runs
from landfall.stack.stack_routes import check_route
from shared.plurals import counted
from shared.records.run import iso, run_to_json


def runs(options: argparse.Namespace) -> int:
    """List runs, newest first.

    Raises:
        CommandError: there is no such route.
    """
    found = [stored.run for stored in open_stack_runs(options.state).list_runs(options.route, options.limit)]
    if options.route and not found:
        check_route(options.state, options.route)
    if options.json:
        print(json.dumps([run_to_json(run) for run in found], indent=2))  # noqa: T201 - this is a command
        return 0
    out = console()
    if not found:
        drop = command("submit", "FILE", "--route", options.route or "R", state=options.state)
        out.print(escape(f"no runs yet: drop a file with {drop}"))
        return 0
    for line in run_lines(found, out.width):
        out.print(line)
    return 0


def show(options: argparse.Namespace) -> int:
    """Show one run."""
    store = open_stack_runs(options.state)
    run = find_run(store, options.run, options.state).run
    history = store.history(run.route, run.run_id)
    links = ask(options, "links", run=run.run_id) if options.links else None
    if options.json:
        steps = [
            {
                "at": iso(one.at),
                "state": one.state.value,
                "step": one.step,
                "reason": one.reason,
                "attempt": one.attempt,
                "by": one.actor,
                "chain": one.chain,
            }
            for one in history
        ]
        print(json.dumps({**run_to_json(run), "history": steps, **({"links": links} if links else {})}, indent=2))  # noqa: T201 - this is a command
    else:
        out = console()
        print_run(out, run, history)
        for what in ("evaluation", "model"):
            if links and what in links:
                out.print(f"{what}, readable for {counted(links['valid_s'] // 60, 'minute')}: {escape(links[what])}")
    return 0
