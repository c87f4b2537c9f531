"""The check of a file's form: what is read, what is made clean and counted, and what is refused by line."""

from dataclasses import replace

import pytest

from shared.intake.file_report import HoldoutTable
from shared.intake.settings import Dialect, ExtraColumns, IntakeSettings
from shared.intake.table_schema import SchemaField
from tests.unit.intake.checked_files import CLASSES, COLUMNS, EXPECTED, HEADER, SCHEMA, SETTINGS, check

ROWS = "39,clerk,1200.5,low\n50,manager,3000,high\n"
CLEAN = HEADER + ROWS


def with_dialect(dialect: Dialect) -> IntakeSettings:
    """Return the settings with another dialect."""
    return replace(SETTINGS, dialect=dialect)


def test_a_clean_file_is_what_the_job_gets() -> None:
    """Nothing is changed, and everything is counted."""
    checked = check(CLEAN)

    report = checked.report
    assert checked.clean == CLEAN
    assert (report.refused, report.problems, report.changes) == (False, (), ())
    assert (report.rows_read, report.rows, report.labels) == (2, 2, {"low": 1, "high": 1})
    assert (report.encoding, report.delimiter, report.header, report.columns) == ("utf-8", ",", HEADER, COLUMNS)


# --- encoding ---


def test_bytes_that_are_no_text_are_refused_by_line_with_their_reading_in_windows_1252() -> None:
    """A file in cp1252 is never read with replacement characters."""
    checked = check((HEADER + "39,Bäcker,1,low\n40,clerk,2,high\n41,Köchin,3,low\n").encode("cp1252"))

    assert checked.errors == [("encoding-error", 2, None), ("encoding-error", 4, None)]
    assert [problem.value for problem in checked.report.problems] == ["ä", "ö"]
    assert "0xE4" in checked.report.problems[0].message
    assert 'encoding = "cp1252"' in checked.report.problems[0].message


def test_the_encoding_that_the_route_says_is_read() -> None:
    """The job gets UTF-8."""
    settings = with_dialect(Dialect(encoding="cp1252"))
    checked = check((HEADER + "39,Bäcker,1,low\n40,clerk,2,high\n").encode("cp1252"), settings)

    assert "Bäcker" in checked.clean
    assert checked.changes == {"encoding": (1, 1)}


def test_utf_8_on_a_route_of_a_code_page_is_read_as_utf_8() -> None:
    """Text beyond ASCII that is UTF-8 is hardly anything else; it is noted with its line."""
    settings = with_dialect(Dialect(encoding="cp1252"))
    checked = check(HEADER + "39,clerk,1,low\n40,Bäcker,2,high\n", settings)

    assert "Bäcker" in checked.clean
    assert checked.changes == {"read-as-utf-8": (1, 3)}
    assert checked.report.encoding == "utf-8"


@pytest.mark.parametrize("chunk_bytes", [1, 7, 2**20])
def test_a_file_in_two_encodings_is_refused(chunk_bytes: int) -> None:
    """What begins as UTF-8 and goes on in a code page has no single reading, however it is cut."""
    content = (HEADER + "39,Bäcker,1,low\n").encode() + "40,Köchin,2,high\n".encode("cp1252")
    checked = check(content, with_dialect(Dialect(encoding="cp1252")), chunk_bytes=chunk_bytes)

    assert checked.errors == [("encoding-error", 3, None)]


@pytest.mark.parametrize("chunk_bytes", [50, 2**20])
def test_letters_of_utf_8_in_a_code_page_are_a_warning(chunk_bytes: int) -> None:
    """A joined file whose later part is UTF-8 can be read as the code page says, and its letters would be wrong."""
    content = (HEADER + "39,Bäcker,1,low\r\n").encode("cp1252") + "40,Köchin,2,high\n".encode()
    checked = check(content, with_dialect(Dialect(encoding="cp1252")), chunk_bytes=chunk_bytes)

    (warning,) = checked.report.warnings
    assert (checked.errors, warning.code, warning.line) == ([], "encoding-error", 3)
    clean = (HEADER + "39,Bäcker,1,low\n40,MAÇÃO,2,high\n").encode("cp1252")
    assert check(clean, with_dialect(Dialect(encoding="cp1252"))).report.problems == ()


