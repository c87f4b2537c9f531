"""Jobs as they were accepted, for tests that are about something else."""

from studio.jobs.accepted_job import AcceptedJob
from studio.storage.blob_locations import BlobAddress
from studio.storage.blob_path import BlobPath
from studio.training.training_plan import TrainingPlan

INPUT = BlobPath("c", "in.csv")


def accepted_job(source: BlobPath = INPUT) -> AcceptedJob:
    """Return a job that trains on a blob; the model goes where the job says, the evaluation to the studio's storage."""
    return AcceptedJob(
        experiment="Census",
        plan=TrainingPlan("binary", "income", ">50K", columns=(("zip", "category"),)),
        source=BlobAddress("https://a.example", source, "a", "a2V5", listed_by_name=True),
        outputs={
            "output1": BlobAddress("https://b.example/a", BlobPath("c", "m.ilearner"), sas_token="sig=x"),
            "output2": BlobPath("experimentoutput", "j/evaluation.csv"),
        },
        model_output="output1",
        evaluation_output="output2",
    )
