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
from tests.infra.deployments import APART, Deployment, deployment, deployments, referenced
from tests.infra.sources import PARAMETERS, ROOT, SNAPSHOTS, parameter_names, required_parameters, text_of
from tests.infra.test_access import host_account, meanings
from tests.infra.test_snapshots import REFUSED

# Settings that something else than the app's code reads. A new setting needs no entry: the code that reads it is found.
READ_BY_THE_HOST = {
    "AzureWebJobsStorage__credential": "the host signs in to the account as an identity",
    "AzureWebJobsStorage__clientId": "which identity that is",
    "AzureWebJobsStorage__blobServiceUri": "the host's blobs: locks, keys, receipts; the blob trigger's container",
    "AzureWebJobsStorage__queueServiceUri": "the queue triggers, the blob trigger's own queue, the poison queues",
    "AzureWebJobsStorage__tableServiceUri": "complete beside the other two; the app's own tables",
    "AZURE_CLIENT_ID": "azure-identity's own name for the identity to sign in as",
    "AzureWebJobsFeatureFlags": "that the host keeps no table of diagnostic events, for which it has no role",
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
    "LANDFALL_ARM_URL": "the public cloud's, unless a stand-in takes its place",
    "LANDFALL_AML_TOKEN": "of a stand-in on one machine; in Azure the identity signs in",
    "LANDFALL_AML_SCORING_TOKEN": "as above",
    "REQUESTS_CA_BUNDLE": "for a service whose certificate no public authority signed",
}

# The settings of a data account of its own. Together they are the connection LANDFALL_DATA.
DATA_SETTINGS = {
    f"LANDFALL_DATA__{name}"
    for name in ("credential", "clientId", "blobServiceUri", "queueServiceUri", "tableServiceUri")
}

EXTRA = "AzureFunctionsJobHost__logging__logLevel__default"  # extraSettings of the deployment with everything on

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
    document = json.loads(PARAMETERS.read_text(encoding="utf-8"))
    return {name: parameter["value"] for name, parameter in document["parameters"].items()}


def set_in_azure() -> set[str]:
    """Return the settings that the first deployment sets, without those that its parameters name."""
    named = {*parameters()["routeSettings"], *parameters()["secretSettings"]}
    return set(deployment("first-up").app_settings()) - named


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


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_every_deployment_sets_only_what_is_read(made: Deployment) -> None:
    """An option adds no setting that nothing reads."""
    optional = {*OPTIONAL, *DATA_SETTINGS, EXTRA}
    assert set(made.app_settings()) - set(named_by_routes()) <= set_in_azure() | optional
    assert set_in_azure() <= set(made.app_settings())


def test_a_secret_is_a_reference_to_the_vault() -> None:
    """`CENSUS_ENDPOINT_KEY` is the secret `census-endpoint-key`: a vault takes no underscore. It names no version."""
    made = deployment("first-up")
    vault = made.outputs["AZURE_KEY_VAULT_NAME"]
    for name in parameters()["secretSettings"]:
        assert re.fullmatch(r"[A-Z][A-Z0-9_]*", name)
        reference = re.fullmatch(
            r"\[format\('@Microsoft\.KeyVault\(SecretUri=\{0\}secrets/\{1\}\)', "
            r"(reference\(.*\)\.vaultUri), '([a-z0-9-]+)'\)\]",
            made.app_settings()[name],
        )
        assert reference, name
        assert referenced(reference[1]) == (vault, "vaultUri")
        assert reference[2] == name.lower().replace("_", "-")


def test_plain_settings_of_a_route_are_passed_on() -> None:
    """The first deployment sets each to an empty text, which the app reports by name."""
    settings = deployment("first-up").app_settings()
    assert {name: settings[name] for name in parameters()["routeSettings"]} == dict.fromkeys(
        parameters()["routeSettings"], ""
    )
    assert deployment("everything").app_settings()["CENSUS_JOBS_URL"] == "https://example.com/jobs"


