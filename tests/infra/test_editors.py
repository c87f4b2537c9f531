"""The files for editors: the dev container, VS Code's tasks and configurations, and the requests for an HTTP client."""

import json
import re
import subprocess
from typing import Any

import pytest

from landfall.command_options import build_parser
from landfall.commands.package import deployed_files
from landfall.stack.azurite import ROOT
from landfall.stack.settings import KEY_SETTING
from landfall.stack.stack_ports import USUAL_HOST, USUAL_STUDIO
from shared.operators import http_operations

FOLDERS = (".devcontainer", ".vscode")
REQUEST = re.compile(r"^(GET|POST) \{\{api\}\}/([\w/]+)(\?\S*)?$")


def read(name: str) -> dict[str, Any]:
    """Return one of the files."""
    document = json.loads((ROOT / name).read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def landfall_commands() -> list[str]:
    """Return the command lines after `landfall` that tasks and configurations run."""
    tasks = [task["command"] for task in read(".vscode/tasks.json")["tasks"]]
    configurations = read(".vscode/launch.json")["configurations"]
    return [command.partition("landfall ")[2] for command in tasks if "landfall " in command] + [
        " ".join(each["args"]) for each in configurations if each["module"] == "landfall"
    ]


def test_they_are_kept_and_not_deployed() -> None:
    """Git ignores none of them, and the package has none of them."""
    files = [
        str(file.relative_to(ROOT))
        for folder in FOLDERS
        for file in (ROOT / folder).iterdir()
        if file.suffix == ".json"
    ]
    ignored = subprocess.run(
        ["git", "check-ignore", *files, "requests.http"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ignored.stdout == ""
    deployed = {file.as_posix() for file in deployed_files(ROOT)}
    assert not deployed & {*files, "requests.http"}


def test_the_dev_container_has_the_versions_of_the_workflows() -> None:
    """Python, Node.js, the Azure CLI, azd and Bicep have exact versions, and those that a workflow pins are its own."""
    container = read(".devcontainer/devcontainer.json")
    assert "python:3.13" in container["image"]
    features = {key.rpartition("/")[2].partition(":")[0]: (key, value) for key, value in container["features"].items()}
    assert set(features) == {"node", "azure-cli", "azd"}
    for key, _ in features.values():
        assert re.search(r":\d+\.\d+\.\d+$", key), key
    workflows = "\n".join(file.read_text(encoding="utf-8") for file in (ROOT / ".github").rglob("*.yml"))
    (node,) = set(re.findall(r'node-version: "(\d+)"', workflows))
    assert features["node"][1]["version"] == node
    (azd,) = set(re.findall(r"uses: Azure/setup-azd@.*\n\s+with:\n\s+version: (\S+)", workflows))
    assert features["azd"][1]["version"] == azd
    bicep = (ROOT / ".ci" / "bicep-version").read_text(encoding="utf-8").strip()
    assert features["azure-cli"][1]["bicepVersion"] == f"v{bicep}"
    assert re.fullmatch(r"\d+\.\d+\.\d+", features["azure-cli"][1]["version"])
    assert "npm ci --prefix .github/core-tools" in container["postCreateCommand"]
    assert container["forwardPorts"] == [USUAL_HOST, USUAL_STUDIO]


def test_the_editor_offers_the_same_extensions() -> None:
    """A window in the dev container has what a window outside of it recommends, and Dev Containers is outside alone."""
    inside = set(read(".devcontainer/devcontainer.json")["customizations"]["vscode"]["extensions"])
    recommended = set(read(".vscode/extensions.json")["recommendations"])
    assert recommended == inside | {"ms-vscode-remote.remote-containers"}


def test_tasks_and_configurations_run_what_exists() -> None:
    """Each `make` target exists, each command line of `landfall` is understood, and each module can be run."""
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    made = {
        match[1] for task in read(".vscode/tasks.json")["tasks"] if (match := re.match("make (.+)", task["command"]))
    }
    assert {"setup", "check", "test"} <= made <= targets
    for command in landfall_commands():
        build_parser().parse_args(command.split())
    for each in read(".vscode/launch.json")["configurations"]:
        assert each["module"] == "pytest" or (ROOT / each["module"] / "__main__.py").exists()


def requests() -> list[tuple[str, str, str, str]]:
    """Return the requests of requests.http: method, path, query and body."""
    sent = []
    for block in (ROOT / "requests.http").read_text(encoding="utf-8").split("###")[1:]:
        lines = block.strip().splitlines()
        index = next(index for index, line in enumerate(lines) if line.split()[0] in {"GET", "POST"})
        match = REQUEST.match(lines[index])
        assert match, lines[index]
        body = "\n".join(lines[lines.index("", index) :]).strip() if "" in lines[index:] else ""
        sent.append((match[1], match[2], match[3] or "", body))
    return sent


def routes() -> dict[str, set[str]]:
    """Return the routes of the app with their methods."""
    source = (ROOT / "function_app.py").read_text(encoding="utf-8")
    declared = re.findall(r'@app\.route\("([^"]+)", methods=\[([^\]]+)\]', source)
    assert len(declared) == source.count("@app.route(")
    return {path: set(re.findall(r"[A-Z]+", methods)) for path, methods in declared}


def test_each_request_is_a_route_of_the_app() -> None:
    """A request that was renamed or removed in the app is no longer in requests.http."""
    for method, path, _, _ in requests():
        route = re.sub(r"^operations/\w+$", "operations/{operation}", path)
        assert method in routes()[route], path


def test_each_route_of_the_app_has_a_request() -> None:
    """Whoever adds an HTTP function adds its request, with each of its methods."""
    sent = {(re.sub(r"^operations/\w+$", "operations/{operation}", path), method) for method, path, _, _ in requests()}
    targets = [(method, path, query) for method, path, query, _ in requests()]
    assert len(targets) == len(set(targets))
    assert sent == {(path, method) for path, methods in routes().items() for method in methods}


def test_each_operation_has_a_request() -> None:
    """Its body has the members that the operation requires, and no others than it knows."""
    bodies = {path.partition("/")[2]: body for _, path, _, body in requests() if path.startswith("operations/")}
    assert set(bodies) == set(http_operations._OPERATIONS)
    for name, body in bodies.items():
        members = set(json.loads(body.replace("{{", "<").replace("}}", ">")))
        operation = http_operations._OPERATIONS[name]
        assert operation.required <= members <= operation.required | operation.optional, name


@pytest.mark.parametrize("of_the_stack", ["key", "address"])
def test_the_requests_have_the_values_of_the_local_stack(of_the_stack: str) -> None:
    """The task and the configuration start a stack with the key and at the port that requests.http has."""
    values = dict(re.findall(r"^@(\w+) = (.*)$", (ROOT / "requests.http").read_text(encoding="utf-8"), re.MULTILINE))
    if of_the_stack == "address":
        assert values["api"] == f"http://127.0.0.1:{USUAL_HOST}/api"
    else:
        stacks = [command for command in landfall_commands() if command.startswith("up")]
        assert stacks
        assert all(command == f"up --set {KEY_SETTING}={values['key']}" for command in stacks)
