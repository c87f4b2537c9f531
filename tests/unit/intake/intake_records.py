"""Runs and parts for the tests of batches and training sets."""

import hashlib
from datetime import UTC, datetime, timedelta

from shared.records.part import Part
from shared.records.run import Run
from shared.records.run_identity import generation_for, run_id_for
from shared.records.run_states import RunState
from shared.records.run_steps import Step, WaitingStep

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)
HEADER = "age,income\n"


def landed_run(
    number: int,
    *,
    blob: str = "",
    age_s: float = 0,
    modified_s: float | None = None,
    state: RunState = RunState.WAITING,
    step: Step | None = WaitingStep.BATCH,
) -> Run:
    """Return the run of file `number`, claimed `age_s` before noon; modified then, or `modified_s` after noon."""
    blob = blob or f"census/{number:04d}.csv"
    landed_at = NOON - timedelta(seconds=age_s)
    modified_at = landed_at if modified_s is None else NOON + timedelta(seconds=modified_s)
    run_id = run_id_for("incoming", blob, f"0x{number}")
    return Run(
        run_id=run_id,
        route="census",
        container="incoming",
        blob=blob,
        etag=f"0x{number}",
        size=100,
        generation=generation_for(modified_at, landed_at, run_id),
        state=state,
        landed_at=landed_at,
        updated_at=landed_at,
        not_before=landed_at,
        deadline_at=None,
        step=step,
    )


def part_of(
    run: Run,
    *,
    content: str = "",
    rows: int = 10,
    labels: dict[str, int] | None = None,
    missing: dict[str, int] | None = None,
    header: str = HEADER,
    encoding: str = "utf-8",
    schema: int | None = 1,
) -> Part:
    """Return the part of a run's file; files with the same `content` have the same bytes."""
    sha256 = hashlib.sha256((content or run.blob + run.etag).encode()).hexdigest()
    return Part(
        run_id=run.run_id,
        attempt=run.attempt,
        route=run.route,
        blob=run.blob,
        blob_etag=run.etag,
        generation=run.generation,
        original=f"training/{run.job_folder}/original.csv",
        original_etag="0x1",
        path=f"training/parts/census/{run.run_id}/1-1-none.csv",
        etag="0x2",
        size=50,
        header=header,
        rows=rows,
        sha256=sha256,
        rows_sha256=hashlib.sha256(sha256.encode()).hexdigest(),
        encoding=encoding,
        schema=schema,
        labels={"no": rows - rows // 2, "yes": rows // 2} if labels is None else labels,
        missing=missing or {},
    )
