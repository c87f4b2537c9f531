"""Writes the outputs of a job. The error for one that cannot be written also names those already written."""

from collections.abc import Callable, Mapping

from studio.errors import StorageError
from studio.storage.blob_locations import BlobAddress
from studio.storage.blobs import BlobStorage
from studio.tables.csv_text import parse_csv
from studio.tables.table_writer import OutputFile, write_table

MODEL_TYPE = "application/octet-stream"


def evaluation_file(text: str, target: BlobAddress) -> OutputFile:
    """Return an evaluation (CSV with a header) in the format that the target's extension names."""
    header, rows = parse_csv(text)
    return write_table(header, rows, target.path.name)


def write_outputs(
    storage: BlobStorage,
    targets: Mapping[str, BlobAddress],
    contents: Mapping[str, OutputFile],
    log: Callable[[str], None],
) -> None:
    """Write each output to its target; `log` takes a line for each.

    Raises:
        StorageError: names the output that could not be written, and the outputs already written, which stay.
    """
    written: list[str] = []
    for name, target in targets.items():
        try:
            storage.write(target, contents[name].data, contents[name].content_type)
        except StorageError as error:
            others = f" Already written: {', '.join(written)}." if written else " No output was written."
            text = f"{name} could not be written. {error}{others}"
            raise StorageError(error.fault, text) from None
        written.append(f"{name} to {target.path}")
        log(f"Export Data: {name} to {target.path}")
