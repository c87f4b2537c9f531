"""The Bicep files fit together: names, parameters and outputs, and nothing from elsewhere."""

import re
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.bicep import FILES, INFRA, Template, code_of, dotted, template, templates

NAMES = [path.relative_to(INFRA).as_posix() for path in FILES]

# The version of each type that was looked up in the published types; another one is looked up before it is used.
VERSIONS = {
    "Microsoft.App/containerApps": "2025-07-01",
    "Microsoft.App/managedEnvironments": "2025-07-01",
    "Microsoft.App/managedEnvironments/storages": "2025-07-01",
    "Microsoft.Authorization/roleAssignments": "2022-04-01",
    "Microsoft.Consumption/budgets": "2024-08-01",
    "Microsoft.EventGrid/systemTopics": "2025-02-15",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": "2025-02-15",
    "Microsoft.Insights/actionGroups": "2023-01-01",
    "Microsoft.Insights/components": "2020-02-02",
    "Microsoft.Insights/diagnosticSettings": "2021-05-01-preview",
    "Microsoft.Insights/metricAlerts": "2018-03-01",
    "Microsoft.Insights/scheduledQueryRules": "2023-12-01",
    "Microsoft.KeyVault/vaults": "2024-11-01",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "2024-11-30",
    "Microsoft.OperationalInsights/workspaces": "2025-02-01",
    "Microsoft.Resources/resourceGroups": "2025-04-01",
    "Microsoft.Storage/storageAccounts": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/blobServices/containers": "2025-06-01",
    "Microsoft.Storage/storageAccounts/queueServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/queueServices/queues": "2025-06-01",
    "Microsoft.Storage/storageAccounts/tableServices": "2025-06-01",
    "Microsoft.Storage/storageAccounts/tableServices/tables": "2025-06-01",
    "Microsoft.Web/serverfarms": "2025-03-01",
    "Microsoft.Web/sites": "2025-03-01",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies": "2025-03-01",
    "Microsoft.Web/sites/config": "2025-03-01",
}
# What a deployment asks for or the templates rely on, besides the name; a type with `location` has one or is refused.
NEEDED = {
    "Microsoft.App/containerApps": "location identity properties.environmentId properties.workloadProfileName",
    "Microsoft.App/managedEnvironments": "location properties.appLogsConfiguration properties.workloadProfiles",
    "Microsoft.Consumption/budgets": "properties.category properties.amount properties.timeGrain"
    " properties.timePeriod.startDate properties.notifications",
    "Microsoft.EventGrid/systemTopics": "location properties.source properties.topicType",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions": "parent properties.destination.endpointType"
    " properties.eventDeliverySchema properties.filter.isSubjectCaseSensitive"
    " properties.deadLetterWithResourceIdentity.deadLetterDestination.endpointType"
    " properties.deadLetterWithResourceIdentity.deadLetterDestination.properties.resourceId",
    "Microsoft.Insights/actionGroups": "location properties.enabled properties.groupShortName",
    "Microsoft.Insights/components": "location kind properties.Application_Type properties.WorkspaceResourceId",
    "Microsoft.Insights/diagnosticSettings": "scope properties.workspaceId properties.logs",
    "Microsoft.Insights/metricAlerts": "location properties.criteria properties.enabled"
    " properties.evaluationFrequency properties.scopes properties.severity properties.windowSize",
    "Microsoft.Insights/scheduledQueryRules": "location kind properties.displayName properties.description"
    " properties.severity properties.evaluationFrequency properties.windowSize properties.criteria properties.actions",
    "Microsoft.KeyVault/vaults": "location properties.sku.family properties.sku.name properties.tenantId",
    "Microsoft.ManagedIdentity/userAssignedIdentities": "location",
    "Microsoft.OperationalInsights/workspaces": "location properties.sku.name properties.retentionInDays"
    " properties.workspaceCapping.dailyQuotaGb",
    "Microsoft.Resources/resourceGroups": "location",
    "Microsoft.Storage/storageAccounts": "kind location sku.name",
    "Microsoft.Web/serverfarms": "location kind properties.reserved",
    "Microsoft.Web/sites": "location kind properties.serverFarmId properties.functionAppConfig.deployment.storage.type"
    " properties.functionAppConfig.deployment.storage.value"
    " properties.functionAppConfig.scaleAndConcurrency.instanceMemoryMB"
    " properties.functionAppConfig.scaleAndConcurrency.maximumInstanceCount",
}
DECORATORS = {"allowed", "description", "maxLength", "maxValue", "minLength", "minValue"}
FUNCTIONS = {
    "empty",
    "environment",
    "guid",
    "json",
    "listKeys",
    "replace",
    "split",
    "subscription",
    "subscriptionResourceId",
    "tenant",
    "toLower",
    "toObject",
    "union",
    "uniqueString",
}


