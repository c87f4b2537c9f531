"""Blocks of plain cells are checked without being cut into cells: the verdict is the one by rows."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake import plain_rows, table_body
from shared.intake.file_report import Expected
from shared.intake.read_columns import ReadColumn
from shared.intake.settings import IntakeSettings
from shared.intake.table_schema import FieldType
from tests.unit.intake.checked_files import EXPECTED, HEADER, SCHEMA, SETTINGS, check

AGE, JOB, PAY, INCOME = SCHEMA.fields


def with_job(**changes: object) -> Expected:
    """Return what is expected where the column of texts is another one."""
    job = replace(JOB, **changes)  # type: ignore[arg-type]
    return replace(EXPECTED, schema=replace(SCHEMA, fields=(AGE, job, PAY, INCOME)))


ROUTES = {
    "texts": EXPECTED,
    "categories with a delimiter": with_job(notes=JOB.notes._replace(values=("clerk", "cook, head", "cook", " total"))),
    "booleans": with_job(type=FieldType.BOOLEAN, true_values=("clerk",), false_values=("cook",)),
    "no label": replace(EXPECTED, label=None),
}
PLAIN = st.builds(
    "{},{},{},{}".format, st.integers(-9, 99), st.sampled_from(["clerk", "cook"]), st.integers(), st.just("low")
)
ODD = (
    *("39,cook, head,1,low", "39,cook,low", "1,1,low", "39,,1,low", ",cook,1,low", "39,cook,,low", "39,cook,1,"),
    *("39,Total,1,low", "39,total,1,low", "39,grand total:,1,low", "39,Gesamt ,1,low", "39, total,1,low"),
    *(HEADER.strip(), "39,job,1,low", "39,J ob,1,low", "39,Jobs,1,low", "39,2E+05,1,low", "39,2,1E+5,low"),
    *("39,cook,1,LOW", "39,cook,1,high", "39,cook,1, low", "39,cook,1,income", "x,cook,1,low", "39,ä,1,low"),
    *("", ",,,", '39,"cook, head",1,low', '39,"cook",1,low', '39,co"ok,1,low', "39,cook,1,low\r", "# note"),
    *("39,cook,1", "39,cook,1,low,", "39,totally,1,low", "39,cook,1.50,low", "39,cook,1e3,low", "39,cook\0,1,low"),
)


@pytest.fixture(autouse=True)
def _small_blocks() -> Iterator[None]:
    """Cut small files into many blocks, and let nothing end the trying."""
    with ExitStack() as patches:
        for module, limit, value in (
            (table_body, "BLOCK_CHARACTERS", 256),
            (table_body, "_MIN_BLOCK_CHARACTERS", 32),
            (plain_rows, "_MAX_FAILURES", 100),
        ):
            patches.enter_context(mock.patch.object(module, limit, value))
        yield


@pytest.fixture
def tried(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """Return whether each block so far was read without being cut, as the list that grows."""
    blocks: list[bool] = []
    read = plain_rows.PlainRows.read

    def noted(self: plain_rows.PlainRows, text: str, lines: int) -> list[ReadColumn] | None:
        columns = read(self, text, lines)
        blocks.append(columns is not None)
        return columns

    monkeypatch.setattr(plain_rows.PlainRows, "read", noted)
    return blocks


@given(
    rows=st.lists(PLAIN, min_size=30, max_size=60),
    odd=st.lists(st.tuples(st.integers(0, 60), st.sampled_from(ODD)), max_size=5),
    route=st.sampled_from(sorted(ROUTES)),
    settings=st.sampled_from([SETTINGS, replace(SETTINGS, normalise=False), replace(SETTINGS, drop_unlabelled=True)]),
    line_end=st.sampled_from(["\n", "\r\n"]),
)
def test_plain_blocks_and_rows_agree(
    rows: list[str], odd: list[tuple[int, str]], route: str, settings: IntakeSettings, line_end: str
) -> None:
    """Whatever stands between plain rows, and wherever."""
    for at, line in odd:
        rows.insert(at, line)
    content = line_end.join([HEADER.strip(), *rows, ""])
    plainly = check(content, settings, ROUTES[route], observed=False)
    by_rows = check(content, settings, ROUTES[route], row_by_row=True)

    assert (plainly.clean, plainly.report) == (by_rows.clean, by_rows.report)


@pytest.mark.parametrize("line", ODD)
@pytest.mark.parametrize("route", sorted(ROUTES))
def test_an_odd_line_among_plain_rows(route: str, line: str) -> None:
    """Each of them, in a block that is tried."""
    some = "40,clerk,1,low\n41,cook,-2.5,high\n" * 20
    content = f"{HEADER}{some}{line}\n{some}"
    plainly = check(content, expected=ROUTES[route], observed=False)
    by_rows = check(content, expected=ROUTES[route], row_by_row=True)

    assert (plainly.clean, plainly.report) == (by_rows.clean, by_rows.report)


@pytest.mark.parametrize("route", sorted(ROUTES))
def test_all_but_the_first_block_are_left_whole(route: str, tried: list[bool]) -> None:
    """Else the fast path would agree by doing nothing."""
    check(HEADER + "39,cook,1,low\n41,clerk,-2.5,high\n" * 500, expected=ROUTES[route], observed=False)
    assert tried.count(False) == 1
    assert len(tried) > 50


def test_a_column_with_missing_cells_is_cut_and_the_others_are_not(tried: list[bool]) -> None:
    """Its missing cells are counted as ever."""
    checked = check(HEADER + "39,,1,low\n41,clerk,2,high\n" * 500, observed=False)
    assert checked.report.missing == {"job": 500}
    assert tried.count(False) == 1


def test_a_bad_row_here_and_there_costs_a_few_blocks(tried: list[bool]) -> None:
    """The blocks behind it are left whole again."""
    some = "39,cook,1,low\n" * 2000
    checked = check(f"{HEADER}{some}x,cook,1,low\n{some}", observed=False)
    assert [problem.line for problem in checked.report.problems] == [2002]
    assert tried[-50:] == [True] * 50


def test_where_it_never_pays_it_is_not_tried_any_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """A label that is made clean in each block would have each of them read twice."""
    monkeypatch.setattr(plain_rows, "_MAX_VAIN", 2000)
    patterns: list[bool] = []
    compile_row = plain_rows.PlainRows.learn

    def noted(self: plain_rows.PlainRows, columns: list[list[str]]) -> None:
        compile_row(self, columns)
        patterns.append(self._pattern is not None)

    monkeypatch.setattr(plain_rows.PlainRows, "learn", noted)
    check(HEADER + "39,cook,1, low\n" * 1000, observed=False)
    assert patterns[0]
    assert len(patterns) > 40
    assert not any(patterns[20:])
