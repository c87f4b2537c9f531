"""`[intake]`: read whole, or refused with the key of what cannot work."""

import pytest

from shared.intake.settings import Dialect, ExtraColumns, IntakeSettings, SchemaSource
from shared.routes.route import Route
from tests.unit.routes.example_route import EXAMPLE, HOLDOUT, changed, parse, problems

WHOLE = """
schema = "models/schemas/census.json"
label = "income"
min_rows = 50
max_rows = 5000000
max_bytes = 1000
max_missing = 0.5
drop_unlabelled = true
extra_columns = "drop"
encoding = "cp1252"
delimiter = ";"
decimal = ","
thousands = "."
escape = "\\\\"
comment = "#"
skip_rows = 3
skip_footer = 1
settle_s = 60
marker = ".done"
problem_values = false
"""


def with_intake(keys: str, text: str = EXAMPLE) -> str:
    """Return a routes file whose route has `[intake]` with some keys."""
    return text.replace("[routes.census.training]", f"[routes.census.intake]\n{keys}\n[routes.census.training]")


def census(text: str) -> Route:
    """Return the one route of a routes file."""
    return parse(text).routes["census"]


def test_without_the_table_nothing_is_read() -> None:
    """A route that says nothing of intake, batches and drift has none, and keeps its originals."""
    route = census(EXAMPLE)
    assert (route.intake, route.batch, route.drift, route.archives) == (None, None, None, False)


def test_an_empty_table_has_the_defaults() -> None:
    """The schema is learnt, every column must be expected, and no value is left out of problems.json."""
    assert census(with_intake("")).intake == IntakeSettings()


def test_every_key_is_read() -> None:
    """Each key of the table reaches the settings."""
    assert census(with_intake(WHOLE)).intake == IntakeSettings(
        schema="models/schemas/census.json",
        label="income",
        min_rows=50,
        max_rows=5_000_000,
        max_bytes=1000,
        max_missing=0.5,
        drop_unlabelled=True,
        extra_columns=ExtraColumns.DROP,
        dialect=Dialect(
            encoding="cp1252",
            delimiter=";",
            decimal=",",
            thousands=".",
            escape="\\",
            comment="#",
            skip_rows=3,
            skip_footer=1,
        ),
        settle_s=60,
        marker=".done",
        problem_values=False,
    )
    as_it_is = census(with_intake('schema = "none"\nnormalise = false')).intake
    assert as_it_is == IntakeSettings(schema=SchemaSource.NONE, normalise=False)


def test_the_label_is_the_holdouts() -> None:
    """Unless it is said, the holdout's label is the file's; two that differ are refused."""
    text = changed(r"\[routes.census.training\]", HOLDOUT)
    assert census(with_intake("", text)).intake == IntakeSettings(label="income")
    assert census(with_intake('label = "income"', text)).intake == IntakeSettings(label="income")
    assert problems(with_intake('label = "age"', text)) == [
        (
            "routes.census.intake.label is 'age', and the holdout's label is 'income'. Give both the same column, or"
            " leave this one out."
        )
    ]


def test_all_that_is_wrong_is_reported_at_once() -> None:
    """Each bad value has a sentence of its own, with the full key."""
    text = with_intake(
        'schema = "guess"\nmin_rows = 0\nmax_bytes = 0\nmax_missing = 50\ndrop_unlabelled = "yes"\n'
        'extra_columns = "ignore"\nencoding = "cp1525"\ndelimiter = ";;"\ndecimal = "x"\nescape = "a"\n'
        'skip_rows = -1\nskip_footer = -1\nsettle_s = -5\nmarker = "*.done"\nskiprows = 3\nafter = "archive"\n'
    )
    assert problems(text) == [
        (
            "routes.census.intake.schema must be 'none', 'learn' or the path of a Table Schema, container/path.json,"
            " not 'guess'."
        ),
        "routes.census.intake.min_rows must be a whole number of at least 1, not 0.",
        "routes.census.intake.max_bytes must be a whole number of at least 1, not 0.",
        "routes.census.intake.drop_unlabelled must be true or false, not 'yes'.",
        "routes.census.intake.extra_columns must be one of 'refuse', 'drop', 'keep', not 'ignore'.",
        "routes.census.intake.encoding is 'cp1525', which is no known text encoding. Write for example \"cp1252\".",
        "routes.census.intake.delimiter must be one character, not ';;'.",
        "routes.census.intake.decimal must be one of '.', ',', not 'x'.",
        "routes.census.intake.escape must be a tab or an ASCII sign other than letters, digits and the quote, not 'a'.",
        "routes.census.intake.skip_rows must be a whole number of at least 0, not -1.",
        "routes.census.intake.skip_footer must be a whole number of at least 0, not -1.",
        "routes.census.intake.settle_s must be a whole number of at least 0, not -5.",
        "routes.census.intake.marker must be the end of a blob's name without wildcards or slashes, not '*.done'.",
        "routes.census.intake.max_missing is a share of a column's cells: from 0 to 1, not 50.",
        "routes.census.intake.skiprows is not a known key. Write 'skip_rows' if that was meant.",
        "routes.census.intake.after is not a known key. Remove it.",
    ]


