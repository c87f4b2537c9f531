"""The hook before a provision, run with fakes of `az` and `azd`: a deleted vault is recovered, and only then."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tests.infra.deployments import deployment
from tests.infra.fake_clis import HOOKS, FakeClis

SETTINGS = {
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001",
    "AZURE_ENV_NAME": "landfall-prod",
    "AZURE_LOCATION": "westeurope",
}
SIGNED_IN, LIST = "az account show", "az keyvault list-deleted"
SET = ["azd", "env", "set", "LANDFALL_RECOVER_VAULT"]
DERIVED = str(deployment("smallest").outputs["AZURE_KEY_VAULT_NAME"])


def deleted(environment: str = "landfall-prod", location: str = "westeurope", *, name: str = DERIVED) -> dict[str, Any]:
    """Return a deleted vault as Azure lists it."""
    return {
        "name": name,
        "properties": {"location": location, "tags": {"azd-env-name": environment}, "purgeProtectionEnabled": None},
        "type": "Microsoft.KeyVault/deletedVaults",
    }


@pytest.fixture
def clis(tmp_path: Path) -> FakeClis:
    """Give fakes; the CLI is signed in, and `azd env set` succeeds."""
    fakes = FakeClis(tmp_path)
    fakes.answer(SIGNED_IN, {"id": SETTINGS["AZURE_SUBSCRIPTION_ID"]})
    fakes.answer("azd env set")
    return fakes


def test_a_deleted_vault_of_the_environment_is_recovered(clis: FakeClis) -> None:
    """After `azd down` the next provision recovers the vault; the environment is named, whichever is the default."""
    clis.answer(LIST, [deleted("another"), deleted()])
    done = clis.run("preprovision.py", SETTINGS)

    assert done.status == 0
    assert done.of(*SET) == [[*SET, "true", "--environment", "landfall-prod"]]
    assert f"{DERIVED} is recovered" in done.text
    (arguments,) = done.of(*LIST.split())
    assert arguments[arguments.index("--subscription") + 1] == SETTINGS["AZURE_SUBSCRIPTION_ID"]


@pytest.mark.parametrize("vaults", [[], [deleted("another")], [deleted(location="northeurope")]])
def test_nothing_is_recovered_where_no_vault_of_the_environment_is_deleted(
    clis: FakeClis, vaults: list[dict[str, Any]]
) -> None:
    """Azure refuses to recover a vault that is not deleted, so an earlier answer is taken back."""
    clis.answer(LIST, vaults)

    assert not clis.run("preprovision.py", SETTINGS).of("azd")
    done = clis.run("preprovision.py", {**SETTINGS, "LANDFALL_RECOVER_VAULT": "true"})
    assert done.of(*SET) == [[*SET, "false", "--environment", "landfall-prod"]]


def test_the_answer_is_stored_once(clis: FakeClis) -> None:
    """A repeated provision changes nothing."""
    clis.answer(LIST, [deleted(location="West Europe")])

    assert not clis.run("preprovision.py", {**SETTINGS, "LANDFALL_RECOVER_VAULT": "true"}).of("azd")


def hooks_with(folder: Path, names: object) -> Path:
    """Return a folder of hooks beside parameters with these `names`."""
    text = json.dumps({"parameters": {"names": {"value": names}}})
    (folder / "main.parameters.json").write_text(text, encoding="utf-8")
    return Path(shutil.copytree(HOOKS, folder / "hooks"))


@pytest.mark.parametrize("chosen", ["kv-mine", "${VAULT_NAME}", "${NOBODY_SETS_THIS=kv-mine}"])
def test_a_vault_with_a_chosen_name_is_recovered_under_that_name_only(
    clis: FakeClis, tmp_path: Path, chosen: str
) -> None:
    """After a change of names.vault a deployment makes a new vault: Azure would refuse to recover it."""
    hooks = hooks_with(tmp_path, {"vault": chosen})
    settings = {**SETTINGS, "VAULT_NAME": "kv-mine"}
    clis.answer(LIST, [deleted(), deleted(name="KV-Mine")])
    done = clis.run("preprovision.py", settings, hooks)
    assert done.of(*SET) == [[*SET, "true", "--environment", "landfall-prod"]]
    assert "KV-Mine is recovered" in done.text
    assert f"{DERIVED} stays deleted" in done.text

    clis.answer(LIST, [deleted(), deleted(name="kv-mine2")])
    assert not clis.run("preprovision.py", settings, hooks).of("azd")


@pytest.mark.parametrize("names", [{}, {"vault": ""}, {"vault": "${NOBODY_SETS_THIS}"}, {"plan": "plan-x"}, "${NAMES}"])
def test_without_a_chosen_name_the_vault_has_the_derived_one(clis: FakeClis, tmp_path: Path, names: object) -> None:
    """A vault whose name was once chosen stays deleted, and the hook says so."""
    clis.answer(LIST, [deleted(name="kv-mine")])
    done = clis.run("preprovision.py", SETTINGS, hooks_with(tmp_path, names))

    assert done.status == 0
    assert not done.of("azd")
    assert "kv-mine stays deleted" in done.text


@pytest.mark.parametrize("missing", SETTINGS)
def test_the_first_provision_of_an_environment_asks_for_no_vault(clis: FakeClis, missing: str) -> None:
    """Azd asks for subscription and region only then, so there can be no deleted vault."""
    done = clis.run("preprovision.py", {name: value for name, value in SETTINGS.items() if name != missing})

    assert (done.status, done.of("az"), done.text) == (0, done.of(*SIGNED_IN.split()), "")


def test_without_rights_a_provision_goes_on(clis: FakeClis) -> None:
    """The hook says what to set by hand, and changes nothing."""
    clis.answer(LIST, status=1, error="AuthorizationFailed: no right")
    done = clis.run("preprovision.py", {**SETTINGS, "LANDFALL_RECOVER_VAULT": "true"})

    assert done.status == 0
    assert "AuthorizationFailed" in done.text
    assert "azd env set LANDFALL_RECOVER_VAULT false" in done.text
    assert not done.of("azd")


def test_an_azure_that_does_not_answer_holds_up_nothing_for_long(clis: FakeClis) -> None:
    """It is as if there were no right: the deployment itself reports a deleted vault."""
    clis.answer(LIST, [deleted()], after_s=40)
    done = clis.run("preprovision.py", {**SETTINGS, "LANDFALL_HOOK_ANSWER_S": "5"})

    assert done.status == 0
    assert "did not answer in 5 s" in done.text
    assert not done.of("azd")


@pytest.mark.parametrize("settings", [SETTINGS, {}], ids=["later", "first"])
def test_without_the_cli_nothing_is_provisioned(clis: FakeClis, tmp_path: Path, settings: dict[str, str]) -> None:
    """The hooks after the provision would fail: missing, not signed in, or signed in without the subscription."""
    clis.answer(SIGNED_IN, status=1, error="Please run 'az login' to setup account.")
    done = clis.run("preprovision.py", settings)
    assert done.status == 1
    assert "az login" in done.text
    (call,) = done.calls
    assert call[3:] == (["--subscription", settings["AZURE_SUBSCRIPTION_ID"]] if settings else []) + call[-3:]

    (tmp_path / "az").unlink()
    done = clis.run("preprovision.py", settings)
    assert done.status == 1
    assert "az is not on the PATH" in done.text


@pytest.mark.parametrize("is_missing", [True, False])
def test_an_answer_that_cannot_be_stored_stops_azd(clis: FakeClis, tmp_path: Path, is_missing: bool) -> None:
    """Azure would refuse the deployment, so the hook names the command that stores the answer."""
    clis.answer(LIST, [deleted()])
    clis.answer("azd env set", status=1, error="environment not found")
    if is_missing:
        (tmp_path / "azd").unlink()
    done = clis.run("preprovision.py", SETTINGS)

    assert done.status == 1
    assert ("azd is not on the PATH" if is_missing else "environment not found") in done.text
    assert "Run 'azd env set LANDFALL_RECOVER_VAULT true'" in done.text
