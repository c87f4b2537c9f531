"""The manifest of a training set, and the member list of a batch: JSON that is written once (pure).

A manifest decides what a set is: whoever joins the files joins what it lists. A member list is named by its content, so
the row that seals a batch names exactly one list.
"""

import json
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

from shared.errors import UnreadableRowError
from shared.intake.settings import TrainingSetKind
from shared.intake.training_sets import classes_of_set, sha256_of_set
from shared.records.json_codec import reader_of, to_json_value
from shared.records.part import Part
from shared.records.run import Run

MAX_TEXT_BYTES = 32 * 1024 * 1024  # of a manifest or a member list; some 50,000 members


class UnfitFile(NamedTuple):
    """A file that a set leaves out, because it does not fit the schema that has been accepted since."""

    blob: str
    run_id: str
    reason: str


class SetMember(NamedTuple):
    """A file of a training set.

    Attributes:
        rows: that it brings; None where nothing reads the files.
        sha256: of its pinned original, hex; None where nothing reads the files.
        part: container/path of its clean rows, which are `part_bytes` long and have the ETag `part_etag`; "" where the
            set is the original itself.
    """

    blob: str
    etag: str
    rows: int | None
    sha256: str | None
    run_id: str
    part: str = ""
    part_etag: str = ""
    part_bytes: int = 0


class Manifest(NamedTuple):
    """What a training set consists of.

    Attributes:
        rows, sha256: `TrainingSetRef.rows`, `TrainingSetRef.sha256`.
        header: the line that stands above the rows of all members, in this `encoding`; "" where the set is the original
            itself.
        generation: of the set: that of its newest file, with the seal's sequence if that file is not the run's own.
        duplicates: how many files were left out because another one has the same bytes.
        unfit: the files that were left out because they do not fit the schema.
        classes: `TrainingSetRef.classes`.
    """

    kind: TrainingSetKind
    members: tuple[SetMember, ...]
    rows: int | None
    sha256: str | None
    header: str
    generation: str
    encoding: str = "utf-8"
    duplicates: int = 0
    unfit: tuple[UnfitFile, ...] = ()
    classes: tuple[str, ...] = ()


class BatchMember(NamedTuple):
    """A file of a batch; `rows` and `sha256` as in `SetMember`."""

    blob: str
    etag: str
    rows: int | None
    sha256: str | None
    run_id: str


class MemberList(NamedTuple):
    """The files of a sealed batch, in order of generation; the last one's run carries the batch."""

    kind: TrainingSetKind
    members: tuple[BatchMember, ...]


_read_manifest: Callable[[Any], Manifest] = reader_of(Manifest)
_read_member_list: Callable[[Any], MemberList] = reader_of(MemberList)


def manifest_of(
    kind: TrainingSetKind,
    parts: Sequence[Part],
    *,
    generation: str,
    encoding: str = "utf-8",
    duplicates: int = 0,
    unfit: Sequence[UnfitFile] = (),
) -> Manifest:
    """Return the manifest of a set of parts, whose rows stand under the header of the newest part.

    Raises:
        ValueError: there are no parts.
    """
    if not parts:
        raise ValueError("A training set has at least one file.")
    members = tuple(
        SetMember(part.blob, part.blob_etag, part.rows, part.sha256, part.run_id, part.path, part.etag, part.size)
        for part in parts
    )
    header = parts[-1].header
    rows = sum(part.rows for part in parts)
    sha256 = sha256_of_set(header, parts)
    classes = classes_of_set(parts)
    return Manifest(kind, members, rows, sha256, header, generation, encoding, duplicates, tuple(unfit), classes)


def manifest_of_unread(run: Run) -> Manifest:
    """Return the manifest of a set that is one file, which nothing reads."""
    member = SetMember(run.blob, run.etag, None, None, run.run_id)
    return Manifest(TrainingSetKind.FILE, (member,), None, None, "", run.generation)


def member_list_of(kind: TrainingSetKind, runs: Sequence[Run]) -> MemberList:
    """Return the list of a batch's members, which come in order of generation."""
    return MemberList(
        kind,
        tuple(
            BatchMember(
                run.blob,
                run.etag,
                run.intake.rows if run.intake is not None else None,
                run.intake.sha256 if run.intake is not None else None,
                run.run_id,
            )
            for run in runs
        ),
    )


def to_text(record: Manifest | MemberList) -> str:
    """Write a manifest or a member list: the same record always gives the same text."""
    return json.dumps(to_json_value(record, with_defaults=True), ensure_ascii=False, indent=1) + "\n"


def manifest_from(text: str) -> Manifest:
    """Read a manifest.

    Raises:
        UnreadableRowError: it is none that this release can read.
    """
    return _read(text, "manifest", _read_manifest)


def member_list_from(text: str) -> MemberList:
    """Read a member list.

    Raises:
        UnreadableRowError: it is none that this release can read.
    """
    return _read(text, "member list", _read_member_list)


def _read[Record](text: str, what: str, read: Callable[[Any], Record]) -> Record:
    try:
        return read(json.loads(text))
    except (ValueError, TypeError) as error:
        raise UnreadableRowError(f"A {what} cannot be read: {error}") from error
