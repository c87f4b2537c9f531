"""The studio in Container Apps: one replica behind TLS, its identity, its storage, its data."""

import re
from typing import Any

import pytest

from studio.commands.settings import TAKE_OVER
from tests.infra.deployments import Deployment, deployment, referenced
from tests.infra.sources import DOCKERFILE


def studio(made: Deployment) -> Any:
    """Return the properties of the studio's container app."""
    return made.get("Microsoft.App/containerApps").properties


@pytest.mark.parametrize("name", ["studio", "everything"])
def test_the_studio_is_one_replica_behind_tls(name: str) -> None:
    """Two replicas would both train the same jobs. The studio hands out keys, so it speaks TLS only."""
    properties = studio(deployment(name))
    assert properties["template"]["scale"] == {"minReplicas": 1, "maxReplicas": 1}
    assert properties["configuration"]["ingress"]["allowInsecure"] is False
    assert properties["configuration"]["ingress"]["targetPort"] == 8600


@pytest.mark.parametrize("name", ["studio", "everything"])
def test_the_studio_is_told_its_address_and_its_one_storage_host(name: str) -> None:
    """Jobs may name that storage host only."""
    made = deployment(name)
    (container,) = studio(made)["template"]["containers"]
    variables = {variable["name"]: variable["value"] for variable in container["env"]}

    assert list(variables) == ["STUDIO_BASE_URL", "STUDIO_ALLOW_HOSTS", TAKE_OVER]
    assert variables[TAKE_OVER] == "true"  # the next revision is healthy while the present one has the lock
    environment = made.get("Microsoft.App/managedEnvironments").name
    assert referenced(variables["STUDIO_BASE_URL"]) == (environment, "defaultDomain")
    app = made.get("Microsoft.App/containerApps").name
    assert variables["STUDIO_BASE_URL"].startswith(f"[format('https://{{0}}.{{1}}', '{app}', reference(")
    account = made.outputs["AZURE_STORAGE_ACCOUNT_NAME"]
    assert referenced(variables["STUDIO_ALLOW_HOSTS"]) == (account, "primaryEndpoints.blob")
    assert re.fullmatch(
        r"\[split\(reference\(.*\)\.primaryEndpoints\.blob, '/'\)\[2\]\]", variables["STUDIO_ALLOW_HOSTS"]
    )


def test_the_studio_keeps_its_data_only_on_a_share() -> None:
    """With a share, an init container gives the folder to the image's user; without one the folder is empty."""
    kept, fresh = studio(deployment("everything")), studio(deployment("studio"))

    assert kept["template"]["volumes"] == [
        {"name": "data", "storageType": "NfsAzureFile", "storageName": "studio-data"}
    ]
    assert len(kept["template"]["initContainers"]) == 1
    assert fresh["template"]["volumes"] == [{"name": "data", "storageType": "EmptyDir"}]
    assert fresh["template"]["initContainers"] == []
    assert deployment("studio").of("Microsoft.App/managedEnvironments/storages") == []
    share = deployment("everything").get("Microsoft.App/managedEnvironments/storages")
    assert share.properties["nfsAzureFile"]["server"] == "example.file.core.windows.net"


def test_the_init_container_is_the_pinned_base() -> None:
    """Its digest is that of the Dockerfile, which Dependabot keeps current."""
    (init,) = studio(deployment("everything"))["template"]["initContainers"]
    base = re.search(
        r"^FROM python:[\w.-]+@(sha256:[0-9a-f]{64})$", DOCKERFILE.read_text(encoding="utf-8"), re.MULTILINE
    )

    assert base
    assert init["image"] == f"docker.io/library/python@{base[1]}"
    (init,) = studio(deployment("network-exceptions"))["template"]["initContainers"]
    assert init["image"] == "example.azurecr.io/python:3.13-slim"  # where no image of Docker Hub may be pulled


def test_the_studio_refuses_addresses_only_if_some_are_named() -> None:
    """Callers need a key either way."""
    made, fresh = (studio(deployment(name))["configuration"]["ingress"] for name in ("everything", "studio"))

    assert [(rule["action"], rule["ipAddressRange"]) for rule in made["ipSecurityRestrictions"]] == [
        ("Allow", "203.0.113.0/24"),
        ("Allow", "198.51.100.7/32"),
    ]
    assert fresh["ipSecurityRestrictions"] == []


def test_the_studio_pulls_a_private_image_as_its_identity() -> None:
    """No password of a registry is needed; a public image needs no registry."""
    made = deployment("everything")
    (identity,) = made.get("Microsoft.App/containerApps").body["identity"]["userAssignedIdentities"]

    assert studio(made)["configuration"]["registries"] == [{"server": "example.azurecr.io", "identity": identity}]
    assert studio(deployment("studio"))["configuration"]["registries"] == []
