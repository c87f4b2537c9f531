"""The engine is built from settings: each wrong one is told, and a classic app never imports it."""

import subprocess
import sys
from pathlib import Path

import pytest

from shared.adapters.azureml.engine import build_engine
from shared.adapters.azureml.tokens import IdentityToken
from shared.errors import ConfigError
from tests.fakes.fake_clock import FakeClock

ROOT = Path(__file__).resolve().parents[2]


def problems(**environ: str) -> list[str]:
    """Return what is wrong with settings."""
    with pytest.raises(ConfigError) as error:
        build_engine(environ, [], FakeClock(), None)
    return error.value.problems


def test_in_azure_no_setting_is_needed() -> None:
    """The app's identity signs in on first use."""
    engine = build_engine({}, [], FakeClock(), None)
    assert engine.training.submit.__name__ == "submit"


def test_fixed_tokens_are_for_this_machine_alone() -> None:
    """In Azure they would be secrets in a setting; on this machine nobody signs in, so one is needed."""
    assert problems(LANDFALL_AML_TOKEN="t", LANDFALL_AML_SCORING_TOKEN="s") == [
        f"the setting {name} holds a fixed token, which is for a stand-in on this machine: remove it"
        for name in ("LANDFALL_AML_TOKEN", "LANDFALL_AML_SCORING_TOKEN")
    ]
    (missing,) = problems(LANDFALL_ARM_URL="http://127.0.0.1:9000")
    assert missing.startswith("the setting LANDFALL_AML_TOKEN is missing")
    build_engine({"LANDFALL_ARM_URL": "http://127.0.0.1:9000", "LANDFALL_AML_TOKEN": "t"}, [], FakeClock(), None)


@pytest.mark.parametrize("url", ["http://management.azure.com", "management.azure.com", "ftp://x"])
def test_an_arm_url_without_https_is_refused(url: str) -> None:
    """A token in the clear belongs to whoever listens."""
    (problem,) = problems(LANDFALL_ARM_URL=url)
    assert "LANDFALL_ARM_URL" in problem


class Credential:
    """Signs in, and counts."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def get_token(self, scope: str) -> "Credential":
        """Return a token that holds for an hour."""
        self.asked.append(scope)
        return self

    @property
    def token(self) -> str:
        """A token of its own each time."""
        return f"token {len(self.asked)}"

    @property
    def expires_on(self) -> int:
        """Far away."""
        return 2**40


def test_a_token_is_kept_until_it_ends_or_is_refused() -> None:
    """For the audience that it was asked for."""
    credential = Credential()
    tokens = IdentityToken(lambda: credential, "https://ml.azure.com/.default")  # type: ignore[arg-type,return-value]
    assert (tokens.token(), tokens.token(), tokens.token(renewed=True)) == ("token 1", "token 1", "token 2")
    assert credential.asked == ["https://ml.azure.com/.default"] * 2


def test_a_classic_app_imports_nothing_of_it() -> None:
    """Neither the adapter nor the records of its routes: what an app does not use it does not pay for."""
    program = (
        "import sys, function_app, shared.wiring, shared.adapters.engines.engine_services\n"
        "from tests.pipeline.world import example_routes\n"
        "example_routes()\n"
        "print([name for name in sys.modules if 'azureml' in name and name.startswith('shared')])"
    )
    run = subprocess.run([sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True)
    assert run.stdout.strip().splitlines()[-1] == "[]"
