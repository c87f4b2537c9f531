"""Reads settings files like `local.settings.json`, as the tools of Azure Functions read them."""

import json
import re
from pathlib import Path
from typing import Any

# A string, which is kept; a comment, or a comma before a bracket, which .NET's reader skips.
_STRING_OR_EXTRA = re.compile(r'("(?:\\.|[^"\\])*")|//[^\n]*|/\*.*?\*/|,(?=(?:\s|//[^\n]*|/\*.*?\*/)*[}\]])', re.DOTALL)


class SettingsFileError(Exception):
    """A settings file is wrong; the text names the file and what to do."""


def read_settings_file(path: Path) -> dict[str, str]:
    """Return the `Values` of a settings file.

    Raises:
        SettingsFileError: the file cannot be read, is encrypted, or its Values are missing or are no strings.
    """
    document = read_json(path)
    members = {name.lower(): value for name, value in document.items()}  # .NET ignores the case of names
    if str(members.get("isencrypted", False)).lower() == "true":
        raise SettingsFileError(f"{path} is encrypted (IsEncrypted is true): run `func settings decrypt` in its folder")
    if "values" not in members:
        raise SettingsFileError(f"{path} has no 'Values': add the app settings there, each as NAME: TEXT")
    values = members["values"]
    if not isinstance(values, dict):
        raise SettingsFileError(f"{path}: Values must be a JSON object of strings")
    wrong = [name for name, value in values.items() if not isinstance(value, str)]
    if wrong:
        raise SettingsFileError(f"{path}: these Values must be strings: {', '.join(wrong)}")
    return values


def read_json(path: Path) -> dict[str, Any]:
    """Read a JSON object as .NET does: it may have a byte order mark, comments, and a comma after the last member.

    Raises:
        SettingsFileError: the file cannot be read, or is not a JSON object; with line and column.
    """
    try:
        content = path.read_bytes()
        text = content.decode(json.detect_encoding(content))
        document = json.loads(_STRING_OR_EXTRA.sub(_kept, text))
    except OSError as error:
        raise SettingsFileError(f"{path}: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise SettingsFileError(f"{path} is not JSON: {error}") from error
    if not isinstance(document, dict):
        raise SettingsFileError(f"{path} must be a JSON object, as {{...}}")
    return document


def _kept(match: re.Match[str]) -> str:
    """Return a string unchanged, and of anything else only its line ends: errors name the right line and column."""
    return match[1] or re.sub(r"[^\n]", " ", match[0])
