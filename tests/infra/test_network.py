"""The private network: who reaches storage and vault, and how the app does."""

import ipaddress
import itertools
from collections.abc import Mapping
from typing import Any

import pytest

from tests.infra.deployments import Deployment, Resource, deployment, deployments

ACCOUNT, VAULT = "Microsoft.Storage/storageAccounts", "Microsoft.KeyVault/vaults"
NETWORK, ENDPOINT = "Microsoft.Network/virtualNetworks", "Microsoft.Network/privateEndpoints"
ZONE_GROUP, LINK = f"{ENDPOINT}/privateDnsZoneGroups", "Microsoft.Network/privateDnsZones/virtualNetworkLinks"
PRIVATE = [made for made in deployments() if made.of(NETWORK)]
OPEN = [made for made in deployments() if not made.of(NETWORK)]


def guarded(made: Deployment) -> list[Resource]:
    """Return the resources that the private network closes."""
    return made.of(ACCOUNT) + made.of(VAULT)


def subnets(made: Deployment) -> Mapping[str, Mapping[str, Any]]:
    """Return the properties of each subnet, by its resource id."""
    network = made.get(NETWORK)
    return {f"{network.id}/subnets/{subnet['name']}": subnet["properties"] for subnet in network.properties["subnets"]}


def rules(resource: Resource) -> tuple[str, str, list[str], list[str]]:
    """Return a firewall: public access, what applies to all others, addresses and subnets that are let in."""
    acls = resource.properties["networkAcls"]
    addresses = [rule["value"] for rule in acls["ipRules"]]
    return (
        resource.properties["publicNetworkAccess"],
        acls["defaultAction"],
        addresses,
        [rule["id"] for rule in acls["virtualNetworkRules"]],
    )


def test_the_network_is_a_choice() -> None:
    """There are deployments of both kinds, and the smallest has nothing of a network and is open to roles."""
    assert PRIVATE
    assert OPEN
    for made in OPEN:
        assert not [resource.type for resource in made.resources if resource.type.startswith("Microsoft.Network/")]
        assert {rules(resource)[:2] for resource in guarded(made)} == {("Enabled", "Allow")}
        assert made.get("Microsoft.Web/sites").properties["virtualNetworkSubnetId"] is None


def test_storage_and_vault_are_closed_and_redundant() -> None:
    """Nothing public is left of the accounts and the vault, and all of them are in several zones and regions."""
    made = deployment("private-network")

    assert len(guarded(made)) == 3
    for resource in guarded(made):
        assert rules(resource) == ("Disabled", "Deny", [], []), resource.name
    assert {account.body["sku"]["name"] for account in made.of(ACCOUNT)} == {"Standard_GZRS"}
    assert made.get("Microsoft.Web/serverfarms").properties["zoneRedundant"] is True


def test_only_the_listed_addresses_and_subnets_get_in() -> None:
    """The exceptions are those of the parameters, with blanks cut off; a vault has no subnets."""
    made = deployment("network-exceptions")
    addresses = ["203.0.113.7", "198.51.100.0/24"]

    public, default, let_in, (subnet,) = rules(made.get(ACCOUNT))
    assert (public, default, let_in) == ("Enabled", "Deny", addresses)
    assert subnet.endswith("/virtualNetworks/vnet/subnets/training")
    assert rules(made.get(VAULT)) == ("Enabled", "Deny", addresses, [])


def test_an_open_data_account_opens_nothing_else() -> None:
    """The host's account and the vault stay closed; the exceptions are the vault's alone."""
    made = deployment("open-data-account")
    data, host = (made.get(ACCOUNT, name) for name in sorted(made.names(ACCOUNT), key=len))

    assert rules(data) == ("Enabled", "Allow", [], [])
    assert rules(host) == ("Disabled", "Deny", [], [])
    assert rules(made.get(VAULT)) == ("Enabled", "Deny", ["203.0.113.7"], [])


@pytest.mark.parametrize("made", PRIVATE, ids=lambda made: made.name)
def test_event_grid_gets_in(made: Deployment) -> None:
    """It writes the queue and dead letters as a trusted service, with the identity of the topic."""
    assert {account.properties["networkAcls"]["bypass"] for account in made.of(ACCOUNT)} == {"AzureServices"}
    subscription = made.get("Microsoft.EventGrid/systemTopics/eventSubscriptions").properties
    for delivery in (subscription["deliveryWithResourceIdentity"], subscription["deadLetterWithResourceIdentity"]):
        assert delivery["identity"] == made.get("Microsoft.EventGrid/systemTopics").body["identity"]
    assert made.app_settings()["LANDFALL_BLOB_SOURCE"] == "EventGridQueue"
    assert made.outputs["AZURE_EVENT_DELIVERY"] == "queue"


