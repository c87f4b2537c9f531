"""The studio's pages in a real browser: the overview, the form that scores, and names that look like HTML."""

from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
import requests
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.support.wait import WebDriverWait

from studio.training.experiment import load_experiment
from studio.workspace.database import Database
from studio.workspace.publishing import publish
from tests.studio.caller import TIMEOUT_S, Storage, Trainer, bearer, get_endpoint, job_body, patch
from tests.studio.running import RunningStudio, census_csv, publish_census, running_studio, storage_host

pytestmark = pytest.mark.browser

HOSTILE = "<img src=x onerror=\"document.title='owned'\"><script>document.title='owned'</script>"


@pytest.fixture(scope="module")
def studio(azurite: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[RunningStudio]:
    """Give a studio with the census."""
    folder = tmp_path_factory.mktemp("census")
    publish_census(folder, folder / "data")
    with running_studio(folder / "data", [storage_host(azurite)]) as running:
        yield running


def owners(studio: RunningStudio, path: str = "/") -> str:
    """Return the URL of an owner's page, with what the browser's question would be answered by."""
    token = quote(studio.describe()["management"]["token"], safe="")
    return studio.base_url.replace("http://", f"http://owner:{token}@") + path


def read(browser: Chrome) -> str:
    """Return what a person reads."""
    return browser.find_element(By.TAG_NAME, "body").text


def complaints(browser: Chrome) -> list[str]:
    """Return the browser's complaints, such as a style that the policy does not allow."""
    entries = browser.get_log("browser")  # type: ignore[no-untyped-call]
    return [str(entry["message"]) for entry in entries if "status of 4" not in str(entry["message"])]


def score(browser: Chrome, key: str) -> str:
    """Fill the key into the form and press its button; returns the result."""
    old = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.NAME, "key").send_keys(key)
    browser.find_element(By.CSS_SELECTOR, "button").click()
    WebDriverWait(browser, 20).until(lambda _: browser.find_element(By.TAG_NAME, "html") != old)
    return str(browser.find_element(By.CSS_SELECTOR, "[role]").text)


def test_the_overview_shows_jobs(browser: Chrome, studio: RunningStudio, azurite: str) -> None:
    """A finished and a failed one with their states, and a click away the log; the policy allows the style."""
    storage, trainer = Storage.create(azurite), Trainer.of(studio)
    storage.put("in.csv", census_csv())
    good, bad = trainer.submit(job_body(storage)), trainer.submit(job_body(storage, source="missing.csv"))
    for job in (good, bad):
        trainer.start(job)
        trainer.ended(job)
    browser.get(owners(studio))
    for text in ("Census Model [predictive exp.]", "production", good[:8], bad[:8], "Finished", "Failed", "Evaluate"):
        assert text in read(browser)
    pill = browser.find_element(By.CSS_SELECTOR, ".pill.Failed")
    assert pill.value_of_css_property("border-radius") == "16px"
    browser.find_element(By.LINK_TEXT, good[:8]).click()
    WebDriverWait(browser, 20).until(lambda _: "Evaluate Model: trained on" in read(browser))
    browser.find_element(By.LINK_TEXT, "Overview").click()
    WebDriverWait(browser, 20).until(lambda _: bad[:8] in read(browser))
    assert complaints(browser) == []


NARROW, WIDE = 390, 1280
# Words that stand in two lines: a word is letters alone, between what is neither letter nor digit.
BROKEN = """
const broken = [];
const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
while (walker.nextNode()) {
  const node = walker.currentNode;
  for (const word of node.data.matchAll(/(?<![\\p{L}\\p{N}])\\p{L}{2,}(?![\\p{L}\\p{N}])/gu)) {
    const range = document.createRange();
    range.setStart(node, word.index);
    range.setEnd(node, word.index + word[0].length);
    const lines = new Set([...range.getClientRects()].filter(each => each.width).map(each => Math.round(each.top)));
    if (lines.size > 1) broken.push(word[0]);
  }
}
return broken;
"""
# What is beyond the screen's edge, or may be looked at only by moving a table.
HIDDEN = """
const wide = [...document.querySelectorAll('.wide')].filter(each => each.scrollWidth > each.clientWidth);
const beyond = [...document.querySelectorAll('td, dd, li, p, h1, h2, a')].filter(
  each => each.getBoundingClientRect().right > document.documentElement.clientWidth);
return [...wide, ...beyond].map(each => each.textContent.slice(0, 60));
"""


def at_width(browser: Chrome, width: int) -> None:
    """Make the screen so many pixels wide."""
    screen = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", screen)


@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_no_word_is_broken_and_no_table_is_cut(
    browser: Chrome, studio: RunningStudio, azurite: str, width: int
) -> None:
    """On a telephone and on a desk: every page, with a job of each kind and a model that came from one."""
    storage, trainer = Storage.create(azurite), Trainer.of(studio)
    storage.put("in.csv", census_csv())
    good = trainer.submit(job_body(storage) | {"GolbalParameters": {}})
    bad = trainer.submit(job_body(storage, source="a-longer-name/of-a-file/that-is-not-there-2026-11-30.csv"))
    for job in (good, bad):
        trainer.start(job)
        trainer.ended(job)
    endpoint = studio.endpoint("production")
    assert patch(endpoint, trainer.status(good)["Results"]["output1"]).status_code == 200
    predictive = get_endpoint(endpoint)["HelpLocation"]
    places = [owners(studio), owners(studio, f"/jobs/{good}"), owners(studio, f"/jobs/{bad}")]
    browser.get(places[0])
    training = browser.find_element(By.LINK_TEXT, "default").get_attribute("href")
    places += [f"{place}{name}" for place in (predictive, training) for name in ("", "/score", "/jobs", "/update")]
    at_width(browser, width)
    try:
        for place in places:
            browser.get(place)
            assert browser.execute_script(BROKEN) == [], place
            assert browser.execute_script(HIDDEN) == [], place
            page = "document.documentElement"
            assert browser.execute_script(f"return {page}.scrollWidth <= {page}.clientWidth"), place
    finally:
        browser.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


