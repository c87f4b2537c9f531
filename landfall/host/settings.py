"""App settings, as the Functions host reads them."""

import json
import os
import re
from collections.abc import Mapping
from pathlib import Path


class SettingsError(Exception):
    """A setting, a settings file or `host.json` cannot be used; the text says where and why."""


def load_settings(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the app settings: those of a file like `local.settings.json`, where the environment wins.

    Raises:
        SettingsError: the file is missing, is not JSON, or its `Values` are not all strings.
    """
    try:
        values = json.loads(path.read_text(encoding="utf-8")).get("Values", {})
    except (OSError, ValueError, AttributeError) as error:
        raise SettingsError(f"{path}: {error}") from error
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise SettingsError(f"{path}: these Values must be strings: {', '.join(wrong)}")
    return {**values, **environ}


def resolve(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Replace every `%NAME%` by the app setting NAME.

    Raises:
        SettingsError: a setting is not set.
    """

    def value(found: re.Match[str]) -> str:
        if found[1] not in environ:
            raise SettingsError(f"{text!r} needs the app setting {found[1]}, which is not set")
        return environ[found[1]]

    return re.sub(r"%([^%]+)%", value, text)
