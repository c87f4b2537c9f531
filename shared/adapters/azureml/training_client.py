"""The jobs of a workspace: started by one repeatable PUT, followed by their status, cancelled."""

from shared.adapters.azureml import job_wire
from shared.adapters.azureml.arm_client import ArmClient
from shared.errors import LandfallError, NotFoundError, ServiceFault, UnusableAnswerError
from shared.log_actions import LogAction, get_log, log_fields
from shared.ports.training_service import JobRequest, JobState, JobStatus
from shared.routes.azureml_services import AzureMlTraining

log = get_log("azureml")

_ENDED = frozenset({JobState.FINISHED, JobState.FAILED, JobState.CANCELLED})


class AzureMlTrainingService:
    """`TrainingService` of Azure Machine Learning, but for `read_output`: no output is read by a link.

    The jobs write into the app's own storage, which reads it by its path.
    """

    def __init__(self, arm: ArmClient) -> None:
        self._arm = arm

    def submit(self, training: AzureMlTraining, request: JobRequest) -> str:
        """Return the id of the job, which follows from the run. Nothing is sent: a job would run at once."""
        del training
        return job_wire.job_id(request.subject)

    def start(self, training: AzureMlTraining, job_id: str, request: JobRequest) -> None:
        """Start the job; one that was started before counts as started now.

        A repeated request may be refused although it is the same: the service compares it with what it has stored. So
        after any failure the job itself is looked for; the tag tells whose it is.
        """
        component = job_wire.component_path(training)
        definition = self._arm.get("read component", component) if component else None
        try:
            body = job_wire.job_body(training, request, definition)
        except KeyError as error:
            why = f"component {training.component} has no {error} in its definition"
            raise UnusableAnswerError(ServiceFault("read component", component, 200, cause=why)) from None
        try:
            self._arm.put("start job", job_wire.job_path(training, job_id), body)
        except LandfallError as error:
            if not self._is_there(training, job_id, request):
                raise
            log.info("job %s was there already: %s", job_id, error, extra=log_fields(LogAction.JOB_STARTED))
            return
        log.info("started job %s", job_id, extra=log_fields(LogAction.JOB_STARTED))

    def status(self, training: AzureMlTraining, job_id: str) -> JobStatus:
        """Get a job's status. Its outputs lie where it was told to write them, and are not named here.

        Raises:
            NotFoundError: the workspace does not know the job.
        """
        return job_wire.read_status(self._arm.get("job status", job_wire.job_path(training, job_id)))

    def cancel(self, training: AzureMlTraining, job_id: str) -> None:
        """Ask for a job's cancellation; it is cancelled once its status says so.

        A job that the workspace does not know, or that has ended, counts as cancelled: the service refuses those.
        """
        path = job_wire.job_path(training, job_id)
        try:
            self._arm.post("cancel job", f"{path}/cancel")
        except NotFoundError:
            log.info("the workspace has no job %s", job_id, extra=log_fields(LogAction.JOB_NOT_FOUND))
        except LandfallError:
            if not self._is_over(training, job_id):
                raise
        else:
            log.info("asked to cancel job %s", job_id, extra=log_fields(LogAction.JOB_CANCELLED))

    def _is_over(self, training: AzureMlTraining, job_id: str) -> bool:
        try:
            return self.status(training, job_id).state in _ENDED
        except NotFoundError:
            return True

    def _is_there(self, training: AzureMlTraining, job_id: str, request: JobRequest) -> bool:
        try:
            job = self._arm.get("job status", job_wire.job_path(training, job_id))
        except LandfallError:
            return False
        return job_wire.is_of_run(job, request.subject)
