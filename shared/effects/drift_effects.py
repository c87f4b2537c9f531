"""Measures a training set's drift: its profile is merged from those of its parts, and kept with the model.

Where a part has no profile, its rows are sketched once more: it may be older than the route's `[drift]`.
"""

import codecs
import csv
from collections.abc import Iterable, Iterator, Sequence
from itertools import batched, islice

from shared.blob_path import BlobPath
from shared.effects.run_session import RunSession
from shared.errors import BlobMissingError, RetryableError
from shared.intake.csv_rows import MAX_ROW
from shared.intake.drift import MAX_LISTED, measure_drift
from shared.intake.profile import Profile, merged_profile, profile_from_text
from shared.intake.sketches import FileSketch, SketchedColumn, sketched_columns
from shared.intake.table_schema import TableSchema
from shared.lifecycle.job_paths import profile_path
from shared.plurals import counted
from shared.ports.blob_files import BlobFiles, BlobPart, CopyState
from shared.records.drift import DriftRecord

MAX_PROFILE_BYTES = 64 * 1024 * 1024  # of some 1,000 columns
_BLOCK_ROWS = 10_000
_PROFILES_AT_ONCE = 32  # some 10 MiB, of 20 columns each


def save_profile(blobs: BlobFiles, part: str, profile: Profile) -> None:
    """Write the profile of the part, or of the original, at `container/path`, where `drift_of` reads it."""
    blobs.write_text(profile_path(part), profile.to_text())


def drift_of(
    session: RunSession, manifest: str, header: str, parts: Sequence[BlobPart], schema: TableSchema | None
) -> DriftRecord | None:
    """Measure the drift of a run's training set, and keep its profile; None if the route does not ask for it.

    Args:
        session: of the run.
        manifest: container/path of the set's manifest.
        header: the line that the parts' rows stand under.
        parts: of the set; where files are not normalised, the one pinned original.
        schema: in force, which says how the values of a column are compared; None: there is none.

    Raises:
        LandfallError: a profile could not be read or written; nothing is known of the drift.
    """
    settings = session.route.drift
    if settings is None:
        return None
    blobs = session.services.blobs

    def of_part(part: BlobPart) -> Profile | None:
        profile = _read(blobs, profile_path(part.path))
        if profile is not None or not session.route.normalises:
            return profile
        columns = next(csv.reader([header], strict=True))
        profile = _sketched(blobs, part, sketched_columns(columns, schema))
        save_profile(blobs, part.path, profile)
        return profile

    profile = merged_profile([])
    for some in batched(parts, _PROFILES_AT_ONCE, strict=False):
        session.renew_lease()
        for added in session.services.map_concurrently(of_part, some):
            if added is None:  # its rows are no clean CSV, and were read before the route measured drift
                return measure_drift(settings, merged_profile([]), None, None)
            profile = profile.merged(added)
    blobs.write_text(profile_path(manifest), profile.to_text())
    champion = session.endpoint().champion
    reference = _read(blobs, profile_path(champion.model)) if champion is not None else None
    return measure_drift(settings, profile, reference, champion.run_id if champion is not None else None)


def why_not_trained(session: RunSession, drift: DriftRecord) -> str:
    """Return the reason of a run that ends without a job, because no column of its set drifted."""
    settings = session.route.drift
    at_least = settings.at_least if settings is not None and settings.at_least is not None else 0.0
    is_cut = len(drift.columns) == MAX_LISTED
    columns = f"{MAX_LISTED} or more columns" if is_cut else counted(len(drift.columns), "column")
    return (
        f"Compared with the set of run {drift.reference} in {columns}, no column drifted by {at_least:g}: not trained."
    )


def keep_profile(session: RunSession, model: str) -> None:
    """Copy the profile of the run's set to the archived model at `container/path`: the next set is compared with it.

    Raises:
        RetryableError: the copy is not finished yet.
    """
    run = session.run
    if run.training_set is None:
        return
    try:
        state = session.services.blobs.copy(profile_path(run.training_set.manifest), profile_path(model))
    except BlobMissingError:  # it was deleted with the set: the next run is trained without a reference
        return
    if state is not CopyState.DONE:
        raise RetryableError("The copy of the training set's profile is not finished yet.")


def _read(blobs: BlobFiles, path: str) -> Profile | None:
    """Read a profile; None if there is none, or it is of another release."""
    if blobs.version(*BlobPath.parse(path)) is None:
        return None
    text, _ = blobs.read_text(path, MAX_PROFILE_BYTES)
    try:
        return profile_from_text(text)
    except ValueError:
        return None


def _sketched(blobs: BlobFiles, part: BlobPart, columns: Sequence[SketchedColumn]) -> Profile:
    """Sketch the rows of a part: they are clean RFC 4180 without a header, a cell for each column."""
    csv.field_size_limit(MAX_ROW)  # of all threads: the same wherever files are read
    sketch = FileSketch(columns, part.size)
    rows = csv.reader(_lines(blobs.read_chunks(part.path, part.etag)), strict=True)
    while block := list(islice(rows, _BLOCK_ROWS)):
        sketch.add(list(zip(*block, strict=True)))
    return sketch.profile()


def _lines(chunks: Iterable[bytes]) -> Iterator[str]:
    """Yield the lines of UTF-8 text that comes in pieces, with their line feeds."""
    decoder = codecs.getincrementaldecoder("utf-8")()
    rest = ""
    for chunk in chunks:
        *lines, rest = (rest + decoder.decode(chunk)).split("\n")
        for line in lines:
            yield f"{line}\n"
    if rest:
        yield rest
