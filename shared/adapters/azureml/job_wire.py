"""The bodies of a job in Azure Machine Learning, and the reading of its answers (pure)."""

from collections.abc import Mapping
from typing import Any

from shared.ports.training_service import JobRequest, JobState, JobStatus, JobSubject
from shared.routes.azureml_services import AzureMlTraining

RUN_TAG, ROUTE_TAG = "landfall-run", "landfall-route"
_BLOB, _ETAG = "landfall.blob", "landfall.etag"
_REGISTRY = "azureml://registries/"
_ASSET_PREFIX = "azureml:"
_NAME_TAIL = 100  # of a file's name, in what people read
_DISTRIBUTIONS = {"pytorch": "PyTorch", "mpi": "Mpi"}

# Every other word says that the job still runs: the list of the service is open. A job that does not run yet may be
# queued for long; one that was preempted goes back to Queued.
_STATES = {
    **dict.fromkeys(("notstarted", "starting", "provisioning", "preparing", "queued"), JobState.NOT_STARTED),
    **dict.fromkeys(("running", "finalizing", "cancelrequested"), JobState.RUNNING),
    "completed": JobState.FINISHED,
    "failed": JobState.FAILED,
    "canceled": JobState.CANCELLED,
}


def job_id(subject: JobSubject) -> str:
    """Return the id of a run's job: whoever asks twice means the same job."""
    return f"{subject.route}-{subject.run_id}-{subject.attempt}"


def job_path(training: AzureMlTraining, job: str) -> str:
    """Return the ARM id of a job."""
    return f"{training.workspace}/jobs/{job}"


def component_path(training: AzureMlTraining) -> str:
    """Return the ARM id of the route's component; "" if it has none, or one of a registry."""
    if not training.component or training.component.startswith(_REGISTRY):
        return ""
    return _asset(training, "components", training.component)


