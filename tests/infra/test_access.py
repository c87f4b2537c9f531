"""Access: identities instead of keys, each with exactly the roles that it needs."""

import re
from typing import Any

from tests.infra.bicep import Resource, dotted, template, templates

# What Azure calls the roles; the ids are the same in every subscription.
ROLES = {
    "b7e6dc6d-f1e8-4753-8033-0f276bb0955b": "Storage Blob Data Owner",
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe": "Storage Blob Data Contributor",
    "974c5e8b-45b9-4653-ba55-5f855dd0fb88": "Storage Queue Data Contributor",
    "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3": "Storage Table Data Contributor",
    "76199698-9eea-4c19-bc75-cec21354c6b6": "Storage Table Data Reader",
    "4633458b-17de-408a-b874-0445c86b69e6": "Key Vault Secrets User",
    "b86a8fe4-44ce-4948-aee5-eccb2c155cd7": "Key Vault Secrets Officer",
    "3913510d-42f4-4e42-8a64-420c390055eb": "Monitoring Metrics Publisher",
}

APP, TOPIC, OPERATOR = "appPrincipalId", "topicPrincipalId", "operatorPrincipalId"
HOST_ACCOUNT = "storageAccounts hostAccountName"
ASSIGNED = {
    (APP, "Storage Blob Data Owner", "storageAccounts storageAccountName"),
    (APP, "Storage Queue Data Contributor", "storageAccounts storageAccountName"),
    (APP, "Storage Blob Data Owner", HOST_ACCOUNT),
    (APP, "Storage Queue Data Contributor", HOST_ACCOUNT),
    (APP, "Storage Table Data Contributor", "tables runs"),
    (APP, "Storage Table Data Contributor", "tables endpoints"),
    (APP, "Key Vault Secrets User", "vaults vaultName"),
    (APP, "Monitoring Metrics Publisher", "components componentName"),
    (TOPIC, "Storage Blob Data Contributor", "containers deadLetterContainer"),
    (OPERATOR, "Storage Blob Data Contributor", "containers inputContainer"),
    (OPERATOR, "Storage Blob Data Contributor", "containers models"),
    (OPERATOR, "Storage Table Data Reader", "tables runs"),
    (OPERATOR, "Storage Table Data Reader", "tables endpoints"),
    (OPERATOR, "Key Vault Secrets Officer", "vaults vaultName"),
}


def assignments() -> list[Resource]:
    """Return every role assignment."""
    return template("app/roles.bicep").resources("Microsoft.Authorization/roleAssignments")


def role_of(assignment: Resource) -> str:
    """Return the name of the role that is assigned."""
    call = assignment.properties["roleDefinitionId"]["function"]
    assert call["type"] == "subscription_resource_id"
    role = dotted(call["parameters"]["resource_name_1"]).removeprefix("roleIds.")
    return ROLES[template("app/roles.bicep").variable("roleIds")[role]]


def scope_of(assignment: Resource) -> str:
    """Return the type and the name of what the role is for."""
    by_symbol = {resource.symbol: resource for resource in template("app/roles.bicep").resources()}
    scope = by_symbol[assignment.config["scope"]]
    assert scope.existing
    return f"{scope.type.split('/')[-1]} {scope.config['name']}"


def test_each_identity_has_exactly_its_roles() -> None:
    """Principal, role and scope of every assignment are those of the table."""
    assigned = [
        (assignment.properties["principalId"], role_of(assignment), scope_of(assignment))
        for assignment in assignments()
    ]

    assert set(assigned) == ASSIGNED
    assert len(assigned) == len(ASSIGNED)
    assert set(template("app/roles.bicep").variable("roleIds").values()) == set(ROLES)


def test_an_assignment_is_named_after_all_that_it_says() -> None:
    """Different assignments have different names; deploying the same assignment again gives the same name."""
    for assignment in assignments():
        named = assignment.config["name"]["function"]["parameters"]
        role = assignment.properties["roleDefinitionId"]["function"]["parameters"]["resource_name_1"]
        assert dotted(named["base_string"]) == f"{assignment.config['scope']}.id"
        assert named["extra_string_1"] == assignment.properties["principalId"]
        assert named["extra_string_2"] == role


def test_nobody_operates_unless_somebody_is_named() -> None:
    """The operator's roles depend on the parameter that names the operator, and use its principal type."""
    for assignment in assignments():
        by_operator = assignment.properties["principalId"] == OPERATOR
        assert assignment.conditional == (by_operator or scope_of(assignment) == HOST_ACCOUNT), assignment.symbol
        assert assignment.properties["principalType"] == (
            "operatorPrincipalType" if by_operator else "ServicePrincipal"
        )


def test_the_hosts_account_has_roles_of_its_own_only_if_it_is_another() -> None:
    """With one account each assignment would exist twice under one name, and the deployment would fail."""
    text = template("app/roles.bicep").text
    at_host = [assignment.symbol for assignment in assignments() if scope_of(assignment) == HOST_ACCOUNT]

    assert len(at_host) == 2
    for symbol in at_host:
        assert re.search(
            rf"^resource {symbol} \S+ = if \(hostAccountName != storageAccountName\) {{", text, re.MULTILINE
        )
    main = template("main.bicep")
    assert main.module_parameters("roles")["hostAccountName"] == "hostAccountName"
    after = re.search(r"^module roles .*?^}", main.text, re.MULTILINE | re.DOTALL)
    assert after
    assert "dependsOn: [hostStorage]" in after[0]


