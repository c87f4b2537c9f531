"""The browser that all pages are looked at in."""

import shutil
from collections.abc import Iterator

import pytest
from selenium.webdriver import Chrome, ChromeOptions, ChromeService


@pytest.fixture(scope="session")
def browser() -> Iterator[Chrome]:
    """Give a headless Chromium."""
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    assert binary, "this test needs Chromium: apt-get install chromium chromium-driver"
    assert driver, "this test needs ChromeDriver: apt-get install chromium-driver"
    options = ChromeOptions()
    options.binary_location = binary
    for switch in (
        "headless",
        "no-sandbox",
        "disable-gpu",
        "disable-background-networking",
        "disable-component-update",
    ):
        options.add_argument(f"--{switch}")
    running = Chrome(options=options, service=ChromeService(executable_path=driver))
    running.set_page_load_timeout(30)
    yield running
    running.quit()
