"""The codec of submits and of UpdateResource requests: their bodies become checked records (protocol 1.3, 3.3)."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from studio.errors import StorageError, StorageFault
from studio.json_values import Json
from studio.storage.blob_locations import BlobReference
from studio.storage.blob_path import BlobPath
from studio.wire import errors
from studio.wire.json_body import cell_text, lowered, parse_json, read_named, read_object, refuse_body
from studio.wire.unread_members import unknown_member_notes

MODEL_EXTENSIONS = (".ilearner",)
TABLE_EXTENSIONS = (".csv", ".tsv", ".arff")  # of outputs (protocol 1.3); the first is the usual one
INPUT_EXTENSIONS = (".csv", ".tsv", ".nh.csv", ".nh.tsv")


@dataclass(frozen=True)
class JobContract:
    """The names of a service's inputs, outputs and parameters, and the file extensions of each output."""

    inputs: tuple[str, ...]
    outputs: Mapping[str, tuple[str, ...]]
    parameters: tuple[str, ...]
    required: tuple[str, ...] = ()  # parameters that every job must give


@dataclass(frozen=True)
class JobRequest:
    """A submitted job: the blobs of its inputs, and of outputs where it names them, and its parameters as text."""

    inputs: Mapping[str, BlobReference]
    outputs: Mapping[str, BlobReference]
    parameters: Mapping[str, str]
    notes: tuple[str, ...] = ()  # on unknown members of the body: the first lines of the job's log


@dataclass(frozen=True)
class ModelUpdate:
    """One resource of an UpdateResource request (protocol 3.3)."""

    resource: str
    location: BlobReference


def _blob_reference(value: Any, what: str) -> BlobReference:
    members = lowered(value, what)
    texts: dict[str, str | None] = {}
    for name in ("relativelocation", "connectionstring", "baselocation", "sasblobtoken"):
        member = members.get(name)
        if member is not None and not isinstance(member, str):
            refuse_body(f"{name} of {what} must be a string")
        texts[name] = member
    if not texts["relativelocation"]:
        raise StorageError(StorageFault.NO_BLOB, f"{what} has no RelativeLocation.")
    BlobPath.parse(texts["relativelocation"])  # before its extension is checked: the one of a missing blob says nothing
    return BlobReference(
        texts["relativelocation"], texts["connectionstring"], texts["baselocation"], texts["sasblobtoken"]
    )


def check_extension(location: BlobReference, extensions: Sequence[str], what: str) -> None:
    """Refuse a blob whose name has none of the extensions of its kind; `what` is, for example, "output type".

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
    """Read the body of a submit, in any of its three generations (protocol 1.3).

    Raises:
        RequestError: the first thing that is wrong with it (`studio.wire.errors`), or with a location.
    """
    value = parse_json(body)
    members = lowered(value, "The body")
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
    if not set(given) <= set(contract.inputs):
        raise errors.unknown_inputs(given, contract.inputs)
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


def read_model_update(body: bytes) -> list[ModelUpdate]:
    """Read the body of an UpdateResource request (protocol 3.3).

    Raises:
        InvalidBodyError: it is not one.
        StorageError: what is wrong with a location.
    """
    resources = read_object(body).get("resources")
    if not isinstance(resources, list) or not resources:
        refuse_body("Resources must be a list with at least one resource")
    updates = []
    for resource in resources:
        members = lowered(resource, "A resource")
        name = members.get("name")
        if not isinstance(name, str):
            refuse_body("A resource has no Name")
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
