"""The commands `list` and `add-endpoint`, beside a running studio."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from studio.commands.cli import main
from tests.studio.caller import Owner, Storage, Trainer, get_endpoint, job_body, patch, probability
from tests.studio.running import EXPERIMENT, running_studio, storage_host

PREDICTIVE = f"{EXPERIMENT} [predictive exp.]"


def test_an_endpoint_is_added_beside_a_running_studio(own_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """It prints the PATCH URL and the help location, and the studio serves the endpoint at once."""
    with running_studio(own_data) as studio:
        command = ["add-endpoint", "canary", "--service", EXPERIMENT, "--data", str(own_data), "--base-url"]
        options = ["--description", "for one in ten", "--max-concurrent-calls", "5"]
        assert main([*command, studio.base_url + "/", *options]) == 0
        words = capsys.readouterr().out
        described = studio.endpoint("canary")
        shown = get_endpoint(described)
        assert described["patch_url"] in words
        assert shown["HelpLocation"] in words
        assert (shown["Description"], shown["MaxConcurrentCalls"]) == ("for one in ten", 5)
        assert probability(described) == probability(studio.endpoint("production"))
        options = ["--training", "--json"]
        nightly = ["add-endpoint", "nightly", *command[2:], studio.base_url, *options]
        assert main(nightly) == 0
        answer = json.loads(capsys.readouterr().out)
        assert answer["service"] == EXPERIMENT
        owner = Owner.of(studio)
        shown = owner.call("GET", f"{owner.service(EXPERIMENT)}/endpoints/nightly").json()
        assert (answer["help_location"], answer["api_location"]) == (shown["HelpLocation"], shown["ApiLocation"])


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("Bad-Name", ["--max-concurrent-calls", "999"], "'Bad-Name' is not 1 to 24 lower-case letters or digits"),
        ("fine", ["--max-concurrent-calls", "999"], "more than 200"),
        ("staging", [], "already has an endpoint 'staging'"),
        ("fine", ["--service", "Sensus"], "No experiment 'Sensus'"),
        ("fine", ["--data", "/nonexistent"], "there is no studio in this folder"),
    ],
)
def test_what_cannot_be_added(
    own_data: Path, capsys: pytest.CaptureFixture[str], name: str, options: list[str], words: str
) -> None:
    """One clear line, status 1, and nothing is added."""
    command = ["add-endpoint", name, "--service", EXPERIMENT, "--data", str(own_data), *options]
    assert main(command) == 1
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1
    assert main(["list", "--data", str(own_data), "--json"]) == 0
    services = json.loads(capsys.readouterr().out)["services"]
    assert [len(service["endpoints"]) for service in services] == [1, 3]


def test_the_list_tells_what_serves_since_when(
    own_data: Path, storage: Storage, azurite: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The model in service and the one that waits, with their times, and no key."""
    begun = datetime.now(UTC)
    with running_studio(own_data, [storage_host(azurite)], activation_delay_s=3600) as studio:
        trained = Trainer.of(studio).train(job_body(storage))["Results"]["output1"]
        assert patch(studio.endpoint("production"), trained).status_code == 200
        key = studio.endpoint("production")["api_key"]
        assert main(["list", "--data", str(own_data), "--json"]) == 0
        listed = capsys.readouterr().out
        assert main(["list", "--data", str(own_data)]) == 0
        text = capsys.readouterr().out
    assert key not in listed + text
    training, predictive = json.loads(listed)["services"]
    assert (training["name"], training["endpoints"][0]["model"]) == (EXPERIMENT, None)
    assert predictive["name"] == PREDICTIVE
    default, production, staging = predictive["endpoints"]
    assert default["model"]["location"].endswith(".ilearner")
    assert datetime.fromisoformat(default["model"]["since"]) < begun
    assert production["model"]["sha256"] == default["model"]["sha256"]
    place = trained["BaseLocation"] + trained["RelativeLocation"]
    assert production["waiting"]["location"] == place
    assert datetime.fromisoformat(production["waiting"]["since"]) > begun
    assert staging["waiting"] is None
    assert f"then {place} from " in text
    assert PREDICTIVE in text
