"""What can be reached from the internet: exactly what the page says, and nothing else."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.infra.deployments import Deployment, deployments

# Types that have an address on the internet unless a property closes it. The value is where that property is.
OPEN_BY_NATURE = {
    "Microsoft.KeyVault/vaults": "properties.publicNetworkAccess",
    "Microsoft.Storage/storageAccounts": "properties.publicNetworkAccess",
    "Microsoft.Web/sites": "properties.publicNetworkAccess",
    "Microsoft.App/containerApps": "properties.configuration.ingress.external",
    "Microsoft.App/managedEnvironments": "properties.vnetConfiguration.internal",
    "Microsoft.EventGrid/systemTopics": "",  # takes events of its own account only
    "Microsoft.Insights/components": "",  # takes logs with a token only
    "Microsoft.OperationalInsights/workspaces": "",  # answers queries with a token only
}
# Types without an address of their own.
NOT_REACHABLE = {
    "Microsoft.App/managedEnvironments/storages",
    "Microsoft.Authorization/locks",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Consumption/budgets",
    "Microsoft.EventGrid/systemTopics/eventSubscriptions",
    "Microsoft.Insights/actionGroups",
    "Microsoft.Insights/diagnosticSettings",
    "Microsoft.Insights/metricAlerts",
    "Microsoft.Insights/scheduledQueryRules",
    "Microsoft.Insights/workbooks",
    "Microsoft.ManagedIdentity/userAssignedIdentities",
    "Microsoft.Network/privateDnsZones",
    "Microsoft.Network/privateDnsZones/virtualNetworkLinks",
    "Microsoft.Network/privateEndpoints",
    "Microsoft.Network/privateEndpoints/privateDnsZoneGroups",
    "Microsoft.Network/virtualNetworks",
    "Microsoft.Resources/resourceGroups",
    "Microsoft.Storage/storageAccounts/blobServices",
    "Microsoft.Storage/storageAccounts/blobServices/containers",
    "Microsoft.Storage/storageAccounts/managementPolicies",
    "Microsoft.Storage/storageAccounts/queueServices",
    "Microsoft.Storage/storageAccounts/queueServices/queues",
    "Microsoft.Storage/storageAccounts/tableServices",
    "Microsoft.Storage/storageAccounts/tableServices/tables",
    "Microsoft.Web/serverfarms",
    "Microsoft.Web/sites/basicPublishingCredentialsPolicies",
    "Microsoft.Web/sites/config",
}


def values(body: Any, name: str) -> Iterator[Any]:
    """Give every value of a property, at any depth."""
    if isinstance(body, Mapping):
        for key, member in body.items():
            if key == name:
                yield member
            yield from values(member, name)
    elif isinstance(body, list):
        for member in body:
            yield from values(member, name)


def test_each_type_was_looked_at() -> None:
    """A new type is either reachable by an address, with what closes it, or it has none."""
    types = {resource.type for made in deployments() for resource in made.resources}
    assert types <= set(OPEN_BY_NATURE) | NOT_REACHABLE


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_nobody_gets_in_without_signing_in(made: Deployment) -> None:
    """No container is public, no shared key opens anything, nothing speaks plain HTTP, no origin is allowed."""
    for resource in made.resources:
        for access in values(resource.body, "publicAccess"):
            assert access == "None", resource.id
        for name in ("allowBlobPublicAccess", "allowSharedKeyAccess", "allowInsecure", "adminUserEnabled"):
            assert not any(values(resource.body, name)), f"{resource.id}: {name}"
        for name in ("httpsOnly", "supportsHttpsTrafficOnly", "disableLocalAuth", "DisableLocalAuth"):
            assert all(values(resource.body, name)), f"{resource.id}: {name}"
        for name in ("cors", "allowedOrigins", "accessPolicies", "listKeys"):
            assert not list(values(resource.body, name)), f"{resource.id}: {name}"


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_no_address_of_a_machine_is_open(made: Deployment) -> None:
    """No rule lets the whole internet in by its address: who is let in signs in."""
    text = json.dumps([resource.body for resource in made.resources])
    assert "0.0.0.0" not in text  # noqa: S104 - that it is nowhere
    assert "Microsoft.Network/publicIPAddresses" not in text