@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-32"])
def test_a_byte_order_mark_decides(encoding: str) -> None:
    """Whatever the route says."""
    text = HEADER + "39,Bäcker,1,low\n40,clerk,2,high\n"
    checked = check(text.encode(encoding), with_dialect(Dialect(encoding="cp1252")))

    assert checked.clean == text
    assert "byte-order-mark" in checked.changes


def test_byte_order_marks_inside_a_joined_file_are_taken_out_and_counted() -> None:
    """Two files of Excel, one behind the other: the second header is left out too."""
    checked = check("\ufeff" + CLEAN + "\ufeff" + CLEAN)

    assert checked.clean == HEADER + ROWS + ROWS
    assert checked.changes == {"byte-order-mark": (1, 1), "inner-byte-order-mark": (1, 4)}
    assert checked.report.left_out.repeated_header == 1


def test_utf_16_without_a_mark_is_named() -> None:
    """Its order is said, and it is not taken for text full of NUL."""
    checked = check(CLEAN.encode("utf-16-le"))

    assert checked.errors == [("encoding-error", 1, None)]
    assert 'encoding = "utf-16-le"' in checked.report.problems[0].message


# --- dialect ---


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_the_delimiter_is_the_one_under_which_the_header_holds_the_columns(delimiter: str) -> None:
    """Commas in the cells do not make the comma a delimiter."""
    rows = '39,"a, b, c",1,low\n50,"d, e, f",2,high\n'
    text = HEADER.replace(",", delimiter) + f"39{delimiter}a, b, c{delimiter}1{delimiter}low\n"
    text += f"50{delimiter}d, e, f{delimiter}2{delimiter}high\n"
    checked = check(text)

    assert checked.clean == HEADER + rows
    assert checked.report.delimiter == delimiter
    assert checked.changes == {"delimiter": (1, 1)}


def test_no_delimiter_is_guessed_where_the_header_holds_no_column() -> None:
    """A file of other columns is refused with what was tried."""
    checked = check("a;b;c;d\n1;2;3;4\n")

    assert checked.errors == [("missing-label", 1, None)]


def test_the_header_under_two_delimiters_is_refused() -> None:
    """Where as many columns fit under a comma as under a semicolon, the route must say which."""
    checked = check("age,job,x;pay;income\n1,2,3;4;low\n")

    assert checked.errors == [("ambiguous-value", 1, None)]


def test_lines_that_the_route_names_are_skipped_and_counted() -> None:
    """Above the header, below the rows, and comments."""
    settings = with_dialect(Dialect(skip_rows=2, skip_footer=1, comment="#"))
    checked = check(f"Report\nof May\n{HEADER}# note\n{ROWS}2 rows\n", settings)

    assert checked.clean == CLEAN
    assert checked.changes == {"skipped-lines": (2, 1), "comments": (1, 4), "skipped-footer": (1, 7)}


@pytest.mark.parametrize("chunk_bytes", [1, 3, 50])
def test_a_footer_is_skipped_however_the_file_is_cut(chunk_bytes: int) -> None:
    """The last lines are known only at the end."""
    settings = with_dialect(Dialect(skip_footer=2))
    checked = check(f"{HEADER}{ROWS}total\n2 rows", settings, chunk_bytes=chunk_bytes)

    assert checked.clean == CLEAN


def test_backslashes_are_text_unless_the_route_says_that_they_escape() -> None:
    """The same cell has two readings; the dialect decides."""
    text = HEADER + '39,a\\"b,1,low\n50,c,2,high\n'
    plain = check(HEADER + "39,a\\b,1,low\n50,c,2,high\n")
    escaped = check(text, with_dialect(Dialect(escape="\\")))
    refused = check(text)

    assert "39,a\\b,1,low" in plain.clean
    assert '39,"a""b",1,low' in escaped.clean
    assert refused.errors == [("open-quote", 2, "job")]


