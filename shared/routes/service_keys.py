"""The kinds of services that a route may use, and the keys that belong to one kind alone (pure)."""

AZUREML = "azureml"
SERVICES = ["classic", AZUREML]  # the first is the default
AZUREML_TRAINING_KEYS = (
    "workspace",
    "compute",
    "instance_type",
    "component",
    "command",
    "code",
    "environment",
    "datastore",
    "model_type",
    "evaluation_file",
    "parameters",
    "instance_count",
    "distribution",
    "processes_per_instance",
    "timeout_s",
)
AZUREML_ENDPOINT_KEYS = (
    "endpoint",
    "models_datastore",
    "instance_type",
    "instance_count",
    "code",
    "environment",
    "scoring_script",
    "initial_deployment",
    "keep_previous_s",
    "held_keep_s",
    "deploying_s",
    "traffic_s",
    "watch_s",
    "answer",
)
CLASSIC_TRAINING_KEYS = ("jobs_url", "api_key", "api_key_secondary", "evaluation_row", "global_parameters")
CLASSIC_ENDPOINT_KEYS = (
    "patch_url",
    "execute_url",
    "api_key",
    "api_key_secondary",
    "resource",
    "input",
    "propagation_s",
)
