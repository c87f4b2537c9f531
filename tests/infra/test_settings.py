"""The settings: each one that is read is set, in Azure and in the local example, and each one that is set is read."""

import ast
import json
import re
import tomllib
from collections.abc import Iterator
from typing import Any

import pytest

from shared.redaction import redact
from shared.storage_settings import connection_of, read_storage_account
from tests.infra.bicep import INFRA, ROOT, Resource, dotted, template

# Settings that something else than the app's code reads. A new setting needs no entry: the code that reads it is found.
READ_BY_THE_HOST = {
    "AzureWebJobsStorage__credential": "the host signs in to the account as an identity",
    "AzureWebJobsStorage__clientId": "which identity that is",
    "AzureWebJobsStorage__blobServiceUri": "the host's blobs: locks, keys, receipts; the blob trigger's container",
    "AzureWebJobsStorage__queueServiceUri": "the queue triggers, the blob trigger's own queue, the poison queues",
    "AzureWebJobsStorage__tableServiceUri": "complete beside the other two; the app's own tables",
    "AZURE_CLIENT_ID": "azure-identity's own name for the identity to sign in as",
    "APPLICATIONINSIGHTS_CONNECTION_STRING": "where the host sends logs",
    "APPLICATIONINSIGHTS_AUTHENTICATION_STRING": "that it sends them with a token",
}
# Settings that only one of the two has, and why the other has not.
ONLY_LOCAL = {
    "FUNCTIONS_WORKER_RUNTIME": "`func start` asks for it; Flex Consumption refuses it",
    "AzureWebJobsStorage": "the emulator's connection string; in Azure there is none, but the five settings of it",
    "AzureFunctionsWebHost__hostid": "so that two local hosts share their receipts; in Azure the app's name does it",
    "LANDFALL_FUNCTIONS_KEY": "the local host's key; in Azure the platform makes its own",
}
ONLY_AZURE = set(READ_BY_THE_HOST)
# Read if it is set, and rightly set by nobody, or only by who asks for it.
OPTIONAL = {
    "LANDFALL_DATA": "the data has no account of its own unless somebody wants it",
    "LANDFALL_HTTP_AUTH": "the function key lets callers in, unless an app registration is named",
    "LANDFALL_READ_ROLE": "other names of the two app roles than the usual ones",
    "LANDFALL_OPERATE_ROLE": "as above",
    "WEBSITE_AUTH_ENABLED": "the platform's own word that its authentication is on",
    "REQUESTS_CA_BUNDLE": "for a service whose certificate no public authority signed",
}

_SETTING = re.compile(r"(?:LANDFALL|WEBSITE|AZURE|REQUESTS)_[A-Z_]+|AzureWebJobsStorage(?:__\w+)?")


def texts_of(code: str) -> Iterator[str]:
    """Give every text of a module that is no docstring."""
    tree = ast.parse(code)
    docs = {
        id(node.body[0].value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef)
        and node.body
        and isinstance(node.body[0], ast.Expr)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in docs:
            yield node.value


def read_by_the_app() -> set[str]:
    """Return the settings that the deployed code names: alone in a text, or as `%NAME%` in a binding."""
    names = set()
    for path in [ROOT / "function_app.py", *(ROOT / "shared").rglob("*.py")]:
        for text in texts_of(path.read_text(encoding="utf-8")):
            names |= set(re.findall(r"%([A-Z][A-Z_]+)%", text)) | ({text} if _SETTING.fullmatch(text) else set())
    return names


def named_by_routes() -> dict[str, set[str]]:
    """Return the settings that routes.toml names, each with the keys that it is the value of."""
    keys_by_setting: dict[str, set[str]] = {}

    def walk(value: Any, key: str) -> None:
        if isinstance(value, dict):
            for name, member in value.items():
                walk(member, name)
        elif isinstance(value, list):
            for member in value:
                walk(member, key)
        elif isinstance(value, str):
            for name in re.findall(r"\$\{(\w+)\}", value):
                keys_by_setting.setdefault(name, set()).add(key)

    walk(tomllib.loads((ROOT / "routes.toml").read_text(encoding="utf-8")), "")
    return keys_by_setting


# Named by the example and set by infra/ itself: nobody gives a value.
SET_FOR_ROUTES = {"LANDFALL_DATA_HOST"}


def parameters() -> dict[str, Any]:
    """Return the values of main.parameters.json."""
    document = json.loads((INFRA / "main.parameters.json").read_text(encoding="utf-8"))
    return {name: parameter["value"] for name, parameter in document["parameters"].items()}


def set_in_azure() -> set[str]:
    """Return the settings that a deployment sets, without those of routes.toml."""
    return set(template("app/function.bicep").variable("appSettings"))


def set_by_the_example() -> set[str]:
    """Return the settings of `local.settings.example.json`, without those of routes.toml."""
    values = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]
    return set(values) - set(named_by_routes())


