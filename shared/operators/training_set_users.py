"""Which runs train, or trained, on a file: by the manifests of their training sets."""

from collections.abc import Collection, Iterable
from typing import NamedTuple

from shared.blob_path import BlobPath
from shared.intake.manifest import MAX_TEXT_BYTES, manifest_from
from shared.lifecycle.job_paths import manifest_paths
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.records.run_steps import LandedStep
from shared.services import Services

_BEFORE_JOB = frozenset({LandedStep.PREPARING, LandedStep.ASSEMBLING})
_BEFORE_END_OF_JOB = frozenset({RunState.LANDED, RunState.SUBMITTED, RunState.STARTED})


class SetUser(NamedTuple):
    """A run whose training set has a file in question; `stored` is the run as it was read."""

    stored: StoredRun

    @property
    def reads(self) -> bool:
        """Whether its job reads the set, or is about to."""
        return self.stored.run.state in _BEFORE_END_OF_JOB


def users_of(services: Services, runs: Iterable[StoredRun], files: Collection[Run]) -> list[SetUser]:
    """Return which runs of a route have one of the files in the training set of any attempt, in order of landing.

    Raises:
        LandfallError: storage does not answer, or a manifest cannot be read.
    """
    run_ids = frozenset(run.run_id for run in files)
    oldest = min((run.file_generation for run in files), default="")
    candidates = [stored for stored in runs if _may_use(stored.run, run_ids, oldest)]
    uses = services.map_concurrently(lambda stored: _uses(services, stored.run, run_ids), candidates)
    users = [SetUser(stored) for stored, is_user in zip(candidates, uses, strict=True) if is_user]
    return sorted(users, key=lambda user: (user.stored.run.landed_at, user.stored.run.run_id))


def _may_use(run: Run, run_ids: frozenset[str], oldest: str) -> bool:
    """Tell whether a manifest of the run may list one of the files: no set has a file that is newer than the set."""
    if run.run_id in run_ids:
        return True
    # A carrier that ended while its set was assembled has nothing but a manifest.
    assembled = run.training_set is not None or run.batch is not None or run.step in _BEFORE_JOB or run.attempt > 1
    return assembled and run.generation >= oldest


def _uses(services: Services, run: Run, run_ids: frozenset[str]) -> bool:
    if run.run_id in run_ids and run.input_blob:
        return True  # the file was its input, whether or not there is a manifest
    for path in manifest_paths(run):
        if services.blobs.version(*BlobPath.parse(path)) is None:
            continue
        text, _ = services.blobs.read_text(path, MAX_TEXT_BYTES)
        if any(member.run_id in run_ids for member in manifest_from(text).members):
            return True
    return False
