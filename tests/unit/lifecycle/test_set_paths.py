"""The paths of manifests and member lists."""

from dataclasses import replace

from shared.lifecycle.job_paths import kept_manifest_path, manifest_path, manifest_paths, member_list_path
from tests.unit.intake.intake_records import landed_run


def test_a_manifest_stands_in_the_folder_of_its_attempt() -> None:
    """Each attempt has a set of its own."""
    run = landed_run(1)
    assert manifest_path(run) == f"training/{run.run_id}/1/manifest.json"


def test_the_manifests_of_all_attempts_are_looked_for_in_both_places() -> None:
    """First in the folder of the attempt, which is deleted by age, then where a copy stays."""
    run = replace(landed_run(1), attempt=2)
    assert manifest_paths(run) == tuple(
        (
            f"training/{run.run_id}/{attempt}/manifest.json",
            f"training/manifests/{run.route}/{run.run_id}/{attempt}.json",
        )
        for attempt in (1, 2)
    )
    assert manifest_paths(run)[-1] == (manifest_path(run), kept_manifest_path(run))


def test_a_member_list_is_named_by_its_content() -> None:
    """Another list has another path; the folder begins with no hexadecimal digit, so it is kept."""
    path, sha256 = member_list_path("census", "a")
    assert path == f"training/members/census/{sha256}.json"
    assert member_list_path("census", "a") == (path, sha256)
    assert member_list_path("census", "b")[0] != path
