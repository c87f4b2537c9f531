"""No secret of the whole stack appears where it does not belong, in successes and failures."""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
import requests
from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from landfall.chaos.secret_scan import SecretScan, decode_message, secrets_of
from landfall.commands.submit import upload
from landfall.sample_data.census import census_csv
from landfall.stack.ports import free_ports
from landfall.stack.stack_document import studio_log
from landfall.stack.up import EXAMPLE_ROUTES, RunningStack, StackOptions, start_stack
from shared.adapters.storage.table_runs import TableRunStore
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.local_server import QuietHandler, serving

PATIENCE_S = 120
# One for each way that a secret can take. They have characters that are written otherwise in URLs, JSON and base64.
CANARIES = {
    name: f"CANARY/{name}+0123456789/abcdefghijk=="
    for name in ("refused-key", "second-key", "nobody-key", "liar-key", "scold-key", "sas", "said", "caller")
}
# Routes that go wrong: the training service's URL and the key for it, as settings.
WRONG = {
    "refused": ("${CENSUS_JOBS_URL}", "${REFUSED_KEY}"),
    "nobody": ("${NOBODY}/jobs", "${NOBODY_KEY}"),
    "liar": ("${LIAR}/liar/jobs", "${LIAR_KEY}"),
    "scold": ("${LIAR}/scold/jobs", "${SCOLD_KEY}"),
}
ROUTE = """
[routes.{name}]
files = "{name}/*.csv"
no_champion = "threshold-only"
initial_model = "models/initial/census.ilearner"
golden = "models/golden/census.csv"
gates = [ {{ metric = "AUC", at_least = 0.8 }} ]

[routes.{name}.training]
jobs_url = "{jobs_url}"
api_key = "{key}"
api_key_secondary = "${{SECOND_KEY}}"
input = "input1"
model_output = "output1"
evaluation_output = "output2"

[[routes.{name}.endpoints]]
name = "production"
role = "serve"
patch_url = "${{LIAR}}/webservices/1/endpoints/{name}"
execute_url = "${{LIAR}}/execute"
api_key = "${{LIAR_KEY}}"
resource = "Model [trained model]"
"""


def repeated(header: str) -> str:
    """Return a key in every form in which a service may repeat it."""
    key = header.partition(" ")[2]
    encoded = base64.b64encode(header.encode()).decode()
    forms = (header, key, quote(key, safe=""), quote(quote(key, safe=""), safe=""), key.replace("/", "\\/"), key[:40])
    return " ".join(
        (*forms, encoded, encoded.replace("+", "-").replace("/", "_"), base64.b64encode(key.encode()).decode())
    )


@contextlib.contextmanager
def hostile_service() -> Iterator[str]:
    """Serve two training services that repeat everything they get wherever they can."""

    class Handler(QuietHandler):
        def answer(self) -> None:
            sent = self.rfile.read(int(self.headers.get("Content-Length") or 0)).decode()
            key = self.headers.get("Authorization", "")
            base, sas = f"http://{self.headers['Host']}/", f"?sig={CANARIES['sas']}"
            body: Any = {"error": {"code": "BadArgument", "message": f"{repeated(key)}: {sent}"}}
            status = 400
            if self.path.startswith("/liar/jobs"):
                outputs = {
                    name: {"BaseLocation": base, "RelativeLocation": f"c/{file}{sas}", "SasBlobToken": sas}
                    for name, file in (("output1", "m.ilearner"), ("output2", "evaluation.csv"))
                }
                status, body = 200, {"StatusCode": "Finished", "Results": outputs, "Details": repeated(key)}
                if self.command == "POST":
                    body = "job1"
            elif self.path.startswith("/c/"):
                status, body = 200, f"<html>{self.path}</html>"
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        do_GET = do_POST = do_DELETE = answer  # noqa: N815 - the base class's names

    with serving(Handler) as port:
        yield f"http://127.0.0.1:{port}"


class Caller:
    """Calls the app as its users do, and keeps every answer."""

    def __init__(self, stack: RunningStack) -> None:
        self._base = stack.document["functions"]
        self._key = {"x-functions-key": stack.document["functions_key"]}
        self.answers: list[tuple[str, str]] = []

    def ask(self, method: str, path: str, *, secret: bool = False, **options: Any) -> requests.Response:
        """Send a request with the key; an answer that is a secret for its caller is not kept."""
        answer = requests.request(method, f"{self._base}/api/{path}", timeout=60, **{"headers": self._key, **options})
        if not secret:
            self.answers.append((f"{method} {path.partition('?')[0]}", f"{answer.headers} {answer.text}"))
        return answer

    def operate(self, operation: str, arguments: dict[str, str], *, secret: bool = False) -> Any:
        """Call an operation."""
        return self.ask("POST", f"operations/{operation}", secret=secret, json=arguments).json()


def dropped(stack: RunningStack, folder: Path, name: str, text: str) -> Callable[[], Run | None]:
    """Upload a file; returns a function that reads its run."""
    path = folder / name.replace("/", "-")
    path.write_text(text, encoding="utf-8")
    run_id = upload(stack.document["storage"], stack.document["input"], name, path)
    store = TableRunStore.from_connection_string(stack.document["storage"])

    def read() -> Run | None:
        stored = store.get(name.partition("/")[0], run_id)
        return stored.run if stored is not None else None

    return read


def until(read: Callable[[], Run | None], wanted: Callable[[Run], bool]) -> Run:
    """Read a run repeatedly until a condition holds."""
    deadline = time.monotonic() + PATIENCE_S
    while (run := read()) is None or not wanted(run):
        assert time.monotonic() < deadline, run
        time.sleep(0.1)
    return run


