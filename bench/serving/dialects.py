"""How each service is asked to score rows and how its answer is read, as its own callers would do it."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from bench.serving.fixtures import Fixtures, number_or_none

MLSERVER_MODEL = "bench"

type Rows = Sequence[Sequence[str]]  # cells as a CSV has them, in the order of the model's columns


@dataclass(frozen=True)
class Dialect:
    """The protocol of a service: from rows to an HTTP request, and from the body of its answer to probabilities."""

    request: Callable[[Rows], bytes]
    probabilities: Callable[[bytes], list[float]]


def _post(port: int, path: str, body: Any, *headers: str) -> bytes:
    content = json.dumps(body).encode()
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Accept: application/json",
        "Content-Type: application/json",
        f"Content-Length: {len(content)}",
        *headers,
    ]
    return "\r\n".join([*head, "", ""]).encode() + content


def studio(port: int, execute_url: str, key: str, names: Sequence[str]) -> Dialect:
    """Return the studio's dialect, the classic protocol: a table of text cells, with the endpoint's key."""
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


def plain_fastapi(port: int, fixtures: Fixtures) -> Dialect:
    """Return the dialect of `baselines/plain_fastapi.py`: an object a row, numbers as numbers, no key."""

    def request(rows: Rows) -> bytes:
        features, places = fixtures.features, [place for place, _ in fixtures.model.features]
        cells = [
            {
                feature.name: (row[place] or None) if feature.categories else number_or_none(number)
                for feature, place, number in zip(features, places, numbers, strict=True)
            }
            for row, numbers in zip(rows, fixtures.encoded(rows), strict=True)
        ]
        return _post(port, "/score", {"rows": cells})

    def probabilities(body: bytes) -> list[float]:
        return [float(score["probability"]) for score in json.loads(body)["scores"]]

    return Dialect(request, probabilities)


def mlserver(port: int, fixtures: Fixtures) -> Dialect:
    """Return the dialect of the V2 inference protocol: a tensor of numbers (the caller encodes categories), no key."""

    def request(rows: Rows) -> bytes:
        tensor = {
            "name": "rows",
            "shape": [len(rows), len(fixtures.features)],
            "datatype": "FP64",
            "data": [number_or_none(value) for row in fixtures.encoded(rows) for value in row],
        }
        # The caller's id makes answers to the same rows identical, byte by byte.
        return _post(port, f"/v2/models/{MLSERVER_MODEL}/infer", {"id": "1", "inputs": [tensor]})

    def probabilities(body: bytes) -> list[float]:
        (output,) = json.loads(body)["outputs"]
        return [float(value) for value in output["data"]]

    return Dialect(request, probabilities)
