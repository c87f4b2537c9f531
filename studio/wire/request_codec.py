"""The studio's codec of JSON bodies: what callers send becomes checked records, with the documented errors.

Property names match whatever their case, as the original's deserialiser did; names that the user chose (inputs,
outputs, parameters, columns) are case-sensitive (protocol 1.3).
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

import orjson

from studio.errors import StorageError, StorageFault
from studio.json_values import Json, r_number
from studio.storage.blob_locations import BlobReference
from studio.storage.blob_path import BlobPath
from studio.wire import errors
from studio.wire.unread_members import unknown_member_notes

MODEL_EXTENSIONS = (".ilearner",)
TABLE_EXTENSIONS = (".csv", ".tsv", ".arff")  # of outputs (protocol 1.3); the first is the usual one
INPUT_EXTENSIONS = (".csv", ".tsv", ".nh.csv", ".nh.tsv")


@dataclass(frozen=True)
class JobContract:
    """What a service's jobs take and give: the names, and the file extensions each output may have."""

    inputs: tuple[str, ...]
    outputs: Mapping[str, tuple[str, ...]]
    parameters: tuple[str, ...]
    required: tuple[str, ...] = ()  # parameters that every job must give


@dataclass(frozen=True)
class JobRequest:
    """A submitted job: where its inputs and (those it names a place for) outputs are, and its parameters as text."""

    inputs: Mapping[str, BlobReference]
    outputs: Mapping[str, BlobReference]
    parameters: Mapping[str, str]
    notes: tuple[str, ...] = ()  # on what of the body was not read: the first lines of the job's log


@dataclass(frozen=True)
class ModelUpdate:
    """One resource of an UpdateResource request (protocol 3.3)."""

    resource: str
    location: BlobReference


def read_object(body: bytes) -> Json:
    """Read a body that must be a JSON object; its property names come out in lower case.

    Raises:
        InvalidBodyError: it is not.
    """
    return _lowered(_json(body), "The body")


def _json(body: bytes) -> Any:
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError:
        return _leniently(body)


def _leniently(body: bytes) -> Any:
    """Read what is not quite JSON, but was taken: with a byte order mark, as .NET clients send one, or with NaN."""
    try:
        value = json.loads(body.decode("utf-8-sig"))
        json.dumps(value, ensure_ascii=False).encode()
    except UnicodeEncodeError:
        _refuse_body("The body has half of a surrogate pair, which no answer could repeat")
    except (ValueError, RecursionError):
        _refuse_body("The body is not JSON")
    return value


def _refuse_body(text: str) -> NoReturn:
    raise errors.InvalidBodyError(f"No request body provided or error in deserializing the request body. {text}.")


def _lowered(value: Any, what: str) -> Json:
    if not isinstance(value, dict):
        _refuse_body(f"{what} must be an object")
    lowered = {name.lower(): member for name, member in value.items()}
    if len(lowered) < len(value):
        _refuse_body(f"{what} has a property twice")
    return lowered


def read_named(value: Any, what: str) -> Json:
    """Return a map of names that the user chose; null means none.

    Raises:
        InvalidBodyError: it is not.
    """
    if value is None:
        return {}
    if not isinstance(value, dict):
        _refuse_body(f"{what} must be an object")
    return value


def _blob_reference(value: Any, what: str) -> BlobReference:
    members = _lowered(value, what)
    texts: dict[str, str | None] = {}
    for name in ("relativelocation", "connectionstring", "baselocation", "sasblobtoken"):
        member = members.get(name)
        if member is not None and not isinstance(member, str):
            _refuse_body(f"{name} of {what} must be a string")
        texts[name] = member
    if not texts["relativelocation"]:
        raise StorageError(StorageFault.NO_BLOB, f"{what} has no RelativeLocation.")
    BlobPath.parse(texts["relativelocation"])  # before its extension is looked at: that of no blob says nothing
    return BlobReference(
        texts["relativelocation"], texts["connectionstring"], texts["baselocation"], texts["sasblobtoken"]
    )


def check_extension(location: BlobReference, extensions: Sequence[str], what: str) -> None:
    """Refuse a blob whose name does not end as its kind (`what`, such as "output type") must.

    Raises:
        BlobExtensionError: it does not.
    """
    if not location.relative_location.lower().endswith(tuple(extensions)):
        allowed = ", ".join(extensions)
        raise errors.BlobExtensionError(
            f"The blob reference: {location.relative_location} has an invalid or missing file extension."
            f' Supported file extensions for this {what} are: "{allowed}".',
        )


