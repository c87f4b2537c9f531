"""Reads the Bicep files: syntax by a parser, names by a scanner.

The parser drops quotes, so the text 'name' and the symbol name look the same in its tree. The scanner tells them apart.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pycep import BicepParser

ROOT = Path(__file__).resolve().parents[2]
INFRA = ROOT / "infra"
FILES = sorted(INFRA.rglob("*.bicep"))

# What begins a declaration, and words of the language that stand where a name could.
_KEYWORDS = frozenset(
    {
        "param",
        "var",
        "resource",
        "module",
        "output",
        "existing",
        "targetScope",
        "string",
        "int",
        "bool",
        "object",
        "array",
        "if",
        "for",
        "in",
        "true",
        "false",
        "null",
    }
)
_DECLARED = re.compile(r"^(?:param|var|resource|module) (\w+)", re.MULTILINE)
_LOCAL = re.compile(r"\bfor (\w+) in\b|\b(\w+) =>")
_NAME = re.compile(r"(?<![\w.@'])([A-Za-z_]\w*)\s*(\(|:|=>)?")


@dataclass(frozen=True)
class Resource:
    """A resource that a file declares, or looks up if it is `existing`."""

    symbol: str
    type: str
    version: str
    existing: bool
    conditional: bool
    config: Mapping[str, Any]

    @property
    def properties(self) -> Mapping[str, Any]:
        """Its `properties`."""
        members: Mapping[str, Any] = self.config.get("properties") or {}
        return members


@dataclass(frozen=True)
class Template:
    """One Bicep file."""

    path: Path
    text: str
    tree: Mapping[str, Any]

    @property
    def name(self) -> str:
        """Its path below infra/."""
        return self.path.relative_to(INFRA).as_posix()

    def part(self, kind: str) -> Mapping[str, Any]:
        """Return all `parameters`, `variables`, `resources`, `modules` or `outputs` by name."""
        members: Mapping[str, Any] = self.tree.get(kind) or {}
        return members

    def resources(self, type_: str | None = None) -> list[Resource]:
        """Return the resources, of one type if it is named; what is looked up is among them."""
        declared = [
            Resource(
                symbol,
                member["type"],
                member["api_version"],
                member["existing"],
                "condition" in (member["config"] or {}),
                _plain(member["config"]),
            )
            for symbol, member in self.part("resources").items()
        ]
        return [resource for resource in declared if type_ in {None, resource.type}]

    def only(self, type_: str) -> Resource:
        """Return the one resource of a type that the file declares."""
        (declared,) = (resource for resource in self.resources(type_) if not resource.existing)
        return declared

    def variable(self, name: str) -> Any:
        """Return the value of a variable."""
        return self.part("variables")[name]["value"]

    def module_parameters(self, symbol: str) -> Mapping[str, Any]:
        """Return what a module is given."""
        parameters: Mapping[str, Any] = _plain(self.part("modules")[symbol]["config"]).get("params") or {}
        return parameters

    def declared(self) -> set[str]:
        """Return every symbol that the file declares."""
        return set(_DECLARED.findall(self.text))

    def used(self) -> set[str]:
        """Return every symbol that an expression of the file uses, those within texts included."""
        code = code_of(self.text)
        local = {name for pair in _LOCAL.findall(code) for name in pair if name}
        symbols = set()
        for line in code.splitlines():
            line = re.sub(r"^(?:param|output) (\w+) \w+", "", line)  # noqa: PLW2901 - its name and type are no uses
            line = re.sub(r"^(?:var|resource|module) \w+", "", line)  # noqa: PLW2901 - as above
            for name, after in _NAME.findall(line):
                if after not in {"(", ":", "=>"}:
                    symbols.add(name)
        # A name before a colon is a property's, but not in `a ? b : c` and `[for a in b: …]`.
        symbols |= set(re.findall(r"\? (\w+) :", code)) | set(re.findall(r"\bin (\w+):", code))
        return symbols - local - _KEYWORDS

    def functions(self) -> set[str]:
        """Return every function that an expression calls."""
        return {name for name, after in _NAME.findall(code_of(self.text)) if after == "("} - _KEYWORDS


def _plain(config: Any) -> Mapping[str, Any]:
    """Return the content of the braces without the loop or condition around it."""
    while isinstance(config, dict) and "config" in config and ("loop_type" in config or "condition" in config):
        config = config["config"]
    return config or {}


def code_of(text: str) -> str:
    """Return a file without comments and texts. Expressions inside texts stay, in parentheses."""
    return "".join(_code(text, 0, "")[0])


def _code(text: str, at: int, end: str) -> tuple[list[str], int]:
    """Scan an expression up to its `end`; returns its code, and where it ended."""
    out: list[str] = []
    depth = 0
    while at < len(text):
        char = text[at]
        if char == end and not depth:
            return out, at + 1
        if text.startswith("//", at):
            at = (text.find("\n", at) + 1 or len(text) + 1) - 1
            continue
        if char == "'":
            inner, at = _text(text, at + 1)
            out += ["''", *inner]
            continue
        depth += (char == "{") - (char == "}")
        out.append(char)
        at += 1
    return out, at


def _text(text: str, at: int) -> tuple[list[str], int]:
    """Scan a text after its opening quote; returns the expressions in it, and where it ended."""
    out: list[str] = []
    while text[at] != "'":
        if text[at] == "\\":
            at += 2
        elif text.startswith("${", at):
            inner, at = _code(text, at + 2, "}")
            out += [" (", *inner, ") "]
        else:
            at += 1
    return out, at + 1


def _unquoted(tree: Any) -> Any:
    """Remove the quotes that the parser leaves on some property names."""
    if isinstance(tree, dict):
        return {str(name).strip("'"): _unquoted(value) for name, value in tree.items()}
    return [_unquoted(item) for item in tree] if isinstance(tree, list) else tree


@functools.cache
def template(name: str) -> Template:
    """Read a file below infra/."""
    path = INFRA / name
    text = path.read_text(encoding="utf-8")
    return Template(path, text, _unquoted(BicepParser().parse(text=text)))


def templates() -> Iterator[Template]:
    """Read every file."""
    return (template(path.relative_to(INFRA).as_posix()) for path in FILES)


def dotted(value: Any) -> str:
    """Return a property access as the file writes it, such as `storage.outputs.name`; other values as text."""
    if isinstance(value, dict) and set(value) == {"operator"} and value["operator"]["type"] == "property_accessor":
        operands = value["operator"]["operands"]
        return f"{dotted(operands['operand_1'])}.{dotted(operands['operand_2'])}"
    return str(value)
