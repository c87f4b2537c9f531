"""Access: identities instead of keys, each with exactly the roles that it needs; nothing open that need not be."""

import json
import re

import pytest

from tests.infra.deployments import APART, ROLES, Deployment, deployment, deployments, named, referenced, scope_of
from tests.infra.sources import FILES, INFRA, PARAMETERS, name_of, text_of

# What Azure calls the roles; the ids are the same in every subscription.
ROLE_NAMES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "c6a89b2d-59bc-44d0-9896-0f6e12d7b80a": "Storage Queue Data Message Sender",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}
OPERATOR_ID = "33333333-3333-3333-3333-333333333333"
HOOK = (INFRA / "hooks" / "postprovision.py").read_text(encoding="utf-8")

ALWAYS = {
    ("app", "Storage Blob Data Owner", "data account"),
    ("app", "Storage Queue Data Contributor", "data account"),
    ("app", "Storage Table Data Contributor", "runs"),
    ("app", "Storage Table Data Contributor", "endpoints"),
    ("app", "Key Vault Secrets User", "vault"),
    ("app", "Monitoring Metrics Publisher", "logs"),
    ("topic", "Storage Blob Data Contributor", "dead-letters"),
}
HOST_APART = {
    ("app", "Storage Blob Data Owner", "host account"),
    ("app", "Storage Queue Data Contributor", "host account"),
}
EVENTS_BY_QUEUE = {("topic", "Storage Queue Data Message Sender", "csv-events")}
OPERATED = {
    ("operator", "Storage Blob Data Contributor", "incoming"),
    ("operator", "Storage Blob Data Contributor", "models"),
    ("operator", "Storage Table Data Reader", "runs"),
    ("operator", "Storage Table Data Reader", "endpoints"),
    ("operator", "Key Vault Secrets Officer", "vault"),
}
ASSIGNED = ALWAYS | HOST_APART | EVENTS_BY_QUEUE | OPERATED


def host_account(made: Deployment) -> str:
    """Return the storage account of the host."""
    return referenced(made.app_settings()["AzureWebJobsStorage__blobServiceUri"])[0]


def meanings(made: Deployment) -> dict[str, str]:
    """Return what the names of principals and scopes mean."""
    app = next(iter(made.get("Microsoft.Web/sites").body["identity"]["userAssignedIdentities"]))
    return {
        named(app): "app",
        made.outputs["AZURE_EVENTGRID_TOPIC_NAME"]: "topic",
        OPERATOR_ID: "operator",
        host_account(made): "host account",
        made.outputs["AZURE_STORAGE_ACCOUNT_NAME"]: "data account",
        made.outputs["AZURE_KEY_VAULT_NAME"]: "vault",
        made.get("Microsoft.Insights/components").name: "logs",
    }


def assigned(made: Deployment) -> list[tuple[str, str, str]]:
    """Return who has which role at what."""
    meaning = meanings(made)
    return [
        (meaning.get(principal, principal), ROLE_NAMES[role], meaning.get(scope, scope))
        for principal, role, scope in made.roles()
    ]


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_each_identity_has_exactly_its_roles(made: Deployment) -> None:
    """Nobody operates unless somebody is named; the host's account has roles of its own only if it is another."""
    expected = set(ALWAYS)
    if made.name in APART:
        expected |= HOST_APART
    if made.outputs["AZURE_EVENT_DELIVERY"] == "queue":
        expected |= EVENTS_BY_QUEUE
    if made.name == "everything":
        expected |= OPERATED

    roles = assigned(made)
    assert set(roles) == expected
    assert len(roles) == len(expected)


