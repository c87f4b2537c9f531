"""The hook after a deployment, run with a fake `az` on its PATH: its calls, its retries, its messages."""

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from landfall.stack.azurite import ROOT

SCRIPT = ROOT / "infra" / "hooks" / "postdeploy.py"
TEMPLATE = ROOT / "infra" / "app" / "eventgrid-subscription.bicep"
KEY = "canary-system-key=="
SETTINGS = {
    "AZURE_SUBSCRIPTION_ID": "00000000-0000-0000-0000-000000000001",
    "AZURE_RESOURCE_GROUP": "rg-one two",
    "AZURE_FUNCTION_APP_NAME": "func-x",
    "AZURE_EVENTGRID_TOPIC_NAME": "evgt-x",
    "AZURE_STORAGE_ACCOUNT_NAME": "stx",
    "AZURE_INPUT_CONTAINER_NAME": "incoming",
    "AZURE_DEAD_LETTER_CONTAINER": "dead-letters",
}
# Records its folder and its arguments, writes the text of `says` to stderr, and fails while there are `failures` left.
# It writes the text also when it succeeds, as `az` may write warnings. A shell script: some tests call it twenty times.
FAKE_AZ = r"""#!/bin/sh
here=${0%/*}
{ printf '%s\0' "$PWD"; for argument; do printf '%s\0' "$argument"; done; printf '\036'; } >>"$here/calls"
IFS= read -r says <"$here/says"
printf '%s\n' "$says" >&2
read -r failures <"$here/failures"
[ "$failures" -gt 0 ] || exit 0
echo $((failures - 1)) >"$here/failures"
exit 1
"""


@dataclass
class Result:
    """The result of the script."""

    status: int
    text: str  # all that it wrote
    calls: list[list[str]]  # what `az` was asked for
    folders: list[str]  # where it was asked


class Shell:
    """A folder with the fake `az`, and the script run with it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        az = folder / "az"
        az.write_text(FAKE_AZ, encoding="utf-8")
        az.chmod(0o755)
        shell = shutil.which("sh")
        assert shell
        (folder / "sh").symlink_to(shell)

    def run(self, *, failures: int = 0, says: str = "", settings: dict[str, str] | None = None) -> Result:
        """Run the script; `az` fails so many times first, and says this each time."""
        calls = self.folder / "calls"
        calls.write_bytes(b"")
        (self.folder / "failures").write_text(f"{failures}\n", encoding="utf-8")
        (self.folder / "says").write_text(f"{says}\n", encoding="utf-8")
        environment = {"PATH": str(self.folder), "TMPDIR": str(self.folder), "LANDFALL_HOOK_PAUSE_S": "0"}
        done = subprocess.run(
            [sys.executable, "-I", SCRIPT],
            cwd=self.folder,
            env={**environment, **(SETTINGS if settings is None else settings)},
            capture_output=True,
            text=True,
            check=False,
        )
        recorded = [call.split("\0")[:-1] for call in calls.read_text(encoding="utf-8").split("\036")[:-1]]
        text = done.stdout + done.stderr
        return Result(done.returncode, text, [call[1:] for call in recorded], [call[0] for call in recorded])


@pytest.fixture
def shell(tmp_path: Path) -> Shell:
    """Give a folder of this test's own."""
    return Shell(tmp_path)


def test_the_subscription_is_deployed_with_all_its_parameters(shell: Shell) -> None:
    """The call names the group, the subscription, the template file and every parameter without a default."""
    done = shell.run()

    assert done.status == 0, done.text
    (call,) = done.calls
    assert call[:3] == ["deployment", "group", "create"]
    assert call[call.index("--subscription") + 1] == SETTINGS["AZURE_SUBSCRIPTION_ID"]
    assert call[call.index("--resource-group") + 1] == "rg-one two"
    assert Path(done.folders[0], call[call.index("--template-file") + 1]).samefile(TEMPLATE)
    assert call[call.index("--output") + 1] == "none"
    given = dict(argument.split("=", 1) for argument in call[call.index("--parameters") + 1 :] if "=" in argument)
    text = TEMPLATE.read_text(encoding="utf-8")
    assert set(given) == set(re.findall(r"^param (\w+) \w+$", text, re.MULTILINE))
    assert given == {
        "functionAppName": "func-x",
        "topicName": "evgt-x",
        "storageAccountName": "stx",
        "inputContainer": "incoming",
        "deadLetterContainer": "dead-letters",
    }


def test_with_delivery_by_queue_there_is_nothing_to_do(shell: Shell) -> None:
    """It says so; main.bicep has deployed the subscription, and a webhook's would deliver every event twice."""
    done = shell.run(settings={"AZURE_EVENT_DELIVERY": "queue"})

    assert (done.status, done.calls) == (0, [])
    assert done.text.startswith("postdeploy: nothing to do. Events arrive by the queue csv-events")
    assert len(shell.run(settings=SETTINGS | {"AZURE_EVENT_DELIVERY": "webhook"}).calls) == 1


