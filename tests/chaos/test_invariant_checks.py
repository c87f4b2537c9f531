"""The invariant checks: each finds its violation in a hand-made record of a chaos run."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from landfall.chaos.invariant_checks import (
    KillRecord,
    count_unseen_versions,
    longest_recovery_s,
    lost_files,
    trained_twice,
    unverified,
    update_history,
)
from shared.records.decision import Verdict
from shared.records.endpoint_record import Champion, EndpointRecord, Intent, Lease
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.contract.records import a_decision

START = datetime(2026, 5, 1, 12, tzinfo=UTC)
PATCH = "/management/workspaces/w/webservices/s/endpoints/production"
INITIAL = "models/initial/census.ilearner"


def run(number: int, state: RunState = RunState.PROMOTED, **changes: Any) -> Run:
    """Return the run of file `number`; later files have larger generations."""
    made = Run(
        run_id=f"{number:032x}",
        route="census",
        container="incoming",
        blob=f"census/{number}.csv",
        etag=f"0x{number}",
        generation=f"2026-05-01T12:{number:02d}:00Z/1",
        state=state,
        landed_at=START,
        updated_at=START + timedelta(seconds=number),
        not_before=START,
        deadline_at=None,
        decision=a_decision(),
    )
    return replace(made, **changes)


def model(number: int) -> str:
    """Return the path of a run's archived model."""
    return f"models/census/{number:032x}.ilearner"


def patch(location: str, status: int = 200, path: str = PATCH) -> dict[str, Any]:
    """Return a line of the request log: an update of the serving endpoint."""
    place = {"BaseLocation": "http://127.0.0.1:1/a/", "RelativeLocation": location, "SasBlobToken": "[redacted]"}
    body = {"Resources": [{"Name": "Census Model [trained model]", "Location": place}]}
    return {"time": "2026-05-01T12:00:00.000Z", "method": "PATCH", "path": path, "body": body, "status": status}


def start(job: str, status: int = 204) -> dict[str, Any]:
    """Return a line of the request log: the start of a job."""
    path = f"/workspaces/w/services/e/jobs/{job}/start"
    return {"time": "2026-05-01T12:00:00.000Z", "method": "POST", "path": path, "body": None, "status": status}


VERSIONS = [("census/1.csv", "0x1"), ("census/2.csv", "0x2")]


def test_every_version_with_one_outcome_is_not_lost() -> None:
    """Neither is a version that was overwritten before anybody saw it."""
    written = [*VERSIONS, ("census/1.csv", "0x0")]
    runs = [run(1), run(2, RunState.REJECTED)]

    assert lost_files(written, VERSIONS, runs) == []
    assert count_unseen_versions(written, VERSIONS, runs) == 1


@pytest.mark.parametrize(
    ("runs", "says"),
    [
        ([run(1)], "census/2.csv (version 0x2) has no run"),
        ([run(1), run(2, RunState.STARTED)], "is still started"),
        ([run(1), run(2), run(2, run_id="f" * 32)], "has 2 runs"),
        ([run(1), run(2), run(3, RunState.LANDED)], "is still landed"),
    ],
)
def test_lost_files_are_found(runs: Sequence[Run], says: str) -> None:
    """A violation is no run, a run without outcome, or two runs; also of a version that the uploader did not write."""
    (problem,) = lost_files(VERSIONS, VERSIONS, runs)

    assert says in problem


def test_one_started_job_per_attempt_is_right() -> None:
    """A job that was never started does not count; a refused or repeated start is no second job."""
    pinned = f"training/{'a' * 32}"
    submitted = {"j1": f"{pinned}/1/input.csv", "orphan": f"{pinned}/1/input.csv", "j2": f"{pinned}/2/input.csv"}
    log = [start("j1"), start("j1", 400), start("j1"), start("orphan", 404), start("j2")]

    assert trained_twice(log, submitted) == []


def test_a_version_that_is_trained_twice_is_found() -> None:
    """Two started jobs of one attempt are a violation, and so is a started job whose submission was not recorded."""
    pinned = f"training/{'a' * 32}/1/input.csv"
    (twice,) = trained_twice([start("j1"), start("j2")], {"j1": pinned, "j2": pinned})
    (unknown,) = trained_twice([start("j3")], {"j1": pinned})

    assert f"run {'a' * 32}, attempt 1: 2 jobs were started: j1, j2" in twice
    assert "job j3" in unknown