def test_every_role_of_the_tables_is_used() -> None:
    """No id of a role is idle."""
    assert {role for _, role, _ in ASSIGNED} == set(ROLE_NAMES.values())


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_an_assignment_is_named_after_all_that_it_says(made: Deployment) -> None:
    """Different assignments have different names; deploying the same assignment again gives the same name."""
    for assignment in made.of(ROLES):
        principal, role = (str(assignment.properties[name]) for name in ("principalId", "roleDefinitionId"))
        name = assignment.name
        if name.startswith("["):  # the principal's id is known to Azure only
            assert name == f"[guid('{scope_of(assignment)}', {principal.strip('[]')}, '{role.rsplit('/')[-1]}')]"
        else:
            assert re.fullmatch(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", name)
            assert principal == OPERATOR_ID


def test_the_kind_of_each_principal_is_named() -> None:
    """Without its type Azure looks a new principal up in a directory that may not have it yet."""
    made = deployment("everything")
    for assignment in made.of(ROLES):
        by_operator = assignment.properties["principalId"] == OPERATOR_ID
        assert assignment.properties["principalType"] == ("Group" if by_operator else "ServicePrincipal")


def test_roles_stand_in_one_file() -> None:
    """No other file assigns a role."""
    others = [path for path in FILES if name_of(path) != "app/roles.bicep"]
    texts = {path: path.read_text(encoding="utf-8") for path in others}
    assert not [path for path, text in texts.items() if "roleAssignments" in text or "accessPolicies" in text]


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_a_storage_account_takes_no_key_and_shows_nothing(made: Deployment) -> None:
    """It accepts identities only, over TLS 1.2, and no container can be made public."""
    accounts = made.of("Microsoft.Storage/storageAccounts")
    assert {account.name for account in accounts} == {made.outputs["AZURE_STORAGE_ACCOUNT_NAME"], host_account(made)}
    for account in accounts:
        assert account.properties["allowSharedKeyAccess"] is False
        assert account.properties["allowBlobPublicAccess"] is False
        assert account.properties["allowCrossTenantReplication"] is False
        assert account.properties["defaultToOAuthAuthentication"] is True
        assert account.properties["supportsHttpsTrafficOnly"] is True
        assert account.properties["minimumTlsVersion"] == "TLS1_2"
    for container in made.of("Microsoft.Storage/storageAccounts/blobServices/containers"):
        assert container.properties["publicAccess"] == "None", container.name


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_logs_are_taken_with_a_token_only(made: Deployment) -> None:
    """The connection string alone lets nobody write, so it is no secret; the app sends a token of its identity."""
    assert made.get("Microsoft.Insights/components").properties["DisableLocalAuth"] is True
    workspace = made.get("Microsoft.OperationalInsights/workspaces").properties
    assert workspace["features"]["disableLocalAuth"] is True
    sent = made.app_settings()["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"]
    assert sent.startswith("[format('ClientId={0};Authorization=AAD', reference(")
    assert meanings(made)[referenced(sent)[0]] == "app"
    assert referenced(sent)[1] == "clientId"


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_vault_is_opened_by_roles_and_nothing_is_lost_at_once(made: Deployment) -> None:
    """The vault has no access policies, and a deleted vault can be restored."""
    vault = made.get("Microsoft.KeyVault/vaults").properties

    assert vault["enableRbacAuthorization"] is True
    assert vault["enableSoftDelete"] is True
    assert "accessPolicies" not in vault
    assert not made.of("Microsoft.KeyVault/vaults/secrets")  # no template ever sees a secret


def test_a_vault_can_be_recovered_and_kept_from_being_purged() -> None:
    """Both are choices: Azure refuses to recover what is not deleted, and never turns the protection off."""
    first, chosen = (
        deployment(name).get("Microsoft.KeyVault/vaults").properties for name in ("first-up", "everything")
    )

    assert (first["createMode"], first["enablePurgeProtection"]) == ("default", None)  # Azure refuses false
    assert (chosen["createMode"], chosen["enablePurgeProtection"]) == ("recover", True)


def test_nobody_is_the_operator_by_default() -> None:
    """Whoever runs azd gets no rights. The roles of a named operator are marked, so that the hook finds them again."""
    first, made = deployment("first-up"), deployment("everything")
    marked = [assignment for assignment in made.of(ROLES) if assignment.properties.get("description")]

    assert not [assignment for assignment in first.of(ROLES) if "description" in assignment.properties]
    assert first.outputs["AZURE_OPERATOR_PRINCIPAL_ID"] == "nobody"
    assert made.outputs["AZURE_OPERATOR_PRINCIPAL_ID"] == OPERATOR_ID
    assert len(marked) == 5
    assert {assignment.properties["principalId"] for assignment in marked} == {OPERATOR_ID}
    (mark,) = {assignment.properties["description"] for assignment in marked}
    assert f'MARK = "{mark}"' in HOOK
    assert "AZURE_PRINCIPAL_ID" not in PARAMETERS.read_text(encoding="utf-8")


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_the_app_is_reached_by_https_and_deployed_by_identity(made: Deployment) -> None:
    """One identity opens its package, secrets and storage; deployment passwords are refused."""
    site = made.get("Microsoft.Web/sites")
    (identity,) = site.body["identity"]["userAssignedIdentities"]

    assert site.properties["httpsOnly"] is True
    assert site.properties["siteConfig"]["minTlsVersion"] == "1.2"
    assert site.properties["keyVaultReferenceIdentity"] == identity
    assert site.body["identity"]["type"] == "UserAssigned"
    assert made.get("Microsoft.ManagedIdentity/userAssignedIdentities", named(identity)).id == identity
    package = site.properties["functionAppConfig"]["deployment"]["storage"]
    assert package["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": identity,
    }
    passwords = made.of("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {(policy.name, policy.properties["allow"]) for policy in passwords} == {("scm", False), ("ftp", False)}


def test_the_app_runs_where_it_was_tried() -> None:
    """The plan is Flex Consumption, with the project's Python version."""
    made = deployment("first-up")

    assert made.get("Microsoft.Web/serverfarms").body["sku"] == {"tier": "FlexConsumption", "name": "FC1"}
    runtime = made.get("Microsoft.Web/sites").properties["functionAppConfig"]["runtime"]
    assert runtime == {"name": "python", "version": "3.13"}


def test_no_template_holds_a_key() -> None:
    """No file and no evaluated resource contains a text that looks like a key."""
    secret = re.compile(
        r"AccountKey=|SharedAccessSignature|sig=|InstrumentationKey=|(?<![A-Za-z0-9+])(?<!sha256:)[A-Za-z0-9+]{60,}={0,2}"
    )
    assert not [path for path in FILES if secret.search(text_of(name_of(path)))]
    for made in deployments():
        assert not secret.search(json.dumps([resource.body for resource in made.resources])), made.name
