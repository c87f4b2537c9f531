"""The `.ilearner` file: a model as gzip'd JSON that neither executes nor crashes anything when it is read.

Native model loaders crash on a damaged file, and a PATCH names a URL that anybody may have filled. So the format is
data only, and every size, index and number is checked before it is used. Its members:

- `format`, `version`, `task`, `label`, `classes`;
- `columns`: [name, kind, type, categories, date_format, encodings, optional] each;
- `trees`: {nodes: [[feature, split, missing_left, left, right]], leaves} each;
- `linear`: null, or {intercepts, terms: [{centre, weights} or {weights of each category}]};
- `offset`, `scale` and `whole_labels` of a regression;
- `sha256` over the JSON of all other members.

There is one way to write a model: sorted members, no spaces, ASCII, numbers as Python's `repr`. A file that says the
same in another way (a member twice, `1E0`) is refused. So every reader of the file sees the model that is served.
"""

import gzip
import hashlib
import json
import threading
import zlib
from dataclasses import asdict
from typing import Any

from studio.errors import ModelFileError
from studio.json_values import Json
from studio.limits import MAX_FILE_BYTES, MAX_INFLATED_BYTES, MAX_VALUES
from studio.models.model import Linear, Model, Node
from studio.models.model_parser import MEMBERS, is_int_in, read_model, refuse, require

FORMAT = "landfall-studio-model"
VERSION = 1
_KEYS = MEMBERS | {"format", "version", "sha256"}
_load_lock = threading.Lock()  # one file is loaded at a time, which bounds the memory


def dump_model(model: Model) -> bytes:
    """Return the file of a model; the same model gives the same bytes. The limits of `load_model` are not checked.

    Raises:
        ModelFileError: one of its numbers is not finite.
    """
    content: Json = {
        "format": FORMAT,
        "version": VERSION,
        "task": model.task,
        "label": model.label,
        "classes": list(model.classes),
        "columns": [
            [
                column.name,
                column.kind,
                column.type,
                list(column.categories),
                column.date_format,
                column.encodings,
                column.optional,
            ]
            for column in model.columns
        ],
        "trees": [{"nodes": [_node_row(node) for node in tree.nodes], "leaves": tree.leaves} for tree in model.trees],
        "linear": None if model.linear is None else _linear_content(model.linear),
        "offset": model.offset,
        "scale": model.scale,
        "whole_labels": model.whole_labels,
    }
    content["sha256"] = _digest(content)
    return gzip.compress(_canonical(content), mtime=0)


def _linear_content(linear: Linear) -> Json:
    return {"intercepts": linear.intercepts, "terms": [asdict(term) for term in linear.terms]}


def _node_row(node: Node) -> list[Any]:
    split = sorted(node.split) if isinstance(node.split, frozenset) else node.split
    return [node.feature, split, node.missing_left, node.left, node.right]


def _canonical(content: Json) -> bytes:
    try:
        return json.dumps(content, sort_keys=True, separators=(",", ":"), allow_nan=False).encode()
    except ValueError:
        refuse("one of its numbers is not finite")


def _digest(content: Json) -> str:
    return hashlib.sha256(_canonical({key: value for key, value in content.items() if key != "sha256"})).hexdigest()


def load_model(data: bytes) -> Model:
    """Read and check the bytes of a model file.

    Raises:
        ModelFileError: they are not a valid model of this format. Whatever the bytes are, nothing else is raised.
    """
    with _load_lock:
        text = _inflate(data)
        content = _parse(text)
        require(isinstance(content, dict) and content.get("format") == FORMAT, "it is not a model of this service")
        require(is_int_in(content.get("version"), VERSION, VERSION + 1), f"its version is not {VERSION}")
        require(set(content) == _KEYS, "it has missing or unknown members")
        checksum = content["sha256"]
        require(isinstance(checksum, str), "its checksum is not a string")
        model = read_model(content)
        # Last: by now the content is known to be small and plain enough to be written again.
        require(_canonical(content) == text, "it is not written as this service writes models")
        # These bytes occur once in such a text: quotes within strings are escaped.
        rest = text.replace(f'"sha256":{json.dumps(checksum)},'.encode(), b"", 1)
        require(hashlib.sha256(rest).hexdigest() == checksum, "its checksum is wrong: the file is damaged")
        return model


def _inflate(data: bytes) -> bytes:
    require(len(data) <= MAX_FILE_BYTES, f"it is larger than {MAX_FILE_BYTES} bytes")
    gzip_only = zlib.decompressobj(wbits=31)
    try:
        inflated = gzip_only.decompress(data, MAX_INFLATED_BYTES + 1)
    except zlib.error as error:
        raise ModelFileError("the model file cannot be used: it is not gzip, or damaged") from error
    require(len(inflated) <= MAX_INFLATED_BYTES, f"it inflates to more than {MAX_INFLATED_BYTES} bytes")
    require(gzip_only.eof and not gzip_only.unused_data, "it is truncated, or followed by other data")
    return inflated


def _parse(text: bytes) -> Any:
    values = sum(text.count(mark) for mark in (b",", b"[", b"{"))
    require(values <= MAX_VALUES, f"it has more than {MAX_VALUES} values")

    def refuse_constant(constant: str) -> None:
        raise ValueError(constant)

    try:
        return json.loads(text.decode("ascii"), parse_constant=refuse_constant)
    except (ValueError, RecursionError) as error:
        raise ModelFileError("the model file cannot be used: its content is not JSON") from error
