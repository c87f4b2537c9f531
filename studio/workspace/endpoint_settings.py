"""The settings of an endpoint, and the body of AddEndpoint that carries them (protocol 3.2)."""

import re
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from studio.errors import RequestError
from studio.json_values import Json
from studio.wire.errors import unreadable_body
from studio.wire.json_body import read_object
from studio.workspace.errors import (
    FixedCallsError,
    SettingsError,
    SettingTypeError,
    SettingValueError,
    TooManyCallsError,
    broken_rule,
)

LOW_CALLS = 4  # at the level Low, always (protocol 1.10)
DEFAULT_CALLS = 20
MAX_CALLS = 200
_NAME = re.compile(r"[a-z0-9]{1,24}")

type Problems = list[RequestError]


class ThrottleLevel(StrEnum):
    """How an endpoint's requests are bounded (protocol 1.10)."""

    LOW = "Low"  # 4 at once, always
    HIGH = "High"  # as many at once as MaxConcurrentCalls says


@dataclass(frozen=True)
class EndpointSettings:
    """What the owner of an endpoint may set; the defaults are those of the original (protocol 1.10)."""

    description: str | None = None
    throttle_level: ThrottleLevel = ThrottleLevel.HIGH
    max_concurrent_calls: int = DEFAULT_CALLS
    prevent_update: bool = False


def read_settings(
    body: bytes, present: EndpointSettings, *, service_id: str, name: str, follows_experiment: bool
) -> EndpointSettings:
    """Return the settings that a body asks for; a setting that is absent or null stays as in `present`.

    `follows_experiment` says that the endpoint is the default one, which cannot be updated.

    Raises:
        InvalidBodyError: the body is no JSON object.
        SettingsError: names every problem of the name and the settings at once.
    """
    problems: Problems = []
    if not _NAME.fullmatch(name):
        problems.append(_bad_value("EndpointName", f"{name!r} is not 1 to 24 lower-case letters or digits"))
    members = _members(body)
    _check_address(members, service_id, name, problems)
    description = _typed(members, "Description", str, problems)
    prevent_update = _typed(members, "PreventUpdate", bool, problems)
    if follows_experiment and prevent_update is False:
        text = "the default endpoint stays in sync with the experiment and cannot be made updatable"
        problems.append(_bad_value("PreventUpdate", text))
    level, calls = _throttle(members, present, problems)
    if problems:
        raise SettingsError(problems)
    return EndpointSettings(
        present.description if description is None else description,
        level,
        calls,
        present.prevent_update if prevent_update is None else prevent_update,
    )


def read_overwrite(body: bytes) -> bool:
    """Return `OverwriteResources` from the body of a refresh, given as a boolean or its name; absent means false.

    Raises:
        InvalidBodyError: the body is no JSON object.
        SettingTypeError: the value is neither.
    """
    value = _members(body).get("overwriteresources")
    if isinstance(value, str):
        value = {"true": True, "false": False}.get(value.strip().lower(), value)
    if value is not None and not isinstance(value, bool):
        raise _bad_type("OverwriteResources", 'true or false, or "True" or "False"')
    return bool(value)


def _members(body: bytes) -> Json:
    """Return the members of a body, which may be left out."""
    return read_object(body) if body.strip() else {}


def _bad_value(parameter: str, text: str) -> SettingValueError:
    return SettingValueError(broken_rule(parameter, text))


def _bad_type(parameter: str, what: str) -> SettingTypeError:
    return SettingTypeError(unreadable_body(f"{parameter} must be {what}"))


def _typed(members: Json, parameter: str, kind: type, problems: Problems) -> Any:
    """Return a member; None if it is absent, or of another type, which is noted as a problem."""
    value = members.get(parameter.lower())
    if value is None or type(value) is kind:  # exactly: a bool is not a number here
        return value
    what = {str: "a string", int: "a whole number", bool: "true or false"}[kind]
    problems.append(_bad_type(parameter, what))
    return None


def _check_address(members: Json, service_id: str, name: str, problems: Problems) -> None:
    """Note as a problem that the body names another service or endpoint than the URL."""
    service = _typed(members, "WebServiceId", str, problems)
    if service is not None and service.replace("-", "").lower() != service_id:
        problems.append(_bad_value("WebServiceId", f"it is {service!r}, and {service_id!r} in the URL"))
    endpoint = _typed(members, "EndpointName", str, problems)
    if endpoint is not None and endpoint != name:
        problems.append(_bad_value("EndpointName", f"it is {endpoint!r}, and {name!r} in the URL"))


def _throttle(members: Json, present: EndpointSettings, problems: Problems) -> tuple[ThrottleLevel, int]:
    """Return the throttle level and the number of concurrent calls that a body asks for."""
    level = present.throttle_level
    text = _typed(members, "ThrottleLevel", str, problems)
    if text is not None:
        named = {level.lower(): level for level in ThrottleLevel}
        if text.lower() not in named:
            problems.append(_bad_value("ThrottleLevel", f"{text!r} is not Low or High"))
        level = named.get(text.lower(), level)
    calls = _typed(members, "MaxConcurrentCalls", int, problems)
    if calls is None:
        kept = present.max_concurrent_calls if present.throttle_level is ThrottleLevel.HIGH else DEFAULT_CALLS
        return level, LOW_CALLS if level is ThrottleLevel.LOW else kept
    if calls > MAX_CALLS:
        text = f"Cannot set concurrent request requirement to more than {MAX_CALLS}."
        problems.append(TooManyCallsError(text))
    elif calls < 1:
        problems.append(_bad_value("MaxConcurrentCalls", f"{calls} is not 1 to {MAX_CALLS}"))
    elif level is ThrottleLevel.LOW and calls != LOW_CALLS:
        text = f"MaxConcurrentCalls is {LOW_CALLS} at ThrottleLevel Low; use High for {calls}"
        problems.append(
            FixedCallsError(f"Cannot change concurrent requests requirements for this web service: {text}.")
        )
    return level, calls
