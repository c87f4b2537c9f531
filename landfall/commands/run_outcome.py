"""Follows a run for a command, and says what its end means."""

from pathlib import Path

from rich.console import Console

from landfall.command_line import command_line
from landfall.console import print_json
from landfall.errors import CommandError
from landfall.exit_status import ExitStatus
from landfall.follow_run import follow_run
from landfall.run_display import step_lines
from landfall.stack.stack_state import StateFolder
from shared.ports.run_store import RunStore
from shared.records.run import Run
from shared.records.run_json import run_to_json
from shared.records.run_states import RunState

_SUCCESSES = frozenset({RunState.PROMOTED, RunState.UNCHANGED})
_GOOD_END, _NOTHING_TO_DO = "unchanged is a good end:", "There is nothing to do."


def follow_to_end(
    out: Console, store: RunStore, run: tuple[str, str], folder: Path, *, skip: int = 0, settling_id: str = ""
) -> Run:
    """Print the steps of a run (route and id), without the first `skip`, until it has its outcome or is held.

    A run whose file is trained with another run's goes on as that run, which is returned then. `settling_id`: the run
    that waits until the file settles; its steps come first.

    Raises:
        CommandError: the stack in the state folder has ended, or the run's row was deleted.
    """
    state = StateFolder(folder)
    route, run_id = run

    def check() -> None:
        state.read_document()

    while True:
        for number, line in enumerate(step_lines(follow_run(store, route, run_id, check, settling_id))):
            if number >= skip:
                out.print(line)
        stored = store.get(route, run_id)
        if stored is None:
            raise CommandError(f"run {run_id} has no row any more: somebody deleted it from the table")
        if stored.run.state is not RunState.BATCHED:
            return stored.run
        out.print(f"trained with run {stored.run.batch_run_id}, which goes on:")
        run_id, skip = stored.run.batch_run_id, 0


def print_outcome(out: Console, run: Run, folder: Path, *, as_json: bool) -> ExitStatus:
    """Print what the end of a run means; returns the exit status of a command that followed it."""
    hint = outcome_hint(run, folder)
    if hint:
        out.print(hint)
    if as_json:
        print_json(run_to_json(run))
    return exit_status(run.state)


def exit_status(state: RunState) -> ExitStatus:
    """Return the exit status of a command that followed a run to its end."""
    return ExitStatus.SUCCESS if state in _SUCCESSES else ExitStatus.OTHER_END


def outcome_hint(run: Run, folder: Path) -> str:
    """Return a line on what to do after this end; "" if the state's name says enough."""
    if run.state is RunState.HELD:
        arguments = (run.run_id[:8], "--reason", "WHY")
        choices = " or ".join(command_line(verb, *arguments, state=folder) for verb in ("approve", "reject"))
        return f"held until a person decides: {choices}"
    if run.state is RunState.QUARANTINED and run.problems:
        show, retry = (command_line(verb, run.run_id[:8], state=folder) for verb in ("show", "retry"))
        accept = command_line("schema", run.route, "--accept", run.run_id[:8], state=folder)
        return (
            f"{show} lists its problems. Upload the corrected file, which gets a run of its own; if routes.toml was"
            f" wrong, correct it and {retry}; if files look like this from now on, {accept} says what that leads to"
        )
    return _unchanged_hint(run) if run.state is RunState.UNCHANGED else ""


def _unchanged_hint(run: Run) -> str:
    """Return why nothing changed: only where a job ran, there is a new model."""
    if run.drift is not None and not run.drift.trained:
        return f"{_GOOD_END} no column drifted enough, so no job ran and the model in service stays. {_NOTHING_TO_DO}"
    if not run.job_id:
        return f"{_GOOD_END} an equal training set has a run of its own, so no job ran for this one. {_NOTHING_TO_DO}"
    return f"{_GOOD_END} the new model answers like the one in service, which stays. {_NOTHING_TO_DO}"
