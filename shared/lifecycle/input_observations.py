"""The observations of a run before its job: its file is pinned, read, refused, or joined with others (pure)."""

from typing import NamedTuple

from shared.records.batch import TrainingSetRef
from shared.records.drift import DriftRecord
from shared.records.intake_record import IntakeRecord
from shared.records.part import Part


class Quarantined(NamedTuple):
    """The bad file was copied; `copied` is False if the file no longer exists."""

    copied: bool


class InputPinned(NamedTuple):
    """The claimed version lies at the path that the job reads."""


class InputCopyPending(NamedTuple):
    """Storage is still copying the file."""


class InputArchived(NamedTuple):
    """The version is in the archive tier and cannot be copied before it is rehydrated; `reason` says how."""

    reason: str


class InputMissing(NamedTuple):
    """The version was overwritten or deleted before it could be pinned."""


class InputAccepted(NamedTuple):
    """The original was read and is good; its part is inserted with the run's next record.

    Attributes:
        part: the row of its clean rows, whose blob is written.
        problems: container/path of problems.json, which holds warnings only; "" if there are none.
    """

    part: Part
    intake: IntakeRecord
    problems: str = ""


class InputRefused(NamedTuple):
    """The original was read and is bad; it lies in the quarantine container.

    Attributes:
        reason: the first problems, for people.
        problems: container/path of problems.json.
        intake: what was read of it; None if it could not be read at all.
    """

    reason: str
    problems: str
    intake: IntakeRecord | None = None


class OriginalMissing(NamedTuple):
    """The pinned original no longer exists, or it was never complete."""


class SetAssembled(NamedTuple):
    """The training set lies at the path that the job reads.

    Attributes:
        input_blob: that path, container/path.
        drift: as far as it was measured.
        generation: of the set; "" if it is the run's own.
        duplicates: how many files were left out because another one has the same bytes.
        unfit: how many files were left out because they do not fit the schema in force.
    """

    input_blob: str
    training_set: TrainingSetRef
    drift: DriftRecord | None = None
    generation: str = ""
    duplicates: int = 0
    unfit: int = 0


class MemberForgotten(NamedTuple):
    """The data of a file was forgotten while the training set that has it was decided; nothing of the set is joined.

    Attributes:
        blob: name of that file.
    """

    blob: str


class MemberRewritten(NamedTuple):
    """The part of a file was written anew after the training set that has it was decided; the set cannot be joined.

    Attributes:
        blob: name of that file.
    """

    blob: str


class NothingToTrain(NamedTuple):
    """The training set needs no job: an equal set was trained, or no column drifted."""

    reason: str
    training_set: TrainingSetRef
    drift: DriftRecord | None = None
    generation: str = ""
    duplicates: int = 0
    unfit: int = 0