def given_by_modules() -> dict[str, tuple[Template, str]]:
    """Return which file each module of main.bicep is."""
    main = template("main.bicep")
    return {symbol: (main, module["detail"]["path"]) for symbol, module in main.part("modules").items()}


@pytest.mark.parametrize("name", NAMES)
def test_every_file_parses_and_declares_something(name: str) -> None:
    """A file with a slip in its syntax is found here, not at the deployment."""
    parsed = template(name)

    assert parsed.part("resources") or parsed.part("modules")
    assert {*parsed.part("resources"), *parsed.part("modules"), *parsed.part("parameters")} <= parsed.declared()


@pytest.mark.parametrize("name", NAMES)
def test_every_symbol_and_function_is_there(name: str) -> None:
    """An expression names only what its file declares, and calls only functions that Bicep has; no symbol is idle."""
    parsed = template(name)
    used, idle_by_design = parsed.used(), {*parsed.part("resources"), *parsed.part("modules")}

    assert used <= parsed.declared()
    assert parsed.declared() - idle_by_design <= used
    assert parsed.functions() <= FUNCTIONS | DECORATORS


def test_the_scanner_sees_names_in_texts_and_none_in_comments() -> None:
    """The test above depends on it: the parser alone accepts an undefined name."""
    code = code_of("var a = '${inText}x\\'' // inComment\nvar b = bare\nvar c = 'http://${deep['${deeper}']}'")

    assert all(name in code for name in ("inText", "bare", "deep", "deeper"))
    assert not any(name in code for name in ("inComment", "http"))


@pytest.mark.parametrize("name", NAMES)
def test_every_parameter_and_output_is_described(name: str) -> None:
    """Each has a description that ends with a period."""
    parsed = template(name)
    for kind in ("parameters", "outputs"):
        for symbol, declaration in parsed.part(kind).items():
            described = [item["argument"] for item in declaration["decorators"] if item["type"] == "description"]
            assert described, f"{kind}: {symbol}"
            assert described[0].endswith("."), symbol


def test_types_and_versions_are_those_that_were_looked_up() -> None:
    """Each type has the one API version whose properties were looked up, and each of these versions is used."""
    used = {(resource.type, resource.version) for parsed in templates() for resource in parsed.resources()}
    assert used == set(VERSIONS.items())


def test_every_resource_has_what_it_needs() -> None:
    """It has a name, a parent if its type is a child's, and the properties that the service requires."""
    declared = [
        (parsed, resource) for parsed in templates() for resource in parsed.resources() if not resource.existing
    ]
    assert set(NEEDED) <= {resource.type for _, resource in declared}
    for parsed, resource in declared:
        needed = ["name", *NEEDED.get(resource.type, "").split()]
        if resource.type.count("/") > 1:
            needed.append("parent")
        for path in needed:
            assert has(resource.config, path.split(".")), f"{parsed.name}: {resource.symbol}: {path}"
    for parsed in templates():
        for resource in parsed.resources():
            assert resource.config.get("name"), f"{parsed.name}: {resource.symbol}"


def has(config: Any, path: list[str]) -> bool:
    """Return whether a property exists and is not empty."""
    for name in path:
        config = config.get(name) if isinstance(config, Mapping) else None
    return config not in (None, "", {}, [])


def test_what_a_loop_makes_is_named_by_the_loop() -> None:
    """Without the loop variable in the name, all resources of the loop would have the same name."""
    for parsed in templates():
        for variable, body in re.findall(r"= \[for (\w+) in \w+: (\{.*?^\}\])", parsed.text, re.DOTALL | re.MULTILINE):
            assert re.search(rf"^  name: {variable}\b", body, re.MULTILINE), f"{parsed.name}: {variable}"


