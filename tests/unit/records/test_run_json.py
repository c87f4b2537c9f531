"""The run in JSON: the members that other tools read."""

from shared.records.run_json import run_to_json
from shared.records.run_states import RunState
from tests.contract.records import NOON, a_run


def test_json_has_the_fixed_names_and_utc_times() -> None:
    """Other tools find exactly the documented members; times are ISO 8601 with Z."""
    shown = run_to_json(a_run(landed_at=NOON.replace(microsecond=123456)))

    names = "run_id route blob etag generation state step reason attempt job_id input_blob landed_at updated_at"
    intake = ("intake", "problems", "batch_run_id", "training_set", "drift")
    models = ("challenger", "champion", "decision", "notes")
    assert list(shown) == [*names.split(), "not_before", *models, *intake, "endpoints"]
    assert shown["landed_at"] == "2026-11-23T12:00:00.123Z"
    assert shown["state"] == "landed"
    assert shown["job_id"] is None
    assert run_to_json(a_run(state=RunState.FAILED))["not_before"] is None