def test_a_missing_value_as_databases_write_it_is_refused_where_backslashes_escape() -> None:
    """It would be read as the letter N; without an escape it is a text of two letters, which a schema may name."""
    text = HEADER + "39,\\N,1,low\n50,c,2,high\n"

    assert check(text, with_dialect(Dialect(escape="\\"))).errors == [("ambiguous-value", 2, "job")]
    assert check(text).errors == []


def test_excels_line_that_names_the_delimiter_is_left_out() -> None:
    """`sep=;` is no header."""
    checked = check("sep=;\n" + CLEAN.replace(",", ";"))

    assert checked.clean == CLEAN
    assert checked.changes == {"sep-line": (1, 1), "delimiter": (1, 2)}


@pytest.mark.parametrize(("name", "text"), [("a.tsv", CLEAN.replace(",", "\t")), ("a.csv", CLEAN)])
def test_the_name_says_how_a_file_is_usually_written(name: str, text: str) -> None:
    """A .tsv has tabs, and the job gets commas."""
    assert check(text, name=name).clean == CLEAN


def test_a_file_without_a_header_has_numbered_columns() -> None:
    """The columns of .nh.csv are Col1, Col2 and so on, as the training service calls them."""
    expected = replace(EXPECTED, schema=None, columns=("Col1", "Col2"), label="Col2", classes=())
    checked = check("1,low\n2,high\n", expected=expected, name="a.nh.csv")

    assert checked.clean == "Col1,Col2\n1,low\n2,high\n"


# --- header ---


def test_names_are_trimmed_and_composed_and_taken_in_the_expected_spelling() -> None:
    """Spaces, case and composition do not make another column; it is noted."""
    expected = replace(EXPECTED, schema=None, columns=("größe", "native country", "income"))
    checked = check(" gro\u0308ße ,NativeCountry,INCOME\n1,x,low\n2,y,high\n", expected=expected)

    assert checked.clean.startswith("größe,native country,income\n")
    assert checked.changes == {"header-names": (3, 1)}


def test_columns_in_another_order_are_taken_by_name() -> None:
    """The job gets the order of the schema."""
    checked = check("income,pay,job,age\nlow,1200.5,clerk,39\nhigh,3000,manager,50\n")

    assert checked.clean == CLEAN
    assert checked.changes == {"column-order": (1, 1)}


def test_a_renamed_column_is_one_problem_with_both_names() -> None:
    """It is neither a missing nor an unexpected one."""
    checked = check(CLEAN.replace("income", "incom"))

    assert checked.errors == [("incorrect-label", 1, "incom")]
    assert "Did you mean 'income'?" in checked.report.problems[0].message


def test_missing_unexpected_and_doubled_columns_are_refused_by_name() -> None:
    """All at once."""
    checked = check("age,age,zzzzzzzz,pay,income\n1,2,3,4,low\n")

    codes = [(code, column) for code, _, column in checked.errors]
    assert ("duplicate-label", "age") in codes
    assert ("extra-label", "zzzzzzzz") in codes
    assert ("missing-label", "job") in codes


@pytest.mark.parametrize(
    ("extra", "clean"),
    [
        (ExtraColumns.DROP, CLEAN),
        (ExtraColumns.KEEP, "age,job,pay,income,id\n39,clerk,1200.5,low,7\n50,manager,3000,high,8\n"),
    ],
)
def test_further_columns_are_dropped_or_kept_as_the_route_says(extra: ExtraColumns, clean: str) -> None:
    """Kept, they stand behind the others."""
    text = "id,age,job,pay,income\n7,39,clerk,1200.5,low\n8,50,manager,3000,high\n"

    assert check(text, replace(SETTINGS, extra_columns=extra)).clean == clean
    assert check(text).errors == [("extra-label", 1, "id")]


def test_an_unnamed_first_column_that_counts_the_rows_is_dropped() -> None:
    """It is the index of pandas."""
    checked = check(",age,job,pay,income\n0,39,clerk,1200.5,low\n1,50,manager,3000,high\n")

    assert checked.clean == CLEAN
    assert checked.changes == {"index-column": (1, 1)}