def test_what_the_code_reads_is_set_in_azure() -> None:
    """The exceptions are listed with their reasons."""
    assert read_by_the_app() - set(ONLY_LOCAL) - set(OPTIONAL) <= set_in_azure()


def test_what_azure_sets_is_read() -> None:
    """The code or the host reads each setting."""
    assert set_in_azure() <= read_by_the_app() | set(READ_BY_THE_HOST) | set(named_by_routes())
    assert set_in_azure() & set(named_by_routes()) == SET_FOR_ROUTES


def test_what_the_code_reads_is_in_the_example() -> None:
    """`func start` finds every setting in the example."""
    assert read_by_the_app() - ONLY_AZURE - set(OPTIONAL) <= set_by_the_example()


def test_what_the_example_sets_is_read() -> None:
    """The code or a local host reads each setting."""
    assert set_by_the_example() <= read_by_the_app() | set(ONLY_LOCAL)


def test_the_tables_of_reasons_have_no_idle_row() -> None:
    """Each setting with a listed reason is still set."""
    assert set(READ_BY_THE_HOST) <= set_in_azure()
    assert set(ONLY_LOCAL) <= set_by_the_example()
    assert not set(ONLY_LOCAL) & set_in_azure()


def test_azure_and_the_example_have_the_same_settings_of_routes() -> None:
    """Both have every `${NAME}` of routes.toml; Azure's parameters have no other."""
    given = [*parameters()["routeSettings"], *parameters()["secretSettings"]]
    values = json.loads((ROOT / "local.settings.example.json").read_text(encoding="utf-8"))["Values"]

    assert sorted(given) == sorted(set(named_by_routes()) - SET_FOR_ROUTES)
    assert set(named_by_routes()) <= set(values)


def test_keys_come_from_the_vault_and_urls_are_plain() -> None:
    """A setting that is the value of a key in routes.toml is secret; the others are plain app settings."""
    secret = {name for name, keys in named_by_routes().items() if any("key" in key or "secret" in key for key in keys)}

    assert set(parameters()["secretSettings"]) == secret
    assert not secret & set(parameters()["routeSettings"])


def test_a_secret_is_a_reference_to_the_vault() -> None:
    """`CENSUS_ENDPOINT_KEY` is the secret `census-endpoint-key`: a vault takes no underscore. It names no version."""
    text = template("app/function.bicep").text
    reference = next(line for line in text.splitlines() if line.startswith("var secretReferences"))

    assert "'@Microsoft.KeyVault(SecretUri=${vaultUri}secrets/${replace(toLower(setting), '_', '-')})'" in reference
    assert all(re.fullmatch(r"[A-Z][A-Z0-9_]*", name) for name in parameters()["secretSettings"])
    assert dotted(template("main.bicep").module_parameters("functionApp")["vaultUri"]) == "vault.outputs.uri"


def test_settings_of_a_route_cannot_replace_those_of_the_app() -> None:
    """The union lists the app's settings last, and the last one wins."""
    settings = next(resource for resource in function_config() if resource.config["name"] == "appsettings")

    assert not settings.conditional
    assert list(settings.config["properties"]["function"]["parameters"].values())[:3] == [
        "routeSettings",
        "secretReferences",
        "appSettings",
    ]


def function_config() -> list[Resource]:
    """Return the resources that configure the function app."""
    return template("app/function.bicep").resources("Microsoft.Web/sites/config")


