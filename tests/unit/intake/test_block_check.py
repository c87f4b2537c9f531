"""Checking by blocks is checking by rows: the same verdict, the same counts, the same bytes."""

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from unittest import mock

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.intake import block_check, clean_columns, holdout_rows, row_check, table_body
from shared.intake.file_report import Expected, HoldoutTable
from shared.intake.settings import Dialect, IntakeSettings
from tests.unit.intake.checked_files import COLUMNS, EXPECTED, HEADER, SCHEMA, SETTINGS, Checked, check

UNIQUE = replace(SCHEMA.fields[1], constraints=SCHEMA.fields[1].constraints._replace(unique=True))
HELD_OUT = HoldoutTable(COLUMNS, [("39", "clerk", "1", "low"), ("40", "Köchin", "2.5", "high")])
ROUTES = {
    "typed": EXPECTED,
    "untyped": replace(EXPECTED, schema=None),
    "without a label": replace(EXPECTED, schema=None, label=None),
    "unique": replace(EXPECTED, schema=replace(SCHEMA, fields=(SCHEMA.fields[0], UNIQUE, *SCHEMA.fields[2:]))),
    "held out": replace(EXPECTED, holdout=HELD_OUT),
}
# Mostly cells that are accepted: a file with a problem in each block would only try the rows.
CELLS = (
    st.sampled_from(["39", "40", "41", " 42", "1.50", "", "age", "x"]),
    st.sampled_from(
        ["clerk", "Köchin", "a b", "", " ", "job", "Total", "a;b", '"a, b"', '"a ""b"""', '"a\nb"', '5"', "\0"]
    ),
    st.sampled_from(["1", "2.5", "?", "1000000", "-7.25", "", "pay"]),
    st.sampled_from(["low", "high", "LOW", " high ", "middle", "", "income"]),
)
USUAL = (
    st.integers(0, 99).map(str),
    st.sampled_from(["clerk", "Köchin", "cook"]),
    st.just("2.5"),
    st.just("low"),
)
ROW = st.one_of(*([st.tuples(*USUAL)] * 3), st.tuples(*CELLS)).map(",".join)
LINE = st.one_of(
    ROW,
    ROW,
    ROW,
    ROW,
    st.sampled_from(
        [
            "",
            ",,,",
            "  ",
            "# note",
            HEADER.strip(),
            HEADER.strip().upper(),
            "3 rows",
            "1,2,3,4,5",
            ",Total,,high",
            ",Total,1,low",
        ]
    ),
)
LINES = st.lists(st.tuples(LINE, st.sampled_from(["\n"] * 8 + ["\r\n", "\r", "\n" * 80])), max_size=30)
SETTINGS_DRAWN = st.sampled_from(
    [
        SETTINGS,
        replace(SETTINGS, drop_unlabelled=True),
        replace(SETTINGS, normalise=False),
        replace(SETTINGS, dialect=Dialect(comment="#", skip_footer=1)),
        replace(SETTINGS, dialect=Dialect(escape="\\")),
    ]
)


@pytest.fixture(autouse=True)
def _small_blocks(request: pytest.FixtureRequest) -> Iterator[None]:
    """Cut small files into many blocks, and match columns as wholes where a few rows vary."""
    small = (
        (table_body, "BLOCK_CHARACTERS", 256),
        (table_body, "_MIN_BLOCK_CHARACTERS", 32),
        (clean_columns, "_MIN_ROWS", 2),
        (clean_columns, "_FEW_CELLS", 1),
        (clean_columns, "_CACHE_SIZE", 5),
        (holdout_rows, "_CACHE_SIZE", 5),
        (holdout_rows, "_LOOKED_AT_FIRST", 2),
    )
    with contextlib.ExitStack() as patches:
        for module, limit, value in small if "agree" in request.node.name else ():
            patches.enter_context(mock.patch.object(module, limit, value))
        yield