@pytest.mark.parametrize("index", ["0,2", "0,x", "5,5"])
def test_an_unnamed_first_column_that_does_not_count_the_rows_is_refused(index: str) -> None:
    """It could be data."""
    first, second = index.split(",")
    checked = check(f",age,job,pay,income\n{first},39,clerk,1200.5,low\n{second},50,manager,3000,high\n")

    assert [(code, line) for code, line, _ in checked.errors] == [("blank-label", 3)]


def test_another_column_without_a_name_is_refused() -> None:
    """A delimiter at the end of each line makes one."""
    assert check("age,job,pay,income,\n1,a,2,low,\n").errors == [("blank-label", 1, None)]


# --- rows that are none ---


def test_the_header_again_and_empty_lines_are_left_out_and_counted() -> None:
    """Also a line of delimiters, and the header in other letters."""
    checked = check(f"\n{HEADER}{ROWS}\n,,,\n  \n{HEADER.upper()}{ROWS}\n\n")

    assert checked.clean == HEADER + ROWS + ROWS
    assert checked.report.left_out.blank == 6
    assert checked.report.left_out.repeated_header == 1
    assert checked.report.rows_read == 4


def test_lines_above_the_header_are_refused_with_the_key_that_skips_them() -> None:
    """Nothing is skipped that nobody named."""
    checked = check(f"Report of May\n\ncreated by me\n{CLEAN}")

    assert checked.errors == [("incorrect-label", 1, None)]
    assert "skip_rows = 3" in checked.report.problems[0].message


@pytest.mark.parametrize(
    ("row", "code"),
    [
        ("2 rows", "missing-cell"),
        ("2 rows,,,", "unlabelled"),
        ("Total,,4200.5,low", "type-error"),
        ("years,,EUR,", "unlabelled"),
        ("years,text,EUR,class", "type-error"),
        ("name,town,size,kind", "type-error"),
    ],
)
def test_trailers_totals_units_and_second_tables_are_refused_by_line(row: str, code: str) -> None:
    """They are never trained on."""
    checked = check(f"{HEADER}{ROWS}{row}\n")

    assert {error[:2] for error in checked.errors} == {(code, 4)}


def test_a_complete_last_row_that_begins_like_a_total_is_refused() -> None:
    """Where no cell is missing and no type tells, its place does."""
    expected = replace(EXPECTED, schema=None, columns=("region", "sales", "income"))
    text = "region,sales,income\nNorth,1,low\nSouth,2,high\n"

    assert check(f"{text}Total,3,low\n", expected=expected).errors == [("type-error", 4, "region")]
    assert check(f"{text}Total,3,low\nWest,1,low\n", expected=expected).errors == []


# --- quotes ---


def test_quoted_cells_keep_delimiters_quotes_and_line_breaks() -> None:
    """RFC 4180; quotes that are not needed are left off."""
    checked = check(HEADER + '"39","a, ""b""\r\nc","1","low"\n50,d,2,high\n')

    assert checked.clean == HEADER + '39,"a, ""b""\r\nc",1,low\n50,d,2,high\n'


@pytest.mark.parametrize("row_by_row", [True, False])
def test_an_open_quote_is_refused_at_the_line_where_it_opens(row_by_row: bool) -> None:
    """The rows that it swallows are read all the same."""
    checked = check(f'{HEADER}{ROWS}41,"clerk,1,low\n{ROWS}x,y,1,low\n', row_by_row=row_by_row)

    assert checked.errors == [("open-quote", 4, "job"), ("type-error", 7, "age")]


def test_a_quote_that_swallows_whole_rows_is_refused() -> None:
    """It closes at the next quote, and the rows are well formed with and without it: nobody can tell."""
    checked = check(HEADER + '39,"clerk,1,low\n40,cook,2,high\n41,driver",3,low\n')

    assert checked.errors == [("open-quote", 2, "job")]


