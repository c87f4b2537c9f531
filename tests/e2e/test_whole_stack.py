"""The whole stack, every part real: client, functions host, studio and storage."""

import json
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from landfall.commands.submit import upload
from landfall.demo.datasets import census_dataset
from landfall.demo.probes import Probes
from landfall.follow_run import follow_run
from landfall.sample_data.census import census_csv
from landfall.stack.stack_document import studio_log
from landfall.stack.up import EXAMPLE_ROUTES, StackOptions, start_stack
from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run_states import RunState

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.timeout(240)
def test_the_demo_succeeds() -> None:
    """A good file is promoted, a bad one rejected, the same one not trained again; no process remains."""
    command = [sys.executable, "-m", "landfall", "demo", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=200, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    summary = json.loads(done.stdout)

    assert [act["ok"] for act in summary["acts"]] == [True, True, True]
    assert [act["run"]["state"] for act in summary["acts"][:2]] == ["promoted", "rejected"]
    lines = [" ".join(process.info["cmdline"] or []) for process in psutil.process_iter(["cmdline"])]
    assert [line for line in lines if "landfall-demo-" in line] == []


@pytest.mark.timeout(240)
def test_a_service_that_ignores_the_update_is_rolled_back(tmp_path: Path) -> None:
    """The endpoint answers 200 and serves nothing new: the previous model is restored; no secret is in rows or logs."""
    routes = tmp_path / "routes.toml"
    text = EXAMPLE_ROUTES.read_text(encoding="utf-8").replace("propagation_s = 30", "propagation_s = 3")
    routes.write_text(text, encoding="utf-8")
    file = tmp_path / "new.csv"
    file.write_text(census_csv(2500, 5), encoding="utf-8")
    options = StackOptions(state=tmp_path / "state", routes=routes, studio_arguments=("--ignore-patch", "production"))
    with start_stack(options, lambda _: None) as stack:
        storage = stack.document["storage"]
        store, evidence = (
            TableRunStore.from_connection_string(storage),
            Probes(stack.document, stack.state.log("host")),
        )
        watched = census_dataset().watched
        before = evidence.prediction(watched)
        run_id = upload(storage, stack.document["input"], "census/new.csv", file)
        steps = list(follow_run(store, "census", run_id, lambda: None))
        stored = store.get("census", run_id)
        record = TableEndpointStore.from_connection_string(storage).get("census", "production").record

        assert steps[-1].state is RunState.ROLLED_BACK
        assert [event.event for event in (stored.run.endpoint_events if stored else ())][-2:] == [
            "patched",
            "put_back",
        ]
        assert evidence.prediction(watched) == before
        assert evidence.patches() == 2
        assert (record.champion, record.lease, record.intent) == (None, None, None)
        written = repr((stored, steps, record)) + "".join(
            log.read_text(encoding="utf-8", errors="replace") for log in (stack.state.path / "logs").iterdir()
        )
        written += studio_log(stack.document).read_text(encoding="utf-8")
        (service,) = stack.document["services"]
        keys = [
            service["training"]["api_key"],
            *(endpoint["api_key"] for endpoint in service["predictive"]["endpoints"]),
        ]
        account_key = storage.partition("AccountKey=")[2].partition(";")[0]
        for secret in [*keys, account_key, stack.document["functions_key"], "sig="]:
            assert secret not in written
