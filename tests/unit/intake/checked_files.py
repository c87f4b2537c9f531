"""Files in memory, checked as the pipeline checks them."""

from collections.abc import Sequence
from typing import NamedTuple

from shared.intake.file_check import FileCheck
from shared.intake.file_report import Expected, FileReport
from shared.intake.settings import IntakeSettings
from shared.intake.table_schema import FieldType, SchemaField, TableSchema

COLUMNS = ("age", "job", "pay", "income")
CLASSES = ("low", "high")
HEADER = "age,job,pay,income\n"
SCHEMA = TableSchema(
    fields=(
        SchemaField(name="age", type=FieldType.NUMBER, decimal_char="."),
        SchemaField(name="job"),
        SchemaField(name="pay", type=FieldType.NUMBER, decimal_char=".", missing_values=("", "?")),
        SchemaField(name="income"),
    )
)
EXPECTED = Expected(columns=COLUMNS, schema=SCHEMA, schema_number=1, label="income", classes=CLASSES)
SETTINGS = IntakeSettings(label="income")


class Checked(NamedTuple):
    """The outcome of a check.

    Attributes:
        clean: header and rows, as the job gets them; "" if the file is refused.
    """

    clean: str
    report: FileReport

    @property
    def errors(self) -> list[tuple[str, int | None, str | None]]:
        """The code, line and column of each problem that refuses the file."""
        return [(p.code.value, p.line, p.column) for p in self.report.problems if p.level == "error"]

    @property
    def changes(self) -> dict[str, tuple[int, int]]:
        """How often, and on which line first, by code."""
        return {change.code: (change.times, change.line) for change in self.report.changes}


def check(
    content: str | bytes,
    settings: IntakeSettings = SETTINGS,
    expected: Expected = EXPECTED,
    *,
    name: str = "a.csv",
    chunk_bytes: int = 2**20,
    row_by_row: bool = False,
    observed: bool = True,
) -> Checked:
    """Check a file.

    `row_by_row`: only by what defines the verdict, without the fast path; `observed`: whether somebody gets columns.
    """
    data = content.encode() if isinstance(content, str) else content
    rows_seen: list[int] = []

    def observe(columns: Sequence[Sequence[str]]) -> None:
        rows_seen.append(len(columns[0]))

    checking = FileCheck(name, settings, expected, observe=observe if observed else None, in_blocks=not row_by_row)
    rows = b"".join(checking.feed(data[at : at + chunk_bytes]) for at in range(0, len(data), chunk_bytes))
    last, report = checking.finish()
    if report.refused:
        return Checked("", report)
    assert not observed or sum(rows_seen) == report.rows, "each clean row is observed once"
    return Checked(report.header + (rows + last).decode(), report)