def search_storage(secret_scan: SecretScan, storage: str) -> int:
    """Search every row, message and blob of the account; returns their number."""
    count = 0
    with TableServiceClient.from_connection_string(storage) as tables:
        for table in tables.list_tables():
            for row in tables.get_table_client(table.name).list_entities():
                secret_scan.search(f"table {table.name}, row {row['RowKey']}", repr(dict(row)))
                count += 1
    with QueueServiceClient.from_connection_string(storage) as queues:
        for queue in queues.list_queues():
            for message in queues.get_queue_client(queue.name).peek_messages(max_messages=32):
                secret_scan.search(f"queue {queue.name}", f"{message.content} {decode_message(str(message.content))}")
    with BlobServiceClient.from_connection_string(storage) as blobs:
        for container in blobs.list_containers():
            client = blobs.get_container_client(container.name)
            for blob in client.list_blobs(include=["metadata"]):
                text = client.download_blob(blob.name).readall().decode(errors="replace")
                secret_scan.search(f"blob {container.name}/{blob.name}", f"{blob.name} {blob.metadata} {text}")
                count += 1
    return count


@pytest.mark.timeout(240)
def test_no_secret_leaks_on_any_way(tmp_path: Path) -> None:
    """Keys, signatures and links are in no row, message, blob, log or answer, after successes and failures."""
    (nobody,) = free_ports(1)
    text = EXAMPLE_ROUTES.read_text(encoding="utf-8").replace("golden = ", 'approval = "required"\ngolden = ', 1)
    text += "".join(ROUTE.format(name=name, jobs_url=url, key=key) for name, (url, key) in WRONG.items())
    routes = tmp_path / "routes.toml"
    routes.write_text(text, encoding="utf-8")
    lines: list[str] = []
    with hostile_service() as liar:
        settings = {
            **{f"{name.upper()}_KEY": CANARIES[f"{name}-key"] for name in (*WRONG, "second")},
            "NOBODY": f"http://127.0.0.1:{nobody}",
            "LIAR": liar,
        }
        with start_stack(
            StackOptions(state=tmp_path / "state", routes=routes, settings=settings), lines.append
        ) as stack:
            caller = Caller(stack)
            good = dropped(stack, tmp_path, "census/good.csv", census_csv(2000, 5))
            bad = dropped(stack, tmp_path, "census/bad.csv", "age,workclass\n1,x\n")
            wrong = {name: dropped(stack, tmp_path, f"{name}/a.csv", census_csv(20, 1)) for name in WRONG}
            code = ways(caller, good)
            secret_scan = SecretScan({**secrets_of(stack.document), **CANARIES, "the code of the approval link": code})
            ends = {
                name: until(read, lambda run: run.terminal or run.consecutive_failures > 1)
                for name, read in wrong.items()
            }
            assert until(bad, lambda run: run.terminal).state is RunState.FAILED
            assert {name: run.terminal for name, run in ends.items()} == {
                "refused": False,
                "nobody": False,
                "liar": True,
                "scold": True,
            }
            assert "REFUSED_KEY and SECOND_KEY" in ends["refused"].reason
            caller.ask("GET", "runs?limit=1000")

            assert search_storage(secret_scan, stack.document["storage"]) > 50
            document = stack.document
        logs = [*(tmp_path / "state" / "logs").iterdir(), studio_log(document)]
        assert {"host.log", "studio.log", "requests.jsonl"} <= {log.name for log in logs}
        for log in logs:
            secret_scan.search(log.name, log.read_text(encoding="utf-8", errors="replace"))
        for place, answer in caller.answers:
            secret_scan.search(place, answer)
        secret_scan.search("what the command says", "\n".join(lines))
    assert secret_scan.sentences() == []


def ways(caller: Caller, good: Callable[[], Run | None]) -> str:
    """Use every HTTP function of the app, some with secrets in their arguments; returns an approval link's code."""
    decision = {"by": f"Bearer {CANARIES['caller']}", "reason": f"AccountKey={CANARIES['said']}&sig={CANARIES['said']}"}
    assert caller.ask("GET", "health").status_code == 200
    assert caller.ask("GET", "health", headers={"x-functions-key": CANARIES["caller"]}).status_code == 401
    key = caller.ask("GET", "health").request.headers["x-functions-key"]
    assert caller.ask("GET", f"runs?code={key}", headers={}).status_code == 200
    assert caller.operate("freeze", {"endpoint": "census/production", **decision})["frozen"] is True
    assert caller.operate("unfreeze", {"endpoint": "census/production", "by": decision["by"]})["frozen"] is False
    assert "no endpoint" in caller.operate("freeze", {"endpoint": f"?sig={CANARIES['said']}", **decision})["error"]
    assert "no operation" in caller.operate("nonsense", {})["error"]
    assert caller.ask("POST", "operations/freeze", data=f"{{{CANARIES['said']}").status_code == 400

    run = until(good, lambda run: run.state is RunState.HELD)
    link = caller.operate("invite", {"run": run.run_id, "by": "alice"}, secret=True)["link"]
    code = str(link).partition("#")[2]
    caller.ask("GET", "approval", headers={})
    caller.ask("POST", "approval", headers={}, data={"code": code, "action": "show"}, secret=True)
    assert (
        caller.ask("POST", "approval", headers={}, data={"code": f"{code}x", "action": "approve", **decision}).ok
        is False
    )
    done = caller.ask("POST", "approval", headers={}, data={"code": code, "action": "approve", **decision})
    assert "Approved by" in done.text
    until(good, lambda run: run.state is RunState.PROMOTED)
    assert "sig=" in str(caller.operate("links", {"run": run.run_id}, secret=True))
    return code.rpartition(".")[2]
