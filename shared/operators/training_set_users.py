"""Which runs train, or trained, on a file: by the manifests of their training sets."""

from collections.abc import Collection
from datetime import timedelta
from typing import NamedTuple

from shared.blob_path import BlobPath
from shared.intake.manifest import MAX_TEXT_BYTES, manifest_from
from shared.lifecycle.job_paths import manifest_paths
from shared.ports.stored_run import StoredRun
from shared.records.run import Run
from shared.records.run_states import RunState
from shared.services import Services

CLOCKS_DIFFER = timedelta(days=1)  # of two workers, or of one whose clock was set back
_BEFORE_END_OF_JOB = frozenset({RunState.LANDED, RunState.SUBMITTED, RunState.STARTED})


class SetUser(NamedTuple):
    """A run whose training set has a file in question; `stored` is the run as it was read."""

    stored: StoredRun

    @property
    def reads(self) -> bool:
        """Whether its job reads the set, or is about to."""
        return self.stored.run.state in _BEFORE_END_OF_JOB


def users_of(services: Services, files: Collection[Run]) -> list[SetUser]:
    """Return which runs have one of the files in the training set of any attempt, in order of landing.

    A set of several files is that of a run which carries a batch, and was decided after its files were claimed.

    Raises:
        LandfallError: storage does not answer, or a manifest cannot be read.
    """
    routes = {run.route for run in files}
    users = [
        user for route in routes for user in _of_route(services, route, [run for run in files if run.route == route])
    ]
    return sorted(users, key=lambda user: (user.stored.run.landed_at, user.stored.run.run_id))


def _of_route(services: Services, route: str, files: Collection[Run]) -> list[SetUser]:
    run_ids = frozenset(run.run_id for run in files)
    own = services.map_concurrently(lambda run_id: services.runs.get(route, run_id), run_ids)
    carriers = services.runs.carriers(route, min(run.landed_at for run in files) - CLOCKS_DIFFER)
    by_id = {stored.run.run_id: stored for stored in (*own, *carriers) if stored is not None}
    candidates = list(by_id.values())
    uses = services.map_concurrently(lambda stored: _uses(services, stored.run, run_ids), candidates)
    return [SetUser(stored) for stored, is_user in zip(candidates, uses, strict=True) if is_user]


def _uses(services: Services, run: Run, run_ids: frozenset[str]) -> bool:
    if run.run_id in run_ids and run.input_blob:
        return True  # the file was its input, whether or not there is a manifest
    for paths in manifest_paths(run):
        path = next((path for path in paths if services.blobs.version(*BlobPath.parse(path)) is not None), None)
        if path is None:
            continue
        text, _ = services.blobs.read_text(path, MAX_TEXT_BYTES)
        if any(member.run_id in run_ids for member in manifest_from(text).members):
            return True
    return False
