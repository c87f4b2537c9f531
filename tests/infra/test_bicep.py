"""The deployments as a whole: names by Azure's rules, tags, what is off by default; and the files that make them."""

import re
from collections import defaultdict

import pytest

from tests.infra.deployments import ROLES, Deployment, deployment, deployments
from tests.infra.sources import FILES, INFRA, STANDALONE, name_of, text_of

NAMES = [name_of(path) for path in FILES]
GROUP = "Microsoft.Resources/resourceGroups"

# The rules for names: Microsoft's page "Naming rules and restrictions for Azure resources".
NAME_RULES = {
    "Microsoft.App/containerApps": r"(?=.{2,32}$)[a-z]([a-z0-9]|-(?!-))*[a-z0-9]",
    "Microsoft.App/managedEnvironments": r"(?=.{2,60}$)[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]",
    "Microsoft.App/managedEnvironments/storages": r"(?=.{2,32}$)[a-z0-9]([a-z0-9-]*[a-z0-9])?",
    "Microsoft.Authorization/locks": r"[^<>%&:\\?/]{1,89}[^<>%&:\\?/. ]",
    "Microsoft.Consumption/budgets": r"[a-zA-Z0-9_-]{1,63}",
    "Microsoft.EventGrid/systemTopics": r"[a-zA-Z0-9-]{3,128}",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": r"[a-zA-Z0-9-]{3,64}",
    "Microsoft.Insights/actionGroups": r"[^:<>+/&%\\?|]{1,259}[^:<>+/&%\\?|. ]",
    "Microsoft.Insights/components": r"[^%&\\?/]{1,259}[^%&\\?/. ]",
    "Microsoft.Insights/diagnosticSettings": r"[^*<>%&:\\?+/]{1,260}",
    "Microsoft.Insights/metricAlerts": r"[^*#&+:<>?@%{}\\/]{1,259}[^*#&+:<>?@%{}\\/. ]",
    "Microsoft.Insights/scheduledQueryRules": r"[^*<>%{}&:\\?/#]{1,259}[^*<>%{}&:\\?/#. ]",
    "Microsoft.Insights/workbooks": r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}",
    "Microsoft.KeyVault/vaults": r"(?=.{3,24}$)[a-zA-Z]([a-zA-Z0-9]|-(?!-))*[a-zA-Z0-9]",
    "Microsoft.Logic/workflows": r"[\w.()-]{1,43}",
    "Microsoft.ManagedIdentity/userAssignedIdentities": r"[a-zA-Z0-9][a-zA-Z0-9_-]{2,127}",
    # Azure alone knows the domains of its services.
    "Microsoft.Network/privateDnsZones": r"\[format\('privatelink.*\)\]",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks": r".*, '[a-zA-Z0-9][\w.-]{0,79}'\)\]",
    "Microsoft.Network/privateEndpoints": r"(?=.{2,64}$)[a-zA-Z0-9][\w.-]*\w",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups": r"(?=.{1,80}$)[a-zA-Z0-9]([\w.-]*\w)?",
    "Microsoft.Network/virtualNetworks": r"(?=.{2,64}$)[a-zA-Z0-9][\w.-]*\w",
    "Microsoft.OperationalInsights/workspaces": r"(?=.{4,63}$)[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]",
    GROUP: r"(?=.{1,90}$)[\w().-]*[\w()-]",
    "Microsoft.Storage/storageAccounts": r"[a-z0-9]{3,24}",
    "Microsoft.Storage/storageAccounts/blobServices": r"default",
    "Microsoft.Storage/storageAccounts/blobServices/containers": r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
    "Microsoft.Storage/storageAccounts/managementPolicies": r"default",
    "Microsoft.Storage/storageAccounts/queueServices": r"default",
    "Microsoft.Storage/storageAccounts/queueServices/queues": r"(?=.{3,63}$)[a-z0-9]+(-[a-z0-9]+)*",
    "Microsoft.Storage/storageAccounts/tableServices": r"default",
    "Microsoft.Storage/storageAccounts/tableServices/tables": r"[a-zA-Z][a-zA-Z0-9]{2,62}",
    "Microsoft.Web/serverfarms": r"[a-zA-Z0-9-]{1,60}",
    # The host's id is made of the first 32 characters, so a longer name could be another app's.
    "Microsoft.Web/sites": r"(?=.{2,60}$)[a-zA-Z0-9][a-zA-Z0-9-]*[a-zA-Z0-9]",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": r"scm|ftp",
    "Microsoft.Web/sites/config": r"appsettings|authsettingsV2",
}
# Properties that Azure or the templates rely on although the compiler lets them be left out.
NEEDED = {
    "Microsoft.App/containerApps": "identity properties.environmentId properties.workloadProfileName",
    "Microsoft.App/managedEnvironments": "properties.appLogsConfiguration properties.workloadProfiles",
    "Microsoft.Consumption/budgets": "properties.timePeriod.startDate properties.notifications",
    "Microsoft.EventGrid/systemTopics": "properties.source properties.topicType",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": "properties.eventDeliverySchema"
    " properties.filter properties.retryPolicy"
    " properties.deadLetterWithResourceIdentity.deadLetterDestination.endpointType"
    " properties.deadLetterWithResourceIdentity.deadLetterDestination.properties.resourceId",
    "Microsoft.Insights/actionGroups": "properties.enabled properties.groupShortName",
    "Microsoft.Insights/components": "kind properties.Application_Type properties.WorkspaceResourceId",
    "Microsoft.Insights/diagnosticSettings": "properties.workspaceId properties.logs",
    "Microsoft.Insights/metricAlerts": "properties.criteria properties.evaluationFrequency properties.windowSize",
    "Microsoft.Insights/scheduledQueryRules": "kind properties.displayName properties.description"
    " properties.evaluationFrequency properties.windowSize properties.criteria properties.actions",
    "Microsoft.Insights/workbooks": "kind properties.category properties.displayName properties.sourceId"
    " properties.serializedData",
    "Microsoft.OperationalInsights/workspaces": "properties.sku.name properties.retentionInDays"
    " properties.workspaceCapping.dailyQuotaGb",
    "Microsoft.Web/serverfarms": "kind properties.reserved",
    "Microsoft.Web/sites": "kind properties.serverFarmId properties.functionAppConfig.deployment.storage.type"
    " properties.functionAppConfig.deployment.storage.value"
    " properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB"
    " properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount",
}
ALL = [*deployments(), deployment("event-subscription"), deployment("outside-clock")]


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.name)
def test_names_are_allowed(made: Deployment) -> None:
    """Length and characters of each name are those that its type may have; a type without a rule here gets one."""
    for resource in made.resources:
        if resource.type != ROLES:  # a GUID that Azure makes
            assert re.fullmatch(NAME_RULES[resource.type], resource.name), f"{resource.type}: {resource.name}"