@pytest.mark.parametrize("made", PRIVATE, ids=lambda made: made.name)
def test_every_service_that_the_app_uses_has_a_private_endpoint(made: Deployment) -> None:
    """Blobs, queues and tables of each account, and the vault, in the subnet that is for endpoints alone."""
    targets = set()
    for endpoint in made.of(ENDPOINT):
        (connection,) = endpoint.properties["privateLinkServiceConnections"]
        (service,) = connection["properties"]["groupIds"]
        targets.add((connection["properties"]["privateLinkServiceId"], service))
        subnet = subnets(made)[endpoint.properties["subnet"]["id"]]
        assert "delegations" not in subnet, endpoint.name

    assert targets == {
        (account.id, service) for account in made.of(ACCOUNT) for service in ("blob", "queue", "table")
    } | {(made.get(VAULT).id, "vault")}
    assert len(targets) == len(made.of(ENDPOINT))


@pytest.mark.parametrize("made", PRIVATE, ids=lambda made: made.name)
def test_names_lead_to_the_private_endpoints(made: Deployment) -> None:
    """Each endpoint is entered in the zone of its service, and the network looks names up in each of these zones."""
    network = made.get(NETWORK)
    linked = {
        link.body["name"].removesuffix(f"/{network.name}")
        for link in made.of(LINK)
        if link.properties["virtualNetwork"] == {"id": network.id} and not link.properties["registrationEnabled"]
    }
    assert len(linked) == len(made.of(LINK)) == 4

    for endpoint in made.of(ENDPOINT):
        group = next(group for group in made.of(ZONE_GROUP) if group.body["name"] == f"{endpoint.name}/default")
        (configuration,) = group.properties["privateDnsZoneConfigs"]
        service = endpoint.properties["privateLinkServiceConnections"][0]["properties"]["groupIds"][0]
        zone = "keyvaultDns" if service == "vault" else f"privatelink.{service}."
        assert zone in configuration["properties"]["privateDnsZoneId"], endpoint.name


@pytest.mark.parametrize("made", PRIVATE, ids=lambda made: made.name)
def test_the_app_has_a_delegated_subnet_of_its_own(made: Deployment) -> None:
    """Flex Consumption takes a subnet that is delegated to Container Apps and shared with no environment of theirs."""
    app = made.get("Microsoft.Web/sites").properties["virtualNetworkSubnetId"]
    studios = [
        environment.properties["vnetConfiguration"]["infrastructureSubnetId"]
        for environment in made.of("Microsoft.App/managedEnvironments")
    ]

    for subnet in {app, *studios} & set(subnets(made)):  # the studio may have a subnet of the user
        (delegation,) = subnets(made)[subnet]["delegations"]
        assert delegation["properties"]["serviceName"] == "Microsoft.App/environments"
    assert app in subnets(made)
    assert app not in studios
    assert "_" not in app.rsplit("/", maxsplit=1)[-1]


@pytest.mark.parametrize("made", PRIVATE, ids=lambda made: made.name)
def test_the_subnets_fit_into_the_network(made: Deployment) -> None:
    """They are within its address space, do not overlap, and have 59 addresses each."""
    (prefix,) = made.get(NETWORK).properties["addressSpace"]["addressPrefixes"]
    space = ipaddress.IPv4Network(prefix)
    ranges = [ipaddress.IPv4Network(subnet["addressPrefix"]) for subnet in subnets(made).values()]

    assert all(part.subnet_of(space) and part.num_addresses == 64 for part in ranges)
    assert not [pair for pair in itertools.combinations(ranges, 2) if pair[0].overlaps(pair[1])]


def test_the_studio_runs_in_the_network() -> None:
    """So its jobs reach the links that the app signs, without an exception."""
    made = deployment("private-network")
    environment = made.get("Microsoft.App/managedEnvironments").properties
    assert environment["vnetConfiguration"]["infrastructureSubnetId"] == f"{made.get(NETWORK).id}/subnets/studio"
