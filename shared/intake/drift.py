"""How far the columns of a training set differ from those of the champion's set, by their profiles (pure)."""

from collections.abc import Iterator

from shared.intake.drift_measures import kept_share, measured
from shared.intake.profile import ColumnKind, ColumnProfile, Profile
from shared.intake.settings import DriftMeasure, DriftSettings
from shared.plurals import counted
from shared.records.drift import ColumnDrift, DriftRecord, SkippedColumn

MIN_ROWS = 200  # below it a difference is mostly chance
KEPT_SHARE = 0.1  # of a column's dates, at least so many also occur in the reference; else the dates run
MAX_LISTED = 100  # columns that were measured, and columns that were skipped: a run's row holds no more


def measure_drift(
    settings: DriftSettings, profile: Profile, reference: Profile | None, run_id: str | None
) -> DriftRecord:
    """Return the drift of a set against a reference, the columns that drifted most first.

    Without `at_least` the set is trained on in any case. Otherwise it is not if columns could be measured, and none
    drifted so much.

    Args:
        settings: the measure, and the drift from which on a set is trained on.
        profile: of the set.
        reference: the profile of the champion's set; None: there is none, and the set is trained on.
        run_id: of the champion.
    """
    if reference is None:
        return DriftRecord(settings.measure, None, (), (), trained=True)
    columns: list[ColumnDrift] = []
    skipped: list[SkippedColumn] = []
    for name in dict.fromkeys((*profile.columns, *reference.columns)):
        new, old = profile.columns.get(name), reference.columns.get(name)
        if new is None or old is None:
            whose = "the set" if new is None else "the champion's set"
            skipped.append(SkippedColumn(name, f"{whose} has no such column"))
            continue
        why = next(_why_skipped(settings.measure, profile, reference, new, old), None)
        if why is not None:
            skipped.append(SkippedColumn(name, why))
            continue
        kind = ColumnKind.NUMBER if new.kind is ColumnKind.NUMBER else ColumnKind.CATEGORY
        value = round(measured(settings.measure, new, old), 4)
        columns.append(ColumnDrift(name, kind, value, new.cells, old.cells))
    columns.sort(key=lambda column: (-column.value, column.column))
    trained = settings.at_least is None or not columns or columns[0].value >= settings.at_least
    return DriftRecord(settings.measure, run_id, tuple(columns[:MAX_LISTED]), tuple(skipped[:MAX_LISTED]), trained)


def _why_skipped(
    measure: DriftMeasure, profile: Profile, reference: Profile, new: ColumnProfile, old: ColumnProfile
) -> Iterator[str]:
    """Yield why a column that both sets have is not measured; nothing if it is."""
    for cells, rows, whose in (
        (new.cells, profile.rows, "the set has"),
        (old.cells, reference.rows, "the champion's set has"),
    ):
        if rows < MIN_ROWS:
            yield f"{whose} {counted(rows, 'row')}, and {MIN_ROWS} are needed"
        elif cells < MIN_ROWS:
            yield f"{whose} {counted(cells, 'value')} of it, and {MIN_ROWS} are needed"
    if new.kind is not old.kind or ColumnKind.MIXED in {new.kind, old.kind}:
        yield f"it is {new.kind} in the set and {old.kind} in the champion's"
    elif measure is DriftMeasure.KS and new.kind is not ColumnKind.NUMBER:
        yield "KS compares numbers only"
    elif _hardly_repeats(new) or _hardly_repeats(old):
        yield "its values hardly repeat"
    elif new.kind is ColumnKind.DATE and kept_share(new, old) < KEPT_SHARE:
        yield "its dates run: hardly any occurs in the champion's set"


def _hardly_repeats(column: ColumnProfile) -> bool:
    """Tell whether a column's values identify its rows.

    Fractions hardly repeat either, but they are measurements. Of whole numbers only those are ids that hardly repeat
    and lie close together or rise from row to row: a salary may be unique, too.
    """
    if column.kind is not ColumnKind.NUMBER:
        return column.distinct_values > column.sampled / 2
    if not column.whole or column.distinct_values < 0.9 * column.sampled:
        return False
    numbers = column.numbers
    close = numbers.get_max_value() - numbers.get_min_value() < 4 * column.cells
    return close or column.rises >= 0.95 * (column.sampled - 1)
