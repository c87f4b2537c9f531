"""Settings files are read as the tools of Azure Functions read them; a wrong file is named."""

import json
import tempfile
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from landfall.host.host_json import HostJson
from landfall.host.settings import SettingsError, load_settings
from landfall.settings_file import SettingsFileError, read_settings_file

COMMENTED = """// made by hand
{
  "IsEncrypted": false, /* func settings encrypt
                           turns it on */
  "Values": {
    "URL": "http://127.0.0.1:9/a // b", // not a comment, and one
    "QUOTED": "a \\" /* still the text */", /**/
    "LIST": "[1,]",
  }, // the last comma is one too many
}
"""
VALUES = {"URL": "http://127.0.0.1:9/a // b", "QUOTED": 'a " /* still the text */', "LIST": "[1,]"}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_marks_comments_and_last_commas_are_passed_over(tmp_path: Path, encoding: str) -> None:
    """Byte order marks and comments are skipped; texts are unchanged."""
    path = tmp_path / "local.settings.json"
    path.write_text(COMMENTED, encoding=encoding)

    assert read_settings_file(path) == VALUES
    assert load_settings(path, {"URL": "other"}) == {**VALUES, "URL": "other"}


@given(st.dictionaries(st.text(), st.text()))
def test_any_texts_come_back(values: dict[str, str]) -> None:
    """A setting may hold slashes, commas, brackets and quotes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "local.settings.json"
        path.write_text(json.dumps({"Values": values}), encoding="utf-8")

        assert read_settings_file(path) == values


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ('{"IsEncrypted": true, "Values": {"A": "CfDJ8"}}', "is encrypted .*func settings decrypt"),
        ('{"isencrypted": "True", "values": {"A": "CfDJ8"}}', "is encrypted .*func settings decrypt"),
        ("{}", "has no 'Values'"),
        ('{"Values": []}', "Values must be a JSON object"),
        ('{"Values": {"A": 1, "B": "x", "C": null}}', "must be strings: A, C"),
        ("[]", "must be a JSON object"),
        ('// one\n{\n  "Values" "x"\n}', r"line 3 column 12"),
        ("no JSON", "is not JSON"),
    ],
)
def test_a_wrong_file_is_named(tmp_path: Path, text: str, says: str) -> None:
    """The error names the file and the place; for an encrypted file it gives the command that decrypts."""
    path = tmp_path / "local.settings.json"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(SettingsFileError, match=f"(?s){path}.*{says}"):
        read_settings_file(path)
    with pytest.raises(SettingsError, match=f"(?s){path}.*{says}"):
        load_settings(path, {})


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The error is the operating system's."""
    with pytest.raises(SettingsFileError, match=r"none\.json: No such file"):
        read_settings_file(tmp_path / "none.json")


def test_host_json_may_have_comments_too(tmp_path: Path) -> None:
    """The host reads `host.json` by the same rules."""
    (tmp_path / "host.json").write_text('\ufeff{"functionTimeout": "00:02:00", // short\n}', encoding="utf-8")

    assert HostJson.load(tmp_path, {}).function_timeout_s == 120
