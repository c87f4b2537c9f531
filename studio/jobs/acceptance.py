"""Accepts jobs: checks a request's parameters and locations, and records what they resolve to. That is what runs."""

import secrets

from studio.errors import ParameterError
from studio.jobs.accepted_job import AcceptedJob, OutputPlace
from studio.jobs.contract import INPUTS, contract_of, job_outputs
from studio.jobs.errors import JobParameterError, MissingOutputLocationError
from studio.jobs.job_store import JobStore
from studio.storage.blob_locations import HostAllowList, resolve
from studio.storage.default_output_storage import VARIABLE, DefaultOutputStorage
from studio.training.parameters import plan_of_job
from studio.training.training_plan import TrainingPlan
from studio.wire.quirks import Quirks
from studio.wire.request_codec import JobContract, JobRequest
from studio.workspace.services import Endpoint


class JobAcceptance:
    """Decides which jobs are sound, and stores those that are."""

    def __init__(
        self, jobs: JobStore, allowed: HostAllowList, default_storage: DefaultOutputStorage | None, quirks: Quirks
    ) -> None:
        """Take the storage for outputs that a job names no place for; without it, a job must name all of them."""
        self._jobs = jobs
        self._allowed = allowed
        self._default_storage = default_storage
        self._quirks = quirks

    def contract(self, endpoint: Endpoint) -> JobContract:
        """Return what the endpoint's jobs take and give."""
        return contract_of(endpoint.service.plan, self._quirks)

    def submit(self, endpoint: Endpoint, request: JobRequest) -> str:
        """Accept a job whose locations and parameters are sound; returns its id. It is not started yet.

        Raises:
            JobParameterError: a parameter has a value that it cannot have.
            MissingOutputLocationError: an output has no location.
            StorageError: a location is unsound, or leads to a host that is not allowed.
            ServiceNotFoundError: the endpoint was deleted meanwhile.
        """
        job_id = secrets.token_hex(16)
        accepted = self.accept(job_id, endpoint, request)
        self._jobs.add(job_id, endpoint.id, accepted)
        if request.notes:
            self._jobs.append_log(job_id, *request.notes)
        return job_id

    def accept(self, job_id: str, endpoint: Endpoint, request: JobRequest) -> AcceptedJob:
        """Return what a job's request resolves to.

        Raises:
            JobParameterError: a parameter has a value that it cannot have.
            MissingOutputLocationError: an output has no location.
            StorageError: a location is unsound, or leads to a host that is not allowed.
        """
        contract = self.contract(endpoint)
        plan = _plan(endpoint, request)
        self._check_outputs(contract, request)
        model, evaluation = job_outputs(self._quirks)
        return AcceptedJob(
            experiment=endpoint.service.experiment,
            plan=plan,
            source=resolve(request.inputs[INPUTS[0]], self._allowed),
            outputs={
                name: self._place(job_id, name, extensions[0], request) for name, extensions in contract.outputs.items()
            },
            model_output=model,
            evaluation_output=evaluation,
        )

    def _check_outputs(self, contract: JobContract, request: JobRequest) -> None:
        missing = [name for name in contract.outputs if name not in request.outputs]
        if missing and self._default_storage is None:
            raise MissingOutputLocationError(
                f"This service needs a location for every output. Missing overrides for: {', '.join(missing)}."
                f" (Started with {VARIABLE}, the studio writes them to a storage account of its own.)",
            )

    def _place(self, job_id: str, name: str, extension: str, request: JobRequest) -> OutputPlace:
        if name in request.outputs:
            return resolve(request.outputs[name], self._allowed)
        return DefaultOutputStorage.path(job_id, name, extension)


def _plan(endpoint: Endpoint, request: JobRequest) -> TrainingPlan:
    try:
        return plan_of_job(endpoint.service.plan, request.parameters)
    except ParameterError as error:
        raise JobParameterError(f"{error}.") from error
