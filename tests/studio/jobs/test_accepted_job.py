"""What the database keeps of an accepted job is the whole job."""

from dataclasses import replace

from studio.jobs.accepted_job import AcceptedJob
from studio.storage.blob_path import BlobPath
from tests.studio.jobs.accepted_jobs import accepted_job


def test_a_job_is_read_back_as_it_was_written() -> None:
    """With its credentials, the order of its outputs, and the places in the studio's own storage."""
    accepted = accepted_job()
    swapped = replace(accepted, outputs=dict(reversed(list(accepted.outputs.items()))), model_output="output2")

    for job in (accepted, swapped):
        restored = AcceptedJob.of_json(job.to_json())
        assert restored == job
        assert list(restored.outputs) == list(job.outputs)
        assert isinstance(restored.outputs["output2"], BlobPath)


def test_no_text_of_a_job_shows_its_credentials() -> None:
    """Neither key nor token stands in what a log or a traceback would show."""
    assert not [secret for secret in ("a2V5", "sig=x") if secret in repr(accepted_job())]
