"""Where the outputs of a job go, and the links by which they are read."""

from datetime import UTC, datetime

from studio.errors import StudioError
from studio.jobs.job_store import Result
from studio.storage.blob_locations import BlobAddress, HostAllowList, resolve
from studio.storage.default_output_storage import VARIABLE, DefaultOutputStorage
from studio.storage.sas_links import read_token
from studio.wire.request_codec import JobContract, JobRequest


class OutputTargets:
    """The places of outputs: those that jobs name, and the studio's own storage for the rest, if it has one."""

    def __init__(self, allowed: HostAllowList, own: DefaultOutputStorage | None) -> None:
        self._allowed = allowed
        self._own = own
        # Account keys of this process's finished jobs, in memory alone: a GET must sign a new token each time, but
        # no connection string outlives its job on the disk. By account URL; only a key that wrote an output is here.
        self._signers: dict[str, BlobAddress] = {}

    def targets(self, job_id: str, request: JobRequest, contract: JobContract) -> dict[str, BlobAddress]:
        """Return where each output goes: where the job says, or into the studio's own storage.

        Raises:
            StudioError: there is no place for one, or it is not allowed.
        """
        targets = {}
        for name, extensions in contract.outputs.items():
            if name in request.outputs:
                targets[name] = resolve(request.outputs[name], self._allowed)
            elif self._own is not None:
                targets[name] = self._own.address(job_id, name, extensions[0])
            else:
                raise StudioError(f"{name} has no location, and the studio was started without {VARIABLE}")
        return targets

    def delivered(self, target: BlobAddress, *, own: bool) -> Result:
        """Return where an output is that was written; `own` says that the job named no place for it."""
        if own and self._own is not None:
            token = self._own.token(datetime.now(UTC))
            return Result(target.base_location, target.relative_location, token, own=True)
        if target.account_key:
            self._signers[target.base_location] = target
        token = read_token(target, datetime.now(UTC))
        return Result(target.base_location, target.relative_location, token, given=not target.account_key)

    def current_token(self, result: Result) -> str:
        """Return a new token for reading an output, or the one of the job's end if its key is no longer known."""
        if result.own and self._own is not None:
            return self._own.token(datetime.now(UTC))
        signer = None if result.given else self._signers.get(result.base_location)
        if signer is None:
            return result.token
        return read_token(signer.at(result.relative_location), datetime.now(UTC))
