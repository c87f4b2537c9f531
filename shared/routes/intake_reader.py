"""Reads a route's `[intake]` from a TOML table."""

import codecs

from shared.gates.holdout import Holdout
from shared.intake.settings import MAX_WAIT_S, Dialect, ExtraColumns, IntakeSettings, SchemaSource
from shared.routes.toml_reader import TomlTable

_GROUPING = " ,.'\u2019_\u00a0\u202f"  # separators of thousands that some convention uses
# They leave something out.
_CHANGES = ("skip_rows", "skip_footer", "comment", "escape", "drop_unlabelled", "extra_columns")
# They are no encodings of files, or depend on the machine; 7-bit Unicode decodes plain text into other text.
_NOT_OF_FILES = frozenset(
    {"charmap", "idna", "mbcs", "oem", "punycode", "raw-unicode-escape", "undefined", "unicode-escape", "utf-7"}
)


def read_intake(table: TomlTable, holdout: Holdout | None, *, joins_files: bool) -> IntakeSettings:
    """Return the settings; they may be used only if the table has no problems afterwards.

    `joins_files`: whether several files make a training set. Without `label` the holdout's label counts.
    """
    usual = IntakeSettings()
    settings = IntakeSettings(
        schema=_schema(table),
        label=_label(table, holdout),
        min_rows=table.integer("min_rows", usual.min_rows, minimum=1),
        max_rows=table.optional_integer("max_rows", minimum=1),
        max_bytes=table.integer("max_bytes", usual.max_bytes, minimum=1),
        max_missing=table.number("max_missing"),
        drop_unlabelled=table.boolean("drop_unlabelled", default=usual.drop_unlabelled),
        extra_columns=ExtraColumns(
            table.choice("extra_columns", [choice.value for choice in ExtraColumns], required=False)
            or usual.extra_columns
        ),
        normalise=table.boolean("normalise", default=usual.normalise),
        dialect=_dialect(table),
        settle_s=table.optional_integer("settle_s"),
        marker=_marker(table),
        problem_values=table.boolean("problem_values", default=usual.problem_values),
    )
    _check_together(table, settings, joins_files=joins_files)
    table.finish()
    return settings


def _schema(table: TomlTable) -> SchemaSource | str:
    text = table.text("schema", default=SchemaSource.LEARN) or SchemaSource.LEARN
    if text in set(SchemaSource):
        return SchemaSource(text)
    if "/" in text:
        return table.blob_path("schema", ".json") or SchemaSource.LEARN
    table.problem("schema", f"must be 'none', 'learn' or the path of a Table Schema, container/path.json, not {text!r}")
    return SchemaSource.LEARN


def _label(table: TomlTable, holdout: Holdout | None) -> str | None:
    label = table.optional_text("label")
    if holdout is None or not holdout.label:
        return label
    if label and label != holdout.label:
        table.problem(
            "label",
            f"is {label!r}, and the holdout's label is {holdout.label!r}",
            "Give both the same column, or leave this one out",
        )
    return holdout.label


def _dialect(table: TomlTable) -> Dialect:
    usual = Dialect()
    dialect = Dialect(
        encoding=_encoding(table),
        delimiter=_sign(table, "delimiter"),
        decimal=_separator(table, "decimal", ".,"),
        thousands=_separator(table, "thousands", _GROUPING),
        escape=_sign(table, "escape"),
        comment=_sign(table, "comment"),
        skip_rows=table.integer("skip_rows", usual.skip_rows),
        skip_footer=table.integer("skip_footer", usual.skip_footer),
    )
    if dialect.decimal is not None and dialect.decimal == dialect.thousands:
        table.problem("thousands", f"is {dialect.thousands!r}, and so is decimal", "Correct one of them")
    elif dialect.decimal is None and dialect.thousands == ".":
        table.problem("thousands", "is '.', and without the key decimal so is the decimal point", "Add decimal = ','")
    signs = [("delimiter", dialect.delimiter), ("escape", dialect.escape), ("comment", dialect.comment)]
    for number, (name, sign) in enumerate(signs):
        for earlier, taken in signs[:number]:
            if sign is not None and sign == taken:
                table.problem(name, f"is {sign!r}, and so is {earlier}", "Correct one of them")
    return dialect


