"""The hook before a provision, run with fakes of `az` and `azd`: a deleted vault is recovered, and only then."""

from pathlib import Path
from typing import Any

import pytest

from tests.infra.fake_clis import FakeClis

SETTINGS = {
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001",
    "AZURE_ENV_NAME": "landfall-prod",
    "AZURE_LOCATION": "westeurope",
}
LIST = "az keyvault list-deleted"
SET = ["azd", "env", "set", "LANDFALL_RECOVER_VAULT"]


def deleted(environment: str = "landfall-prod", location: str = "westeurope") -> dict[str, Any]:
    """Return a deleted vault as Azure lists it."""
    return {
        "name": "kv-abc",
        "properties": {"location": location, "tags": {"azd-env-name": environment}, "purgeProtectionEnabled": None},
        "type": "Microsoft.KeyVault/deletedVaults",
    }


@pytest.fixture
def clis(tmp_path: Path) -> FakeClis:
    """Give fakes; `azd env set` succeeds."""
    fakes = FakeClis(tmp_path)
    fakes.answer("azd env set")
    return fakes


def test_a_deleted_vault_of_the_environment_is_recovered(clis: FakeClis) -> None:
    """After `azd down` the next provision recovers the vault; the environment is named, whichever is the default."""
    clis.answer(LIST, [deleted("another"), deleted()])
    done = clis.run("preprovision.py", SETTINGS)

    assert done.status == 0
    assert done.of(*SET) == [[*SET, "true", "--environment", "landfall-prod"]]
    assert "kv-abc is recovered" in done.text
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


@pytest.mark.parametrize("missing", SETTINGS)
def test_the_first_provision_of_an_environment_asks_nothing(clis: FakeClis, missing: str) -> None:
    """Azd asks for subscription and region only then, so there can be no deleted vault."""
    done = clis.run("preprovision.py", {name: value for name, value in SETTINGS.items() if name != missing})

    assert (done.status, done.calls, done.text) == (0, [], "")


def test_a_provision_goes_on_without_an_answer(clis: FakeClis, tmp_path: Path) -> None:
    """Without `az`, or without rights, the hook says what to set by hand, and changes nothing."""
    clis.answer(LIST, status=1, error="AuthorizationFailed: no right")
    done = clis.run("preprovision.py", {**SETTINGS, "LANDFALL_RECOVER_VAULT": "true"})
    assert done.status == 0
    assert "AuthorizationFailed" in done.text
    assert "azd env set LANDFALL_RECOVER_VAULT false" in done.text
    assert not done.of("azd")

    (tmp_path / "az").unlink()
    done = clis.run("preprovision.py", SETTINGS)
    assert done.status == 0
    assert "az is not on the PATH" in done.text