def test_a_text_of_several_lines_is_kept_where_its_lines_can_be_no_rows() -> None:
    """Its commas would make rows of its lines, whose labels are none of the classes: there is one reading."""
    classes = SCHEMA.fields[-1].constraints._replace(enum=CLASSES)
    fields = (SCHEMA.fields[1], replace(SCHEMA.fields[-1], constraints=classes))
    expected = replace(EXPECTED, columns=("job", "income"), schema=replace(SCHEMA, fields=fields))
    review = 'job,income\n"Great, really\nLoved it",low\n'

    for row_by_row in (True, False):
        assert check(review, expected=expected, row_by_row=row_by_row).clean == review
        swallowed = check('job,income\n"cook,low\nclerk",low\n', expected=expected, row_by_row=row_by_row)
        assert swallowed.errors == [("open-quote", 2, "job")]


def test_a_quote_that_swallows_rows_is_refused_beside_a_cell_whose_quotes_are_right() -> None:
    """The delimiter in the first cell is no mark of a row: the lines are whole rows without it."""
    text = HEADER + '"1,000","clerk,1,low\n40,cook,2,high\n41,driver",3,low\n'

    for row_by_row in (True, False):
        assert ("open-quote", 2, "job") in check(text, row_by_row=row_by_row).errors


@pytest.mark.parametrize("row", ['39,5" pipe,1,low', '39,"clerk"s,1,low', '39, "a, b",1,low'])
def test_a_quote_where_none_may_be_is_refused(row: str) -> None:
    """`csv.reader` would take it."""
    assert check(f"{HEADER}{row}\n{ROWS}").errors == [("open-quote", 2, "job")]


def test_a_last_line_that_is_cut_is_refused() -> None:
    """It has too few cells, an open quote, or the beginning of a class."""
    assert check(f"{HEADER}{ROWS}39,cle").errors == [("missing-cell", 4, None)]
    assert check(f'{HEADER}{ROWS}39,"cle').errors == [("open-quote", 4, "job")]
    assert check(f"{HEADER}{ROWS}39,clerk,1,lo").errors == [("type-error", 4, "income")]
    assert check(f"{HEADER}{ROWS}39,clerk,1,low").errors == []


def test_mixed_line_ends_are_accepted_and_noted() -> None:
    """The job gets line feeds."""
    checked = check(HEADER + "1,a,2,low\r\n1,b,2,high\n1,c,2,low\n1,d,2,low\r")

    assert checked.clean == HEADER + "1,a,2,low\n1,b,2,high\n1,c,2,low\n1,d,2,low\n"
    assert checked.changes == {"line-ends": (2, 2)}


# --- cells ---


def test_nul_and_long_cells_are_refused() -> None:
    """By line and column."""
    checked = check(f"{HEADER}39,a\0b,1,low\n40,{'x' * (2**20 + 1)},1,low\n")

    assert checked.errors == [("nul-byte", 2, "job"), ("long-cell", 3, "job")]
    assert len(checked.report.problems[1].value or "") == 100


def test_rows_of_another_width_are_refused_by_line() -> None:
    """Too few cells, or too many."""
    checked = check(f"{HEADER}39,a,1\n40,b,1,low,x\n{ROWS}")

    assert checked.errors == [("missing-cell", 2, None), ("extra-cell", 3, None)]


def test_a_cell_that_its_column_refuses_has_line_row_column_and_value() -> None:
    """As problems.json shows it."""
    problem = check(f"{HEADER}\n{ROWS}x,a,1,low\n").report.problems[0]

    assert (problem.code, problem.line, problem.row, problem.column) == ("type-error", 5, 3, "age")
    assert (problem.field_number, problem.value) == (1, "x")


def test_missing_cells_are_counted_by_column() -> None:
    """A placeholder becomes the empty cell."""
    checked = check(f"{HEADER}39,,?,low\n,b,,high\n")

    assert checked.clean == f"{HEADER}39,,,low\n,b,,high\n"
    assert checked.report.missing == {"age": 1, "job": 1, "pay": 2}
    assert checked.changes == {"missing-value": (1, 2)}