def test_settings_of_a_route_cannot_replace_those_of_the_app() -> None:
    """The deployment with everything on tries to, for a setting that is plain and one that is secret."""
    text = (SNAPSHOTS / "everything.bicepparam").read_text(encoding="utf-8")
    settings = deployment("everything").app_settings()

    assert "  LANDFALL_INPUT: 'taken-over'\n" in text
    assert settings["LANDFALL_INPUT"] == "incoming"
    assert "'LANDFALL_SWEEP_SCHEDULE'" in text
    assert settings["LANDFALL_SWEEP_SCHEDULE"] == "0 */15 * * * *"


def test_further_settings_are_kept_by_a_provision() -> None:
    """A setting made by hand would be gone after it. None replaces a setting of the templates."""
    assert deployment("everything").app_settings()[EXTRA] == "Warning"
    reserved = re.findall(
        r"^  '(\w+)'$", text_of("main.bicep").partition("var reservedSettings")[2].partition("]")[0], re.MULTILINE
    )
    assert len(reserved) == 7
    for made in deployments():
        own = set(made.app_settings()) - set(named_by_routes()) - {EXTRA}
        assert all(name.startswith(tuple(reserved)) for name in own), made.name
    message = REFUSED["extra-setting-taken"]
    for name in ("CENSUS_JOBS_URL", "CENSUS_TRAINING_KEY", "landfall_poll_schedule", "WEBSITE_AUTH_ENABLED"):
        assert name in message
    assert "REQUESTS_CA_BUNDLE" not in message


def test_children_of_the_site_are_written_one_after_another() -> None:
    """Azure refuses a write to a site that meets another one, so each child waits for those before it."""
    text = text_of("app/function.bicep")
    children = re.findall(r"^resource (\w+) 'Microsoft\.Web/sites/[^']*' =(.*?)\n\}\n", text, re.MULTILINE | re.DOTALL)
    waits = [re.findall(r"dependsOn: \[([\w, ]+)\]", body) for _, body in children]
    names = [name for name, _ in children]

    assert names == ["settings", "authentication", "scmPasswords", "ftpPasswords"]
    # A resource that is left out by its condition is no dependency, so the next one names the one before it as well.
    assert waits == [[], ["settings"], ["settings, authentication"], ["scmPasswords"]]


