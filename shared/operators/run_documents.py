"""What a run has in blobs beside its row: the problems of its file, and the list of the batch that it carries."""

import json
from typing import NamedTuple

from shared.errors import LandfallError
from shared.ports.blob_files import BlobFiles
from shared.records.json_codec import Json
from shared.records.run import Run
from shared.records.run_json import run_to_json

MAX_PROBLEMS_BYTES = 1024 * 1024  # 100 problems are listed, with values of 100 characters
MAX_LIST_BYTES = 4 * 1024 * 1024  # of a batch, which has 1,000 members at most
_OF_MEMBERS = ("blob", "etag", "rows", "sha256")  # a list may say more of each


class RunDocuments(NamedTuple):
    """The blobs of a run, read.

    Attributes:
        problems: the content of problems.json; None without problems.
        members: each file of its batch as `blob`, `etag`, `rows`, `sha256`; None if it carries none.
    """

    problems: Json | None = None
    members: list[Json] | None = None


NO_DOCUMENTS = RunDocuments()


def read_documents(blobs: BlobFiles, run: Run) -> RunDocuments:
    """Read the problems and the members of a run; a blob that is gone or does not answer is left out."""
    return RunDocuments(_problems(blobs, run), _members(blobs, run))


def detailed_json(run: Run, documents: RunDocuments) -> Json:
    """Return the run in JSON, with the content of its blobs: `members` and `problem_file`."""
    return {**run_to_json(run), "members": documents.members, "problem_file": documents.problems}


def run_with_members(blobs: BlobFiles, run: Run) -> Json:
    """Return the run in JSON as lists show it: with the members of the batch that it carries."""
    return {**run_to_json(run), "members": _members(blobs, run)}


def _problems(blobs: BlobFiles, run: Run) -> Json | None:
    return _document(blobs, run.problems, MAX_PROBLEMS_BYTES) if run.problems else None


def _members(blobs: BlobFiles, run: Run) -> list[Json] | None:
    document = _document(blobs, run.batch.members, MAX_LIST_BYTES) if run.batch is not None else None
    if document is None:
        return None
    return [{name: member.get(name) for name in _OF_MEMBERS} for member in document["members"]]


def _document(blobs: BlobFiles, path: str, limit_bytes: int) -> Json | None:
    """Read a JSON object; None if retention removed it, it does not answer, or it is none."""
    try:
        text, _ = blobs.read_text(path, limit_bytes)
        document: Json = json.loads(text)
    except (LandfallError, ValueError):
        return None
    return document
