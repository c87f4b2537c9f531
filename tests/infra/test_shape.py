"""Names, tags, region and redundancy are the user's choice."""

import json
import re
import tomllib

from tests.infra.deployments import deployment, deployments
from tests.infra.sources import ROOT, text_of

UNTAGGED = {  # types that take no tags, besides children and extensions
    "Microsoft.Consumption/budgets",
    "Microsoft.Authorization/roleAssignments",
    "Microsoft.Authorization/locks",
    "Microsoft.Insights/diagnosticSettings",
}


def test_every_resource_has_the_tags_of_the_user_and_of_azd() -> None:
    """Azd finds its resources by its own tag, which no tag of the user replaces."""
    for made in deployments():
        tagged = [
            resource for resource in made.resources if resource.type.count("/") == 1 and resource.type not in UNTAGGED
        ]
        assert {resource.body["tags"]["azd-env-name"] for resource in tagged} == {"landfall-dev"}, made.name
    everything = [resource for resource in deployment("everything").resources if "tags" in resource.body]
    assert {resource.body["tags"]["cost-center"] for resource in everything} == {"4711"}


def test_a_name_of_the_user_replaces_the_derived_one() -> None:
    """Each member of resourceNames names its resource, and nothing that refers to it keeps the old name."""
    made = deployment("everything")
    parameters = (ROOT / "tests" / "infra" / "snapshots" / "everything.bicepparam").read_text(encoding="utf-8")
    block = parameters.partition("param names = {")[2].partition("}")[0]
    chosen = dict(re.findall(r"(\w+): '([\w-]+)'", block))
    members = re.findall(r"^  (\w+): string\?$", text_of("types.bicep"), re.MULTILINE)

    assert sorted(chosen) == sorted(members)
    assert set(chosen.values()) <= {resource.name for resource in made.resources}
    derived = set(
        re.findall(r"[\w-]+-landfall-dev\b|[a-z-]*46p5ir7sz47xo\b", json.dumps([r.body for r in made.resources]))
    )
    assert derived == {"cae-46p5ir7sz47xo", "id-studio-46p5ir7sz47xo"}  # the studio's, which have no name of their own


def test_zones_need_storage_in_all_zones() -> None:
    """The plan is spread over the zones only by the parameter; all storage has the redundancy of the parameter."""
    skus = {
        made.name: {account.body["sku"]["name"] for account in made.of("Microsoft.Storage/storageAccounts")}
        for made in deployments()
    }
    zones = {made.name for made in deployments() if made.get("Microsoft.Web/serverfarms").properties["zoneRedundant"]}

    assert skus["smallest"] == {"Standard_LRS"}
    assert zones
    assert all("ZRS" in sku for name in zones for sku in skus[name])


def test_azd_asks_for_a_region_with_flex_consumption() -> None:
    """The wizard of azd offers the allowed regions of the parameter that says that it is a location."""
    declaration = text_of("main.bicep").partition("@description('Azure region")[2].partition("param location string")[0]

    assert re.search(r"@metadata\(\{\s*azd: \{\s*type: 'location'\s*\}\s*\}\)", declaration)
    regions = re.findall(r"^  '([a-z0-9]+)'$", declaration, re.MULTILINE)
    assert len(regions) > 25
    assert regions == sorted(set(regions))
    assert {"westeurope", "eastus", "japaneast"} <= set(regions)


def test_the_template_has_the_version_of_the_package() -> None:
    """azure.yaml tells azd which template and version a deployment is of."""
    version = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]["version"]
    assert f"metadata:\n  template: landfall@{version}\n" in (ROOT / "azure.yaml").read_text(encoding="utf-8")
