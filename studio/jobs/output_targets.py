"""Where the outputs of a job go, and the links by which they are read."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime

from studio.errors import StudioError
from studio.jobs.accepted_job import AcceptedJob, OutputPlace
from studio.jobs.job import Result
from studio.storage.blob_locations import BlobAddress, HostAllowList
from studio.storage.blob_path import BlobPath
from studio.storage.blobs import BlobStorage
from studio.storage.default_output_storage import VARIABLE, DefaultOutputStorage
from studio.storage.sas_links import read_token


class OutputTargets:
    """The places of outputs: where jobs say, and for the rest the studio's own storage account, if it has one."""

    def __init__(self, allowed: HostAllowList, default_storage: DefaultOutputStorage | None) -> None:
        self._allowed = allowed
        self._default_storage = default_storage
        # By account URL, the addresses with the account keys of this process's finished jobs. They are in memory
        # only: a GET signs a new token each time, and no key outlives its job on the disk. A key is added when it has
        # written an output.
        self._signers: dict[str, BlobAddress] = {}

    def still_allowed(self, address: BlobAddress) -> BlobAddress:
        """Return an accepted address under the allow-list of now: a restart may have brought another list.

        Raises:
            StorageError: its host is no longer allowed.
        """
        return replace(address, listed_by_name=self._allowed.check(address.account_url))

    def of(self, accepted: AcceptedJob) -> dict[str, BlobAddress]:
        """Return where each output is written.

        Raises:
            StorageError: a host is no longer allowed.
            StudioError: an output has no location, and the studio no longer has a storage account of its own.
        """
        return {name: self._target(name, place) for name, place in accepted.outputs.items()}

    def _target(self, name: str, place: OutputPlace) -> BlobAddress:
        if not isinstance(place, BlobPath):
            return self.still_allowed(place)
        if self._default_storage is None:
            raise StudioError(f"{name} has no location, and the studio was started without {VARIABLE}")
        return self._default_storage.address(place)

    def prepare(self, accepted: AcceptedJob, storage: BlobStorage) -> None:
        """Make the container in the studio's own storage account, if the job writes there.

        Raises:
            StorageError: it cannot be made.
        """
        is_used = any(isinstance(place, BlobPath) for place in accepted.outputs.values())
        if is_used and self._default_storage is not None:
            self._default_storage.prepare(storage)

    def results(self, accepted: AcceptedJob, targets: Mapping[str, BlobAddress]) -> dict[str, Result]:
        """Return where the outputs are that were written, with tokens for reading them."""
        return {
            name: self._default_result(target) if isinstance(accepted.outputs[name], BlobPath) else self._result(target)
            for name, target in targets.items()
        }

    def _default_result(self, target: BlobAddress) -> Result:
        token = self._default_storage.token(datetime.now(UTC)) if self._default_storage is not None else ""
        return Result(target.base_location, target.relative_location, token, in_default_storage=True)

    def _result(self, target: BlobAddress) -> Result:
        if target.account_key:
            self._signers[target.base_location] = target
        token = read_token(target, datetime.now(UTC))
        return Result(target.base_location, target.relative_location, token, given_token=not target.account_key)

    def current_token(self, result: Result) -> str:
        """Return a new token for reading an output; without its account key, the token of the job's end."""
        if result.in_default_storage and self._default_storage is not None:
            return self._default_storage.token(datetime.now(UTC))
        signer = None if result.given_token else self._signers.get(result.base_location)
        if signer is None:
            return result.token
        return read_token(signer.at(result.relative_location), datetime.now(UTC))