def test_the_longest_names_are_allowed() -> None:
    """Names hold a token of 13 characters, so the length of the environment's name changes the group's name only."""
    token = deployment("smallest").get("Microsoft.KeyVault/vaults").name.removeprefix("kv-")

    assert re.fullmatch(r"[a-z0-9]{13}", token)
    assert [
        name for name in NAME_RULES if name not in {resource.type for made in ALL for resource in made.resources}
    ] == []
    long = "e" * int(re.findall(r"@maxLength\((\d+)\)\nparam environmentName ", text_of("main.bicep"))[0])
    assert re.fullmatch(NAME_RULES[GROUP], f"rg-{long}")
    for made in deployments():
        for resource in made.resources:
            assert "landfall-dev" not in resource.name or resource.type in {GROUP, ROLES}


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.name)
def test_every_resource_has_what_it_needs(made: Deployment) -> None:
    """The properties that the compiler does not ask for."""
    missing = [
        f"{resource.type}: {path}"
        for resource in made.resources
        for path in NEEDED.get(resource.type, "").split()
        if not resource.has(path)
    ]
    assert missing == []


@pytest.mark.parametrize("made", ALL, ids=lambda made: made.name)
def test_no_resource_is_made_twice(made: Deployment) -> None:
    """Two resources with one id would overwrite each other, or fail."""
    ids = [resource.id for resource in made.resources]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_everything_is_in_the_group_and_has_the_environments_tag(made: Deployment) -> None:
    """Azd finds the group by its tag and the app by its service's; `azd down` deletes the group."""
    group = made.get(GROUP)
    assert group.name == {"everything": "rg-ml"}.get(made.name, "rg-landfall-dev")
    for resource in made.resources:
        # The name of a DNS zone is Azure's, so its id stays an expression.
        assert group.id in resource.id or f", '{group.name}', 'Microsoft.Network/" in resource.id, resource.id
        if "location" in resource.body:
            assert resource.body["tags"]["azd-env-name"] == "landfall-dev", resource.id
            assert resource.body["location"] in {"westeurope", "global"}, resource.id
    assert made.get("Microsoft.Web/sites").body["tags"]["azd-service-name"] == "app"


