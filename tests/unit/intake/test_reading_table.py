"""The table of docs/intake.md: each line is a file, and what the job gets of it, with and without the key."""

import re
import tomllib
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from shared.intake.cells import CellChange
from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected
from shared.intake.problems import Code
from shared.intake.settings import Dialect, ExtraColumns, IntakeSettings
from shared.intake.table_schema import FieldType, SchemaField, TableSchema
from shared.intake.tally import FileChange

PAGE = Path(__file__).resolve().parents[3] / "docs" / "intake.md"
COLUMNS = {
    "a": SchemaField(name="a", type=FieldType.NUMBER, missing_values=("", "NA")),
    "b": SchemaField(name="b"),
    "d": SchemaField(name="d", type=FieldType.DATE, format="%d.%m.%Y"),
    "f": SchemaField(name="f", type=FieldType.BOOLEAN),
    "y": SchemaField(name="y"),
}
LINE = re.compile(
    r"^\| (?P<matter>[^|]+) \| `(?P<file>[^|]+)` \| (?P<gets>[^|]+) \| (?P<key>[^|]*) \| (?P<then>[^|]*) \|$",
    re.MULTILINE,
)
LINES = [
    line for line in LINE.finditer(PAGE.read_text(encoding="utf-8")) if "⏎" in line["gets"] or "refused" in line["gets"]
]
MATTERS = 39


def outcome(file: str, key: str) -> str:
    """Return what the table says of a file: the job's input, or the refusal with its code and line."""
    text = file.replace("⏎", "\n").encode()
    content = re.sub(rb"\\x([0-9a-f]{2})", lambda byte: bytes([int(byte[1], 16)]), text)
    names = (
        [name for name in COLUMNS if name in "dy"]
        if "d,y" in file
        else ["f", "y"]
        if "f,y" in file
        else ["a", "b", "y"]
    )
    names = ["a", "y"] if file.startswith("a\\x00") else names
    schema = TableSchema(fields=tuple(COLUMNS[name] for name in names))
    check = FileCheck(
        "file.csv", _settings(key), Expected(columns=names, schema=schema, label="y", classes=("no", "yes"))
    )
    rows = check.feed(content)
    last, report = check.finish()
    if report.refused:
        problem = report.problems[0]
        return f"refused: `{problem.code.value}`" + (f", line {problem.line}" if problem.line else "")
    return f"`{(report.header + (rows + last).decode()).replace('\n', '⏎')}`"


def _settings(key: str) -> IntakeSettings:
    """Return the settings of a route that has this key."""
    values: dict[str, Any] = tomllib.loads(key)
    if "extra_columns" in values:
        values["extra_columns"] = ExtraColumns(values["extra_columns"])
    dialect = {name: value for name, value in values.items() if name in {part.name for part in fields(Dialect)}}
    others = {name: value for name, value in values.items() if name not in dialect}
    return replace(IntakeSettings(label="y", **others), dialect=Dialect(**dialect))


def test_the_table_has_all_its_lines() -> None:
    """A line that the pattern does not read would be tried by nobody."""
    assert len(LINES) == MATTERS


@pytest.mark.parametrize("line", LINES, ids=[line["matter"] for line in LINES])
def test_the_job_gets_what_the_table_says(line: re.Match[str]) -> None:
    """Without the key, and with it."""
    assert outcome(line["file"], "") == line["gets"]
    if line["key"]:
        assert outcome(line["file"], line["key"].strip("`")) == line["then"]


@pytest.mark.parametrize("code", [*FileChange, *CellChange, *Code])
def test_the_page_has_every_code(code: str) -> None:
    """A code of a change or of a problem is explained where people look for it."""
    assert f"`{code}`" in PAGE.read_text(encoding="utf-8")
