"""Reads the training and the endpoints of a route that uses Azure Machine Learning (pure)."""

import re

from shared.routes.azureml_services import NO_KEYS, AnswerKeys, AzureMlEndpoint, AzureMlTraining, ModelType
from shared.routes.route import EndpointRole, Training
from shared.routes.service_keys import CLASSIC_ENDPOINT_KEYS, CLASSIC_TRAINING_KEYS
from shared.routes.toml_reader import TomlTable

_WORKSPACE = re.compile(  # every request's path begins with it: nothing in it may end the path or mean another one
    r"/subscriptions/[a-z0-9-]+/resourceGroups/[\w.()-]*[\w()-]/providers/Microsoft\.MachineLearningServices"
    r"/workspaces/[a-z0-9][a-z0-9_-]*",
    re.IGNORECASE,
)
_ASSET = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*:[A-Za-z0-9][A-Za-z0-9._-]*")
_REGISTRY = re.compile(r"azureml://registries/[\w.-]+/components/[\w.-]+/versions/[\w.-]+")
_FILE = re.compile(r"\w[\w.-]*")
_SCRIPT = re.compile(r"(?:\w[\w.-]*/)*\w[\w.-]*\.py")  # below the folder of the code
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")  # of an input or output; it becomes a variable of the command
_RESOURCE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,254}")  # a compute or a datastore
_SERVED = re.compile(r"[a-z](?:-?[a-z0-9])*")  # an endpoint or a deployment, in lower case
SERVERLESS = "serverless"
_CUSTOM_KEYS = ("code", "environment", "scoring_script")


def read_azureml_training(table: TomlTable) -> AzureMlTraining:
    """Read `[routes.NAME.training]` with `service = "azureml"`; every problem goes to the table."""
    table.of_another_service(CLASSIC_TRAINING_KEYS, "classic")
    workspace = table.text("workspace", add="the workspace's id: /subscriptions/.../workspaces/NAME").rstrip("/")
    if workspace and not _WORKSPACE.fullmatch(workspace):
        table.problem(
            "workspace",
            f"is no id of a workspace: {workspace!r}",
            "Write /subscriptions/ID/resourceGroups/GROUP/providers/Microsoft.MachineLearningServices/workspaces/NAME,"
            " as `az ml workspace show --query id` prints it",
        )
    compute = _named(table, "compute", 'the cluster\'s name, or "serverless"', _RESOURCE)
    instance_type = table.optional_text("instance_type") or ""
    if compute == SERVERLESS and not instance_type:
        table.problem("instance_type", "is missing", "Name the size of the serverless machine")
    if compute not in {SERVERLESS, ""} and instance_type:
        table.problem("instance_type", "is of serverless compute, and a cluster has its own size", "Remove it")
    component, command = _definition(table)
    names = {
        key: _named(table, key, f"the name of the job's {what}", _NAME)
        for key, what in (
            ("input", "input"),
            ("model_output", "output for the model"),
            ("evaluation_output", "output for the evaluation"),
        )
    }
    parameters = table.parameters("parameters")
    _check_names(table, names, parameters)
    evaluation_file = table.text("evaluation_file", default="metrics.json")
    if not _FILE.fullmatch(evaluation_file):
        table.problem("evaluation_file", f"must be the name of a file, not {evaluation_file!r}")
    instance_count = table.integer("instance_count", 1, minimum=1)
    distribution = table.choice("distribution", ["pytorch", "mpi"], required=False)
    processes = table.integer("processes_per_instance", 1, minimum=1)
    if not distribution and (instance_count > 1 or processes > 1):
        table.problem("distribution", "is missing", 'Say how several processes meet: "pytorch" or "mpi"')
    if distribution and instance_count == processes == 1:
        table.problem(
            "distribution",
            f"is {distribution!r}, and the job is one process",
            "Add instance_count or processes_per_instance, or remove it",
        )
    training = AzureMlTraining(
        **names,
        workspace=workspace,
        datastore=_named(table, "datastore", "the workspace's datastore of the container `training`", _RESOURCE),
        compute="" if compute == SERVERLESS else compute,
        instance_type=instance_type,
        component=component,
        command=command,
        code=_asset(table, "code", required=False),
        environment=_asset(table, "environment", required=bool(command)),
        model_type=ModelType(
            table.choice("model_type", [kind.value for kind in ModelType], required=False) or ModelType.CUSTOM
        ),
        evaluation_file=evaluation_file,
        parameters=parameters,
        instance_count=instance_count,
        distribution=distribution,
        processes_per_instance=processes,
        timeout_s=table.integer("timeout_s", 7200, minimum=60),
    )
    if component and (training.code or training.environment):
        table.problem("component", "has its own code and environment", "Remove `code` and `environment`")
    table.finish()
    return training


