"""The security policy: what it cites is there."""

import ast
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PAGE = (ROOT / "SECURITY.md").read_text(encoding="utf-8")
TESTS = sorted(set(re.findall(r"`(tests/[\w/]+\.py)(?:::(\w+))?`", PAGE)))
PLACES = sorted({*re.findall(r"`((?:shared|studio|scripts)/[\w/.]+)`", PAGE), *re.findall(r"\]\(([\w/.-]+)\)", PAGE)})


@pytest.mark.parametrize(("path", "name"), TESTS)
def test_every_cited_test_is_there(path: str, name: str) -> None:
    """A defence that is said to be shown by a test is shown by one of that name."""
    module = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    names = [node.name for node in module.body if isinstance(node, ast.FunctionDef)]
    assert name in names or not name


@pytest.mark.parametrize("place", PLACES)
def test_every_cited_place_is_there(place: str) -> None:
    """Files, folders and pages that it names exist."""
    assert (ROOT / place).exists()


def test_every_threat_to_the_studio_is_shown_by_a_test() -> None:
    """Each row of its table cites a file of the studio and a test of it."""
    rows = re.findall(r"^\| .* \|$", PAGE.partition("## The studio")[2].partition("\n## ")[0], re.MULTILINE)[1:]
    assert len(rows) > 10
    for row in rows:
        assert "`studio/" in row
        assert "`tests/studio/" in row
