"""The record of a part: the clean rows of one accepted file, which training sets are joined from (pure)."""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Part:
    """An accepted file, as training sets know it.

    Attributes:
        original, original_etag: where the original is read again (container/path), and its version: the pinned one, or
            its copy beside the part where sets grow.
        path, etag, size: the blob of its clean rows without a header (container/path), its version, bytes. "" and 0
            where the route does not read files: then the original is trained on as it is.
        header: the line that its rows stand under, with its line end.
        rows: data rows.
        sha256, rows_sha256: of the original and of the rows, hex.
        schema, holdout_etag: what it was checked against; a part of an older schema or holdout is written anew.
        labels: rows by label; empty without a label.
        missing: missing cells by column, without columns that have none.
        sketch: container/path of its columns' sketches; "" if there is none.
    """

    run_id: str
    attempt: int
    route: str
    blob: str
    blob_etag: str
    generation: str
    original: str
    original_etag: str
    path: str = ""
    etag: str = ""
    size: int = 0
    header: str = ""
    rows: int = 0
    sha256: str = ""
    rows_sha256: str = ""
    encoding: str = ""
    schema: int | None = None
    holdout_etag: str = ""
    labels: dict[str, int]
    missing: dict[str, int]
    sketch: str = ""
