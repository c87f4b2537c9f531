"""The help pages: samples that run, no secrets, a form that scores; names of users are escaped."""

import re
import shutil
import subprocess
import sys
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
import requests

from studio.pages.code_samples import KEY_PLACEHOLDER, STORAGE_PLACEHOLDER, call_samples
from tests.studio.caller import TIMEOUT_S, Storage, Trainer, get_endpoint
from tests.studio.running import COLUMNS, EXPERIMENT, RunningStudio

PAGES = ("", "/score", "/jobs", "/update")


def predictive(studio: RunningStudio) -> str:
    """Return the help URL of the predictive endpoint, from the management API."""
    return str(get_endpoint(studio.endpoint("production"))["HelpLocation"])


def training(studio: RunningStudio) -> str:
    """Return where the help of the training service is: of every service the URL is built alike."""
    token = {"Authorization": f"Bearer {studio.describe()['management']['token']}"}
    url = studio.describe()["management"]["url"]
    services = requests.get(f"{url}/webservices", headers=token, timeout=TIMEOUT_S).json()
    (service,) = (each["Id"] for each in services if each["Name"] == EXPERIMENT)
    endpoints = requests.get(f"{url}/webservices/{service}/endpoints", headers=token, timeout=TIMEOUT_S).json()
    return str(endpoints[0]["HelpLocation"])


def page(address: str) -> str:
    """Return a page."""
    answer = requests.get(address, timeout=TIMEOUT_S)
    assert answer.status_code == 200, answer.text
    return answer.text


def snippet(text: str, name: str) -> str:
    """Return a sample program of a page, as a person would copy it."""
    match = re.search(rf'<pre id="code-snippet-{name}">(.*?)</pre>', text, re.DOTALL)
    assert match
    return unescape(match[1])


def run(command: list[str], folder: Path, **options: Any) -> str:
    """Run a program; returns what it prints."""
    done = subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=folder, **options)
    assert done.returncode == 0, done.stdout + done.stderr
    return str(done.stdout)


@pytest.mark.parametrize("place", [predictive, training])
@pytest.mark.parametrize("name", PAGES)
def test_pages_are_open_hold_no_secret_and_allow_nothing(studio: RunningStudio, place: Any, name: str) -> None:
    """Anybody may read them; the policy allows one style and forms to the studio itself, no script, no frame."""
    answer = requests.get(place(studio) + name, timeout=TIMEOUT_S)
    assert answer.status_code == 200
    described = studio.describe()
    keys = re.findall(r"[A-Za-z0-9+/]{86}==", str(described))
    assert len(keys) > 3
    assert not [key for key in keys if key in answer.text]
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "<script" not in answer.text
    assert " style=" not in answer.text


def test_the_score_page_tells_this_services_columns(studio: RunningStudio) -> None:
    """URL, columns with kinds and categories, and what is predicted."""
    text = page(predictive(studio) + "/score")
    assert f"{studio.endpoint('production')['execute_url']}"[:-20] in unescape(text)
    phrases = ("numeric", "categorical", "Int32", "Sales", "Scored Probabilities", "InputParseError")
    for phrase in (*COLUMNS[:-1], *phrases):
        assert phrase in text


def test_the_python_sample_scores(studio: RunningStudio, tmp_path: Path) -> None:
    """Copied from the page, with the key filled in, it runs and prints an answer."""
    code = snippet(page(predictive(studio) + "/score"), "python")
    printed = run(
        [sys.executable, "-c", code.replace(KEY_PLACEHOLDER, studio.endpoint("production")["api_key"])], tmp_path
    )
    assert "Scored Probabilities" in printed
    refused = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, timeout=60)
    assert refused.returncode == 1
    assert "ScoreRequestUnauthorized" in refused.stdout


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
def test_the_curl_sample_scores(studio: RunningStudio, tmp_path: Path) -> None:
    """The same in a shell."""
    code = snippet(page(predictive(studio) + "/score"), "curl")
    printed = run(["sh", "-c", code.replace(KEY_PLACEHOLDER, studio.endpoint("production")["api_key"])], tmp_path)
    assert "Scored Probabilities" in printed


