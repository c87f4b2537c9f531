"""The approval link in a real browser: it shows nothing of a run when opened, and only a button decides."""

from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from selenium.webdriver import Chrome
from selenium.webdriver.common.by import By
from selenium.webdriver.common.keys import Keys
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from shared.operators import approvals, http_operations
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.local_server import QuietHandler, serving
from tests.pipeline.world import World, example_routes

pytestmark = pytest.mark.browser


@dataclass
class Site:
    """The approval page under an HTTP server, and the world behind it."""

    world: World
    url: str
    request_lines: list[str]

    def held(self) -> tuple[Run, str]:
        """Bring a run to `held`; return it with an approval link."""
        run = self.world.train()
        assert run.state is RunState.HELD
        return run, f"{self.url}#{approvals.invite(self.world.services, run.run_id).code}"


@pytest.fixture
def site() -> Iterator[Site]:
    """Serve the approval page of a world whose route needs approval."""
    world = World(example_routes(("golden = ", 'approval = "required"\ngolden = ')))
    request_lines: list[str] = []

    class Handler(QuietHandler):
        def do_GET(self) -> None:  # noqa: N802 - http.server's name
            self._give(200, http_operations.show_approval())

        def do_POST(self) -> None:  # noqa: N802 - http.server's name
            body = self.rfile.read(int(self.headers["content-length"]))
            self._give(*http_operations.answer_approval(lambda: world.services, body))

        def _give(self, status: int, page: str) -> None:
            request_lines.append(self.requestline)
            self.send_response(status)
            for name, value in {**http_operations.PAGE_HEADERS, "Content-Type": "text/html; charset=utf-8"}.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(page.encode())

    with serving(Handler) as port:
        yield Site(world, f"http://127.0.0.1:{port}/api/approval", request_lines)


def field(browser: Chrome, name: str) -> WebElement:
    """Return an input by its name."""
    return browser.find_element(By.NAME, name)


def press(browser: Chrome, value: str) -> None:
    """Press a button and wait for the next page."""
    old = browser.find_element(By.TAG_NAME, "html")
    browser.find_element(By.CSS_SELECTOR, f"button[value={value}]").click()
    WebDriverWait(browser, 20).until(lambda _: browser.find_element(By.TAG_NAME, "html") != old)


def text(browser: Chrome) -> str:
    """Return the visible text."""
    return browser.find_element(By.TAG_NAME, "body").text


def test_a_link_is_opened_read_and_decided(browser: Chrome, site: Site) -> None:
    """A script puts the code into the form, and no request line has it; Enter decides nothing, the button does."""
    run, link = site.held()
    browser.get(link)
    assert field(browser, "code").get_attribute("value") == link.partition("#")[2]
    assert run.run_id[:8] not in text(browser)
    press(browser, "show")

    shown = text(browser)
    for part in (run.run_id[:8], "census/a.csv", "Awaiting approval", "at least 0.8 required", "new model"):
        assert part in shown
    field(browser, "by").send_keys("carol")
    field(browser, "reason").send_keys("looked at it", Keys.ENTER)
    assert site.world.run(run.run_id).state is RunState.HELD
    press(browser, "approve")
    assert "Approved by carol (by approval link): looked at it" in text(browser)
    assert site.world.run(run.run_id).state is RunState.TRAINED

    browser.get("about:blank")
    browser.get(link)
    press(browser, "show")
    assert "this link is void" in text(browser)
    assert {line.partition(" HTTP")[0] for line in site.request_lines} <= {
        "GET /api/approval",
        "POST /api/approval",
        "GET /favicon.ico",
    }


def test_a_link_can_say_no(browser: Chrome, site: Site) -> None:
    """The other button rejects; the browser sends nothing without a reason."""
    run, link = site.held()
    browser.get(link)
    press(browser, "show")
    field(browser, "by").send_keys("dan")
    browser.find_element(By.CSS_SELECTOR, "button[value=reject]").click()
    assert site.world.run(run.run_id).state is RunState.HELD
    field(browser, "reason").send_keys("<script>alert(1)</script>")
    press(browser, "reject")

    assert "Rejected by dan (by approval link): <script>alert(1)</script>" in text(browser)
    assert site.world.run(run.run_id).state is RunState.REJECTED
