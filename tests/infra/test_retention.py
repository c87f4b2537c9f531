"""What the data account deletes by age: never what a run, an endpoint or a rollback still needs."""

import tomllib
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any

import pytest

from shared.lifecycle.job_paths import (
    ARCHIVE,
    MODELS,
    TRAINING,
    archived_model_path,
    input_path,
    kept_manifest_path,
    kept_original_path,
    member_list_path,
    original_path,
    output_paths,
    pinned_rows_path,
)
from shared.records.run import Run
from shared.records.run_identity import generation_for, run_id_for
from shared.records.run_states import RunState
from shared.routes.route import Deadlines, Route
from shared.services import QUARANTINE
from tests.infra.deployments import Deployment, deployment, deployments
from tests.infra.sources import ROOT
from tests.route_parts import a_training

ACCOUNT = "Microsoft.Storage/storageAccounts"
POLICY, SERVICE, CONTAINER = (
    f"{ACCOUNT}/managementPolicies",
    f"{ACCOUNT}/blobServices",
    f"{ACCOUNT}/blobServices/containers",
)
DAY_S = 86400
WITH_RULES = [made for made in deployments() if made.of(POLICY)]
NOON = datetime(2026, 11, 23, 12, 0, tzinfo=UTC)


def landed(blob: str) -> Run:
    """Return the run of a file, as it lands."""
    run_id = run_id_for("incoming", blob, "0x8DC")
    return Run(
        run_id=run_id,
        route="census",
        container="incoming",
        blob=blob,
        etag="0x8DC",
        generation=generation_for(NOON, NOON, run_id),
        state=RunState.LANDED,
        landed_at=NOON,
        updated_at=NOON,
        not_before=NOON,
        deadline_at=None,
    )


RUNS = [landed(f"census/{number}.csv") for number in range(200)]


def rules(made: Deployment) -> Iterator[tuple[Mapping[str, Any], list[str]]]:
    """Yield the actions and the prefixes of each rule that is on."""
    for rule in made.get(POLICY).properties["policy"]["rules"]:
        assert rule["type"] == "Lifecycle", rule["name"]
        if not rule["enabled"]:
            continue
        yield rule["definition"]["actions"], rule["definition"]["filters"]["prefixMatch"]


def test_copies_of_append_blobs_are_deleted_by_age_as_well() -> None:
    """A copy has the type of its source, so a pinned file that was appended to is an append blob."""
    documents = deployment("smallest").get(POLICY).properties["policy"]["rules"]
    by_age = [rule["definition"]["filters"] for rule in documents if "baseBlob" in rule["definition"]["actions"]]

    assert len(by_age) == 4
    assert {tuple(filters["blobTypes"]) for filters in by_age} == {("blockBlob", "appendBlob")}


def days_of(made: Deployment, path: str) -> int | None:
    """Return after how many days a blob at container/path is deleted; None: never."""
    days = [
        actions["baseBlob"]["delete"]["daysAfterModificationGreaterThan"]
        for actions, prefixes in rules(made)
        if "baseBlob" in actions and path.startswith(tuple(prefixes))
    ]
    return min(days, default=None)


def version_days_of(made: Deployment, path: str) -> int | None:
    """Return after how many days an earlier version of a blob is deleted; None: never."""
    days = [
        actions["version"]["delete"]["daysAfterCreationGreaterThan"]
        for actions, prefixes in rules(made)
        if "version" in actions and path.startswith(tuple(prefixes))
    ]
    return min(days, default=None)


@pytest.mark.parametrize("made", WITH_RULES, ids=lambda made: made.name)
def test_every_rule_can_be_deployed(made: Deployment) -> None:
    """A rule has one to ten prefixes, each begins with a whole container, and names are not used twice."""
    documents = made.get(POLICY).properties["policy"]["rules"]

    assert len({rule["name"] for rule in documents}) == len(documents)
    for _, prefixes in rules(made):
        assert 1 <= len(prefixes) <= 10
        assert all("/" in prefix for prefix in prefixes)


def test_files_of_runs_are_deleted_by_age() -> None:
    """Whatever the id of a run, its pinned input and its job's outputs go after 90 days, quarantined copies too."""
    made = deployment("smallest")

    assert len({run.run_id[0] for run in RUNS}) == 16
    for run in RUNS:
        paths = (input_path(run), original_path(run), *output_paths(run, a_training()))
        assert {days_of(made, path) for path in paths} == {90}
    assert days_of(made, f"{QUARANTINE}/census/{RUNS[0].run_id}/june.csv") == 90
    assert days_of(made, "dead-letters/evgt/event.json") == 30


