"""The evaluation of a job that wrote into the app's own storage: read by its path, complete or not at all."""

import re
from dataclasses import replace

import pytest

from shared.effects.job_evaluation import model_digest, read_job_evaluation
from shared.effects.run_session import RunSession
from shared.errors import BadEvaluationError, RetryableError
from shared.lifecycle.effects import ReadEvaluation
from shared.ports.stored_run import StoredRun
from shared.ports.training_service import JobState, JobStatus
from shared.records.endpoint_record import EndpointRecord
from shared.routes.azureml_services import AzureMlTraining
from shared.routes.route import Training
from tests.fakes.fake_training import FakeTraining
from tests.fakes.memory_blobs import MemoryBlobs
from tests.pipeline.world import World

TRAINING = AzureMlTraining(
    input="training_data",
    model_output="model",
    evaluation_output="evaluation",
    workspace="/subscriptions/s/resourceGroups/g/providers/Microsoft.MachineLearningServices/workspaces/w",
    datastore="landfall_training",
)


class EndedJobs(FakeTraining):
    """A service whose jobs all say the same."""

    def __init__(self, blobs: MemoryBlobs) -> None:
        super().__init__(blobs)
        self.word = JobState.FINISHED
        self.asked_for: list[str] = []

    def status(self, training: Training, job_id: str) -> JobStatus:
        """Answer, and remember the question."""
        del training
        self.asked_for.append(job_id)
        return JobStatus(self.word, "", {}, self.word.value)


class Job:
    """A run on a route of Azure ML whose job has ended, and its folder."""

    def __init__(self) -> None:
        self.world = World()
        run = self.world.land()
        self.folder = f"{run.run_id}/1"
        self.jobs = EndedJobs(self.world.blobs)
        services = replace(self.world.services, training=self.jobs)
        self.services = services
        self.session = RunSession(services, replace(self.world.route, training=TRAINING), StoredRun(run, None, None))

    def writes(self, name: str, text: str) -> None:
        """Have the job write a file into its folder."""
        self.world.blobs.put("training", f"{self.folder}/{name}", text)

    def read(self, *blocked: str) -> tuple[float | None, str, str]:
        """Read the evaluation: a metric, where it was, and the model's digest."""
        effect = ReadEvaluation("job-1", EndpointRecord(route="census", name="production", blocked_models=blocked))
        evaluation = read_job_evaluation(self.session, effect)
        return evaluation.report.value("AUC"), evaluation.evaluation, evaluation.model_md5


def test_metrics_are_read_where_the_job_was_told_to_write_them() -> None:
    """Whatever the service names as outputs: the paths are ours."""
    job = Job()
    job.writes("model/model.txt", "trees")
    job.writes("evaluation/metrics.json", '{"AUC": 0.91}')
    assert job.read() == (0.91, f"training/{job.folder}/evaluation/metrics.json", "")
    assert job.jobs.asked_for == ["job-1"]


@pytest.mark.parametrize(
    ("written", "missing"), [("model/model.txt", "metrics.json"), ("evaluation/metrics.json", "model/")]
)
def test_an_output_that_is_not_there_yet_is_waited_for(written: str, missing: str) -> None:
    """It may show a moment after the job has ended: no verdict until it is there, or the deadline has passed."""
    job = Job()
    job.writes(written, '{"AUC": 1}')
    with pytest.raises(RetryableError, match=re.escape(missing)):
        job.read()


def test_metrics_that_cannot_be_read_are_told() -> None:
    """They are the job's fault, and will not change."""
    job = Job()
    job.writes("model/model.txt", "trees")
    job.writes("evaluation/metrics.json", "AUC=0.91")
    with pytest.raises(BadEvaluationError, match="no JSON"):
        job.read()


def test_a_service_that_takes_its_word_back_is_asked_again() -> None:
    """Nothing is read of a job that runs again."""
    job = Job()
    job.jobs.word = JobState.RUNNING
    with pytest.raises(RetryableError, match="was finished; now its service reports running"):
        job.read()


def test_a_folder_is_known_by_its_files_wherever_it_lies() -> None:
    """A copy has the digest of the original; another file or another name has not."""
    job = Job()
    job.writes("model/model.txt", "trees")
    job.writes("model/meta/columns.json", "[]")
    job.writes("evaluation/metrics.json", '{"AUC": 0.91}')
    for name, text in (("model.txt", "trees"), ("meta/columns.json", "[]")):
        job.world.blobs.put("models", f"churn/0f/{name}", text)
    digest = model_digest(job.services, "models/churn/0f")
    assert digest
    assert job.read("another")[2] == digest
    job.world.blobs.put("models", "churn/0f/more.txt", "")
    assert model_digest(job.services, "models/churn/0f") != digest
    assert model_digest(job.services, "models/churn/none") == ""
