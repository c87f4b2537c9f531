"""The security policy and the threat model: what they cite is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGES = {name: (ROOT / name).read_text(encoding="utf-8") for name in ("SECURITY.md", "docs/threat-model.md")}
ALL = "\n".join(PAGES.values())
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", ALL)))
PLACES = sorted(set(re.findall(r"`((?:(?:shared|studio|scripts)/[\w/.]+)|function_app\.py)`", ALL)))
LINKS = sorted({(page, link) for page, text in PAGES.items() for link in re.findall(r"\]\(([\w/.-]+)\)", text)})
# Threats whose defence is that something does not exist.
WITHOUT_A_TEST = ("a hostile model file",)


def rows(text: str) -> list[str]:
    """Return the rows of every table of threats in a text, without its head."""
    lines = re.findall(r"^\| .* \|$", text, re.MULTILINE)
    return [row for row in lines if row.count(" | ") >= 3 and not row.startswith("| threat |")]


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_every_cited_test_is_there(path: str, name: str) -> None:
    """A defence that is said to be shown by a test is shown by one of that name."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    names = [node.name for node in module.body if isinstance(node, ast.FunctionDef)]
    assert name in names or not name


@pytest.mark.parametrize("place", PLACES)
def test_every_cited_place_is_there(place: str) -> None:
    """Files and folders that they name exist."""
    assert (ROOT / place).exists()


@pytest.mark.parametrize(("page", "link"), LINKS)
def test_every_linked_page_is_there(page: str, link: str) -> None:
    """Seen from the page that links to it."""
    assert ((ROOT / page).parent / link).exists()


def test_every_threat_to_the_studio_is_shown_by_a_test() -> None:
    """Each row of its table cites a file of the studio and a test of it."""
    threats = rows(PAGES["SECURITY.md"].partition("## The studio")[2].partition("\n## ")[0])
    assert len(threats) > 10
    for row in threats:
        assert "`studio/" in row
        assert "`tests/studio/" in row


def test_every_threat_to_the_function_app_is_shown_by_a_test() -> None:
    """Each row of the threat model cites where the defence is, and a test."""
    threats = rows(PAGES["docs/threat-model.md"])
    assert len(threats) > 30
    for row in threats:
        assert re.search(r"`(?:shared/|landfall/|infra/|function_app)|guarantees\.md", row), row
        assert "`tests/" in row or row.startswith(tuple(f"| {threat} |" for threat in WITHOUT_A_TEST)), row
