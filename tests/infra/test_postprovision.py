"""The hook after a provision, run with a fake `az`: earlier operators lose their roles, and events keep their key."""

from pathlib import Path
from typing import Any

import pytest

from tests.infra.fake_clis import FakeClis

ALICE, BOB = "aaaaaaaa-0000-0000-0000-000000000001", "bbbbbbbb-0000-0000-0000-000000000002"
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-x"
SETTINGS = {
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001",
    "AZURE_RESOURCE_GROUP": "rg-x",
    "AZURE_FUNCTION_APP_NAME": "func-x",
    "AZURE_OPERATOR_PRINCIPAL_ID": ALICE,
}
LIST, DELETE = "az role assignment list", ["az", "role", "assignment", "delete"]
FUNCTIONS = "az functionapp function list"


def assignment(
    name: str, principal: str, *, scope: str = GROUP, description: str | None = "Landfall operator"
) -> dict[str, Any]:
    """Return a role assignment as `az` lists it."""
    scope = f"{scope}/providers/Microsoft.KeyVault/vaults/kv-x"
    return {
        "id": f"{scope}/providers/Microsoft.Authorization/roleAssignments/{name}",
        "scope": scope,
        "principalId": principal,
        "roleDefinitionName": "Key Vault Secrets Officer",
        "description": description,
    }


@pytest.fixture
def clis(tmp_path: Path) -> FakeClis:
    """Give fakes of an app without code and without role assignments."""
    fakes = FakeClis(tmp_path)
    fakes.answer("az role assignment delete")
    fakes.answer(LIST, [])
    fakes.answer(FUNCTIONS, [])
    return fakes


def deleted(clis: FakeClis, operator: str = ALICE) -> list[str]:
    """Run the hook; returns the names of the assignments that it deletes."""
    done = clis.run("postprovision.py", {**SETTINGS, "AZURE_OPERATOR_PRINCIPAL_ID": operator})
    assert done.status == 0, done.text
    return [call[call.index("--ids") + 1].rsplit("/", 1)[-1] for call in done.of(*DELETE)]


def test_an_earlier_operator_loses_the_roles(clis: FakeClis) -> None:
    """The present operator keeps them; nobody's assignments of another origin are touched."""
    clis.answer(
        LIST,
        [
            assignment("1", ALICE.upper()),
            assignment("2", BOB),
            assignment("3", BOB, description=None),
            assignment("4", BOB, description="given by hand"),
            assignment("5", BOB, scope=f"{GROUP}-other"),
            assignment("6", BOB, scope=GROUP.lower()),
        ],
    )

    assert deleted(clis) == ["2", "6"]


def test_without_an_operator_nobody_keeps_the_roles(clis: FakeClis) -> None:
    """The output of the template is `nobody` then."""
    clis.answer(LIST, [assignment("1", ALICE), assignment("2", BOB)])

    assert deleted(clis, "nobody") == ["1", "2"]


def test_all_assignments_of_the_subscription_are_asked_for(clis: FakeClis) -> None:
    """Without `--all`, `az` lists no assignment below the subscription."""
    done = clis.run("postprovision.py", SETTINGS)

    (arguments,) = done.of(*LIST.split())
    assert "--all" in arguments
    assert arguments[arguments.index("--subscription") + 1] == SETTINGS["AZURE_SUBSCRIPTION_ID"]


def test_a_removal_that_fails_is_an_error(clis: FakeClis) -> None:
    """An earlier operator may still have rights, so the provision does not count as done."""
    clis.answer(LIST, [assignment("2", BOB)])
    clis.answer("az role assignment delete", status=1, error="AuthorizationFailed")
    done = clis.run("postprovision.py", SETTINGS)

    assert done.status == 1
    assert "AuthorizationFailed" in done.text
    assert "may still have rights" in done.text
    assert "lock" not in done.text


def test_a_removal_that_fails_keeps_no_other_from_being_made(clis: FakeClis) -> None:
    """All problems are reported at once; a lock protects role assignments too, and the hook says so."""
    locked = assignment("2", BOB)
    clis.answer(LIST, [locked, assignment("3", BOB)])
    clis.answer(f"az role assignment delete --ids {locked['id']}", status=1, error="(ScopeLocked) no delete")
    done = clis.run("postprovision.py", SETTINGS)

    assert done.status == 1
    assert len(done.of(*DELETE)) == 2
    assert done.text.count("was not removed") == done.text.count("removed 'Key Vault Secrets Officer'") == 1
    assert "deleteLock" in done.text


@pytest.mark.parametrize("missing", SETTINGS)
def test_an_unknown_operator_is_no_verdict(clis: FakeClis, missing: str) -> None:
    """Without the template's outputs nothing is deleted."""
    clis.answer(LIST, [assignment("1", ALICE), assignment("2", BOB)])
    done = clis.run("postprovision.py", {name: value for name, value in SETTINGS.items() if name != missing})

    assert done.status == 1
    assert missing in done.text
    assert done.calls == []


EVENTS = {
    "AZURE_EVENTGRID_TOPIC_NAME": "evgt-x",
    "AZURE_STORAGE_ACCOUNT_NAME": "stx",
    "AZURE_INPUT_CONTAINER_NAME": "incoming",
    "AZURE_DEAD_LETTER_CONTAINER": "dead-letters",
}
DEPLOY = ["az", "deployment", "group", "create"]


def test_events_keep_their_key_if_the_host_got_another_account(clis: FakeClis) -> None:
    """An app with code has keys, perhaps new ones, so the second phase is repeated."""
    clis.answer(FUNCTIONS, [{"name": "func-x/on_csv_landed"}])
    clis.answer("az deployment group create")
    done = clis.run("postprovision.py", {**SETTINGS, **EVENTS})

    assert done.status == 0, done.text
    (call,) = done.of(*DEPLOY)
    assert "functionAppName=func-x" in call
    (arguments,) = done.of(*FUNCTIONS.split())
    assert arguments[arguments.index("--name") + 1] == "func-x"


@pytest.mark.parametrize("status", [0, 1])
def test_an_app_without_code_has_no_key_yet(clis: FakeClis, status: int) -> None:
    """The hook after the deployment of the code follows; a host without code may not even answer."""
    clis.answer(FUNCTIONS, [], status=status)
    done = clis.run("postprovision.py", {**SETTINGS, **EVENTS})

    assert (done.status, done.of(*DEPLOY)) == (0, [])
    assert ("run 'azd hooks run postdeploy'" in done.text) == (status == 1)


def test_code_that_cannot_start_does_not_stop_azd_up(clis: FakeClis) -> None:
    """The next code may mend it. So the hook gives up after four tries, says so, and lets `azd up` deploy it."""
    clis.answer(FUNCTIONS, [{"name": "func-x/on_csv_landed"}])
    clis.answer("az deployment group create", status=1, error="Webhook validation handshake failed")
    done = clis.run("postprovision.py", {**SETTINGS, **EVENTS})

    assert done.status == 0
    assert len(done.of(*DEPLOY)) == 4
    assert "was not renewed" in done.text
    assert "azd hooks run postdeploy" in done.text
