"""Names say what they hold: a local is called by its noun, and a limit begins with MAX or MIN."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PLACES = ("function_app.py", "shared", "studio", "landfall", "bench", "scripts", "tests")
VAGUE = frozenset({"one", "other", "found", "known", "told", "said", "asked", "seen"})
ODD_LIMIT = re.compile(r"_*(MOST|FEWEST|LEAST|LONGEST|SHORTEST|LARGEST|SMALLEST)(_|$)")


def files(place: str) -> list[Path]:
    """Return the Python files of a folder, or the one file."""
    path = ROOT / place
    return sorted(path.rglob("*.py")) if path.is_dir() else [path]


def bound(tree: ast.AST) -> Iterator[tuple[int, str]]:
    """Yield every name that the code binds to a value, with its line: variables, parameters, captures."""
    for node in ast.walk(tree):
        match node:
            case ast.Name(id=name, ctx=ast.Store()) | ast.arg(arg=name):
                yield node.lineno, name
            case ast.MatchAs(name=str(name)) | ast.MatchStar(name=str(name)) | ast.ExceptHandler(name=str(name)):
                yield node.lineno, name


def wrong_names(source: str) -> list[tuple[int, str]]:
    """Return the names that say nothing of what they hold, with their lines."""
    names = bound(ast.parse(source))
    return [(line, name) for line, name in names if name.lstrip("_") in VAGUE or ODD_LIMIT.match(name)]


@pytest.mark.parametrize("place", PLACES)
def test_every_name_is_a_noun_of_the_thing(place: str) -> None:
    """No variable, parameter or capture is called one, found, told, asked and the like; no limit MOST or LONGEST."""
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name}"
        for path in files(place)
        for line, name in wrong_names(path.read_text(encoding="utf-8"))
    ]
    assert wrong == []


@pytest.mark.parametrize(
    ("source", "name"),
    [
        ("found = 1", "found"),
        ("def f(other): pass", "other"),
        ("f = lambda said: 1", "said"),
        ("[x for one in y]", "one"),
        ("match x:\n case [1, known]: pass", "known"),
        ("match x:\n case [*told]: pass", "told"),
        ("try: pass\nexcept E as _other: pass", "_other"),
        ("if (found := 1): pass", "found"),
        ("MOST_BYTES = 1", "MOST_BYTES"),
        ("LEAST, MAX_S = 1, 2", "LEAST"),
        ("_SHORTEST_S = 1", "_SHORTEST_S"),
    ],
)
def test_the_check_sees_each_way_to_bind_a_name(source: str, name: str) -> None:
    """Assignments, parameters, loops, captures and errors."""
    assert [wrong for _, wrong in wrong_names(source)] == [name]


def test_the_check_lets_attributes_and_uses_pass() -> None:
    """A field of somebody else's object may be called so, and so may a key."""
    assert wrong_names('x.found = y["one"]\nMAX_S = x.told\nALMOST = MOST') == []