def job_body(training: AzureMlTraining, request: JobRequest, component: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return the body that starts a job; `component` is the answer about the route's component, where it was asked.

    A command component is sent as a command of its own: nothing is reused of another run, and the log lies under this
    job's id. Other components are steps of a pipeline, which is told to run anew.

    Raises:
        KeyError: the component's answer lacks its definition.
    """
    subject = request.subject
    common: dict[str, Any] = {
        "experimentName": f"landfall-{subject.route}",
        "displayName": f"{subject.route} {subject.blob[-_NAME_TAIL:]}",
        "identity": {"identityType": "Managed"},
        "tags": {RUN_TAG: subject.run_id, ROUTE_TAG: subject.route},
        "properties": {_BLOB: subject.blob, _ETAG: subject.etag},
        "inputs": _inputs(training, request),
        "outputs": _outputs(training, request),
    }
    compute = _compute(training)
    if training.component.startswith(_REGISTRY):
        return {"properties": {**common, **_pipeline_of_step(training, compute)}}
    if component is None:
        definition = {
            "command": training.command,
            "codeId": _asset(training, "codes", training.code),
            "environmentId": _asset(training, "environments", training.environment),
        }
        return {"properties": {**common, **_command(training, definition, compute)}}
    spec = _given(_given(component, "properties"), "componentSpec")
    if str(spec.get("type", "command")).casefold() != "command":
        pipeline = {"jobType": "Pipeline", "componentId": component_path(training), **compute}
        return {"properties": {**common, **pipeline, "settings": {"force_rerun": True}}}
    definition = {
        "command": _given(spec, "command"),
        "codeId": _asset(training, "codes", spec.get("code") or ""),
        "environmentId": _asset(training, "environments", _given(spec, "environment")),
    }
    return {"properties": {**common, **_command(training, definition, compute)}}


def read_status(job: Mapping[str, Any]) -> JobStatus:
    """Read a job's answer. Why it failed is not in it: the details have the link for people."""
    properties = job.get("properties") or {}
    word = str(properties.get("status") or "")
    state = _STATES.get(word.casefold(), JobState.UNKNOWN)
    details = ""
    if state is JobState.FAILED:
        studio = ((properties.get("services") or {}).get("Studio") or {}).get("endpoint")
        details = f"its log is at {studio}" if studio else "the workspace gives no link to its log"
    return JobStatus(state, details, {}, word)


def is_of_run(job: Mapping[str, Any], subject: JobSubject) -> bool:
    """Tell whether a job of our id is the one of this run: it has our tag."""
    tags = (job.get("properties") or {}).get("tags") or {}
    return tags.get(RUN_TAG) == subject.run_id


def _given(answer: Mapping[str, Any], key: str) -> Any:
    """Return what an answer has under a key; to the service a null is the same as no key."""
    value = answer.get(key)
    if value is None:
        raise KeyError(key)
    return value


def _command(training: AzureMlTraining, definition: Mapping[str, str], compute: Mapping[str, str]) -> dict[str, Any]:
    body: dict[str, Any] = {
        "jobType": "Command",
        **{name: value for name, value in definition.items() if value},
        **compute,
        "limits": {"jobLimitsType": "Command", "timeout": _timeout(training)},
        "resources": {"instanceCount": training.instance_count},
    }
    if training.instance_type:
        body["resources"]["instanceType"] = training.instance_type
    if training.distribution:
        body["distribution"] = {
            "distributionType": _DISTRIBUTIONS[training.distribution],
            "processCountPerInstance": training.processes_per_instance,
        }
    return body


def _timeout(training: AzureMlTraining) -> str:
    return f"PT{training.timeout_s}S"


def _pipeline_of_step(training: AzureMlTraining, compute: Mapping[str, str]) -> dict[str, Any]:
    """Return a pipeline of the one step that a registry's component is; the keys of a step are snake_case."""
    names = [training.input, *training.parameters]
    inputs = {name: {"job_input_type": "literal", "value": f"${{{{parent.inputs.{name}}}}}"} for name in names}
    outputs = {
        name: {"type": "literal", "value": f"${{{{parent.outputs.{name}}}}}"}
        for name in (training.model_output, training.evaluation_output)
    }
    resources: dict[str, Any] = {"instance_count": training.instance_count}
    if training.instance_type:
        resources["instance_type"] = training.instance_type
    step = {
        "name": "train",
        "type": "command",
        "componentId": training.component,
        "inputs": inputs,
        "outputs": outputs,
        "limits": {"job_limits_type": "Command", "timeout": _timeout(training)},
        "resources": resources,
    }
    if training.distribution:
        step["distribution"] = {
            "distribution_type": _DISTRIBUTIONS[training.distribution],
            "process_count_per_instance": training.processes_per_instance,
        }
    return {"jobType": "Pipeline", **compute, "settings": {"force_rerun": True}, "jobs": {"train": step}}


def _inputs(training: AzureMlTraining, request: JobRequest) -> dict[str, Any]:
    data = {"jobInputType": "uri_file", "mode": "ReadOnlyMount", "uri": _uri(training, request.input_path)}
    literals = {name: {"jobInputType": "literal", "value": value} for name, value in training.parameters.items()}
    return {training.input: data, **literals}


def _outputs(training: AzureMlTraining, request: JobRequest) -> dict[str, Any]:
    evaluation = request.evaluation_path.removesuffix(f"/{training.evaluation_file}")
    return {
        training.model_output: {
            "jobOutputType": training.model_type.value,
            "mode": "Upload",
            "uri": f"{_uri(training, request.model_path)}/",
        },
        training.evaluation_output: {
            "jobOutputType": "uri_folder",
            "mode": "Upload",
            "uri": f"{_uri(training, evaluation)}/",
        },
    }


def _compute(training: AzureMlTraining) -> dict[str, str]:
    return {"computeId": f"{training.workspace}/computes/{training.compute}"} if training.compute else {}


def _uri(training: AzureMlTraining, path: str) -> str:
    """Return the workspace's address of a blob at `container/path`: its datastore is that container."""
    return f"azureml://datastores/{training.datastore}/paths/{path.partition('/')[2]}"


def _asset(training: AzureMlTraining, kind: str, asset: str) -> str:
    """Return the id of an asset given as NAME:VERSION; ids stay as they are."""
    asset = asset.removeprefix(_ASSET_PREFIX)
    if not asset or asset.startswith(("/", "//")) or ":" not in asset:
        return asset
    name, _, version = asset.partition(":")
    return f"{training.workspace}/{kind}/{name}/versions/{version}"
