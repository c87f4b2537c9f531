"""The order of a deployment: what looks a resource up, or needs a role, waits for the module that makes it."""

import re
from collections.abc import Mapping

from tests.infra.sources import text_of

_BLOCK = re.compile(r"^module (\w+) '([^']+)' = .*?^}$", re.MULTILINE | re.DOTALL)
_TYPE = r"^resource \w+ '([^@/]+/[^@/]+)@[^']+' "


def modules() -> Mapping[str, tuple[str, str]]:
    """Return the file and the text of each module of main.bicep."""
    return {match[1]: (match[2], match[0]) for match in _BLOCK.finditer(text_of("main.bicep"))}


def awaited(name: str) -> set[str]:
    """Return all modules that are deployed before a module: it reads their outputs or names them in dependsOn."""
    done: set[str] = set()
    waiting = {name}
    while waiting:
        text = modules()[waiting.pop()][1]
        listed = re.search(r"^  dependsOn: \[(.*?)\]", text, re.MULTILINE | re.DOTALL)
        before = {*re.findall(r"\b(\w+)\.outputs\.", text), *re.findall(r"\w+", listed[1] if listed else "")}
        waiting |= before - done
        done |= before
    return done


def names_given(name: str) -> set[str]:
    """Return the variables with names of resources that a module is given."""
    return set(re.findall(r": (\w+Name)$", modules()[name][1], re.MULTILINE))


def makers(type_: str, names: set[str]) -> set[str]:
    """Return the modules that make a resource of a type with one of these names."""
    return {
        name
        for name, (file, _) in modules().items()
        if names_given(name) & names and type_ in re.findall(_TYPE + r"(?!existing)", text_of(file), re.MULTILINE)
    }


def test_a_module_waits_for_what_it_looks_up() -> None:
    """Names are passed as variables, so Azure does not know by itself that the resource must be there first."""
    looked_up = {
        (name, type_)
        for name, (file, _) in modules().items()
        for type_ in re.findall(_TYPE + "existing", text_of(file), re.MULTILINE)
    }

    assert {("events", "Microsoft.Storage/storageAccounts"), ("roles", "Microsoft.KeyVault/vaults")} <= looked_up
    for name, type_ in looked_up:
        made_by = makers(type_, names_given(name))
        assert made_by, f"{name} looks up {type_}"
        assert made_by <= awaited(name), f"{name} looks up {type_}"


def test_the_app_starts_with_its_roles_and_its_storage() -> None:
    """Without them the host fails at its first start, and the platform cannot read the package."""
    assert {"roles", "identity", "storage", "hostStorage", "vault", "monitoring"} <= awaited("functionApp")


def test_a_conditional_module_is_awaited_by_name_only() -> None:
    """It may be absent, so no expression reads its outputs."""
    main = text_of("main.bicep")
    conditional = set(re.findall(r"^module (\w+) '[^']+' = if ", main, re.MULTILINE))

    assert {"budget", "hostStorage", "studio"} <= conditional
    assert not [name for name in conditional if f"{name}.outputs" in main]