def test_the_python_sample_trains(studio: RunningStudio, storage: Storage, tmp_path: Path) -> None:
    """Key, connection string and container filled in, it submits, starts, waits, and prints the links."""
    code = snippet(page(training(studio) + "/jobs"), "python").replace(KEY_PLACEHOLDER, Trainer.of(studio).key)
    code = code.replace(STORAGE_PLACEHOLDER, storage.connection_string).replace("/input.csv", "/in.csv")
    printed = run([sys.executable, "-c", code.replace("YOUR-CONTAINER", storage.container)], tmp_path)
    assert '"StatusCode": "Finished"' in printed
    assert storage.exists("model.ilearner")


@pytest.mark.skipif(not shutil.which("curl"), reason="there is no curl here")
def test_the_curl_sample_trains(studio: RunningStudio, storage: Storage, tmp_path: Path) -> None:
    """It submits, starts and asks once."""
    code = snippet(page(training(studio) + "/jobs"), "curl").replace(KEY_PLACEHOLDER, Trainer.of(studio).key)
    code = code.replace(STORAGE_PLACEHOLDER, storage.connection_string).replace("/input.csv", "/in.csv")
    printed = run(["sh", "-ec", code.replace("YOUR-CONTAINER", storage.container)], tmp_path)
    assert '"StatusCode"' in printed


@pytest.mark.parametrize("language", ["csharp", "r"])
def test_other_languages_have_the_same_url_and_body(studio: RunningStudio, language: str) -> None:
    """C# and R name this endpoint's URL, its columns, and no key."""
    text = page(predictive(studio) + "/score")
    code = snippet(text, language)
    assert studio.endpoint("production")["execute_url"].partition("?")[0] in code
    assert KEY_PLACEHOLDER in code
    body = snippet(text, "python").partition("body = ")[2].partition("\n\nrequest")[0]
    assert body in code
    jobs = snippet(page(training(studio) + "/jobs"), language)
    assert Trainer.of(studio).jobs_url in jobs


def test_samples_keep_odd_names_whole(tmp_path: Path) -> None:
    """Quotes, dollars and what ends a raw string in R are data, in each language."""
    odd = 'it\'s "odd" $HOME `id` @url@ \\ é )-'
    samples = {each.name: each.code for each in call_samples("POST", "http://127.0.0.1:1/", {odd: [odd]})}
    echo = samples["python"].partition("\nrequest")[0] + "\nprint(next(iter(body)), body[next(iter(body))][0])"
    assert run([sys.executable, "-c", echo], tmp_path, env={"PYTHONUTF8": "1"}) == f"{odd} {odd}\n"
    quoted = samples["curl"].partition("--data-raw ")[2].strip()
    assert odd.replace("\\", "\\\\").replace('"', '\\"') in run(["sh", "-c", f"printf %s {quoted}"], tmp_path)
    assert 'body <- r"--(' in samples["r"]


def test_the_training_service_points_to_its_jobs(studio: RunningStudio) -> None:
    """It has no form and nothing to update, in the words of the original; its parameters are listed."""
    base = training(studio)
    score = page(base + "/score")
    assert f'href="{base}/jobs"' in score
    assert "<form" not in score
    assert "This Web Service has no updatable resources." in page(base + "/update")
    jobs = page(base + "/jobs")
    for phrase in ("Random seed", "0 to 2147483647", "CannotStartJob", ".ilearner"):
        assert phrase in jobs


def test_the_update_page_names_the_resource(studio: RunningStudio) -> None:
    """An added endpoint has the exact name and the PATCH; the default one says that it cannot be updated."""
    endpoint = studio.endpoint("production")
    text = unescape(page(predictive(studio) + "/update"))
    assert endpoint["resource"] in text
    assert f"PATCH {endpoint['patch_url']}" in text