# --- labels and the holdout ---


def test_a_row_without_a_label_is_refused_or_dropped() -> None:
    """As the route says."""
    text = f"{HEADER}{ROWS}41,c,1,\n"

    assert check(text).errors == [("unlabelled", 4, "income")]
    dropped = check(text, replace(SETTINGS, drop_unlabelled=True))
    assert (dropped.clean, dropped.report.left_out.unlabelled) == (CLEAN, 1)
    assert (dropped.report.rows_read, dropped.report.rows) == (3, 2)


def test_labels_are_spelt_as_the_champion_spells_them() -> None:
    """A class in other letters is no new class."""
    checked = check(f"{HEADER}1,a,2,LOW \n1,b,2,high\n")

    assert checked.report.labels == {"low": 1, "high": 1}
    assert checked.changes == {"label-spelling": (1, 2)}


def test_rows_of_the_holdout_are_left_out() -> None:
    """By all columns by name, numbers by value, whatever the spelling."""
    holdout = HoldoutTable(("income", "job", "age", "pay"), [("High", "manager", "50.0", "3000.00")])
    checked = check(CLEAN + ROWS, expected=replace(EXPECTED, holdout=holdout))

    assert checked.clean == HEADER + "39,clerk,1200.5,low\n" * 2
    assert checked.report.left_out.holdout == 2
    assert checked.report.labels == {"low": 2}


def test_a_file_that_only_holds_the_holdout_is_refused() -> None:
    """There is nothing to train on."""
    holdout = HoldoutTable(COLUMNS, [("39", "clerk", "1200.5", "low"), ("50", "manager", "3000", "high")])

    assert check(CLEAN, expected=replace(EXPECTED, holdout=holdout)).errors == [("few-rows", None, None)]


# --- files that are none, and limits ---


@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (b"PK\x03\x04..[Content_Types].xml..xl/workbook.xml", "Excel workbook (.xlsx)"),
        (b"PK\x03\x04\x14\x00a.csv", "a zip file"),
        (b"\x1f\x8b\x08\x00", "a gzip file"),
        (b"PAR1\x15\x04", "a Parquet file"),
        (b"%PDF-1.7", "a PDF"),
        (b"<!DOCTYPE html><html>", "HTML"),
        (b"\xef\xbb\xbf\n <html>", "HTML"),
        (b'[{"age": 39}]', "JSON"),
        (b'{"age": [39]}', "JSON"),
    ],
)
def test_what_is_no_csv_is_named(content: bytes, kind: str) -> None:
    """And nothing else is said of it."""
    checked = check(content)

    assert checked.errors == [("not-csv", None, None)]
    assert kind in checked.report.problems[0].message


@pytest.mark.parametrize("content", ["", HEADER, f"{HEADER}\n\n"])
def test_a_file_without_rows_is_refused(content: str) -> None:
    """An empty file, a header alone, a header with empty lines."""
    assert check(content).errors == [("few-rows", None, None)]


def test_a_file_past_the_routes_limits_is_refused() -> None:
    """Bytes and rows; the rest of it is not looked at."""
    too_large = check(CLEAN, replace(SETTINGS, max_bytes=20), chunk_bytes=10)
    too_long = check(CLEAN + ROWS, replace(SETTINGS, max_rows=3))

    assert too_large.errors == [("constraint-error", None, None)]
    assert too_long.errors == [("constraint-error", None, None)]
    assert "max_bytes" in too_large.report.problems[0].message
    assert "max_rows" in too_long.report.problems[0].message
    one_at_most = check(CLEAN + ROWS, replace(SETTINGS, max_rows=1))
    assert "more than 1 row." in one_at_most.report.problems[0].message


def test_a_value_of_a_unique_column_may_come_once() -> None:
    """The second row that has it is refused."""
    age = replace(SCHEMA.fields[0], constraints=SCHEMA.fields[0].constraints._replace(unique=True))
    expected = replace(EXPECTED, schema=replace(SCHEMA, fields=(age, *SCHEMA.fields[1:])))

    assert check(CLEAN, expected=expected).errors == []
    assert check(CLEAN + ROWS, expected=expected).errors == [("constraint-error", n, "age") for n in (4, 5)]


