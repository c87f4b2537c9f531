"""The Bicep files as they are written, the parameters that azd fills in, and a digest of what the snapshots are of."""

import hashlib
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
SNAPSHOTS = Path(__file__).parent / "snapshots"
# Deployed by themselves: by the hook after the code, and by a person whose app has lost its timers.
STANDALONE = {"app/eventgrid-subscription.bicep", "app/outside-clock.bicep"}
FILES = sorted(INFRA.rglob("*.bicep"))
PARAMETERS = INFRA / "main.parameters.json"
DOCKERFILE = ROOT / "studio" / "Dockerfile"  # app/studio.bicep reads the digest of the base
FIRST_UP = SNAPSHOTS / "first-up.bicepparam"
DIGEST = SNAPSHOTS / "sources.sha256"
BICEP_VERSION = (ROOT / ".ci" / "bicep-version").read_text(encoding="utf-8").strip()

_VARIABLE = re.compile(r"\$\{([A-Z0-9_]+)(?:=([^}]*))?\}")
_DECLARATION = re.compile(r"^param (\w+) (\S+)", re.MULTILINE)


def text_of(name: str) -> str:
    """Return the text of a file below infra/."""
    return (INFRA / name).read_text(encoding="utf-8")


def name_of(path: Path) -> str:
    """Return the path of a Bicep file below infra/."""
    return path.relative_to(INFRA).as_posix()


def parameter_names(name: str) -> set[str]:
    """Return the parameters that a file declares."""
    return {parameter for parameter, _ in _DECLARATION.findall(text_of(name))}


def required_parameters(name: str) -> set[str]:
    """Return the parameters of a file that have no default."""
    return set(re.findall(r"^param (\w+) \S+$", text_of(name), re.MULTILINE))


def parameters_by_azd(variables: Mapping[str, str]) -> dict[str, Any]:
    """Return the parameters that azd passes to main.bicep if the environment has these variables and no others.

    Like `loadParameters` in azd's bicep_provider.go: the file is JSON before a variable is replaced. A variable that is
    unset or empty becomes the default beside its name, else an empty text. A parameter that is an empty text because a
    variable is unset is left out, so the template's default holds. A text for a parameter of another type is read as
    JSON.
    """
    types = dict(_DECLARATION.findall(text_of("main.bicep")))

    def filled(value: Any) -> Any:
        if isinstance(value, dict):
            return {name: filled(member) for name, member in value.items()}
        if isinstance(value, list):
            return [filled(member) for member in value]
        if isinstance(value, str):
            return _VARIABLE.sub(lambda match: variables.get(match[1]) or match[2] or "", value)
        return value

    document = json.loads(PARAMETERS.read_text(encoding="utf-8"))
    written = {name: parameter["value"] for name, parameter in document["parameters"].items()}
    unset = {
        name
        for name, value in written.items()
        if isinstance(value, str) and {variable for variable, _ in _VARIABLE.findall(value)} - set(variables)
    }
    given = {name: filled(value) for name, value in written.items()}
    return {
        name: json.loads(value) if isinstance(value, str) and types[name] != "string" else value
        for name, value in given.items()
        if value != "" or name not in unset
    }


def first_up() -> str:
    """Return the parameter file of the first `azd up`: azd's three variables, and nothing that a person sets."""
    given = parameters_by_azd({"AZURE_ENV_NAME": "landfall-dev", "AZURE_LOCATION": "westeurope"})
    lines = [
        "// Written by `make snapshots`: what azd passes at the first `azd up`.",
        "using '../../../infra/main.bicep'",
        "",
        *(f"param {name} = {_literal(value)}" for name, value in given.items()),
    ]
    return "\n".join(lines) + "\n"


def _literal(value: Any, indent: str = "") -> str:
    """Write a JSON value in Bicep, as the formatter leaves it."""
    if isinstance(value, str):
        return "'" + value.replace("\\", "\\\\").replace("'", "\\'").replace("${", "\\${") + "'"
    if isinstance(value, dict | list) and value:
        deeper = indent + "  "
        members = (
            [f"{name}: {_literal(member, deeper)}" for name, member in value.items()]
            if isinstance(value, dict)
            else [_literal(member, deeper) for member in value]
        )
        opening, closing = "{}" if isinstance(value, dict) else "[]"
        return f"{opening}\n" + "".join(f"{deeper}{member}\n" for member in members) + f"{indent}{closing}"
    return json.dumps(value)


def digest() -> str:
    """Return the SHA-256 of everything that the snapshots are made of, the same on every machine."""
    sources = [*FILES, DOCKERFILE, INFRA / "bicepconfig.json", PARAMETERS, *SNAPSHOTS.rglob("*.bicepparam")]
    content = hashlib.sha256(BICEP_VERSION.encode())
    for path in sorted(sources, key=lambda source: source.relative_to(ROOT).as_posix()):
        text = path.read_text(encoding="utf-8")  # with universal newlines: a checkout on Windows has CRLF
        content.update(f"\n{path.relative_to(ROOT).as_posix()} {len(text)}\n{text}".encode())
    return content.hexdigest()