def read_job(body: bytes, contract: JobContract) -> JobRequest:
    """Read the body of a submit; all three generations of it (protocol 1.3).

    Raises:
        RequestError: the first thing that is wrong with it (`studio.wire.errors`), or with a location.
    """
    value = _json(body)
    members = _lowered(value, "The body")
    inputs = _job_inputs(members, contract)
    for location in inputs.values():
        check_extension(location, INPUT_EXTENSIONS, "input type")
    outputs = _job_outputs(members, contract)
    parameters = _parameters(members.get("globalparameters"), contract)
    return JobRequest(inputs, outputs, parameters, tuple(unknown_member_notes(value)))


def _job_inputs(members: Json, contract: JobContract) -> dict[str, BlobReference]:
    single, several = members.get("input"), members.get("inputs")
    if single is not None and several is not None:
        text = "The batch request is invalid. Cannot specify both single and multiple input at the same time."
        raise errors.DuplicateInputError(text)
    if single is not None:
        return {contract.inputs[0]: _blob_reference(single, "Input")}
    given = read_named(several, "Inputs")
    accepted = ", ".join(contract.inputs)
    if not given:
        text = f"The following required input(s) were not specified with the request: {accepted}."
        raise errors.MissingInputError(text)
    if len(given) > len(contract.inputs):
        raise errors.TooManyInputsError(f"The model does not allow multiple inputs, only {accepted}.")
    unknown = sorted(set(given) - set(contract.inputs))
    if unknown:
        text = f"Invalid service input name(s) specified in the request: {', '.join(unknown)}. There is: {accepted}."
        raise errors.UnknownInputError(text)
    return {name: _blob_reference(value, f"input {name}") for name, value in given.items()}


def _job_outputs(members: Json, contract: JobContract) -> dict[str, BlobReference]:
    single, several = members.get("output"), members.get("outputs")
    given = read_named(several, "Outputs")
    if single is not None and not given:
        given = {next(iter(contract.outputs)): single}
    for name in given:
        if name not in contract.outputs:
            raise errors.UnknownOutputError(
                f"Invalid output override name: {name}. The service does not have an output node with this name;"
                f" it has {', '.join(contract.outputs)} (case sensitivity applies).",
            )
    empty = [name for name, value in given.items() if value is None]
    if empty:
        text = f"The request is missing the blob specification for output override {', '.join(empty)}."
        raise errors.NullOutputError(text)
    locations = {name: _blob_reference(value, f"output {name}") for name, value in given.items()}
    for name, location in locations.items():
        check_extension(location, contract.outputs[name], "output type")
    return locations


def _parameters(value: Any, contract: JobContract) -> dict[str, str]:
    given = read_named(value, "GlobalParameters")
    unknown = sorted(set(given) - set(contract.parameters))
    if unknown:
        accepted = ", ".join(contract.parameters)
        text = f"Unexpected parameters provided: {', '.join(unknown)}. This service knows: {accepted} (case-sensitive)."
        raise errors.UnknownParameterError(text)
    absent = [name for name in contract.required if given.get(name) is None]
    if absent:
        text = f"Not all required web service parameter(s) provided: {', '.join(absent)} (case-sensitive)."
        raise errors.MissingParameterError(text)
    return {name: cell_text(parameter) for name, parameter in given.items() if parameter is not None}


def cell_text(value: Any) -> str:
    """Return a JSON scalar as the text it stands for: requests may send numbers bare (protocol 2).

    Raises:
        InvalidBodyError: for a list or an object.
    """
    match value:
        case None:
            return ""
        case bool():
            return str(value)
        case str() | int():
            return str(value)
        case float():
            return r_number(value)
    _refuse_body("A value is a list or an object where a string or a number belongs")


def read_model_update(body: bytes) -> list[ModelUpdate]:
    """Read the body of an UpdateResource request (protocol 3.3).

    Raises:
        InvalidBodyError: it is not one.
        StorageError: what is wrong with a location.
    """
    resources = read_object(body).get("resources")
    if not isinstance(resources, list) or not resources:
        _refuse_body("Resources must be a list with at least one resource")
    updates = []
    for resource in resources:
        members = _lowered(resource, "A resource")
        name = members.get("name")
        if not isinstance(name, str):
            _refuse_body("A resource has no Name")
        updates.append(ModelUpdate(name, _blob_reference(members.get("location"), f"the Location of {name!r}")))
    return updates


def result_reference(base_location: str, relative_location: str, sas_token: str | None) -> Json:
    """Return a blob reference as answers give it (protocol 1.6)."""
    return {
        "ConnectionString": None,
        "RelativeLocation": relative_location,
        "BaseLocation": base_location,
        "SasBlobToken": sas_token,
    }
