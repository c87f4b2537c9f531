"""The audit logs, and the locks against deletion."""

import re

from tests.infra.deployments import Deployment, Resource, deployment, deployments, named

DIAGNOSTICS, LOCK = "Microsoft.Insights/diagnosticSettings", "Microsoft.Authorization/locks"
KINDS = {
    "vaults": {"AuditEvent"},
    "blobServices": {"StorageWrite", "StorageDelete"},
    "systemTopics": {"DeliveryFailures"},
}
_TARGET = re.compile(r"^(.*)/providers/[\w.]+/(?:diagnosticSettings|locks)/[\w-]+$", re.IGNORECASE)


def target(extension: Resource) -> str:
    """Return the resource id that a diagnostic setting or a lock is for."""
    match = _TARGET.match(extension.id)
    assert match, extension.id
    return match[1]


def audited(made: Deployment) -> dict[str, set[str]]:
    """Return the enabled categories of each audited resource, by its id."""
    return {
        target(setting): {log["category"] for log in setting.properties["logs"] if log["enabled"]}
        for setting in made.of(DIAGNOSTICS)
        if "managedEnvironments" not in target(setting)
    }


def test_reads_of_secrets_writes_of_blobs_and_lost_events_are_logged() -> None:
    """Each goes to the workspace, from the vault, the data account and the topic."""
    made = deployment("data-account")
    data = min(made.names("Microsoft.Storage/storageAccounts"), key=len)
    resources = (
        made.get("Microsoft.KeyVault/vaults"),
        *(
            service
            for service in made.of("Microsoft.Storage/storageAccounts/blobServices")
            if f"/{data}/" in service.id
        ),
        made.get("Microsoft.EventGrid/systemTopics"),
    )

    assert audited(made) == {resource.id: KINDS[resource.type.rsplit("/", maxsplit=1)[-1]] for resource in resources}
    workspace = made.get("Microsoft.OperationalInsights/workspaces")
    assert {named(setting.properties["workspaceId"]) for setting in made.of(DIAGNOSTICS)} == {workspace.name}


def test_audit_logs_can_be_turned_off() -> None:
    """They cost by the gigabyte."""
    assert audited(deployment("smallest"))
    assert not audited(deployment("open-data-account"))


def test_data_and_keys_are_locked_on_request_only() -> None:
    """The lock is on the data account and the vault: one on the resource group would also keep old roles alive."""
    made = deployment("everything")
    data = made.get("Microsoft.Storage/storageAccounts", min(made.names("Microsoft.Storage/storageAccounts"), key=len))

    assert {target(lock) for lock in made.of(LOCK)} == {data.id, made.get("Microsoft.KeyVault/vaults").id}
    assert {lock.properties["level"] for lock in made.of(LOCK)} == {"CanNotDelete"}
    assert {locked.name for locked in deployments() if locked.of(LOCK)} == {"everything"}
