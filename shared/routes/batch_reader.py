"""Reads a route's `[batch]` and `[drift]` from TOML tables."""

from shared.intake.settings import MAX_WAIT_S, BatchSettings, DriftMeasure, DriftSettings, TrainingSetKind
from shared.routes.toml_reader import TomlTable

MAX_MEMBERS = 1000  # of a batch: each is re-pointed when it is sealed
MAX_WINDOW_FILES = 10_000  # a blob is joined from 50,000 blocks at most


def read_batch(table: TomlTable) -> BatchSettings:
    """Return the settings; they may be used only if the table has no problems afterwards."""
    usual = BatchSettings()
    kind = table.choice("training_set", [choice.value for choice in TrainingSetKind], required=False)
    settings = BatchSettings(
        training_set=TrainingSetKind(kind or TrainingSetKind.FILE),
        window_files=table.optional_integer("window_files", minimum=1),
        window_days=table.optional_integer("window_days", minimum=1),
        debounce_s=table.integer("debounce_s", usual.debounce_s),
        max_wait_s=table.integer("max_wait_s", usual.max_wait_s),
        max_files=table.integer("max_files", usual.max_files, minimum=1),
    )
    windows = [name for name in ("window_files", "window_days") if table.has(name)]
    if settings.training_set is not TrainingSetKind.WINDOW:
        for name in windows:
            table.problem(
                name,
                f"means nothing for training_set = {settings.training_set.value!r}",
                "Remove it, or write training_set = 'window'",
            )
    elif len(windows) != 1:
        fault = "must say one of window_files and window_days" + (", not both" if windows else "")
        table.problem("training_set", f"is 'window', which {fault}")
    for name, value, largest in (
        ("window_files", settings.window_files or 1, MAX_WINDOW_FILES),
        ("max_files", settings.max_files, MAX_MEMBERS),
        ("debounce_s", settings.debounce_s, MAX_WAIT_S),
        ("max_wait_s", settings.max_wait_s, MAX_WAIT_S),
    ):
        if value > largest:
            table.problem(name, f"must be at most {largest:,}, not {value:,}")
    if settings.max_wait_s < settings.debounce_s:
        table.problem(
            "max_wait_s", f"is {settings.max_wait_s}, less than debounce_s = {settings.debounce_s}, which never counts"
        )
    table.finish()
    return settings


def read_drift(table: TomlTable, *, reads_files: bool) -> DriftSettings:
    """Return the settings; they may be used only if the table has no problems afterwards.

    `reads_files`: whether the route's files are read; drift is measured on what was read.
    """
    measure = table.choice("measure", [choice.value for choice in DriftMeasure], required=False)
    settings = DriftSettings(measure=DriftMeasure(measure or DriftMeasure.PSI), at_least=table.number("at_least"))
    table.choice("reference", ["champion"], required=False)
    if settings.at_least is not None and settings.at_least <= 0:
        table.problem("at_least", f"must be more than 0, not {settings.at_least:g}: any column drifts by 0")
    if settings.at_least is not None and settings.measure is DriftMeasure.KS and settings.at_least > 1:
        table.problem("at_least", f"is {settings.at_least:g}, and the measure 'ks' is never more than 1")
    if not reads_files:
        table.problem("", "needs the files to be read", "Add [intake] to the route")
    table.finish()
    return settings
