"""The direction of imports: pure, ports, pipeline, function app; adapters at the edge; nothing deployed is heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = {
    *(
        "admission",
        "allowed_hosts",
        "answer_shape",
        "approval_page",
        "champions",
        "column_names",
        "errors",
        "evaluation",
        "golden_rows",
        "held_secrets",
        "history",
        "holdout_data",
        "holdout_tables",
        "messages",
        "ncrontab",
        "metric_names",
        "metric_ranges",
        "metric_tasks",
        "metrics",
        "paired_bootstrap",
        "patterns",
        "plurals",
        "query_parameters",
        "policy",
        "policy_tables",
        "promotion",
        "redaction",
        "scored_columns",
        "storage_account",
        "timers",
        "undefined_metrics",
        "visible_text",
    ),
    *("route", "route_tables", "routes", "runs", "toml_table"),
}
# What each part of the deployed package may import of the others, by first two parts of the module's name.
ALLOWED = {
    "shared.pure": {"shared.pure"},
    "shared.ports": {"shared.pure"},
    "shared.lifecycle": {"shared.pure", "shared.ports", "shared.lifecycle"},
    "shared.pipeline": {"shared.pure", "shared.ports", "shared.lifecycle", "shared.pipeline"},
    "shared.adapters": {"shared.pure", "shared.ports", "shared.adapters"},
    "shared.wiring": {"shared.pure", "shared.ports", "shared.pipeline", "shared.adapters"},
    "function_app": {"shared.pure", "shared.wiring", "shared.pipeline", "shared.adapters"},
}
LIBRARIES = {
    "shared.pure": set(),
    "shared.ports": set(),
    "shared.lifecycle": set(),
    "shared.pipeline": set(),
    "shared.adapters": {"azure", "azurefunctions", "requests", "urllib3"},
    "shared.wiring": set(),
    "function_app": {"azure"},
}
HEAVY = (
    *(
        "azure.storage.blob",
        "azure.identity",
        "aiohttp",
        "pandas",
        "numpy",
        "pydantic",
        "httpx",
        "opentelemetry",
        "rich",
    ),
    *("lightgbm", "landfall", "studio", "starlette"),
)


def imports_of(path: Path) -> Iterator[str]:
    """Give every module a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            if node.module in {"shared", "shared.pipeline", "shared.adapters"}:
                yield from (f"{node.module}.{alias.name}" for alias in node.names)
            else:
                yield node.module


def part_of(module: str) -> str:
    """Return the part of the house a module belongs to."""
    names = module.split(".")
    if names[0] != "shared" or len(names) == 1:
        return names[0]
    return "shared.pure" if names[1] in PURE else ".".join(names[:2])


def files(package: str) -> list[Path]:
    """Return the Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


@pytest.mark.parametrize(
    "path", [ROOT / "function_app.py", *files("shared")], ids=lambda path: str(path.relative_to(ROOT))
)
def test_the_deployed_package_keeps_its_direction(path: Path) -> None:
    """Every import points inwards, and leads to the standard library or a library this part may use."""
    part = part_of(".".join(path.relative_to(ROOT).with_suffix("").parts))
    if path.name == "__init__.py":
        assert list(imports_of(path)) == []
        return
    for module in imports_of(path):
        top = module.split(".", 1)[0]
        if top == "shared":
            assert part_of(module) in ALLOWED[part], f"{part} may not import {module}"
        else:
            assert top in sys.stdlib_module_names or top in LIBRARIES[part], f"{part} may not import {module}"


@pytest.mark.parametrize("path", files("studio"), ids=lambda path: path.name)
def test_the_studio_stands_alone(path: Path) -> None:
    """The studio imports nothing of the app or the command: two independent readings of one protocol."""
    assert {module.split(".", 1)[0] for module in imports_of(path)} & {"shared", "landfall", "function_app"} == set()


@pytest.mark.parametrize("path", files("landfall"), ids=lambda path: str(path.relative_to(ROOT)))
def test_the_command_speaks_to_the_studio_only_from_outside(path: Path) -> None:
    """The command starts the studio as a process; it imports none of it."""
    assert "studio" not in {module.split(".", 1)[0] for module in imports_of(path)}


def test_importing_the_function_app_loads_nothing_heavy() -> None:
    """What a cold start pays for stays out: SDKs of blobs and identity, data libraries, tools."""
    code = f"import sys, function_app; print([name for name in {HEAVY!r} if name in sys.modules])"
    out = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)

    assert out.stdout.strip() == "[]"


def test_importing_the_function_app_does_no_work() -> None:
    """No setting is needed at import, so a wrong one cannot leave the app without functions."""
    out = subprocess.run(
        [sys.executable, "-I", "-c", f"import sys; sys.path.insert(0, {str(ROOT)!r}); import function_app"],
        env={},
        capture_output=True,
        text=True,
        check=False,
    )

    assert out.returncode == 0, out.stderr
