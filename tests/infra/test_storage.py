"""The storage account has what the app uses."""

import ast
import re

import pytest

from shared.adapters.storage.table_endpoints import TableEndpointStore
from shared.adapters.storage.table_runs import TableRunStore
from shared.lifecycle.job_paths import ARCHIVE, MODELS, TRAINING
from shared.services import QUARANTINE
from tests.infra.deployments import Deployment, deployment, deployments
from tests.infra.sources import ROOT
from tests.infra.test_access import host_account

ACCOUNT = "Microsoft.Storage/storageAccounts"
CHILDREN = {
    "containers": f"{ACCOUNT}/blobServices/containers",
    "tables": f"{ACCOUNT}/tableServices/tables",
    "queues": f"{ACCOUNT}/queueServices/queues",
}


def queues_of_the_app() -> set[str]:
    """Return the queues that function_app.py has triggers on."""
    tree = ast.parse((ROOT / "function_app.py").read_text(encoding="utf-8"))
    constants = {
        ast.unparse(node.targets[0]): node.value.value
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant)
    }
    texts = [
        ast.unparse(keyword.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call)
        for keyword in node.keywords
        if keyword.arg == "queue_name"
    ]
    return {eval(text, {"__builtins__": {}}, constants) for text in texts}  # noqa: S307 - our own code


def children(made: Deployment, account: str, kind: str) -> set[str]:
    """Return the names of the containers, tables or queues that a deployment makes in an account."""
    return {child.name for child in made.of(CHILDREN[kind]) if f"/storageAccounts/{account}/" in child.id}


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_containers_tables_and_queues_are_those_of_the_app(made: Deployment) -> None:
    """They exist before the app runs: its roles on the two tables do not allow it to create them."""
    data = made.outputs["AZURE_STORAGE_ACCOUNT_NAME"]

    assert children(made, data, "containers") == {
        *(
            "deployments",
            made.outputs["AZURE_INPUT_CONTAINER_NAME"],
            ARCHIVE,
            QUARANTINE,
            TRAINING,
            MODELS,
            made.outputs["AZURE_DEAD_LETTER_CONTAINER"],
        )
    }
    assert children(made, data, "tables") == {TableRunStore.TABLE_NAME, TableEndpointStore.TABLE_NAME}
    assert children(made, data, "queues") == queues_of_the_app()


@pytest.mark.parametrize("name", ["data-account", "private-network"])
def test_the_hosts_own_account_is_left_to_the_host(name: str) -> None:
    """Data and package stay in the account in which they were, under the name that it had."""
    made, before = deployment(name), deployment("smallest")
    host = host_account(made)

    assert made.outputs["AZURE_STORAGE_ACCOUNT_NAME"] == before.outputs["AZURE_STORAGE_ACCOUNT_NAME"] != host
    assert not any(children(made, host, kind) for kind in CHILDREN)


def test_the_host_has_no_account_of_its_own_by_default() -> None:
    """One account is cheaper to watch; the parameter makes the second."""
    made = deployment("first-up")
    assert made.names(ACCOUNT) == [host_account(made)] == [made.outputs["AZURE_STORAGE_ACCOUNT_NAME"]]


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_events_and_files_are_those_of_the_datas_account(made: Deployment) -> None:
    """The topic, its dead letters and the studio name that account."""
    data = made.get(ACCOUNT, made.outputs["AZURE_STORAGE_ACCOUNT_NAME"])

    assert made.get("Microsoft.EventGrid/systemTopics").properties["source"] == data.id
    dead = made.get(CHILDREN["containers"], made.outputs["AZURE_DEAD_LETTER_CONTAINER"])
    assert dead.id.startswith(f"{data.id}/")


def test_the_input_container_is_that_of_the_example() -> None:
    """The default says the same as routes.toml."""
    container = deployment("smallest").outputs["AZURE_INPUT_CONTAINER_NAME"]
    assert f'input = "{container}"' in (ROOT / "routes.toml").read_text(encoding="utf-8")


@pytest.mark.parametrize("made", deployments(), ids=lambda made: made.name)
def test_every_child_hangs_on_an_account(made: Deployment) -> None:
    """A container, table or queue belongs to the `default` service of an account of the deployment."""
    accounts = "|".join(made.names(ACCOUNT))
    for kind, type_ in CHILDREN.items():
        for child in made.of(type_):
            assert re.search(rf"/storageAccounts/({accounts})/\w+Services/default/{kind}/[\w-]+$", child.id)
