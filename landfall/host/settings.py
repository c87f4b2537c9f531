"""App settings, as the Functions host reads them."""

import os
import re
from collections.abc import Mapping
from pathlib import Path

from landfall.settings_file import SettingsFileError, read_settings_file


class SettingsError(Exception):
    """A setting, a settings file or `host.json` is wrong; the text says where and why."""


def load_settings(path: Path, environ: Mapping[str, str]) -> dict[str, str]:
    """Return the app settings: those of a file like `local.settings.json`, where the environment wins.

    Raises:
        SettingsError: the file cannot be read, or is not a settings file.
    """
    try:
        return {**read_settings_file(path), **environ}
    except SettingsFileError as error:
        raise SettingsError(str(error)) from error


def resolve(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """Replace every `%NAME%` by the app setting NAME.

    Raises:
        SettingsError: a setting is not set.
    """

    def value(match: re.Match[str]) -> str:
        if match[1] not in environ:
            raise SettingsError(f"{text!r} needs the app setting {match[1]}, which is not set")
        return environ[match[1]]

    return re.sub(r"%([^%]+)%", value, text)