def test_callers_sign_in_only_if_an_app_registration_is_named() -> None:
    """With one, the platform authenticates callers and still lets events and approval links through."""
    plain, made = deployment("first-up"), deployment("everything")

    assert plain.names("Microsoft.Web/sites/config") == ["appsettings"]
    assert "LANDFALL_HTTP_AUTH" not in plain.app_settings()
    assert made.app_settings()["LANDFALL_HTTP_AUTH"] == "entra"
    assert made.app_settings()["LANDFALL_READ_ROLE"] == "Models.Read"
    assert made.app_settings()["LANDFALL_OPERATE_ROLE"] == "Models.Operate"
    authentication = made.get("Microsoft.Web/sites/config", "authsettingsV2").properties
    assert authentication["platform"] == {"enabled": True}
    assert authentication["globalValidation"] == {
        "requireAuthentication": True,
        "unauthenticatedClientAction": "Return401",
        "excludedPaths": ["/api/approval", "/runtime/webhooks/blobs"],
    }
    registration = authentication["identityProviders"]["azureActiveDirectory"]["registration"]
    assert registration["clientId"] == "44444444-4444-4444-4444-444444444444"
    issuer = "[format('{0}{1}/v2.0', environment().authentication.loginEndpoint, '%s')]"
    assert registration["openIdIssuer"] == issuer % "11111111-1111-1111-1111-111111111111"
    assert authentication["httpSettings"] == {"requireHttps": True}
    assert authentication["login"] == {"tokenStore": {"enabled": False}}  # nothing is kept of who signed in


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_app_is_told_the_right_things(made: Deployment) -> None:
    """The app gets its identity and the address of each storage service of the host's account."""
    settings, meaning = made.app_settings(), meanings(made)
    host = host_account(made)

    assert settings["AzureWebJobsStorage__credential"] == "managedidentity"
    for name in ("AzureWebJobsStorage__clientId", "AZURE_CLIENT_ID"):
        identity, member = referenced(settings[name])
        assert (meaning[identity], member) == ("app", "clientId")
    for service in ("blob", "queue", "table"):
        setting = settings[f"AzureWebJobsStorage__{service}ServiceUri"]
        assert referenced(setting) == (host, f"primaryEndpoints.{service}")
    component = made.get("Microsoft.Insights/components").name
    assert referenced(settings["APPLICATIONINSIGHTS_CONNECTION_STRING"]) == (component, "ConnectionString")


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_app_is_told_of_the_datas_account_only_if_it_is_another(made: Deployment) -> None:
    """Then all its settings are there, for the app's identity and for the account that is named."""
    settings = made.app_settings()
    data = made.outputs["AZURE_STORAGE_ACCOUNT_NAME"]
    apart = {name: value for name, value in settings.items() if name.startswith("LANDFALL_DATA__")}

    assert connection_of(settings) == ("LANDFALL_DATA" if apart else "AzureWebJobsStorage")
    assert bool(apart) == (host_account(made) != data) == (made.name in APART)
    if apart:
        assert set(apart) == DATA_SETTINGS
        assert apart["LANDFALL_DATA__credential"] == "managedidentity"
        assert apart["LANDFALL_DATA__clientId"] == settings["AZURE_CLIENT_ID"]
        for service in ("blob", "queue", "table"):
            assert referenced(apart[f"LANDFALL_DATA__{service}ServiceUri"]) == (data, f"primaryEndpoints.{service}")
        endpoints = {name: "https://a.b.example/" for name in apart if name.endswith("Uri")}
        assert read_storage_account({**apart, **endpoints}).managed


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_example_allows_the_account_with_the_data(made: Deployment) -> None:
    """Its `allow_hosts` names a setting, which is the host of that account's blobs: nobody edits it after `azd up`."""
    host = made.app_settings()["LANDFALL_DATA_HOST"]

    assert "LANDFALL_DATA_HOST" in named_by_routes()
    assert referenced(host) == (made.outputs["AZURE_STORAGE_ACCOUNT_NAME"], "primaryEndpoints.blob")
    assert re.fullmatch(r"\[split\(reference\(.+\)\.primaryEndpoints\.blob, '/'\)\[2\]\]", host)


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_package_stays_in_the_account_of_the_data(made: Deployment) -> None:
    """A provision that gives the host an account of its own must not leave the app without code."""
    package = made.get("Microsoft.Web/sites").properties["functionAppConfig"]["deployment"]["storage"]["value"]

    assert referenced(package) == (made.outputs["AZURE_STORAGE_ACCOUNT_NAME"], "primaryEndpoints.blob")
    assert package.endswith(".primaryEndpoints.blob, 'deployments')]")


def test_every_parameter_that_is_given_exists() -> None:
    """Every parameter without a default is given; each `${NAME}` stands alone or with a default."""
    given = parameters()

    assert set(given) <= parameter_names("main.bicep")
    assert required_parameters("main.bicep") <= set(given)
    text = PARAMETERS.read_text(encoding="utf-8")
    assert len(re.findall(r"\$\{", text)) == len(re.findall(r'"\$\{[A-Z_]+(=\w+)?\}"', text))


def test_the_parameters_hold_no_secret() -> None:
    """The file is in the repository, so it holds names of secrets only."""
    text = PARAMETERS.read_text(encoding="utf-8")
    assert redact(text) == text
    assert not re.search(r"[A-Za-z0-9+/]{40,}", text.replace("https://schema.management.azure.com", ""))


def test_azure_polls_once_a_minute() -> None:
    """A tick costs money there; both schedules have six fields, as NCRONTAB with seconds has."""
    settings = deployment("first-up").app_settings()

    assert settings["LANDFALL_POLL_SCHEDULE"] == "0 * * * * *"
    assert len(settings["LANDFALL_SWEEP_SCHEDULE"].split()) == 6
