"""The direction of imports: from room to room downwards; adapters at the edge; nothing deployed is heavy."""

import ast
import functools
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
# The rooms of each package, lowest first. A room imports only from rooms on lines above its own, so there is no circle.
SHARED_ROOMS = (
    ("blob_path", "column_names", "errors", "held_secrets", "key_vault_references", "plurals", "visible_text"),
    ("csv_text", "ncrontab", "records", "redaction", "storage_settings"),
    ("gates", "guarded_log", "log_actions"),
    ("intake",),
    ("routes", "timers"),
    ("adapters.http", "ports"),
    ("adapters.azureml", "adapters.classic", "adapters.storage", "lifecycle", "recorded_routes"),
    ("adapters.engines",),
    ("services",),
    ("effects",),
    ("operators",),
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
    ("app_client", "console", "host", "intake_display"),
    ("run_display", "stack"),
    ("doctor",),
    ("chaos", "commands", "demo"),
    ("command_parser",),
    ("operation_options",),
    ("command_options",),
    ("cli",),
    ("__main__",),
)
BENCH_ROOMS = (
    ("errors", "proxy", "quality", "thresholds"),
    ("request_labels", "request_recorder", "results"),
    ("environment", "report", "serving"),
    ("history", "imports", "joins", "members", "promotion_requests", "reading", "sweeps"),
    ("cost", "ticks"),
    ("suite",),
    ("__main__",),
)
# A folder of tests borrows what it needs only from folders on lines above its own.
TEST_ROOMS = (
    ("local_server", "route_parts"),
    ("fakes", "host", "blob_events", "log_lines", "studio"),
    ("identity", "pipeline", "sample_data"),
    ("conftest", "contract", "infra", "page", "simulation"),
    ("azureml", "stack", "unit"),
    ("app", "bench", "chaos", "commands", "demo", "doctor", "e2e"),
)
LAYERS = (
    ("shared", SHARED_ROOMS),
    ("studio", STUDIO_ROOMS),
    ("landfall", COMMAND_ROOMS),
    ("bench", BENCH_ROOMS),
    ("tests", TEST_ROOMS),
)
# What a package may import besides itself. The app and the studio know nothing of each other: two independent readings
# of one protocol. The command starts the studio as a process. Nothing that users run knows the benchmark or a test.
PACKAGES = {
    "shared": set[str](),
    "studio": set[str](),
    "landfall": {"shared", "function_app"},
    "bench": {"shared", "studio", "landfall"},
    "tests": {"shared", "studio", "landfall", "bench", "function_app"},
}
OURS = {*PACKAGES, "function_app"}
ROOMS = {
    f"{package}.{room}": layer for package, layers in LAYERS for layer, rooms in enumerate(layers) for room in rooms
}
# Where the studio speaks HTTP; in the rooms below, an error is one of the domain, and a body is bytes.
STUDIO_EDGE = {"studio.__main__", "studio.api", "studio.app", "studio.commands", "studio.pages", "studio.responses"}
WEB_LIBRARIES = {"anyio", "starlette", "uvicorn"}
# The adapters are the edge: whatever decides or drives knows the ports alone, and nobody but these knows an adapter.
MAY_KNOW_ADAPTERS = {"shared.adapters", "shared.wiring"}
# What a module of the app imports besides the standard library: what is not named here is pure.
LIBRARIES = {
    "shared.adapters": {"azure", "azurefunctions", "requests", "urllib3"},
    "function_app": {"azure"},
    # Sketches are no code to write anew; they are imported, with numpy, only where a route measures drift.
    "shared.intake.drift_measures": {"datasketches"},
    "shared.intake.profile": {"datasketches"},
    "shared.intake.sketches": {"datasketches"},
}
HEAVY = (
    "azure.storage.blob",
    "azure.identity",
    "aiohttp",
    "datasketches",
    "pandas",
    "numpy",
    "pydantic",
    "httpx",
    "opentelemetry",
    "rich",
    "lightgbm",
    "landfall",
    "studio",
    "starlette",
)


@functools.cache
def imports_of(path: Path) -> tuple[str, ...]:
    """Return every module that a file imports, wherever in it."""
    imported: list[str] = []
    for node in ast.walk(tree_of(path)):
        if isinstance(node, ast.Import):
            imported += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            for alias in node.names:
                within = f"{node.module}.{alias.name}"
                is_module = (ROOT / Path(*within.split("."))).with_suffix(".py").exists()
                imported.append(within if is_module else node.module)
    return tuple(imported)


def tree_of(path: Path) -> ast.Module:
    """Return a file's syntax tree."""
    return ast.parse(path.read_text(encoding="utf-8"))


def room_of(module: str) -> str:
    """Return the room that a module of one of our packages is in."""
    names = module.split(".")
    return ".".join(names[:3] if names[1] == "adapters" else names[:2])


def files(package: str) -> list[Path]:
    """Return the Python files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def module_of(path: Path) -> str:
    """Return the dotted name of a file."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts)


def top_of(module: str) -> str:
    """Return the package at the top."""
    return module.split(".", 1)[0]


@pytest.mark.parametrize("package", PACKAGES)
def test_every_import_leads_down(package: str) -> None:
    """A room imports itself and the rooms below it, and of other packages only those that its own may know."""
    wrong = []
    for path in files(package):
        room = room_of(module_of(path))
        for module in imports_of(path):
            if top_of(module) != package:
                fine = top_of(module) not in OURS or top_of(module) in PACKAGES[package]
            else:
                fine = room_of(module) == room or ROOMS[room_of(module)] < ROOMS[room]
            if not fine:
                wrong.append(f"{path.relative_to(ROOT)} imports {module}")
    assert wrong == []


@pytest.mark.parametrize("package", PACKAGES)
def test_a_package_says_its_purpose_and_imports_nothing(package: str) -> None:
    """Each `__init__` is one docstring: to import a package costs nothing and hides no circle."""
    inits = [path for path in files(package) if path.name == "__init__.py"]
    assert [path for path in inits if imports_of(path)] == []
    assert [path for path in inits if not ast.get_docstring(tree_of(path))] == []


def test_what_is_deployed_is_light_and_keeps_the_edge_out() -> None:
    """It imports the standard library, and at the edge alone the SDKs; only the edge and the wiring know adapters."""
    wrong = []
    for path in [ROOT / "function_app.py", *files("shared")]:
        module = module_of(path)
        edge = "shared.adapters" if module.startswith("shared.adapters.") else module
        for imported in imports_of(path):
            if top_of(imported) == "shared":
                fine = not imported.startswith("shared.adapters.") or edge in MAY_KNOW_ADAPTERS
                fine = fine or module == "function_app"
            else:
                fine = top_of(imported) in sys.stdlib_module_names or top_of(imported) in LIBRARIES.get(edge, set())
            if not fine:
                wrong.append(f"{module} imports {imported}")
    assert wrong == []


def test_the_core_of_the_studio_knows_no_http() -> None:
    """Below the edge no module imports a web library, the shape of an answer, or an error that has a status code."""
    wrong = []
    for path in files("studio"):
        if path.name == "__init__.py" or room_of(module_of(path)) in STUDIO_EDGE:
            continue
        for imported in imports_of(path):
            edge = imported.startswith("studio.") and room_of(imported) in STUDIO_EDGE
            if edge or top_of(imported) in WEB_LIBRARIES:
                wrong.append(f"{path.relative_to(ROOT)} imports {imported}")
    assert wrong == []


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