def outcome(checked: Checked) -> tuple[object, ...]:
    """Return everything that a check says."""
    return (checked.clean, checked.report)


@given(
    lines=LINES,
    settings=SETTINGS_DRAWN,
    route=st.sampled_from(sorted(ROUTES)),
    chunk_bytes=st.integers(1, 300),
    observed=st.booleans(),
)
def test_blocks_and_rows_agree(
    lines: list[tuple[str, str]], settings: IntakeSettings, route: str, chunk_bytes: int, *, observed: bool
) -> None:
    """Whatever the file, the route and the cuts."""
    content = HEADER + "".join(map("".join, lines))
    expected: Expected = ROUTES[route]
    by_blocks = check(content, settings, expected, chunk_bytes=chunk_bytes, observed=observed)
    by_rows = check(content, settings, expected, row_by_row=True)

    assert outcome(by_blocks) == outcome(by_rows)


@given(lines=LINES, quoted=st.booleans(), index=st.booleans())
def test_blocks_and_rows_agree_on_other_dialects(lines: list[tuple[str, str]], *, quoted: bool, index: bool) -> None:
    """Semicolons, quotes around each cell, columns in another order, and a column that counts the rows."""
    mark = '"' if quoted else ""
    content = f"{';' if index else ''}income;pay;job;age\n"
    for number, (line, end) in enumerate(lines):
        cells = [f"{mark}{cell}{mark}" for cell in reversed(line.split(","))]
        content += ";".join([*([str(number)] if index else []), *cells]) + end
    by_blocks = check(content, chunk_bytes=100)

    assert outcome(by_blocks) == outcome(check(content, row_by_row=True))


@pytest.mark.parametrize(
    "row",
    ["{n},clerk,{n}.5,low", "{n}, clerk ,?,HIGH", '"{n}","a, b","1","low"', "{n},,1,low", "0{n},job {n},-1,low"],
)
def test_ordinary_rows_are_checked_by_blocks(row: str) -> None:
    """Else the fast path would agree by doing nothing."""
    content = HEADER + "".join(row.format(n=number) + "\r\n" for number in range(2000))
    taken: list[object] = []
    take = block_check.BlockCheck.take

    def noted(self: block_check.BlockCheck, text: str, line: int) -> block_check.TakenBlock | None:
        taken.append(take(self, text, line))
        return taken[-1]  # type: ignore[return-value]

    with (
        mock.patch.object(table_body, "BLOCK_CHARACTERS", 5000),
        mock.patch.object(block_check.BlockCheck, "take", noted),
    ):
        checked = check(content)

    assert checked.report.rows == 2000
    assert len(taken) > 3
    assert None not in taken
    assert outcome(checked) == outcome(check(content, row_by_row=True))


def test_a_row_that_needs_a_second_look_takes_few_others_with_it() -> None:
    """A bad cell in each block would make the whole file ten times as slow to read: the rest goes on in blocks."""
    lines = [f"{number},clerk,{number}.5,low\n" for number in range(20_000)]
    lines[::2_000] = ["x,clerk,1,low\n"] * 10
    with mock.patch.object(row_check.RowCheck, "row", autospec=True, side_effect=row_check.RowCheck.row) as row:
        checked = check(HEADER + "".join(lines))

    assert len(checked.errors) == 10
    assert row.call_count < 0.15 * len(lines)


def test_where_most_rows_need_a_second_look_blocks_are_not_tried_again_and_again() -> None:
    """Each try costs its reading; behind the bad rows blocks are taken again."""
    bad = "x,clerk,1,low\n" * 50_000
    good = "".join(f"{number},clerk,{number}.5,low\n" for number in range(50_000))
    with mock.patch.object(
        block_check.BlockCheck, "take", autospec=True, side_effect=block_check.BlockCheck.take
    ) as take:
        checked = check(HEADER + bad + good)

    assert checked.report.rows == 50_000
    assert sum(len(call.args[1]) for call in take.call_args_list) < 1.5 * len(bad + good)