def test_pages_lead_to_each_other(browser: Chrome, studio: RunningStudio, azurite: str) -> None:
    """From a job to its experiment, its endpoint's help and back to the overview; only pages that a service has."""
    storage, trainer = Storage.create(azurite), Trainer.of(studio)
    storage.put("in.csv", census_csv())
    job = trainer.submit(job_body(storage))
    trainer.start(job)
    trainer.ended(job)
    browser.get(owners(studio, f"/jobs/{job}"))
    assert "AUC" in read(browser)
    follow(browser, "endpoint default", "batch execution")
    assert menu(browser) == ["Overview", "Help", "Jobs", "swagger.json"]
    follow(browser, "Overview", "Overview")
    follow(browser, "production", "API help")
    assert menu(browser) == ["Overview", "Help", "Request-response", "Update", "swagger.json"]
    follow(browser, "Overview", "Overview")
    browser.get(get_endpoint(studio.service()["predictive"]["endpoints"][0])["HelpLocation"])
    browser.get(owners(studio, f"/jobs/{job}"))
    follow(browser, "Census Model", "Overview")
    assert "#" in browser.current_url


def follow(browser: Chrome, text: str, title: str) -> None:
    """Click on a link, and wait for the page that has the title."""
    browser.find_element(By.LINK_TEXT, text).click()
    WebDriverWait(browser, 20).until(lambda _: title in browser.find_element(By.TAG_NAME, "h1").text)


def menu(browser: Chrome) -> list[str]:
    """Return the links at the top of a page."""
    return [each.text for each in browser.find_elements(By.CSS_SELECTOR, "nav a")]


def test_the_form_scores_and_refuses_a_wrong_key(browser: Chrome, studio: RunningStudio) -> None:
    """The sample row and the key give an answer; a wrong key gives the reason; the field is empty afterwards."""
    endpoint = studio.endpoint("production")
    browser.get(f"{get_endpoint(endpoint)['HelpLocation']}/score")
    assert "Invalid credentials provided." in score(browser, "wrong")
    assert "Scored Probabilities" in score(browser, endpoint["api_key"])
    key = browser.find_element(By.NAME, "key")
    assert (key.get_attribute("value"), key.get_attribute("type")) == ("", "password")
    complained = [each for each in complaints(browser) if "autocomplete" not in each]
    assert complained == []


def test_names_that_hide_or_turn_are_shown_as_codes(browser: Chrome, studio: RunningStudio, azurite: str) -> None:
    """A blob whose name would be read from right to left, on the overview and on the job's page."""
    storage, trainer = Storage.create(azurite), Trainer.of(studio)
    job = trainer.submit(job_body(storage, source="in\u202etxt.csv"))
    trainer.start(job)
    trainer.ended(job)
    for address in (owners(studio), owners(studio, f"/jobs/{job}")):
        browser.get(address)
        assert "in\\u202etxt.csv" in read(browser)
        assert "\u202e" not in read(browser)


def test_names_that_look_like_html_are_text(browser: Chrome, tmp_path: Path, azurite: str) -> None:
    """Of the service, its columns, its categories and a blob: every page shows them as they are, and runs nothing."""
    rows = "".join(f'"{HOSTILE.replace(chr(34), chr(34) * 2)}",{n},a\nx,{n + 30},b\n' for n in range(30))
    quoted = HOSTILE.replace('"', '""')
    (tmp_path / "in.csv").write_text(f'"{quoted}","n{quoted}",label\n{rows}', encoding="utf-8")
    experiment = tmp_path / "hostile.toml"
    experiment.write_text(
        f"name = '''{HOSTILE}'''\ndata = 'in.csv'\nlabel = 'label'\ntask = 'binary'\npositive = 'a'\n", encoding="utf-8"
    )
    with Database(tmp_path / "data") as database:
        publish(database, load_experiment(experiment), "http://127.0.0.1")
    with running_studio(tmp_path / "data", [storage_host(azurite)]) as studio:
        trainer, storage = Trainer.of(studio), Storage.create(azurite)
        job = trainer.submit(job_body(storage, source=f"{HOSTILE}.csv"))
        trainer.start(job)
        trainer.ended(job)
        endpoint = studio.endpoint("production")
        location = get_endpoint(endpoint)["HelpLocation"]
        pages = {f"{location}{name}": HOSTILE for name in ("", "/score", "/update")}
        pages |= {owners(studio): HOSTILE, owners(studio, f"/jobs/{job}"): HOSTILE}
        for address, text in pages.items():
            browser.get(address)
            assert text in str(browser.find_element(By.TAG_NAME, "body").get_property("textContent"))
            assert "owned" not in browser.title.replace(HOSTILE, "")
            assert browser.find_elements(By.CSS_SELECTOR, "script, img") == []
        browser.get(f"{location}/score")
        assert "Scored Labels" in score(browser, endpoint["api_key"])
        assert requests.get(f"{location}/jobs", headers=bearer("x"), timeout=TIMEOUT_S).status_code == 200