def test_promotions_in_order_are_no_excursion() -> None:
    """Neither is a challenger that was rolled back or refused, nor an update of the staging endpoint."""
    runs = [run(1), run(2), run(3, RunState.ROLLED_BACK), run(4, RunState.REJECTED)]
    staging = PATCH.replace("production", "staging")
    log = [
        *(patch(model(1)), patch(model(2)), patch(model(2))),
        *(patch(model(3)), patch(model(2)), patch(model(1), 400), patch(model(1), path=staging)),
    ]
    history = update_history(log, PATCH, model(2), runs)

    assert (history.repaired, history.left) == ([], [])
    assert update_history([], PATCH, "seeds/census.ilearner", [run(1, RunState.REJECTED)]).left == []


def test_a_repaired_excursion_is_no_violation() -> None:
    """It is listed, and is no violation."""
    history = update_history([patch(model(2)), patch(model(1)), patch(model(2))], PATCH, model(2), [run(1), run(2)])

    assert history.left == []
    assert model(1) in history.repaired[0]


@pytest.mark.parametrize(
    ("log", "served_model"),
    [
        ([patch(model(1)), patch(model(2)), patch(model(1))], model(1)),
        ([patch(model(2)), patch(INITIAL)], INITIAL),
        ([patch(model(2)), patch(model(1))], model(2)),
        ([patch(model(1)), patch(model(2))], model(1)),
        ([], "seeds/census.ilearner"),
    ],
)
def test_an_endpoint_left_on_older_data_is_found(log: Sequence[dict[str, Any]], served_model: str) -> None:
    """The log of updates shows it, or the endpoint's own list of its models."""
    assert len(update_history(log, PATCH, served_model, [run(1), run(2)]).left) == 1


def champion(number: int) -> Champion:
    """Return the champion that a run became."""
    made = run(number)
    return Champion(
        run_id=made.run_id,
        generation=made.generation,
        model=model(number),
        metrics={"AUC": 0.9},
        promoted_at=START,
    )


def test_a_verified_endpoint_is_fine() -> None:
    """It serves its champion's model, or an initial model while it has no champion."""
    empty = EndpointRecord(route="census", name="production")

    assert unverified(replace(empty, champion=champion(1)), model(1), [INITIAL], [run(1)]) == []
    assert unverified(empty, f"/{INITIAL}", [INITIAL], [run(1, RunState.REJECTED, decision=None)]) == []


@pytest.mark.parametrize(
    ("changes", "served_model", "decision", "says"),
    [
        (
            {"lease": Lease(run_id="r2", token=1, expires_at=START)},
            model(1),
            "promote",
            "run r2 still holds the endpoint",
        ),
        (
            {"intent": Intent(run_id="r2", generation="2", token=1, from_model="a", to_model="b")},
            *(model(1), "promote", "the promotion of run r2 is still open"),
        ),
        ({}, model(2), "promote", f"it serves {model(2)}"),
        ({"champion": None}, model(1), "promote", f"not {INITIAL}"),
        ({}, model(1), "reject", "was promoted without a decision"),
    ],
)
def test_an_unverified_endpoint_is_found(changes: dict[str, Any], served_model: str, decision: str, says: str) -> None:
    """A violation is an open lease or intent, another model than the record's, or a promotion without decision."""
    record = replace(EndpointRecord(route="census", name="production", champion=champion(1)), **changes)
    (problem,) = unverified(record, served_model, [INITIAL], [run(1, decision=a_decision(verdict=Verdict(decision)))])

    assert says in problem


def test_recovery_lasts_until_the_last_run_that_was_hit_has_its_outcome() -> None:
    """The longest recovery counts; a kill without unsettled runs, or with a run that never ended, has none."""
    runs = [run(10), run(30), run(50, RunState.STARTED)]
    ids = [record.run_id for record in runs]

    def kill_record(at_s: int, *numbers: int) -> KillRecord:
        states = {ids[number]: RunState.STARTED for number in numbers}
        return KillRecord(START + timedelta(seconds=at_s), "kill worker", states)

    assert longest_recovery_s([kill_record(4, 0), kill_record(5, 0, 1), kill_record(0), kill_record(1, 2)], runs) == 25
    assert longest_recovery_s([], runs) == 0
