"""Probes of the demo: the endpoint's answers, the studio's request log, the host's log."""

import base64
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import requests
from azure.storage.queue import QueueClient

from landfall.errors import CommandError
from landfall.sample_data.csv_table import Table
from landfall.stack.settings import HOST_ID
from landfall.stack.stack_document import StackDocument, studio_log


@dataclass(frozen=True)
class Prediction:
    """The serving endpoint's prediction for one row."""

    label: str
    probability: str

    def __str__(self) -> str:
        """Return label and probability."""
        return f"{self.label} ({float(self.probability):.3f})"


class Probes:
    """Observes a running stack from outside."""

    def __init__(self, document: StackDocument, host_log: Path) -> None:
        self._document = document
        self._host_log = host_log
        (service,) = document["services"]
        endpoints = service["predictive"]["endpoints"]
        self._production = next(endpoint for endpoint in endpoints if endpoint["role"] == "serve")

    def prediction(self, watched: Table) -> Prediction:
        """Score a row at the serving endpoint (protocol 2).

        Raises:
            CommandError: the endpoint does not answer, or answers something else.
        """
        table = {"ColumnNames": list(watched.header), "Values": watched.rows}
        key = {"Authorization": f"Bearer {self._production['api_key']}"}
        body = {"Inputs": {"input1": table}, "GlobalParameters": {}}
        url = self._production["execute_url"]
        try:
            answer = requests.post(url, json=body, headers=key, timeout=30, allow_redirects=False)
            answer.raise_for_status()
            value = answer.json()["Results"]["output1"]["value"]
            row = dict(zip(value["ColumnNames"], value["Values"][0], strict=True))
            return Prediction(row["Scored Labels"], row["Scored Probabilities"])
        except (requests.RequestException, ValueError, KeyError) as error:
            raise CommandError(f"the serving endpoint {url} did not score a row: {type(error).__name__}") from error

    def patches(self) -> int:
        """Count the updates that were sent to the serving endpoint."""
        path = urlsplit(self._production["patch_url"]).path
        return sum(request["method"] == "PATCH" and request["path"] == path for request in self._requests())

    def jobs_started(self) -> int:
        """Count the jobs that were started; repeated starts of a job count once."""
        posts = (request["path"] for request in self._requests() if request["method"] == "POST")
        return len({path for path in posts if path.endswith("/start")})

    def executions(self, function: str) -> int:
        """Count the finished executions of a function."""
        text = self._host_log.read_text(encoding="utf-8", errors="replace")
        return text.count(f"Executed 'Functions.{function}' (")

    def deliver_again(self, name: str, etag: str) -> None:
        """Send the event about a blob's version again, as a restarted host may."""
        event = {
            "Type": "BlobTrigger",
            "FunctionId": "Host.Functions.on_csv_landed",
            "BlobType": "BlockBlob",
            "ContainerName": self._document["input"],
            "BlobName": name,
            "ETag": f'"{etag}"',
        }
        queue = QueueClient.from_connection_string(self._document["storage"], f"azure-webjobs-blobtrigger-{HOST_ID}")
        with queue:
            queue.send_message(base64.b64encode(json.dumps(event).encode()).decode())

    def _requests(self) -> list[dict[str, Any]]:
        lines = studio_log(self._document).read_text(encoding="utf-8").splitlines()
        return [json.loads(line) for line in lines if line.endswith("}")]