def test_it_tries_again_until_the_key_is_there(shell: Shell) -> None:
    """While the host is still loading the functions, the script repeats the same call until it succeeds."""
    done = shell.run(failures=3, says="The language expression property 'blobs_extension' doesn't exist")

    assert done.status == 0, done.text
    assert len(done.calls) == 4
    assert len({json.dumps(call) for call in done.calls}) == 1
    assert done.text.count("not yet (try") == 3


def test_a_second_run_does_the_same(shell: Shell) -> None:
    """The script keeps nothing between runs and requests the same deployment under the same name."""
    first, second = shell.run(), shell.run()

    assert first == second
    assert first.calls[0][first.calls[0].index("--name") + 1] == "landfall-events"


def test_it_gives_up_in_words(shell: Shell) -> None:
    """After the last try it prints the last error, what to check, and how to run the hook again."""
    done = shell.run(failures=99, says="Webhook validation handshake failed")

    assert done.status == 1
    assert len(done.calls) == 20
    assert "Webhook validation handshake failed" in done.text
    assert "/api/health" in done.text
    assert "azd hooks run postdeploy" in done.text


def test_the_tries_take_about_five_minutes() -> None:
    """A host may take that long to load the functions after a deployment."""
    text = SCRIPT.read_text(encoding="utf-8")
    assert "\nTRIES = 20 " in text
    assert "\nPAUSE_S = 15.0 " in text
    assert '"LANDFALL_HOOK_PAUSE_S") or PAUSE_S' in text


@pytest.mark.parametrize(
    "says",
    [
        "ERROR: Please run 'az login' to setup account.",
        "(AuthorizationFailed) The client does not have authorization",
        "(ResourceGroupNotFound) Resource group 'x' could not be found.",
    ],
)
def test_what_does_not_heal_is_not_tried_again(shell: Shell, says: str) -> None:
    """After one call it prints the error and what to do."""
    done = shell.run(failures=99, says=says)

    assert done.status == 1
    assert len(done.calls) == 1
    assert says in done.text
    assert "would not help" in done.text


@pytest.mark.parametrize("failures", [0, 2, 99])
def test_the_key_is_never_written(shell: Shell, failures: int) -> None:
    """The key is hidden even where `az` quotes the URL with the key, in each form."""
    url = f"https://func-x/runtime/webhooks/blobs?functionName=f&code={KEY}"
    done = shell.run(failures=failures, says=f"cannot reach {url} or \"{url}\" or '{url}', {url}&x=1")

    assert "canary" not in done.text
    assert ("code=***" in done.text) == (failures == 99)


def test_the_key_is_asked_for_by_nobody_else() -> None:
    """No command of the script reads keys; the deployment does, and hands it to Event Grid."""
    text = SCRIPT.read_text(encoding="utf-8")
    assert not [word for word in ("keys list", "listKeys", "systemKeys") if word in text]


def test_all_missing_settings_are_named_at_once(shell: Shell) -> None:
    """It calls `az` not even once."""
    settings = SETTINGS | {"AZURE_RESOURCE_GROUP": ""}
    del settings["AZURE_INPUT_CONTAINER_NAME"]
    done = shell.run(settings=settings)

    assert done.status == 1
    assert done.calls == []
    assert "AZURE_RESOURCE_GROUP AZURE_INPUT_CONTAINER_NAME." in done.text
    assert "azd provision" in done.text


def test_a_machine_without_the_cli_is_told_so(shell: Shell) -> None:
    """The message says that the Azure CLI is missing."""
    (shell.folder / "az").unlink()
    done = shell.run()

    assert done.status == 1
    assert "Azure CLI (az) is not on the PATH" in done.text


def test_a_call_without_an_answer_is_a_failed_try(shell: Shell) -> None:
    """Otherwise `azd up` would hang without a word."""
    (shell.folder / "az").write_text('#!/bin/sh\nread -r never <"${0%/*}/pipe"\n', encoding="utf-8")
    os.mkfifo(shell.folder / "pipe")
    done = shell.run(settings={**SETTINGS, "LANDFALL_HOOK_ANSWER_S": "0.2", "LANDFALL_HOOK_TRIES": "2"})

    assert done.status == 1
    assert done.text.count("not yet (try") == 1
    assert "az did not answer in 0.2 s" in done.text


def test_it_leaves_nothing_behind(shell: Shell) -> None:
    """The script writes no file, however it ends: the output of `az` may quote the key."""
    before = {path.name for path in shell.folder.iterdir()}
    shell.run(failures=1, says=KEY)
    shell.run(failures=99, says=KEY)
    assert {path.name for path in shell.folder.iterdir()} - before == {"calls", "failures", "says"}
