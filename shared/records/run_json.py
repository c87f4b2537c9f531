"""The run in JSON, as other tools read it (pure)."""

from shared.records.json_codec import Json, to_json_value
from shared.records.run import Run
from shared.records.times import iso, iso_time


def run_to_json(run: Run) -> Json:
    """Return the run in the JSON of other tools; its names are fixed."""
    return {
        "run_id": run.run_id,
        "route": run.route,
        "blob": run.blob,
        "etag": run.etag,
        "generation": run.generation,
        "state": run.state.value,
        "step": str(run.step or ""),
        "reason": run.reason,
        "attempt": run.attempt,
        "job_id": run.job_id or None,
        "input_blob": run.input_blob or None,
        "landed_at": iso(run.landed_at),
        "updated_at": iso(run.updated_at),
        "not_before": None if run.terminal else iso(run.not_before),
        "challenger": to_json_value(run.challenger, iso_time),
        "champion": to_json_value(run.champion, iso_time),
        "decision": to_json_value(run.decision, iso_time),
        "notes": list(run.notes),
        "intake": to_json_value(run.intake, iso_time, with_defaults=True),
        "problems": run.problems or None,
        "batch_run_id": run.batch_run_id or None,
        "training_set": to_json_value(run.training_set, iso_time),
        "drift": to_json_value(run.drift, iso_time),
        "endpoints": to_json_value(run.endpoint_events, iso_time),
    }
