"""The open batch of a route, its seal, and the training set of the run that carries it (pure)."""

from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple


class Seal(NamedTuple):
    """The last seal of a route's batch: it decides which versions are one batch.

    Attributes:
        carrier: the run of the newest member, which is trained.
        members: container/path of the list of run ids, named by its content; `size` entries with this `sha256`.
        sequence: the number of the seal, which orders sets with the same newest file.
        done: whether all members are re-pointed.
    """

    carrier: str
    members: str
    size: int
    sha256: str
    sequence: int
    sealed_at: datetime
    done: bool = False


@dataclass(frozen=True, kw_only=True)
class OpenBatch:
    """The one row by which a route's files become batches: `active;!batch;<customer>`.

    Attributes:
        seal: the last seal; None before the first.
    """

    route: str
    customer: str = ""
    seal: Seal | None = None


class BatchRef(NamedTuple):
    """The batch that a run carries: `Seal.members`, `Seal.size`, `Seal.sha256`, `Seal.sequence`."""

    members: str
    size: int
    sha256: str
    sequence: int


class TrainingSetRef(NamedTuple):
    """The training set of a run.

    Attributes:
        kind: `TrainingSetKind`.
        manifest: container/path of manifest.json.
        rows: data rows; None where nothing reads the files.
        sha256: of the header and the parts' hashes in order, hex; None where nothing reads the files.
        classes: the labels in it, sorted; empty without a label, and where they are too many to be classes.
    """

    kind: str
    manifest: str
    rows: int | None
    sha256: str | None
    classes: tuple[str, ...] = ()
