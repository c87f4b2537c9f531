"""Checks our requests against the service's own contract, with every object closed: no key of ours may be unknown."""

import json
import re
from functools import cache
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from jsonschema import Draft202012Validator

from tests.contract.scripted import ReceivedRequest

CONTRACT = Path(__file__).parent / "contract" / "azureml.strict.openapi.json"
_PARAMETER = re.compile(r"\{[^}]+\}")


def assert_in_contract(request: ReceivedRequest) -> None:
    """Fail if a request to ARM is not as the contract has it: path, method, version, body."""
    parts = urlsplit(request.path)
    operation = _operation(parts.path, request.method.lower())
    versions = [p["schema"]["const"] for p in operation["parameters"] if p["name"] == "api-version"]
    assert parse_qs(parts.query) == {"api-version": versions}, request.path
    schema = operation.get("requestBody")
    if schema is None:
        assert request.body in {b"", b"{}"}, f"{request.method} {parts.path} takes no body"
        return
    body = json.loads(request.body)
    errors = list(_validator(_reference(schema)).iter_errors(body))
    assert not errors, "\n".join(
        f"{'/'.join(map(str, error.absolute_path))}: {error.message[:300]}" for error in errors
    )
    assert not list(_read_only(body, _reference(schema))), "a key that only the service writes is sent"


def _operation(path: str, method: str) -> dict[str, Any]:
    for template, operations in _contract()["paths"].items():
        pattern = "".join(
            re.escape(part) if index % 2 == 0 else r"[^/]+"
            for index, part in enumerate(re.split(r"(\{[^}]+\})", template))
        )
        if re.fullmatch(pattern, path, re.IGNORECASE) and method in operations:
            operation: dict[str, Any] = operations[method]
            return operation
    raise AssertionError(f"the contract has no {method} of {path}")


def _reference(body: dict[str, Any]) -> dict[str, Any]:
    schema: dict[str, Any] = body["content"]["application/json"]["schema"]
    return schema


@cache
def _contract() -> dict[str, Any]:
    document: dict[str, Any] = json.loads(CONTRACT.read_text(encoding="utf-8"))
    return document


def _validator(schema: dict[str, Any]) -> Draft202012Validator:
    return Draft202012Validator({**schema, "components": _contract()["components"]})


def _read_only(value: Any, schema: dict[str, Any]) -> Any:
    """Yield the keys that are sent although only the service may write them, in objects whose kind is certain."""
    if "$ref" in schema:
        named = schema["$ref"].removeprefix("#/components/schemas/")
        schema = _contract()["components"]["schemas"][named]
    if not isinstance(value, dict):
        return
    for name, kind in schema.get("properties", {}).items():
        if name in value:
            if kind.get("readOnly"):
                yield name
            yield from _read_only(value[name], kind)