def test_every_module_goes_into_the_group() -> None:
    """A module of main.bicep without a scope would be deployed at the subscription."""
    main = template("main.bicep")
    bodies = re.findall(r"^module (\w+) .*?^\}", main.text, re.DOTALL | re.MULTILINE)
    assert set(bodies) == set(main.part("modules"))
    assert main.text.count("\n  scope: group\n") == len(bodies)


def test_no_module_comes_from_elsewhere() -> None:
    """Every module is local: a build needs no network, and every deployed line is in the repository."""
    for parsed in templates():
        assert not re.search(r"'(br|ts)[:/]", parsed.text), parsed.name
        assert all(module["type"] == "local" for module in parsed.part("modules").values()), parsed.name


def test_modules_are_given_what_they_ask_for() -> None:
    """A module gets every parameter without a default, and none that it does not declare."""
    for symbol, (main, path) in given_by_modules().items():
        expected, given = template(path).part("parameters"), set(main.module_parameters(symbol))
        assert given <= set(expected), symbol
        assert {name for name, parameter in expected.items() if parameter["default"] is None} <= given, symbol


def test_outputs_that_are_used_exist() -> None:
    """An output that main.bicep reads of a module is one of that module."""
    main, paths = template("main.bicep"), given_by_modules()
    outputs = re.findall(r"\b(\w+)\.outputs\.(\w+)", code_of(main.text))

    assert len(outputs) > 15
    for symbol, output in outputs:
        assert output in template(paths[symbol][1]).part("outputs"), f"{symbol}.outputs.{output}"


def test_a_conditional_module_has_no_output_that_is_read() -> None:
    """A conditional module may be absent, so no expression reads its outputs."""
    main = template("main.bicep")
    conditional = {name for name, module in main.part("modules").items() if "condition" in module["config"]}

    assert conditional == {"budget", "hostStorage", "studio"}
    assert not [name for name in conditional if f"{name}.outputs" in main.text]


def test_every_file_is_deployed() -> None:
    """main.bicep deploys every file but the event subscription, which the hook deploys after the code."""
    used = {path for _, path in given_by_modules().values()}
    assert used | {"main.bicep", "app/eventgrid-subscription.bicep"} == set(NAMES)
    assert "app/eventgrid-subscription.bicep" not in used


def test_no_output_carries_a_secret() -> None:
    """Outputs can be read in the deployment's history, so no expression with an output reads a key."""
    for parsed in templates():
        for name, output in parsed.part("outputs").items():
            assert not re.search(r"(?i)list\w*keys|secret|password|token|\bkeys?\b|sas", str(output["value"])), name
    calls = [parsed.name for parsed in templates() if re.search(r"(?i)\blist\w+\(", code_of(parsed.text))]
    assert calls == ["app/eventgrid-subscription.bicep"]
    assert template("app/eventgrid-subscription.bicep").part("outputs") == {}


def test_every_resource_belongs_to_the_environment() -> None:
    """The group is found by its tag, the app by its service name; every resource that may be tagged is."""
    main = template("main.bicep")
    group = main.only("Microsoft.Resources/resourceGroups")
    assert main.variable("tags") == {"azd-env-name": "environmentName"}
    assert group.config["tags"] == "tags"
    for parsed in templates():
        for resource in parsed.resources():
            if "location" in resource.config and resource.type != "Microsoft.Web/sites":
                assert resource.config.get("tags") == "tags", f"{parsed.name}: {resource.symbol}"
    site = template("app/function.bicep").only("Microsoft.Web/sites")
    assert site.config["tags"]["function"]["parameters"] == {"arg_1": "tags", "arg_2": {"azd-service-name": "app"}}


def test_what_costs_or_is_exposed_more_is_off_by_default() -> None:
    """The defaults create no budget, no studio, no operator's roles and no e-mail alert."""
    defaults = {name: parameter["default"] for name, parameter in template("main.bicep").part("parameters").items()}

    assert defaults["budgetAmount"] == 0
    for name in ("studioImage", "operatorPrincipalId", "alertEmail", "budgetStartDate"):
        assert defaults[name] in {"", "''"}, name
    assert "utcNow" not in template("app/budget.bicep").text + template("main.bicep").text  # its start must not move
    assert dotted(template("main.bicep").module_parameters("budget")["startDate"]) == "budgetStartDate"
