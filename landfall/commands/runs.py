"""`landfall runs` and `landfall show`."""

import argparse
from typing import Any

from landfall.command_line import command_line
from landfall.commands.call_operation import call_operation
from landfall.commands.find_run import find_run
from landfall.console import console, escape, print_json
from landfall.exit_status import ExitStatus
from landfall.run_display import print_run, run_lines
from landfall.stack.run_store import open_stack_blobs, open_stack_runs
from landfall.stack.stack_routes import check_route
from shared.operators.run_documents import detailed_json, read_documents, run_with_members
from shared.plurals import counted
from shared.records.history import HistoryEntry
from shared.records.times import iso


def runs(options: argparse.Namespace) -> int:
    """List runs, newest first.

    Raises:
        CommandError: there is no such route.
    """
    listed = [stored.run for stored in open_stack_runs(options.state).list_runs(options.route, options.limit)]
    if options.route and not listed:
        check_route(options.state, options.route)
    if options.json:
        blobs = open_stack_blobs(options.state)
        print_json([run_with_members(blobs, run) for run in listed])
        return ExitStatus.SUCCESS
    out = console()
    if not listed:
        submit = command_line("submit", "FILE", "--route", options.route or "R", state=options.state)
        out.print(escape(f"no runs yet: upload a file with {submit}"))
        return ExitStatus.SUCCESS
    for line in run_lines(listed, out.width):
        out.print(line)
    return ExitStatus.SUCCESS


def show(options: argparse.Namespace) -> int:
    """Show one run."""
    store = open_stack_runs(options.state)
    run = find_run(store, options.run, options.state).run
    history = store.history(run.route, run.run_id)
    documents = read_documents(open_stack_blobs(options.state), run)
    links = call_operation(options.state, "links", run=run.run_id) if options.links else {}
    if options.json:
        document = {**detailed_json(run, documents), "history": [_entry_to_json(entry) for entry in history]}
        print_json({**document, "links": links} if links else document)
        return ExitStatus.SUCCESS
    out = console()
    print_run(out, run, history, documents)
    for what in ("evaluation", "model"):
        if what in links:
            out.print(f"{what}, readable for {counted(links['valid_s'] // 60, 'minute')}: {escape(links[what])}")
    return ExitStatus.SUCCESS


def _entry_to_json(entry: HistoryEntry) -> dict[str, Any]:
    return {
        "at": iso(entry.at),
        "state": entry.state.value,
        "step": entry.step,
        "reason": entry.reason,
        "attempt": entry.attempt,
        "by": entry.actor,
        "chain": entry.chain,
    }