@pytest.mark.parametrize("made", WITH_RULES, ids=lambda made: made.name)
def test_what_is_needed_without_end_is_never_deleted(made: Deployment) -> None:
    """Golden rows verify a serving endpoint, models are rolled back to, parts are joined again, files are kept."""
    (container,) = {name for name in made.names(CONTAINER) if name == "incoming"}
    for route in ("census", "0-churn", "abc"):
        assert days_of(made, pinned_rows_path(route, "models/golden/census.csv", "0x8DC")) is None
    for path in (
        archived_model_path(RUNS[0], a_training()),
        f"{MODELS}/initial/census.ilearner",
        f"{MODELS}/golden/census.csv",
        f"{container}/census/june.csv",
        f"{ARCHIVE}/census/{RUNS[0].run_id}/june.csv",
        f"{TRAINING}/parts/census/{RUNS[0].run_id}/1-3-.csv",
        kept_original_path(RUNS[0]),
        kept_manifest_path(RUNS[0]),
        member_list_path("census", "a")[0],
        f"{MODELS}/schemas/census/1.json",
        f"{container}/{TRAINING}/0/june.csv",
        "azure-webjobs-hosts/locks/landfall/host",
        "azure-webjobs-secrets/landfall/host.json",
        "deployments/released-package.zip",
    ):
        assert days_of(made, path) is None, path


def test_a_run_of_the_example_ends_before_its_files_go() -> None:
    """All its deadlines together, for each attempt, are less than half of the time that its files are kept."""
    (route,) = tomllib.loads((ROOT / "routes.toml").read_text(encoding="utf-8"))["routes"].values()
    limits = Deadlines(**route.get("deadlines_s", {}))
    attempts = route.get("attempts", Route.attempts)
    longest_s = attempts * (limits.not_started + 2 * limits.running) + limits.held + limits.promoting

    days = days_of(deployment("smallest"), input_path(RUNS[0]))
    assert days is not None
    assert longest_s + route.get("bake_s", Route.bake_s) < days * DAY_S / 2


def test_versions_undo_a_mistake_and_cost_little() -> None:
    """Those of files and models are kept for a month, those of by-products for a day."""
    made = deployment("smallest")

    assert made.get(SERVICE).properties["isVersioningEnabled"] is True
    kept = {"incoming", ARCHIVE, MODELS}
    assert {version_days_of(made, f"{name}/x") for name in kept} == {30}
    others = {*made.names(CONTAINER), "azure-webjobs-hosts", "azure-webjobs-secrets"} - kept
    assert {version_days_of(made, f"{name}/0") for name in others} == {1}


def test_what_was_overwritten_or_deleted_can_be_restored_as_long_as_promised() -> None:
    """A rule counts from the day of writing and may delete an old version at once; the deleted one is kept as long."""
    kept = {
        made.name: service.properties["deleteRetentionPolicy"]["days"]
        for made in WITH_RULES
        for service in made.of(SERVICE)
        if service.id.startswith(f"{made.get(POLICY).id.partition('/managementPolicies/')[0]}/")
    }

    assert kept["smallest"] == version_days_of(deployment("smallest"), f"{MODELS}/x") == 30
    assert kept["open-data-account"] == 7  # its versions are kept always, and a soft deletion has an end
    assert all(7 <= days <= 365 for days in kept.values())


def test_zero_days_mean_always() -> None:
    """The rules are off and not left out: a deployment removes nothing, so the earlier rules would go on deleting."""
    made = deployment("open-data-account")
    before = {rule["name"] for rule in deployment("smallest").get(POLICY).properties["policy"]["rules"]}

    assert {rule["name"] for rule in made.get(POLICY).properties["policy"]["rules"]} == before
    for path in (input_path(RUNS[0]), f"{QUARANTINE}/june.csv", "dead-letters/event.json"):
        assert days_of(made, path) is None, path
    assert version_days_of(made, f"{MODELS}/x") is None
    assert {service.properties["isVersioningEnabled"] for service in made.of(SERVICE)} == {False}


def test_the_hosts_own_account_keeps_no_versions_and_has_no_rules() -> None:
    """Its blobs are locks, keys and the package."""
    made = deployment("data-account")
    data, host = (made.get(ACCOUNT, name) for name in sorted(made.names(ACCOUNT), key=len))
    versioned = {
        service.id.partition("/blobServices/")[0]: service.properties["isVersioningEnabled"]
        for service in made.of(SERVICE)
    }

    assert versioned == {data.id: True, host.id: False}
    assert made.get(POLICY).id.startswith(f"{data.id}/")
