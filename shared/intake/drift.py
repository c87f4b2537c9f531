"""How far the columns of a training set differ from those of the champion's set, by their profiles (pure)."""

from collections.abc import Iterator

from shared.intake.drift_measures import kept_share, measured
from shared.intake.profile import ColumnKind, ColumnProfile, Profile
from shared.intake.settings import DriftMeasure, DriftSettings
from shared.plurals import counted
from shared.records.drift import ColumnDrift, DriftRecord, SkippedColumn

MIN_ROWS = 200  # below it a difference is mostly chance; of KS, values
KEPT_SHARE = 0.1  # of a column's dates, at least so many also occur in the reference; else the dates run
MAX_LISTED = 100  # columns that were measured, and columns that were skipped: a run's row holds no more


def measure_drift(
    settings: DriftSettings, profile: Profile, reference: Profile | None, run_id: str | None
) -> DriftRecord:
    """Return the drift of a set against a reference, the columns that drifted most first.

    Without `at_least` the set is trained on in any case. Otherwise it is not if columns could be measured, none drifted
    so much, and both sets have the same columns of the same kinds: no model in service knows a column that is new.

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
    is_of_other_form = False
    for name in dict.fromkeys((*profile.columns, *reference.columns)):
        new, old = profile.columns.get(name), reference.columns.get(name)
        if new is None or old is None:
            is_of_other_form = True
            whose = "the set" if new is None else "the champion's set"
            skipped.append(SkippedColumn(name, f"{whose} has no such column"))
            continue
        is_of_other_form |= _kinds_differ(new, old)
        why = next(_why_skipped(settings.measure, profile, reference, new, old), None)
        if why is not None:
            skipped.append(SkippedColumn(name, why))
            continue
        is_number = (new if new.cells else old).kind is ColumnKind.NUMBER
        kind = ColumnKind.NUMBER if is_number else ColumnKind.CATEGORY
        value = round(measured(settings.measure, new, old, profile.rows, reference.rows), 4)
        columns.append(ColumnDrift(name, kind, value, new.cells, old.cells))
    columns.sort(key=lambda column: (-column.value, column.column))
    has_drifted = settings.at_least is None or not columns or columns[0].value >= settings.at_least
    trained = has_drifted or is_of_other_form
    return DriftRecord(settings.measure, run_id, tuple(columns[:MAX_LISTED]), tuple(skipped[:MAX_LISTED]), trained)


def _why_skipped(
    measure: DriftMeasure, profile: Profile, reference: Profile, new: ColumnProfile, old: ColumnProfile
) -> Iterator[str]:
    """Yield why a column that both sets have is not measured; nothing if it is."""
    for column, rows, whose in ((new, profile.rows, "the set has"), (old, reference.rows, "the champion's set has")):
        if rows < MIN_ROWS:
            yield f"{whose} {counted(rows, 'row')}, and {MIN_ROWS} are needed"
        elif measure is DriftMeasure.KS and column.sampled < MIN_ROWS:
            yield f"{whose} {counted(column.sampled, 'value')} of it, and {MIN_ROWS} are needed"
    if not new.cells and not old.cells:
        yield "neither set has a value of it"
    elif _kinds_differ(new, old) or ColumnKind.MIXED in {new.kind, old.kind}:
        yield f"it is {new.kind} in the set and {old.kind} in the champion's"
    elif measure is DriftMeasure.KS and new.kind is not ColumnKind.NUMBER:
        yield "KS compares numbers only"
    elif any(_hardly_repeats(column) for column in _telling(new, old)):
        yield "its values hardly repeat"
    elif new.kind is ColumnKind.DATE and new.cells and old.cells and kept_share(new, old) < KEPT_SHARE:
        yield "its dates run: hardly any occurs in the champion's set"


def _kinds_differ(new: ColumnProfile, old: ColumnProfile) -> bool:
    """Tell whether two columns have values of different kinds; a column without values has any kind."""
    return bool(new.cells and old.cells) and new.kind is not old.kind


def _telling(new: ColumnProfile, old: ColumnProfile) -> list[ColumnProfile]:
    """Return the columns whose values tell whether they repeat: a handful does not, where the other side has more."""
    return [column for column in (new, old) if column.sampled >= MIN_ROWS] or [max(new, old, key=_sampled)]


def _sampled(column: ColumnProfile) -> int:
    return column.sampled


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
    return close or (column.followers > 0 and column.rises >= 0.95 * column.followers)