def test_every_option_is_deployed_in_a_snapshot() -> None:
    """Each type that a file declares is made in some snapshot."""
    declared = {
        kind
        for name in NAMES
        for kind in re.findall(r"^resource \w+ '([^@]+)@[^']+' (?!existing)", text_of(name), re.MULTILINE)
    }
    assert {resource.type for made in ALL for resource in made.resources} == declared


def test_a_type_has_one_version() -> None:
    """Two versions of one type would describe the same resource in two ways."""
    versions = defaultdict(set)
    for name in NAMES:
        for kind, version in re.findall(r"^resource \w+ '([^@]+)@([^']+)'", text_of(name), re.MULTILINE):
            versions[kind].add(version)
    assert {kind: dates for kind, dates in versions.items() if len(dates) > 1} == {}


@pytest.mark.parametrize("name", NAMES)
def test_every_description_is_a_sentence(name: str) -> None:
    """Each description ends with a period; the linter asks for one on each parameter, output and type."""
    descriptions = re.findall(r"^ *@description\('((?:[^'\\]|\\.)*)'\)$", text_of(name), re.MULTILINE)
    assert descriptions
    assert [text for text in descriptions if not text.endswith(".")] == []


def test_no_module_comes_from_elsewhere() -> None:
    """Every module is local: a build needs no network, and every deployed line is in the repository."""
    assert not [name for name in NAMES if re.search(r"'(br|ts)[:/]", text_of(name))]


def test_every_file_is_deployed() -> None:
    """main.bicep or a module of it deploys every file but those that are deployed by themselves."""
    used = {
        (path.parent / module).resolve().relative_to(INFRA).as_posix()
        for path in FILES
        for module in re.findall(r"^module \w+ '([^']+)'", path.read_text(encoding="utf-8"), re.MULTILINE)
    }
    imported = {"types.bicep", "app/csv-events.bicep"}
    assert used | imported | {"main.bicep"} | STANDALONE == set(NAMES)
    assert used.isdisjoint(STANDALONE)


def test_no_output_carries_a_secret() -> None:
    """Outputs can be read in the deployment's history: no output is a key; two deployments read one, and have none."""
    for made in ALL:
        for name, value in made.outputs.items():
            assert not re.search(r"(?i)list\w*\(|secret|password|token", str(value)), f"{made.name}: {name}"
    keyed = [made.name for made in ALL if re.search(r"(?i)\blist\w+\(", str([r.body for r in made.resources]))]
    assert keyed == ["event-subscription", "outside-clock"]
    assert not any(deployment(name).outputs for name in keyed)


def test_what_costs_or_is_exposed_more_is_off_by_default() -> None:
    """The first `azd up` creates no budget, no studio, no operator's roles and no e-mail alert."""
    for name in ("smallest", "first-up"):
        made = deployment(name)
        types = {resource.type for resource in made.resources}
        assert not {kind for kind in types if kind.startswith(("Microsoft.Consumption/", "Microsoft.App/"))}
        assert {principal.split("-")[0] for principal, _, _ in made.roles()} == {"id", "evgt"}
        assert made.get("Microsoft.Insights/actionGroups").properties["emailReceivers"] == []
    assert not [name for name in NAMES if "utcNow" in text_of(name)]  # a budget's start must not move
    budget = deployment("everything").get("Microsoft.Consumption/budgets").properties
    assert budget["timePeriod"] == {"startDate": "2027-01-01"}
    assert budget["amount"] == 100
