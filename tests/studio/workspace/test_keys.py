"""Keys: shown and rotated from the command line while the studio runs."""

import json
from pathlib import Path
from typing import Any

import pytest

from studio.commands.cli import main
from tests.studio.caller import NAMES, ROW, Owner, get_endpoint, refusal, score
from tests.studio.running import EXPERIMENT, running_studio

UNAUTHORIZED = (401, "Unauthorized", "ScoreRequestUnauthorized")


def keys(capsys: pytest.CaptureFixture[str], data: Path, *more: str) -> dict[str, Any]:
    """Return what `keys --json` prints."""
    capsys.readouterr()
    assert main(["keys", "--data", str(data), "--json", *more]) == 0
    return dict(json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(("slot", "kept"), [("primary", "secondary"), ("secondary", "primary")])
def test_a_rotated_key_counts_at_once(own_data: Path, capsys: pytest.CaptureFixture[str], slot: str, kept: str) -> None:
    """A running studio refuses the old key and takes the new one; the endpoint's other key and others' keys stay."""
    named = ["--service", EXPERIMENT, "--endpoint", "production"]
    with running_studio(own_data) as studio:
        production, staging = studio.endpoint("production"), studio.endpoint("staging")
        (before,) = keys(capsys, own_data, *named)["endpoints"]
        assert score(production | {"api_key": before[slot]}, NAMES, [ROW]).status_code == 200
        (after,) = keys(capsys, own_data, *named, "--rotate", slot)["endpoints"]
        assert after == before | {slot: after[slot]}
        assert len(after[slot]) == 88
        assert refusal(score(production | {"api_key": before[slot]}, NAMES, [ROW])) == UNAUTHORIZED
        for endpoint in (production | {"api_key": after[slot]}, production | {"api_key": after[kept]}, staging):
            assert score(endpoint, NAMES, [ROW]).status_code == 200
        shown = get_endpoint(production | {"api_key": after[slot]})
        assert (shown["PrimaryKey"], shown["SecondaryKey"]) == (after["primary"], after["secondary"])
        files = [path for path in own_data.rglob("studio.sqlite*") if before[slot].encode() in path.read_bytes()]
        assert files == [], "the old key is nowhere"


def test_a_rotated_workspace_token_counts_at_once(own_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The management API refuses the old token and takes the new one; `describe` shows the new one."""
    with running_studio(own_data) as studio:
        owner = Owner.of(studio)
        assert owner.call("GET").status_code == 200
        workspace = keys(capsys, own_data, "--rotate", "workspace")["workspace"]
        assert refusal(owner.call("GET")) == (401, "Unauthorized", "ManagementRequestUnauthorized")
        assert Owner(owner.url, workspace["token"]).call("GET").status_code == 200
        assert Owner.of(studio).token == workspace["token"] != owner.token


def test_all_keys_are_listed(own_data: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Without options every endpoint of both services is there, and the token; as text as well."""
    shown = keys(capsys, own_data)
    assert [(row["kind"], row["name"]) for row in shown["endpoints"]] == [
        *(("training", "default"), ("predictive", "default"), ("predictive", "production"), ("predictive", "staging")),
    ]
    assert main(["keys", "--data", str(own_data)]) == 0
    text = capsys.readouterr().out
    wanted = [
        shown["workspace"]["token"],
        *(row[slot] for row in shown["endpoints"] for slot in ("primary", "secondary")),
    ]
    assert all(key in text for key in wanted)
    (training,) = keys(capsys, own_data, "--service", EXPERIMENT, "--training")["endpoints"]
    assert training == shown["endpoints"][0]


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (["--rotate", "primary"], "--rotate primary needs --endpoint and --service"),
        (["--endpoint", "production"], "need --service"),
        (["--rotate", "workspace", "--service", EXPERIMENT], "Leave --service out"),
        (
            ["--service", "Sensus"],
            f"No experiment 'Sensus' has a predictive service here. Those that have one: '{EXPERIMENT}'.",
        ),
        (
            ["--service", EXPERIMENT, "--endpoint", "prod"],
            "has no endpoint 'prod'. It has: default, production, staging",
        ),
    ],
)
def test_what_is_not_clear_rotates_nothing(
    own_data: Path, capsys: pytest.CaptureFixture[str], options: list[str], words: str
) -> None:
    """One sentence says what is missing or not there, the status is 1, and all keys are as they were."""
    before = keys(capsys, own_data)
    assert main(["keys", "--data", str(own_data), *options]) == 1
    error = capsys.readouterr().err
    assert words in error
    assert len(error.splitlines()) == 1
    assert keys(capsys, own_data) == before