def read_azureml_endpoint(table: TomlTable, name: str, role: str, training: Training) -> AzureMlEndpoint:
    """Read one `[[routes.NAME.endpoints]]` with `service = "azureml"`; every problem goes to the table."""
    if not isinstance(training, AzureMlTraining):
        raise TypeError("The endpoint is of another service than the training.")
    table.of_another_service(CLASSIC_ENDPOINT_KEYS, "classic")
    if role == EndpointRole.STAGING.value:
        table.problem(
            "role",
            "must be 'serve': the new deployment without traffic is the staging of an Azure ML endpoint",
            "Remove this endpoint",
        )
    custom = training.model_type is ModelType.CUSTOM
    if not custom:
        for key in _CUSTOM_KEYS:
            if table.has(key):
                table.problem(key, "is of a custom_model, and an mlflow_model is served without it", "Remove it")
    endpoint_name = _served(table, "endpoint", "the endpoint's name in the workspace")
    traffic_s = table.integer("traffic_s", 600, minimum=1)
    endpoint = AzureMlEndpoint(
        name=name,
        role=EndpointRole.SERVE,
        resource=endpoint_name,
        propagation_s=traffic_s,
        workspace=training.workspace,
        endpoint=endpoint_name,
        models_datastore=_named(
            table, "models_datastore", "the workspace's datastore of the container `models`", _RESOURCE
        ),
        model_type=training.model_type,
        instance_type=table.text("instance_type", add='the size of a machine, for example "Standard_DS3_v2"'),
        instance_count=table.integer("instance_count", 1, minimum=1),
        code=_asset(table, "code", required=custom),
        environment=_asset(table, "environment", required=custom),
        scoring_script=_script(table) if custom else _ignored(table),
        initial_deployment=_served(table, "initial_deployment", "the deployment that serves before any promotion"),
        keep_previous_s=table.integer("keep_previous_s", 86400),
        held_keep_s=table.integer("held_keep_s", 3600),
        deploying_s=table.integer("deploying_s", 3600, minimum=60),
        traffic_s=traffic_s,
        watch_s=table.integer("watch_s", 60, minimum=1),
        answer=_answer(table),
    )
    table.finish()
    return endpoint


def _definition(table: TomlTable) -> tuple[str, str]:
    """Read what a job runs: a component or a command."""
    component, command = table.optional_text("component") or "", table.optional_text("command") or ""
    if component and command:
        table.problem("command", "and `component` are both there", "Keep one of them")
    elif not component and not command:
        table.problem("component", "is missing", 'Add component = "NAME:VERSION", or command, code and environment')
    if component and not (_ASSET.fullmatch(component) or _REGISTRY.fullmatch(component)):
        table.problem(
            "component",
            f"is {component!r}",
            "Write NAME:VERSION, or azureml://registries/REGISTRY/components/NAME/versions/VERSION",
        )
    return component, command


def _check_names(table: TomlTable, names: dict[str, str], parameters: dict[str, str]) -> None:
    if names["model_output"] and names["model_output"] == names["evaluation_output"]:
        table.problem("evaluation_output", "must be another output than model_output")
    for parameter in parameters:
        if not _NAME.fullmatch(parameter):
            table.problem("parameters", f"has {parameter!r}, which is no name of an input")
        elif parameter == names["input"]:
            table.problem("parameters", f"has {parameter!r}, which is the input of the data")


def _named(table: TomlTable, key: str, add: str, pattern: re.Pattern[str]) -> str:
    text = table.text(key, add=add)
    if text and not pattern.fullmatch(text):
        table.problem(key, f"is {text!r}, which is no such name")
    return text


def _served(table: TomlTable, key: str, add: str) -> str:
    text = table.text(key, add=add)
    if text and not (_SERVED.fullmatch(text) and 3 <= len(text) <= 32):
        table.problem(
            key,
            f"is {text!r}",
            "Use 3 to 32 lower-case letters, digits and single hyphens, a letter first and no hyphen last",
        )
    return text


def _script(table: TomlTable) -> str:
    text = table.text("scoring_script", default="score.py")
    if text and not _SCRIPT.fullmatch(text):
        table.problem("scoring_script", f"is {text!r}", "Write the script's path in the folder of the code: score.py")
    return text


def _asset(table: TomlTable, key: str, *, required: bool) -> str:
    if not required:
        text = table.optional_text(key) or ""
    else:
        text = table.text(key, add=f'the {key} asset, for example "{key}_churn:1"')
    if text and not _ASSET.fullmatch(text):
        table.problem(key, f"is {text!r}", "Write NAME:VERSION")
    return text


def _answer(table: TomlTable) -> AnswerKeys:
    keys = table.table("answer", required=False)
    if keys is None:
        return NO_KEYS
    answer = AnswerKeys(keys.optional_text("label") or "", keys.optional_text("probability") or "")
    keys.finish()
    return answer


def _ignored(table: TomlTable) -> str:
    table.optional_text("scoring_script")
    return ""