@pytest.mark.parametrize(
    ("keys", "problem"),
    [
        ("settle_s = 999999999999", "settle_s must be at most 2,678,400, not 999,999,999,999."),
        (
            'schema = "models/schema.txt"',
            "schema must end in .json, not 'models/schema.txt'. Write container/path.json.",
        ),
        ("min_rows = 9\nmax_rows = 8", "max_rows is 8, less than min_rows = 9: no file can pass."),
        (
            "drop_unlabelled = true",
            "drop_unlabelled needs the key label, or a [holdout] with one. Add the label's column.",
        ),
        ('decimal = ","\nthousands = ","', "thousands is ',', and so is decimal. Correct one of them."),
        (
            'thousands = "."',
            "thousands is '.', and without the key decimal so is the decimal point. Add decimal = ','.",
        ),
        ('delimiter = "#"\ncomment = "#"', "comment is '#', and so is delimiter. Correct one of them."),
        (
            'encoding = "UTF-16"',
            (
                'encoding is \'UTF-16\', which does not say the order of the bytes. Write "utf-16-le" or "utf-16-be";'
                " where a file says it by a BOM, no key is needed."
            ),
        ),
        ('encoding = "base64"', "encoding is 'base64', which is no known text encoding. Write for example \"cp1252\"."),
        ('encoding = "utf-7"', "encoding is 'utf-7', which is no known text encoding. Write for example \"cp1252\"."),
    ],
)
def test_what_contradicts_itself_is_refused(keys: str, problem: str) -> None:
    """Two keys that cannot both hold, or a value that cannot work, are one sentence with what to do."""
    assert problems(with_intake(keys)) == [f"routes.census.intake.{problem}"]


def test_bytes_that_stay_lose_nothing() -> None:
    """With `normalise = false` no row, column or escape can be left out: every key that would is refused."""
    keys = 'normalise = false\nlabel = "y"\nskip_rows = 1\nskip_footer = 1\ncomment = "#"\ndrop_unlabelled = true\n'
    keys += "escape = '\\'\n"
    assert problems(with_intake(keys + 'extra_columns = "drop"')) == [
        f"routes.census.intake.{key} leaves something out of the file, and normalise = false changes no byte."
        " Remove one of the two."
        for key in ("skip_rows", "skip_footer", "comment", "escape", "drop_unlabelled", "extra_columns")
    ]


def test_a_marker_is_no_file() -> None:
    """A marker whose name the route's pattern, or another's, matches would be trained on: refused."""
    assert census(with_intake('marker = ".done"')).intake == IntakeSettings(marker=".done")
    routes = parse(with_intake('marker = ".done"'))
    names = ("census/a.csv.done", "census/a.csv", "census/.done", "other/a.csv.done")
    assert [routes.is_marker(name) for name in names] == [True, False, False, False]
    wide = changed(r"census/\*.csv", "census/*")
    assert problems(with_intake('marker = ".done"', wide)) == [
        (
            "routes.census.intake.marker is '.done', and files = 'census/*' of routes.census can match a marker's name,"
            " so that the marker would land as a file. Let the pattern end otherwise, for example in *.csv, or change"
            " the marker."
        )
    ]


def test_settled_originals_may_move() -> None:
    """`after = "archive"` is of the route, not of its intake."""
    assert census(changed("golden = ", 'after = "archive"\ngolden = ')).archives
    assert problems(changed("golden = ", 'after = "delete"\ngolden = ')) == [
        "routes.census.after must be one of 'keep', 'archive', not 'delete'."
    ]


@pytest.mark.parametrize(("kind", "refused"), [("batch", True), ("accumulate", True), ("file", False)])
def test_files_that_are_joined_must_be_clean(kind: str, refused: bool) -> None:
    """Bytes that do not change cannot stand under one header; single files are trained as they are."""
    text = with_intake(f'normalise = false\n[routes.census.batch]\ntraining_set = "{kind}"')
    if not refused:
        assert census(text).intake is not None
        return
    (problem,) = problems(text)
    assert problem.startswith("routes.census.intake.normalise is false, and the route joins files")
