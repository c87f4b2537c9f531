"""How each service is asked to score rows, and how its answer is read: as its own callers would."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.serving.material import Material, number_or_none

MLSERVER_MODEL = "bench"

type Rows = Sequence[Sequence[str]]  # cells as a CSV has them, in the order of the model's columns


@dataclass(frozen=True)
class Dialect:
    """What a service speaks: from rows to an HTTP request, and from a body of an answer to probabilities."""

    request: Callable[[Rows], bytes]
    probabilities: Callable[[bytes], list[float]]


def _post(port: int, path: str, body: Any, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    head = [
        *(f"POST {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: application/json"),
        *("Content-Type: application/json", f"Content-Length: {len(content)}", *headers),
    ]
    return "\r\n".join([*head, "", ""]).encode() + content


def studio(port: int, execute_url: str, key: str, names: Sequence[str]) -> Dialect:
    """Speak the classic protocol: a table of text cells, with the endpoint's key."""
    path = execute_url.partition(f":{port}")[2].partition("?")[0] + "?api-version=2.0"

    def request(rows: Rows) -> bytes:
        table = {"ColumnNames": names, "Values": rows}
        body = {"Inputs": {"input1": table}, "GlobalParameters": {}}
        return _post(port, path, body, f"Authorization: Bearer {key}")

    def probabilities(body: bytes) -> list[float]:
        value = json.loads(body)["Results"]["output1"]["value"]
        at = value["ColumnNames"].index("Scored Probabilities")
        return [float(row[at]) for row in value["Values"]]

    return Dialect(request, probabilities)


def plain_fastapi(port: int, material: Material) -> Dialect:
    """Speak what `rivals/plain_fastapi.py` does: an object a row, numbers as numbers, no key."""

    def request(rows: Rows) -> bytes:
        features, places = material.features, [place for place, _ in material.model.features]
        found = [
            {
                feature.name: (row[place] or None) if feature.categories else number_or_none(number)
                for feature, place, number in zip(features, places, numbers, strict=True)
            }
            for row, numbers in zip(rows, material.encoded(rows), strict=True)
        ]
        return _post(port, "/score", {"rows": found})

    def probabilities(body: bytes) -> list[float]:
        return [float(one["probability"]) for one in json.loads(body)["scores"]]

    return Dialect(request, probabilities)


def mlserver(port: int, material: Material) -> Dialect:
    """Speak the V2 inference protocol: a tensor of numbers, so the caller looks the categories up; no key."""

    def request(rows: Rows) -> bytes:
        tensor = {
            "name": "rows",
            "shape": [len(rows), len(material.features)],
            "datatype": "FP64",
            "data": [number_or_none(value) for row in material.encoded(rows) for value in row],
        }
        # With an id of the caller's, the same rows get the same answer, byte by byte.
        return _post(port, f"/v2/models/{MLSERVER_MODEL}/infer", {"id": "1", "inputs": [tensor]})

    def probabilities(body: bytes) -> list[float]:
        (output,) = json.loads(body)["outputs"]
        return [float(one) for one in output["data"]]

    return Dialect(request, probabilities)
