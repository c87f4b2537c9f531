"""A stack keeps its ports, since others use them. A taken port is replaced with a warning that names the effect."""

import socket
from datetime import UTC, datetime

from landfall.stack.orphaned_jobs import warnings_for
from landfall.stack.stack_ports import StackPorts
from shared.records.run_states import RunState
from tests.contract.records import a_run


def test_the_same_ports_again() -> None:
    """Free ports give no warning."""
    before = StackPorts.free()

    assert StackPorts.from_json(before.to_json()) == before
    assert before.with_taken_replaced() == (before, [])


def test_a_taken_port_is_replaced_with_a_warning() -> None:
    """The warning names the port, its new listener, the new port and the effect; the other ports stay."""
    before = StackPorts.free()
    with socket.socket() as somebody:
        somebody.bind(("127.0.0.1", before.azurite.blob))
        somebody.listen()
        now, (warning,) = before.with_taken_replaced()

    ports = before.to_json()
    assert {name for name, port in now.to_json().items() if port != ports[name]} == {"blob"}
    assert f"port {before.azurite.blob} of the blob service is taken by" in warning
    assert f"listens at {now.azurite.blob} now: jobs in flight, and links to files, use the old address" in warning


def test_runs_whose_job_has_the_old_address_are_named() -> None:
    """The warning names the run, its deadline and what to do; only jobs that may still write count."""
    until = datetime(2026, 12, 1, tzinfo=UTC)
    runs = [
        a_run(state=RunState.STARTED, job_id="job-1", blob="census/a.csv", deadline_at=until),
        a_run(state=RunState.SUBMITTED, job_id="job-2", deadline_at=None),
        a_run(state=RunState.LANDED),
        a_run(state=RunState.TRAINED, job_id="job-3"),
    ]
    first, second = warnings_for(runs)

    assert "of census/a.csv loses its job job-1" in first
    assert "at the latest 2026-12-01 00:00:00 UTC. Drop the file again" in first
    assert "job-2" in second