def _encoding(table: TomlTable) -> str:
    usual = Dialect().encoding
    text = table.text("encoding", default=usual) or usual
    try:
        codec = codecs.lookup(text)
        "".encode(codec.name)  # refuses what encodes no text, as base64 does
        is_of_files = codec.name not in _NOT_OF_FILES
    except (LookupError, UnicodeError, ValueError):
        is_of_files = False
    if not is_of_files:
        table.problem("encoding", f"is {text!r}, which is no known text encoding", 'Write for example "cp1252"')
    elif codec.name in {"utf-16", "utf-32"}:
        table.problem(
            "encoding",
            f"is {text!r}, which does not say the order of the bytes",
            f'Write "{codec.name}-le" or "{codec.name}-be"; where a file says it by a BOM, no key is needed',
        )
    else:
        return text
    return usual


def _sign(table: TomlTable, name: str) -> str | None:
    """Read a character that stands between or before cells."""
    sign = table.character(name)
    if sign is None or sign == "\t" or (" " <= sign <= "~" and not sign.isalnum() and sign != '"'):
        return sign
    table.problem(name, f"must be a tab or an ASCII sign other than letters, digits and the quote, not {sign!r}")
    return None


def _separator(table: TomlTable, name: str, allowed: str) -> str | None:
    """Read a character that stands within numbers."""
    separator = table.character(name)
    if separator is None or separator in allowed:
        return separator
    table.problem(name, f"must be one of {', '.join(map(repr, allowed))}, not {separator!r}")
    return None


def _marker(table: TomlTable) -> str | None:
    marker = table.optional_text("marker")
    if marker is not None and any(character in marker for character in "*?[]/"):
        table.problem("marker", f"must be the end of a blob's name without wildcards or slashes, not {marker!r}")
        return None
    return marker


def _check_together(table: TomlTable, settings: IntakeSettings, *, joins_files: bool) -> None:
    """Refuse settings that contradict each other."""
    if settings.max_rows is not None and settings.max_rows < settings.min_rows:
        table.problem("max_rows", f"is {settings.max_rows}, less than min_rows = {settings.min_rows}: no file can pass")
    if settings.settle_s is not None and settings.settle_s > MAX_WAIT_S:
        table.problem("settle_s", f"must be at most {MAX_WAIT_S:,}, not {settings.settle_s:,}")
    if settings.max_missing is not None and not 0 <= settings.max_missing <= 1:
        table.problem("max_missing", f"is a share of a column's cells: from 0 to 1, not {settings.max_missing:g}")
    if settings.drop_unlabelled and settings.label is None:
        table.problem("drop_unlabelled", "needs the key label, or a [holdout] with one", "Add the label's column")
    if settings.extra_columns is ExtraColumns.KEEP and joins_files:
        table.problem(
            "extra_columns",
            "is 'keep', and the route joins files to training sets, which must have the same columns",
            "Write 'drop' or 'refuse'",
        )
    if not settings.normalise and joins_files:
        table.problem(
            "normalise",
            "is false, and the route joins files to training sets: only clean rows can stand under one header",
            "Remove it, or train on single files (training_set = 'file')",
        )
    if not settings.normalise:
        for name in _leave_out(settings):
            table.problem(
                name, "leaves something out of the file, and normalise = false changes no byte", "Remove one of the two"
            )


def _leave_out(settings: IntakeSettings) -> list[str]:
    """Return the keys by which a file loses rows, columns or escape characters."""
    dialect = settings.dialect
    used = (
        dialect.skip_rows > 0,
        dialect.skip_footer > 0,
        dialect.comment is not None,
        dialect.escape is not None,
        settings.drop_unlabelled,
        settings.extra_columns is ExtraColumns.DROP,
    )
    return [name for name, is_used in zip(_CHANGES, used, strict=True) if is_used]
