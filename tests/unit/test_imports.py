"""The direction of imports: from room to room downwards; adapters at the edge; nothing deployed is heavy."""

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The rooms of each package, lowest first. A room imports only from rooms on lines above its own, so there is no circle.
SHARED_ROOMS = (
    ("blob_path", "column_names", "errors", "held_secrets", "plurals", "visible_text"),
    ("csv_text", "ncrontab", "records", "redaction", "storage_settings"),
    ("gates", "guarded_log", "log_actions"),
    ("routes", "timers"),
    ("adapters.http", "ports"),
    ("adapters.classic", "adapters.storage", "lifecycle", "recorded_routes"),
    ("services",),
    ("effects", "operators"),
    ("pipeline", "wiring"),
)
STUDIO_ROOMS = (
    ("child_process", "json_values", "limits", "redaction", "responses", "words"),
    ("errors",),
    ("storage", "tables"),
    ("models",),
    ("scoring",),
    ("training", "wire"),
    ("workspace",),
    ("jobs",),
    ("api",),
    ("pages",),
    ("app",),
    ("commands",),
    ("__main__",),
)
COMMAND_ROOMS = (
    (
        "command_line",
        "errors",
        "exit_status",
        "follow_run",
        "interrupts",
        "option_types",
        "sample_data",
        "settings_file",
        "times",
    ),
    ("app_client", "console", "host"),
    ("run_display", "stack"),
    ("doctor",),
    ("chaos", "commands", "demo"),
    ("cli",),
    ("__main__",),
)
ROOMS = {
    f"{package}.{room}": layer
    for package, layers in (("shared", SHARED_ROOMS), ("studio", STUDIO_ROOMS), ("landfall", COMMAND_ROOMS))
    for layer, rooms in enumerate(layers)
    for room in rooms
}
# Where the studio speaks HTTP; in the rooms below, an error is one of the domain, and a body is bytes.
STUDIO_EDGE = {"studio.__main__", "studio.api", "studio.app", "studio.commands", "studio.pages", "studio.responses"}
WEB_LIBRARIES = {"anyio", "starlette", "uvicorn"}
# The adapters are the edge: whatever decides or drives knows the ports alone, and nobody but these knows an adapter.
MAY_KNOW_ADAPTERS = {"shared.adapters", "shared.wiring"}
# What a module of the app imports besides the standard library: what is not named here is pure.
LIBRARIES = {"shared.adapters": {"azure", "azurefunctions", "requests", "urllib3"}, "function_app": {"azure"}}
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
    """Give every module that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                is_module = (ROOT / Path(*within.split("."))).with_suffix(".py").exists()
                yield within if is_module else node.module


def room_of(module: str) -> str:
    """Return the room that a module of `shared`, `studio` or `landfall` is in."""
    names = module.split(".")
    return ".".join(names[:3] if names[1] == "adapters" else names[:2])


def files(package: str) -> list[Path]:
    """Return the Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def module_of(path: Path) -> str:
    """Return the dotted name of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def relative(path: Path) -> str:
    """Name a test's file."""
    return str(path.relative_to(ROOT))


@pytest.mark.parametrize("path", [*files("shared"), *files("studio"), *files("landfall")], ids=relative)
def test_every_import_leads_down(path: Path) -> None:
    """A room imports itself and the rooms below it; a package's own file says its purpose and imports nothing."""
    package = path.relative_to(ROOT).parts[0]
    if path.name == "__init__.py":
        assert list(imports_of(path)) == []
        assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))
        return
    room = room_of(module_of(path))
    for module in imports_of(path):
        if module.split(".", 1)[0] == package and room_of(module) != room:
            assert ROOMS[room_of(module)] < ROOMS[room], f"{room} may not import {module}"


@pytest.mark.parametrize("path", [ROOT / "function_app.py", *files("shared")], ids=relative)
def test_what_is_deployed_is_light_and_keeps_the_edge_out(path: Path) -> None:
    """It imports the standard library, and at the edge alone the SDKs; only the edge and the wiring know adapters."""
    module = module_of(path)
    edge = "shared.adapters" if module.startswith("shared.adapters.") else module
    for imported in imports_of(path):
        top = imported.split(".", 1)[0]
        if top == "shared":
            known = not imported.startswith("shared.adapters.") or edge in MAY_KNOW_ADAPTERS
            assert known or module == "function_app", f"{module} may not import {imported}"
        else:
            assert top in sys.stdlib_module_names or top in LIBRARIES.get(edge, set()), f"{module} imports {imported}"


@pytest.mark.parametrize("path", files("studio"), ids=relative)
def test_the_studio_stands_alone(path: Path) -> None:
    """The studio imports nothing of the app or the command: two independent readings of one protocol."""
    assert {module.split(".", 1)[0] for module in imports_of(path)} & {"shared", "landfall", "function_app"} == set()


@pytest.mark.parametrize("path", files("studio"), ids=relative)
def test_the_core_of_the_studio_knows_no_http(path: Path) -> None:
    """Below the edge no module imports a web library, the shape of an answer, or an error that has a status code."""
    if path.name != "__init__.py" and room_of(module_of(path)) not in STUDIO_EDGE:
        imported = set(imports_of(path))
        assert not {module.split(".", 1)[0] for module in imported} & WEB_LIBRARIES
        assert not {room_of(module) for module in imported if module.startswith("studio.")} & STUDIO_EDGE


@pytest.mark.parametrize("path", files("landfall"), ids=relative)
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