TEXTS = replace(EXPECTED, schema=replace(SCHEMA, fields=tuple(SchemaField(name=name) for name in COLUMNS)))


@pytest.mark.parametrize("row_by_row", [True, False])
@pytest.mark.parametrize("line", ["income,job,pay,age", "job,AGE,pay,income"])
def test_the_header_in_another_order_is_refused(line: str, row_by_row: bool) -> None:
    """A joined file: the rows below it have their cells at other places, and columns of text would take them."""
    checked = check(f"{CLEAN}{line}\nlow,cook,2,41\n", expected=TEXTS, row_by_row=row_by_row)

    assert checked.errors == [("repeated-header", 4, None)]


@pytest.mark.parametrize("text", ["Max Muster,1,2,low\n", "sep=;\nMax Muster;1;2;low\n"])
def test_a_file_without_its_header_shows_no_cell(text: str) -> None:
    """Its first row is no list of names, also where the delimiter is certain: names of people are personal data."""
    settings = replace(SETTINGS, problem_values=False)
    if not text.startswith("sep"):
        settings = replace(settings, dialect=Dialect(delimiter=","))
    checked = check(text, settings)

    (problem,) = checked.report.problems
    assert (problem.code, problem.column, "Max" in problem.message) == ("missing-label", None, False)


def test_a_label_that_is_cut_names_a_class_and_no_cell() -> None:
    """The champion's classes may be named; the label of another row is a cell."""
    (problem,) = check(f"{CLEAN}51,clerk,2,medium\n52,clerk,3,med").report.problems

    assert "medium" not in problem.message
    assert "'high'" in check(f"{CLEAN}52,clerk,3,hi").report.problems[0].message


# --- without normalising ---

AS_IT_IS = replace(SETTINGS, normalise=False)


def test_without_normalising_the_job_gets_the_original() -> None:
    """The checks run, and there are no clean rows."""
    checked = check(CLEAN, AS_IT_IS)

    assert (checked.clean, checked.errors) == (HEADER, [])
    assert checked.report.rows_sha256 == checked.report.sha256


@pytest.mark.parametrize(
    ("text", "code"),
    [
        (CLEAN.replace(",", ";"), "not-csv"),
        (f"{CLEAN}\n", "blank-row"),
        (f"{CLEAN}{CLEAN}", "repeated-header"),
        (f"{HEADER.upper()}{ROWS}", "incorrect-label"),
        (f"{HEADER}1,a,?,low\n", "type-error"),
        (f"{HEADER}1,a,2,LOW\n", "type-error"),
        (",age,job,pay,income\n0,39,clerk,1200.5,low\n", "blank-label"),
        (f"sep=,\n{CLEAN}", "not-csv"),
    ],
)
def test_without_normalising_what_would_have_to_be_changed_is_refused(text: str, code: str) -> None:
    """The same file is accepted where files are normalised."""
    assert [error[0] for error in check(text, AS_IT_IS).errors] == [code]
    assert check(text).errors == []


def test_without_normalising_the_declared_encoding_may_be_spelt_in_any_way() -> None:
    """A byte order mark that says the same as the route is no difference."""
    settings = replace(AS_IT_IS, dialect=Dialect(encoding="UTF_16LE"))

    assert check(("\ufeff" + CLEAN).encode("utf-16-le"), settings).errors == []
    assert check(("\ufeff" + CLEAN).encode("utf-16-be"), settings).errors == [("encoding-error", 1, None)]


def test_without_normalising_rows_of_the_holdout_refuse_the_file() -> None:
    """They cannot be left out."""
    holdout = HoldoutTable(COLUMNS, [("39", "clerk", "1200.5", "low")])

    checked = check(CLEAN, AS_IT_IS, replace(EXPECTED, holdout=holdout))

    assert checked.errors == [("constraint-error", 2, None)]
