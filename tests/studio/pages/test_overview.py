"""The overview: for the owner only; the models that serve, those that wait, and every job with its log."""

import html
import re
from pathlib import Path

import pytest
import requests

from studio.jobs.job import Job, JobState
from studio.pages.job_progress import steps
from tests.studio.caller import TIMEOUT_S, Storage, Trainer, download, job_body, patch
from tests.studio.running import RunningStudio, census_csv, running_studio, storage_host


def page_of(studio: RunningStudio, path: str) -> str:
    """Return the HTML of a page of the owner."""
    token = studio.describe()["management"]["token"]
    answer = requests.get(studio.base_url + path, auth=("anybody", token), timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return answer.text


def overview(studio: RunningStudio, path: str = "/") -> str:
    """Return what a page of the owner says."""
    return html.unescape(re.sub("</?(time|wbr|span|div|small|a)[^>]*>", "", page_of(studio, path)))


@pytest.mark.parametrize("path", ["/", "/jobs/0123"])
@pytest.mark.parametrize("header", [None, "Basic", "Basic !", "Basic bm9ib2R5Ondyb25n", "Basic /w==", "Bearer {token}"])
def test_only_the_owner_sees_it(studio: RunningStudio, path: str, header: str | None) -> None:
    """Without the workspace token as a Basic password a browser is told to ask for it."""
    token = studio.describe()["management"]["token"]
    headers = {"Authorization": header.format(token=token)} if header else {}
    answer = requests.get(studio.base_url + path, headers=headers, timeout=TIMEOUT_S)
    assert answer.status_code == 401
    assert answer.headers["www-authenticate"].startswith("Basic realm=")
    assert "Model" not in answer.text


def test_jobs_are_shown_with_steps_and_logs(studio: RunningStudio, trainer: Trainer, storage: Storage) -> None:
    """A finished and a failed job, newest first; the job's own page has the whole log, and no secret is anywhere."""
    good = trainer.submit(job_body(storage))
    bad = trainer.submit(job_body(storage, source="missing.csv"))
    for job in (good, bad):
        trainer.start(job)
        trainer.ended(job)
    shown = overview(studio)
    assert 0 < shown.index(bad[:8]) < shown.index(good[:8])
    assert re.search(r"AUC 0\.\d+", shown)
    whole, why = overview(studio, f"/jobs/{good}"), overview(studio, f"/jobs/{bad}")
    model = f"{storage.container}/job/model.ilearner"
    for phrase in ("Finished", "Import Data: ", "Evaluate Model: trained on", model):
        assert phrase in whole
    assert "Failed" in why
    assert "Export Data: output2 to" in whole
    assert why.count("message: it does not exist") == 1
    assert "SNR Job Id" not in why
    key = re.search("AccountKey=([^;]+)", storage.connection_string)
    assert key
    described = str(studio.describe())
    for secret in (key[1], "sig=", *re.findall(r"[A-Za-z0-9+/]{86}==", described)):
        assert not [page for page in (shown, whole, why) if secret in page]


def test_a_jobs_page_leads_to_what_it_made_and_where_it_serves(
    studio: RunningStudio, trainer: Trainer, storage: Storage
) -> None:
    """Metrics, the outputs as they are in storage, the endpoints that serve the model; and from these to the job."""
    job = trainer.submit(job_body(storage))
    trainer.start(job)
    result = trainer.ended(job)["Results"]
    owner = ("anybody", studio.describe()["management"]["token"])
    links = re.findall(f'href="({job}/outputs/[^"]+)"', page_of(studio, f"/jobs/{job}"))
    assert len(links) == 2
    contents = [requests.get(f"{studio.base_url}/jobs/{each}", auth=owner, timeout=TIMEOUT_S).content for each in links]
    assert contents == [download(result["output1"]), download(result["output2"])]
    named, values = (line.split(",") for line in contents[1].decode().splitlines())
    shown = overview(studio, f"/jobs/{job}")
    for name, value in zip(named, values, strict=True):
        assert f"{name}</td>" in shown
        assert f"{float(value):.6g}</td>" in shown
    storage.put("kept/copy.ilearner", contents[0])  # the same model, wherever a PATCH takes it from
    assert patch(studio.endpoint("staging"), storage.reference("kept/copy.ilearner")).status_code == 200
    assert "staging since 20" in overview(studio, f"/jobs/{job}")
    assert f'<a href="jobs/{job}">job {job[:8]}</a>' in page_of(studio, "/")
    for missing in (f"/jobs/{job}/outputs/output3", "/jobs/0123/outputs/output1"):
        answer = requests.get(studio.base_url + missing, auth=owner, timeout=TIMEOUT_S)
        assert (answer.status_code, "No such output" in answer.text) == (404, True)
    refused = requests.get(f"{studio.base_url}/jobs/{links[0]}", timeout=TIMEOUT_S, allow_redirects=False)
    assert refused.status_code == 401


def test_a_model_from_before_a_job_is_not_said_to_be_its(own_data: Path, azurite: str, storage: Storage) -> None:
    """A job on the seed's own file makes the same model; what serves since before did not come from it."""
    storage.put("seed.csv", census_csv())
    with running_studio(own_data, [storage_host(azurite)]) as studio:
        trainer = Trainer.of(studio)
        job = trainer.submit(job_body(storage, source="seed.csv"))
        trainer.start(job)
        result = trainer.ended(job)["Results"]["output1"]
        seed = Path(studio.service()["seed_model"]).read_bytes()
        assert download(result) == seed
        assert "Its model serves" not in overview(studio, f"/jobs/{job}")
        assert f"job {job[:8]}" not in overview(studio)
        assert patch(studio.endpoint("production"), result).status_code == 200
        assert overview(studio).count(f"job {job[:8]}") == 1
        assert "production since 20" in overview(studio, f"/jobs/{job}")


def test_a_job_that_is_not_there(studio: RunningStudio) -> None:
    """404 with a reason."""
    token = studio.describe()["management"]["token"]
    answer = requests.get(f"{studio.base_url}/jobs/0123", auth=("x", token), timeout=TIMEOUT_S)
    assert answer.status_code == 404
    assert "No such job" in answer.text


def test_a_model_that_waits_for_its_time_is_told(own_data: Path, azurite: str, storage: Storage) -> None:
    """Before its activation the old model serves and the new one waits, with its time; nothing has a token."""
    with running_studio(own_data, [storage_host(azurite)], activation_delay_s=3600) as studio:
        trained = Trainer.of(studio).train(job_body(storage))
        location = trained["Results"]["output1"]
        assert patch(studio.endpoint("production"), location).status_code == 200
        shown = overview(studio)
    assert re.search(rf"{storage.container}/job/model.ilearner job [0-9a-f]{{8}} from 20", shown)
    assert shown.count("seeds/census-model-") == 3
    assert "sig=" not in shown


def job(state: JobState, log: str = "", details: str | None = None, started: str | None = "2024-01-01") -> Job:
    """Return a job of which only the progress matters."""
    return Job("j", "e", state, True, 1, None, {}, details, log, "2024-01-01", started, None)


IMPORT, TRAIN = "2024-01-01T00:00:00.000+00:00 Import Data: a/b.csv\n", "2024-01-01T00:00:00.000+00:00 Train Model: x\n"


@pytest.mark.parametrize(
    ("shown", "marks"),
    [
        (job(JobState.NOT_STARTED, started=None), ["", "", "", ""]),
        (job(JobState.NOT_STARTED, IMPORT + TRAIN), ["", "", "", ""]),
        (job(JobState.RUNNING), ["now", "", "", ""]),
        (job(JobState.RUNNING, IMPORT + TRAIN), ["done", "now", "", ""]),
        (job(JobState.RUNNING, IMPORT + TRAIN + IMPORT), ["now", "", "", ""]),
        (job(JobState.FAILED, IMPORT + TRAIN, "Module: Train Model; SNR"), ["done", "failed", "", ""]),
        (job(JobState.CANCELLED, IMPORT + TRAIN), ["done", "failed", "", ""]),
        (job(JobState.CANCELLED, started=None), ["", "", "", ""]),
        (job(JobState.FINISHED), ["done"] * 4),
    ],
)
def test_the_step_bar_follows_the_log(shown: Job, marks: list[str]) -> None:
    """What is behind, what runs or failed, what is to come; a job that runs again begins again."""
    assert re.findall('class="([a-z]*)">[A-Z]', str(steps(shown))) == marks