class Form(HTMLParser):
    """Reads a page's form: its fields with their values, and the text of the elements with a role."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.fields: dict[str, str] = {}
        self.said = ""
        self._depth = 0
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take a field, or notice an element with a role."""
        attributes = dict(attrs)
        if tag == "input" and attributes.get("name"):
            self.fields[str(attributes["name"])] = attributes.get("value") or ""
        if "role" in attributes or self._depth:
            self._depth += tag != "input"

    def handle_endtag(self, _: str) -> None:
        """Notice the end of an element."""
        self._depth = max(0, self._depth - 1)

    def handle_data(self, data: str) -> None:
        """Take what an element with a role says."""
        if self._depth:
            self.said += data + " "


def test_the_form_scores(studio: RunningStudio) -> None:
    """Its sample row with the key is scored; a wrong cell and a wrong key give an error; no page has the key."""
    address, key = predictive(studio) + "/score", studio.endpoint("production")["api_key"]
    form = Form(page(address))
    assert form.fields.pop("key") == ""
    good = requests.post(address, data=form.fields | {"key": key}, timeout=TIMEOUT_S)
    assert good.status_code == 200
    assert "Scored Labels" in Form(good.text).said
    age = next(name for name in form.fields if name.endswith("age"))
    bad = requests.post(address, data=form.fields | {"key": key, age: "<b>old"}, timeout=TIMEOUT_S)
    assert bad.status_code == 400
    assert "'<b>old' in column 'age' is not a number" in Form(bad.text).said
    assert Form(bad.text).fields[age] == "<b>old"
    wrong = requests.post(address, data=form.fields | {"key": f"{key}x"}, timeout=TIMEOUT_S)
    assert wrong.status_code == 401
    assert "Invalid credentials provided." in Form(wrong.text).said
    for answer in (good, bad, wrong):
        assert key not in unescape(answer.text)
        assert Form(answer.text).fields["key"] == ""


def test_the_log_has_nothing_of_the_form(studio: RunningStudio) -> None:
    """Neither the key nor the cells get into the request log, only how long the form was."""
    address = predictive(studio) + "/score"
    requests.post(address, data={"key": "c4n4ry-key", "cell age": "c4n4ry-cell"}, timeout=TIMEOUT_S)
    log = (studio.data / "requests.jsonl").read_text(encoding="utf-8")
    assert "c4n4ry" not in log
    assert [line for line in log.splitlines() if '"POST"' in line and "/apihelp/" in line and 'bytes]"' in line]


@pytest.mark.parametrize("size", [2**20 + 1, 5])
def test_a_form_that_is_none_is_refused(studio: RunningStudio, size: int) -> None:
    """Too long a body, or one without fields, gets a page with the reason, not a 500."""
    answer = requests.post(predictive(studio) + "/score", data=b"\xff" * size, timeout=TIMEOUT_S)
    assert answer.status_code in (400, 401)
    assert "<html" in answer.text


@pytest.fixture
def places(studio: RunningStudio) -> tuple[str, str]:
    """Give the help locations of both services."""
    return predictive(studio), training(studio)


def test_unknown_endpoints_have_a_page_that_says_so(places: tuple[str, str]) -> None:
    """404 with a reason: an endpoint of the other service, of no service, of another workspace."""
    ours, theirs = places
    for address in (
        theirs.rpartition("/")[0] + "/" + ours.rpartition("/")[2],
        ours[:-1] + "x",
        ours.replace("/workspaces/", "/workspaces/x"),
    ):
        answer = requests.get(address + "/score", timeout=TIMEOUT_S)
        assert answer.status_code == 404
        assert "<h1>Not Found</h1>" in answer.text
        overview = ours.partition("apihelp/")[0]
        assert f'<a href="{overview}">Overview</a>' in answer.text
