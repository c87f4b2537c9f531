"""The Bicep compiler: whether it is here, and what the tests and `make snapshots` ask of it."""

import functools
import json
import re
import shutil
import subprocess
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from tests.infra.compiler_server import Server
from tests.infra.sources import BICEP_VERSION, DIGEST, FIRST_UP, ROOT, SNAPSHOTS, digest, first_up

BICEP_FILES, PARAMETER_FILES = "infra/**/*.bicep", "tests/infra/snapshots/**/*.bicepparam"
REFUSALS = SNAPSHOTS / "refused.json"

# Where and as what the deployment takes place. Names contain a hash of the subscription, so these values are fixed.
PLACE = {
    "tenantId": "11111111-1111-1111-1111-111111111111",
    "subscriptionId": "22222222-2222-2222-2222-222222222222",
    "location": "westeurope",
    "deploymentName": "landfall",
}
GROUP = {"resourceGroup": "rg-landfall-dev"}

_ADVICE = re.compile(r"\.?\s*Please see https://aka\.ms/[\w-]+ for usage details\.")
_FAILED = re.compile(r"is not valid: (.*)$", re.DOTALL)


class CompilerError(Exception):
    """The compiler refused what it should accept, or accepted what it should refuse. The text is what it printed."""


@functools.cache
def compiler() -> str | None:
    """Return the path of the compiler, or None unless the PATH has exactly the version that the snapshots are of."""
    path = shutil.which("bicep")
    if path is None:
        return None
    printed = subprocess.run([path, "--version"], capture_output=True, text=True, check=True).stdout
    return path if f" {BICEP_VERSION} " in printed else None


def _needed_compiler() -> str:
    """Return the path of the compiler.

    Raises:
        CompilerError: It is not here.
    """
    path = compiler()
    if path is None:
        raise CompilerError(
            f"No Bicep {BICEP_VERSION} is on the PATH. Run `az bicep install --version v{BICEP_VERSION}`, and put"
            " ~/.azure/bin on the PATH."
        )
    return path


def bicep(*arguments: str | Path, folder: Path = ROOT) -> str:
    """Run the compiler in a folder; return what it prints.

    Raises:
        CompilerError: It failed, or it printed a warning.
    """
    command = [_needed_compiler(), *map(str, arguments)]
    run = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    if run.returncode or run.stderr.strip():
        raise CompilerError(f"{run.stdout}{run.stderr}".strip())
    return run.stdout


def accepted() -> list[Path]:
    """Return the parameter files of the deployments that have a snapshot."""
    return sorted(SNAPSHOTS.glob("*.bicepparam"))


def refused() -> list[Path]:
    """Return the parameter files of the deployments that Bicep refuses."""
    return sorted((SNAPSHOTS / "refused").glob("*.bicepparam"))


def place_of(parameters: Path) -> dict[str, str]:
    """Return where a deployment takes place: in the subscription, or in its group."""
    return {**PLACE, **GROUP} if "/infra/app/" in parameters.read_text(encoding="utf-8") else PLACE


def snapshot(parameters: Path, mode: str) -> None:
    """Write the snapshot of a deployment, or compare it with the file (`Overwrite`, `Validate`).

    Raises:
        CompilerError: The deployment is refused, or the snapshot differs.
    """
    names = {name: re.sub("[A-Z]", lambda match: f"-{match[0].lower()}", name) for name in place_of(parameters)}
    place = [text for name, value in place_of(parameters).items() for text in (f"--{names[name]}", value)]
    bicep("snapshot", parameters, "--mode", mode, *place)


def server() -> Server:
    """Start the compiler as a server, for a `with` statement.

    Raises:
        CompilerError: It is not here.
    """
    return Server(_needed_compiler())


def refusal(parameters: Path, running: Server) -> str:
    """Return the message with which a deployment is refused.

    Raises:
        CompilerError: It is not refused, or the templates or the parameters cannot be read.
    """
    answer = running.snapshot(parameters, place_of(parameters))
    error = answer.get("error", {}).get("data") or {}
    if not str(error.get("type")).endswith(".TemplateValidationException"):
        raise CompilerError(f"{parameters.name} is not refused: {json.dumps(answer)[:2000]}")
    message = _ADVICE.sub(".", error["message"])
    failed = _FAILED.search(message)
    return re.sub(r"\.+$", ".", failed[1] if failed else message)


def refusals() -> dict[str, str]:
    """Return the message of each refused deployment by the name of its parameter file."""
    with server() as running:
        return {path.stem: refusal(path, running) for path in refused()}


def written_snapshot(parameters: Path) -> Path:
    """Return the path of a parameter file's snapshot."""
    return parameters.with_suffix(".snapshot.json")


def write_snapshot(parameters: Path) -> None:
    """Write the snapshot of a deployment, the same each time: the compiler lists outputs in random order."""
    snapshot(parameters, "Overwrite")
    path = written_snapshot(parameters)
    document = json.loads(path.read_text(encoding="utf-8"))
    document["outputs"] = dict(sorted(document["outputs"].items()))
    path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def renew() -> None:
    """Format the Bicep files and write every snapshot, every refusal and the digest of their sources."""
    FIRST_UP.write_text(first_up(), encoding="utf-8")
    bicep("format", "--pattern", BICEP_FILES)
    bicep("format", "--pattern", PARAMETER_FILES)
    with ThreadPoolExecutor(2) as pool:
        list(pool.map(write_snapshot, accepted()))
    REFUSALS.write_text(json.dumps(refusals(), indent=2) + "\n", encoding="utf-8")
    for path in SNAPSHOTS.glob("*.snapshot.json"):
        if path.with_name(path.name.replace(".snapshot.json", ".bicepparam")) not in accepted():
            path.unlink()
    DIGEST.write_text(digest() + "\n", encoding="utf-8")


if __name__ == "__main__":
    renew()
