"""The parts of the owner's pages about a job."""

import html
import re
from dataclasses import replace

import pytest

from studio.errors import StudioError
from studio.jobs.failure import JobFailedError
from studio.jobs.job import Job, JobState, Outcome
from studio.pages.job_parts import cause, input_blob, last_news, log_list, metric_table, run_of
from studio.storage.blob_path import BlobPath
from tests.studio.jobs.accepted_jobs import accepted_job

AT = "2024-01-01T10:00:00.123+00:00"
RUN = "0123456789abcdef" * 2
TWO = "AUC,Training Log Loss\n0.912345678901,33.1\nNaN,-1e-07\n"


def job(state: JobState, log: str = "", details: str | None = None) -> Job:
    """Return a job of which only state, log and details matter."""
    return Job("j", "e", state, True, 1, None, {}, details, log, "2024-01-01", "2024-01-01", None)


def read(markup: str) -> str:
    """Return what a person reads."""
    return html.unescape(re.sub("<[^>]*>", "", markup))


def test_the_cause_is_told_once() -> None:
    """The protocol's Details have it three times; a finished job's Details are no cause."""
    details = JobFailedError("Train Model", StudioError("the file is empty; sig=abc")).details("j")
    assert details.count("the file is empty") == 3
    assert cause(job(JobState.FAILED, details=details)) == "the file is empty; sig=[redacted]"
    assert cause(job(JobState.FINISHED, details="a note")) == ""


@pytest.mark.parametrize(
    ("blob", "run"),
    [
        (f"training/{RUN}/1/input.csv", RUN),
        (f"training/{RUN}/12/input.nh.tsv", RUN),
        (f"other/{RUN}/1/input.csv", ""),
        ("training/mine/1/input.csv", ""),
        (f"training/{RUN}/input.csv", ""),
    ],
)
def test_the_run_is_read_off_the_inputs_name(blob: str, run: str) -> None:
    """Landfall's pinned inputs carry it; from the log, and before there is one from the request."""
    logged = job(JobState.FINISHED, f"{AT} Submit: x\n{AT} Import Data: {blob}\n{AT} Train Model: y\n")
    waiting = job(JobState.NOT_STARTED)
    waiting = replace(waiting, accepted=accepted_job(BlobPath.parse(blob)))
    for each in (logged, waiting):
        assert (input_blob(each), run_of(each)) == (blob, run)
    assert input_blob(job(JobState.CANCELLED)) == ""


def test_the_news_of_a_job() -> None:
    """The metric of its task, the cause, or the last line of its log; short, and without a secret."""
    lines = f"{AT} Import Data: a/b.csv\n{AT} Train Model: from https://a/b?sig=secret\n"
    assert last_news(job(JobState.FINISHED, lines), Outcome(TWO, "")) == "AUC 0.912346"
    regression = "Mean Absolute Error,Coefficient of Determination\n1,0.5\n"
    assert last_news(job(JobState.FINISHED, lines), Outcome(regression, "")) == "Coefficient of Determination 0.5"
    assert last_news(job(JobState.RUNNING, lines), None) == "Train Model: from https://a/b?sig=[redacted]"
    long = JobFailedError("Train Model", StudioError("word " * 100)).details("j")
    news = last_news(job(JobState.FAILED, details=long), None)
    assert len(news) < 170
    assert news.endswith("word …")
    assert last_news(job(JobState.NOT_STARTED), None) == ""


def test_metrics_are_a_table() -> None:
    """A row for each, a column for each scored dataset; what is no number stays as it is."""
    assert re.findall(r"<td[^>]*><div>(.*?)</div>", str(metric_table(TWO))) == [
        *("AUC", "0.912346", "NaN"),
        *("Training Log Loss", "33.1", "-1e-07"),
    ]
    assert "<th>value</th>" in metric_table("AUC\n0.9\n")


def test_a_log_has_its_times_in_utc() -> None:
    """Each line with its own; a line that goes on has none, and a log without lines says so."""
    shown = read(str(log_list(f"{AT} Train Model: one\ntwo <b>\n")))
    assert shown == "2024-01-01 10:00:00.123 UTCTrain Model: onetwo <b>"
    assert read(str(log_list(""))) == "Nothing yet."
