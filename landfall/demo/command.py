"""`landfall demo`: starts a stack of its own, plays the demo's acts, and says whether each succeeded."""

import argparse
import shutil
import time
from pathlib import Path

from rich.table import Table

from landfall.console import console, escape, print_json
from landfall.demo.datasets import Dataset, census_dataset
from landfall.demo.scenario import Act, Scenario
from landfall.demo.user_dataset import user_dataset
from landfall.errors import UsageError
from landfall.exit_status import ExitStatus
from landfall.interrupts import interruptible, record_signals
from landfall.stack.scratch_folder import scratch_folder
from landfall.stack.up import StackOptions, start_stack

# The demo waits for two sweeps; everything else runs as in any local stack.
SETTINGS = {"LANDFALL_SWEEP_SCHEDULE": "*/5 * * * * *"}


def demo(options: argparse.Namespace) -> int:
    """Play the demo; returns 0 only if every act succeeded."""
    if (options.csv is None) != (options.label is None):
        raise UsageError("--csv FILE and --label COLUMN belong together")
    with record_signals():
        return _demo(options)


def _demo(options: argparse.Namespace) -> int:
    folder = scratch_folder(options.keep, "landfall-demo-")
    began = time.monotonic()
    acts: list[Act] = []
    try:
        with interruptible():
            dataset = user_dataset(options.csv, options.label, folder) if options.csv else census_dataset()
        acts = _play(options, dataset, folder)
    finally:
        ok = bool(acts) and all(act.ok for act in acts)
        if options.keep is None and (ok or not (folder / "state").exists()):
            shutil.rmtree(folder, ignore_errors=True)
        elif not options.json:
            console().print(f"data and logs are kept in {folder / 'state'}")
    elapsed_s = time.monotonic() - began
    if options.json:
        summary = {"ok": ok, "elapsed_s": round(elapsed_s, 1), "acts": [act.to_json() for act in acts]}
        print_json(summary)
    else:
        _summarize(acts, elapsed_s)
    return ExitStatus.SUCCESS if ok else ExitStatus.FAILED


def _play(options: argparse.Namespace, dataset: Dataset, folder: Path) -> list[Act]:
    out = console(quiet=options.json)
    out.print(f"[bold]Landfall[/]: {escape(dataset.about)}\n")
    stack_options = StackOptions(
        state=folder / "state", routes=dataset.routes, experiments=(dataset.experiment,), settings=SETTINGS
    )
    with out.status("starting Azurite, the studio and the functions host …"):
        stack = start_stack(stack_options, lambda line: out.print(escape(line)))
    with stack, interruptible(), out.status("") as waiting:
        waiting.stop()

        def begin(title: str) -> None:
            waiting.stop()
            out.print(f"\n[bold]{escape(title)}[/]")
            waiting.update("waiting …")
            waiting.start()

        acts = Scenario(stack, dataset, begin, out.print).play()
        waiting.stop()
        out.print("\nstopping …")
    return acts


def _summarize(acts: list[Act], elapsed_s: float) -> None:
    out = console()
    table = Table(box=None, pad_edge=False, show_header=False)
    for act in acts:
        mark = "[green]yes[/]" if act.ok else "[red]NO[/]"
        table.add_row(mark, f"[bold]{escape(act.title)}[/]", f"{act.elapsed_s:.1f} s")
        for fact in act.facts:
            table.add_row("", f"  {escape(fact)}", "")
    out.print(table)
    happened = sum(act.ok for act in acts)
    out.print(f"\n{happened} of {len(acts)} happened as told, {elapsed_s:.0f} s in all")
