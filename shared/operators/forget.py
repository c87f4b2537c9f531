"""An operator has a file forgotten: every copy and everything derived of it is deleted, and no set has it any more.

The records stay: the runs as tombstones, without which the file would be trained again, and the batches that it was in.
A model that was trained on it stays too. The answer names each one, since what becomes of it is for people to decide.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from shared.effects.erased_copies import delete_copies, delete_inputs
from shared.effects.route_schema import versions_taught_by
from shared.errors import LandfallError, NotFoundError, NotNowError, StaleWriteError, UnknownError
from shared.log_actions import LogAction, get_log, log_fields
from shared.operators.operator_runs import file_named, route_of_run
from shared.operators.training_set_users import SetUser, users_of
from shared.plurals import counted
from shared.ports.stored_run import StoredRun
from shared.ports.training_service import JobState
from shared.records.erasure import Erasure
from shared.records.json_codec import Json
from shared.records.run import Run
from shared.records.run_states import TRANSITIONS, RunState
from shared.records.run_steps import WaitingStep
from shared.services import Services

log = get_log("forget")

MAX_TRIES = 5  # of a run that others write meanwhile
_ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELLED})
ERASED_AGAIN_S = 3600  # for so long a worker that was paused before the mark may write a copy, which a sweep deletes


class TrainedModel(NamedTuple):
    """A model that was trained on a forgotten file.

    Attributes:
        model: container/path; the archived copy where there is one.
        serves: whether it is in service now.
    """

    run_id: str
    state: str
    model: str
    serves: bool


class Forgotten(NamedTuple):
    """What `forget` did.

    Attributes:
        runs: of the versions of the file.
        cancelled: runs whose jobs were cancelled; `retry` trains what is left of their sets.
        models: those that were trained on the file.
        deleted: paths (container/path) of the deleted blobs.
        same_bytes: names of other files of the route that have the same bytes, and may be in training sets still.
        schemas: paths of the schema versions that it taught, and of those that followed: notes may have its values.
    """

    runs: tuple[str, ...]
    cancelled: tuple[str, ...]
    models: tuple[TrainedModel, ...]
    deleted: tuple[str, ...]
    same_bytes: tuple[str, ...]
    schemas: tuple[str, ...]

    def to_json(self) -> Json:
        """Return the JSON of the operation."""
        return {
            "runs": list(self.runs),
            "cancelled": list(self.cancelled),
            "models": [model._asdict() for model in self.models],
            "deleted": list(self.deleted),
            "same_bytes": list(self.same_bytes),
            "schemas": list(self.schemas),
        }


def forget(services: Services, blob: str, by: str, reason: str, *, cancel: bool = False) -> Forgotten:
    """Have every version of a file forgotten; a call that was interrupted is simply repeated.

    `blob`: its name in the input container, or container/name. `cancel`: cancel the jobs that read it.

    Raises:
        UnknownError: no run is of that file.
        NotNowError: a job reads it, and `cancel` is false, or the job still runs after its cancellation; or a version
            has yet to settle.
    """
    name, own = file_named(services, blob)
    if any(stored.run.step == WaitingStep.SETTLE for stored in own):
        raise NotNowError(f"{name} may still be growing: ask again when its new version has a run, or delete it first")
    files = [stored.run for stored in own]
    users = users_of(services, files)
    cancelled = _end_jobs(services, users, by, cancel=cancel)
    # Recorded before the mark: a worker that decides a set looks for erasures before it joins the set.
    _record(services, files, users)
    for stored in own:
        _mark(services, stored.run, by, reason)
    # A set may have been decided since the first look; from the mark on none can.
    users = users_of(services, files)
    cancelled += _end_jobs(services, users, by, cancel=cancel)
    inputs = _record(services, files, users)
    deleted = [path for run in files for path in delete_copies(services, run)] + delete_inputs(services, inputs)
    log.warning(
        "%s was forgotten by %s: %s deleted",
        name,
        by,
        counted(len(deleted), "blob"),
        extra=log_fields(LogAction.FILE_FORGOTTEN, run_id=files[0].run_id, route=files[0].route),
    )
    models = tuple(model for user in users if (model := _model_of(services, user.stored.run)) is not None)
    same_bytes = _same_bytes(services, files)
    run_ids = tuple(run.run_id for run in files)
    routes = sorted({run.route for run in files})
    schemas = tuple(path for route in routes for path in versions_taught_by(services, route, run_ids))
    return Forgotten(run_ids, tuple(cancelled), models, tuple(sorted(set(deleted))), same_bytes, schemas)


def _same_bytes(services: Services, files: Sequence[Run]) -> tuple[str, ...]:
    """Return the names of other files with the bytes of one of these: whoever asks for an erasure means those too.

    Only files that a training set can have are looked at: their parts say their hashes.
    """
    hashes = {run.intake.sha256 for run in files if run.intake is not None and run.intake.sha256}
    if not hashes:
        return ()
    names = {run.blob for run in files}
    parts = (part for route in {run.route for run in files} for part in services.runs.parts(route))
    return tuple(sorted({part.blob for part in parts if part.sha256 in hashes and part.blob not in names}))


def _end_jobs(services: Services, users: Iterable[SetUser], by: str, *, cancel: bool) -> list[str]:
    """End every run whose job reads the file, and return their ids.

    Raises:
        NotNowError: there are some and `cancel` is false, or a job has not ended yet.
    """
    reading = [user.stored.run for user in users if user.reads]
    if reading and not cancel:
        names = ", ".join(f"{run.run_id} ({run.state})" for run in reading)
        raise NotNowError(f"the file is in the training set of {names}: wait until the job has ended, or use --cancel")
    for run in reading:
        _end_job(services, run)
        reason = f"Cancelled by {by}: a file of its training set is forgotten. A retry trains on what is left."
        _cancel(services, run, reason)
    return [run.run_id for run in reading]


def _end_job(services: Services, run: Run) -> None:
    """Cancel the job of a run, and see it ended: a job that runs on would still read the file.

    Raises:
        NotNowError: it has not ended yet.
    """
    if not run.job_id:
        return
    training = route_of_run(services, run).training
    try:
        services.training.cancel(training, run.job_id)
        state = services.training.status(training, run.job_id).state
    except NotFoundError:
        return
    except LandfallError as error:
        raise NotNowError(f"job {run.job_id} of run {run.run_id} could not be cancelled: {error}") from error
    if state not in _ENDED and (run.state is not RunState.SUBMITTED or state is not JobState.NOT_STARTED):
        raise NotNowError(f"job {run.job_id} of run {run.run_id} is being cancelled: ask again in a moment")


def _cancel(services: Services, run: Run, reason: str) -> None:
    for stored in _read_until_saved(services, run):
        if stored.run.terminal:
            return
        if stored.run.job_id != run.job_id or RunState.CANCELLED not in TRANSITIONS[stored.run.state]:
            raise NotNowError(f"run {run.run_id} has become {stored.run.state} meanwhile: ask again")
        with suppress(StaleWriteError):
            services.save_run(stored, stored.run.transitioned(services.clock.now(), RunState.CANCELLED, reason))
            return


def _mark(services: Services, run: Run, by: str, reason: str) -> None:
    """Write into a run that its data is forgotten, and delete its part in the same transaction.

    A run that waits or is read ends: there is nothing left to train on.
    """
    forgotten = f"{by}: {reason}"
    for stored in _read_until_saved(services, run):
        current, now = stored.run, services.clock.now()
        if current.forgotten:
            return
        if current.state in {RunState.WAITING, RunState.LANDED}:
            marked = current.transitioned(
                now, RunState.CANCELLED, f"Its data was forgotten by {by}: {reason}", forgotten=forgotten
            )
        else:
            marked = current.evolve(now, forgotten=forgotten)
        with suppress(StaleWriteError):
            services.forget_part(stored, marked)
            return


def _record(services: Services, files: Iterable[Run], users: Iterable[SetUser]) -> tuple[str, ...]:
    """Record what the sweeps delete again; return the folders whose joined inputs are among it.

    Only the inputs of the other runs go: their originals are of other files.
    """
    inputs = tuple(folder for user in users for folder in _job_folders(user.stored.run))
    until = services.clock.now() + timedelta(seconds=ERASED_AGAIN_S)
    for run in files:
        services.runs.save_erasure(Erasure(run.route, run.run_id, inputs, until))
    return inputs


def _read_until_saved(services: Services, run: Run) -> Iterator[StoredRun]:
    """Yield the run as it is, again while others write it.

    Raises:
        NotNowError: it is written all the time.
    """
    for _ in range(MAX_TRIES):
        stored = services.runs.get(run.route, run.run_id)
        if stored is None:
            raise UnknownError(f"run {run.run_id} no longer exists")
        yield stored
    raise NotNowError(f"run {run.run_id} was changed at the same moment: ask again")


def _job_folders(run: Run) -> list[str]:
    """Return `Run.job_folder` of every attempt so far; a later one trains without the file."""
    return [f"{run.run_id}/{attempt}" for attempt in range(1, run.attempt + 1)]


def _model_of(services: Services, run: Run) -> TrainedModel | None:
    if run.challenger is None:
        return None
    route = services.routes.routes.get(run.route)
    champion = services.endpoints.get(route.name, route.serving.name).record.champion if route is not None else None
    serves = champion is not None and champion.run_id == run.run_id
    return TrainedModel(run.run_id, run.state.value, run.challenger.archived_model or run.challenger.model, serves)