def test_callers_sign_in_only_if_an_app_registration_is_named() -> None:
    """With one, the platform authenticates callers and still lets events and approval links through."""
    function = template("app/function.bicep")
    authentication = next(resource for resource in function_config() if resource.config["name"] == "authsettingsV2")

    assert authentication.conditional
    assert ", empty(entraClientId) ? {} : entraSettings)" in function.text
    assert function.variable("entraSettings") == {"LANDFALL_HTTP_AUTH": "entra"}
    assert set(function.variable("entraSettings")) <= set(OPTIONAL)
    assert authentication.properties["platform"] == {"enabled": True}
    assert authentication.properties["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/api/approval", "/runtime/webhooks/blobs"],
    }
    registration = authentication.properties["identityProviders"]["azureActiveDirectory"]["registration"]
    assert registration["clientId"] == "entraClientId"
    assert registration["openIdIssuer"].endswith("${tenant().tenantId}/v2.0")
    assert authentication.properties["login"] == {"tokenStore": {"enabled": False}}  # nothing is kept of who signed in
    assert template("main.bicep").part("parameters")["entraClientId"]["default"] in {"", "''"}


@pytest.mark.parametrize(
    ("setting", "value"),
    [
        ("LANDFALL_BLOB_SOURCE", "EventGrid"),
        ("AzureWebJobsStorage__credential", "managedidentity"),
        ("AzureWebJobsStorage__clientId", "identityClientId"),
        ("AZURE_CLIENT_ID", "identityClientId"),
        ("AzureWebJobsStorage__blobServiceUri", "hostAccount.properties.primaryEndpoints.blob"),
        ("AzureWebJobsStorage__queueServiceUri", "hostAccount.properties.primaryEndpoints.queue"),
        ("AzureWebJobsStorage__tableServiceUri", "hostAccount.properties.primaryEndpoints.table"),
    ],
)
def test_the_app_is_told_the_right_things(setting: str, value: str) -> None:
    """The app gets events, its identity and the address of each storage service."""
    assert dotted(template("app/function.bicep").variable("appSettings")[setting]) == value


def test_the_app_is_told_of_the_datas_account_only_if_it_is_another() -> None:
    """Then all its settings are there, for the app's identity and for the account that is named."""
    function, given = template("app/function.bicep"), template("main.bicep").module_parameters("functionApp")
    settings = function.variable("dataSettings")

    assert settings == {
        "LANDFALL_DATA__credential": "managedidentity",
        "LANDFALL_DATA__clientId": "identityClientId",
        "LANDFALL_DATA__blobServiceUri": "blobEndpoint",
        "LANDFALL_DATA__queueServiceUri": "queueEndpoint",
        "LANDFALL_DATA__tableServiceUri": "tableEndpoint",
    }
    assert connection_of(settings) == "LANDFALL_DATA"
    assert connection_of(function.variable("appSettings")) == "AzureWebJobsStorage"
    endpoints = {name: "https://a.b.example/" for name in settings if name.endswith("Uri")}
    assert read_storage_account({**settings, **endpoints}).managed
    assert "appSettings, separateDataAccount ? dataSettings : {}, empty(" in function.text
    for name in ("blobEndpoint", "queueEndpoint", "tableEndpoint"):
        assert dotted(given[name]) == f"storage.outputs.{name}"
    assert (given["hostAccountName"], given["separateDataAccount"]) == ("hostAccountName", "separateDataAccount")


def test_the_package_stands_in_the_hosts_account() -> None:
    """The package lies in the host's account, to which no role on data gives access."""
    package = template("app/function.bicep").only("Microsoft.Web/sites").properties["functionAppConfig"]["deployment"]

    assert package["storage"]["value"] == "${hostAccount.properties.primaryEndpoints.blob}${deploymentContainer}"


def test_every_parameter_that_is_given_exists() -> None:
    """Every parameter without a default is given; each `${NAME}` stands alone or with a default."""
    declared = template("main.bicep").part("parameters")
    given = parameters()

    assert set(given) <= set(declared)
    assert {name for name, parameter in declared.items() if parameter["default"] is None} <= set(given)
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    assert len(re.findall(r"\$\{", text)) == len(re.findall(r'"\$\{[A-Z_]+(=\w+)?\}"', text))


def test_the_parameters_hold_no_secret() -> None:
    """The file is in the repository, so it holds names of secrets only."""
    text = (INFRA / "main.parameters.json").read_text(encoding="utf-8")
    assert redact(text) == text
    assert not re.search(r"[A-Za-z0-9+/]{40,}", text.replace("https://schema.management.azure.com", ""))


def test_azure_polls_once_a_minute() -> None:
    """A tick costs money there; both schedules have six fields, as NCRONTAB with seconds has."""
    defaults = {name: parameter["default"] for name, parameter in template("main.bicep").part("parameters").items()}

    assert defaults["pollSchedule"] == "0 * * * * *"
    assert len(defaults["sweepSchedule"].split()) == 6
