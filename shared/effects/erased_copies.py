"""Deletes every copy of a file that was forgotten, and the joined inputs that have its rows; repeating is harmless."""

from collections.abc import Iterable
from contextlib import suppress

from shared.blob_path import BlobPath
from shared.errors import BlobChangedError
from shared.lifecycle.job_paths import NAME_TAIL, TRAINING, archived_original_path, quarantine_folder
from shared.records.run import Run
from shared.services import QUARANTINE, Services

# How the names of the files of an attempt begin that hold its own rows, and rows or numbers of its whole set.
_ITS_OWN, _OF_THE_SET = ("original", "problems"), ("input", "manifest.profile")


def delete_copies(services: Services, run: Run) -> list[str]:
    """Delete every copy of the file of a run, with the file itself if it still is that version; returns their paths."""
    blobs = services.blobs
    deleted = _delete_data(services, f"{run.run_id}/", *_ITS_OWN, *_OF_THE_SET)
    for container, folder in (
        (TRAINING, f"parts/{run.route}/{run.run_id}/"),
        (QUARANTINE, f"{quarantine_folder(run)}/"),
        BlobPath.parse(archived_original_path(run).removesuffix(run.blob[-NAME_TAIL:])),
    ):
        deleted += [path for version in blobs.versions(container, folder) if blobs.delete(path := str(version.path))]
    version = blobs.version(run.container, run.blob)
    if version is not None and version.etag == run.etag:
        with suppress(BlobChangedError):  # a newer version has its own run
            if blobs.delete(str(version.path), run.etag):
                deleted.append(str(version.path))
    return deleted


def delete_inputs(services: Services, folders: Iterable[str]) -> list[str]:
    """Delete the sets that the jobs of some attempts read, each by `Run.job_folder`; what the jobs wrote stays."""
    return [path for folder in folders for path in _delete_data(services, f"{folder}/", *_OF_THE_SET)]


def _delete_data(services: Services, prefix: str, *beginnings: str) -> list[str]:
    blobs = services.blobs
    return [
        path
        for version in blobs.versions(TRAINING, prefix)
        if version.name.rpartition("/")[2].startswith(beginnings) and blobs.delete(path := str(version.path))
    ]