def test_roles_are_given_to_the_identities_that_they_are_meant_for() -> None:
    """main.bicep passes the object id of the app as the app's and that of the topic as the topic's."""
    given = template("main.bicep").module_parameters("roles")

    assert dotted(given[APP]) == "identity.outputs.principalId"
    assert dotted(given[TOPIC]) == "events.outputs.principalId"
    assert given[OPERATOR] == OPERATOR
    assert dotted(template("app/identity.bicep").part("outputs")["principalId"]["value"]) == (
        "appIdentity.properties.principalId"
    )
    assert dotted(template("app/events.bicep").part("outputs")["principalId"]["value"]) == "topic.identity.principalId"


def test_roles_stand_in_one_file() -> None:
    """No other file assigns a role."""
    others = [file for file in templates() if file.name != "app/roles.bicep"]
    assert not [file.name for file in others if "roleAssignments" in file.text or "accessPolicies" in file.text]


def test_the_storage_account_takes_no_key_and_shows_nothing() -> None:
    """It accepts identities only, over TLS 1.2, and no container can be made public."""
    storage = template("app/storage.bicep")
    account = storage.only("Microsoft.Storage/storageAccounts").properties

    assert account["allowSharedKeyAccess"] is False
    assert account["allowBlobPublicAccess"] is False
    assert account["allowCrossTenantReplication"] is False
    assert account["defaultToOAuthAuthentication"] is True
    assert account["supportsHttpsTrafficOnly"] is True
    assert account["minimumTlsVersion"] == "TLS1_2"
    containers = storage.only("Microsoft.Storage/storageAccounts/blobServices/containers")
    assert containers.properties == {"publicAccess": "None"}


def test_logs_are_taken_with_a_token_only() -> None:
    """The connection string alone lets nobody write, so it is no secret; the app sends a token of its identity."""
    monitoring = template("app/monitoring.bicep")

    assert monitoring.only("Microsoft.Insights/components").properties["DisableLocalAuth"] is True
    workspace = monitoring.only("Microsoft.OperationalInsights/workspaces").properties
    assert workspace["features"] == {"disableLocalAuth": True}
    settings = template("app/function.bicep").variable("appSettings")
    assert settings["APPLICATIONINSIGHTS_AUTHENTICATION_STRING"] == "ClientId=${identityClientId};Authorization=AAD"


def test_the_vault_is_opened_by_roles_and_nothing_is_lost_at_once() -> None:
    """The vault has no access policies, and a deleted vault can be restored."""
    vault = template("app/vault.bicep").only("Microsoft.KeyVault/vaults").properties

    assert vault["enableRbacAuthorization"] is True
    assert vault["enableSoftDelete"] is True
    assert vault["enablePurgeProtection"] is True
    assert not [file.name for file in templates() if "vaults/secrets" in file.text]  # no template ever sees a secret


def test_the_app_is_reached_by_https_and_deployed_by_identity() -> None:
    """One identity opens its package, secrets and storage; deployment passwords are refused."""
    function = template("app/function.bicep")
    site = function.only("Microsoft.Web/sites")

    assert site.properties["httpsOnly"] is True
    assert site.properties["siteConfig"] == {"minTlsVersion": "1.2"}
    assert site.properties["keyVaultReferenceIdentity"] == "identityId"
    assert site.config["identity"] == {"type": "UserAssigned", "userAssignedIdentities": {"${identityId}": {}}}
    package = site.properties["functionAppConfig"]["deployment"]["storage"]
    assert package["authentication"] == {
        "type": "UserAssignedIdentity",
        "userAssignedIdentityResourceId": "identityId",
    }
    passwords = function.resources("Microsoft.Web/sites/basicPublishingCredentialsPolicies")
    assert {(policy.config["name"], policy.properties["allow"]) for policy in passwords} == {
        ("scm", False),
        ("ftp", False),
    }


def test_the_app_runs_where_it_was_tried() -> None:
    """The plan is Flex Consumption, with the project's Python version."""
    function = template("app/function.bicep")

    assert function.only("Microsoft.Web/serverfarms").config["sku"] == {"tier": "FlexConsumption", "name": "FC1"}
    runtime = function.only("Microsoft.Web/sites").properties["functionAppConfig"]["runtime"]
    assert runtime == {"name": "python", "version": "3.13"}


def test_no_template_holds_a_key() -> None:
    """No file contains a text that looks like a key."""
    secret = re.compile(r"AccountKey=|SharedAccessSignature|sig=|InstrumentationKey=|[A-Za-z0-9+/]{60,}={0,2}")
    assert not [file.name for file in templates() if secret.search(file.text)]


def studio() -> Any:
    """Return the properties of the studio's container app."""
    return template("app/studio.bicep").only("Microsoft.App/containerApps").properties


def test_the_studio_is_one_replica_behind_tls() -> None:
    """Two replicas would both train the same jobs. The studio hands out keys, so it speaks TLS only."""
    assert studio()["template"]["scale"] == {"minReplicas": 1, "maxReplicas": 1}
    assert studio()["configuration"]["ingress"]["allowInsecure"] is False
    assert studio()["configuration"]["ingress"]["targetPort"] == 8600


def test_the_studio_is_told_its_address_and_its_one_storage_host() -> None:
    """Jobs may name that storage host only."""
    (container,) = studio()["template"]["containers"]
    assert [variable["name"] for variable in container["env"]] == ["STUDIO_BASE_URL", "STUDIO_ALLOW_HOSTS"]
    assert "value: split(blobEndpoint, '/')[2]" in template("app/studio.bicep").text
