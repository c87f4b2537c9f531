"""Clean-up of deployments: what nobody needs costs money; what somebody may need stays, as does what is not ours."""

from dataclasses import replace
from datetime import timedelta

import pytest

from shared.errors import NoAnswerError, RetryableError
from shared.log_actions import LogAction
from shared.pipeline.reconciling import reconcile
from shared.ports.blob_location import BlobLocation
from shared.records.endpoint_record import SWEEP, Frozen, Lease
from shared.records.run_states import RunState
from shared.routes.azureml_services import deployment_name
from tests.log_lines import lines_about
from tests.pipeline.azureml_world import ENDPOINT, AzureMlWorld
from tests.pipeline.operator_calls import go_back
from tests.pipeline.world import FAULT, assert_closed

DAY_S = 86_400


@pytest.fixture
def world() -> AzureMlWorld:
    """Give a world in which two models were promoted, one after the other."""
    world = AzureMlWorld()
    world.promote("first", 0.9, "census/a.csv")
    world.promote("second", 0.95, "census/b.csv")
    return world


def champions(world: AzureMlWorld) -> list[str]:
    """Return the deployments of the two promoted runs, oldest first."""
    return world.online.created[:2]


def test_the_champion_before_stays_until_its_time_is_over(world: AzureMlWorld) -> None:
    """Going back to it is a matter of seconds for as long as `keep_previous_s` says; then it is deleted."""
    first, second = champions(world)
    world.clock.advance(DAY_S - 600)
    reconcile(world.services)
    assert set(world.online.stands) == {"blue", first, second}
    world.clock.advance(600)
    reconcile(world.services)

    assert set(world.online.stands) == {"blue", second}
    assert_closed(world)


def test_what_serves_and_what_is_not_ours_stays_for_ever(world: AzureMlWorld) -> None:
    """The champion, the initial deployment, and one that a person made beside them."""
    world.online.stand("theirs", "x")
    world.clock.advance(100 * DAY_S)
    reconcile(world.services)

    assert set(world.online.stands) == {"blue", "theirs", champions(world)[1]}


def test_a_deployment_of_a_failed_run_goes_at_the_next_sweep(world: AzureMlWorld) -> None:
    """It costs money, and nobody goes back to it; the run says what was wrong."""
    world.online.failing.add("third")
    run = world.promote("third", 0.97, "census/c.csv")
    assert run.state is RunState.FAILED
    failed = world.online.created[-1]
    assert failed in world.online.stands
    reconcile(world.services)

    assert failed not in world.online.stands
    assert len(world.online.stands) == 3  # the champion, the one before it, and the initial one


def test_a_deployment_of_a_run_that_goes_on_stays(world: AzureMlWorld) -> None:
    """However long its making takes, and although it has no traffic."""
    run = world.train("third", 0.97, "census/c.csv")
    reconcile(world.services)
    world.clock.advance(1000)
    reconcile(world.services)

    assert world.settle(run).state is RunState.PROMOTED


def test_nothing_is_deleted_while_somebody_holds_the_endpoint(world: AzureMlWorld) -> None:
    """A lease that has not ended protects every deployment: its run may be about to go back to one."""
    world.clock.advance(2 * DAY_S)
    stored = world.endpoints.get("census", "production")
    lease = Lease("some run", stored.record.token + 1, world.clock.now() + timedelta(hours=1))
    world.endpoints.save(stored, replace(stored.record, lease=lease, token=lease.token))
    reconcile(world.services)
    assert set(champions(world)) <= set(world.online.stands)
    world.clock.advance(3600)
    reconcile(world.services)

    assert champions(world)[0] not in world.online.stands


def test_nothing_is_deleted_while_an_update_may_still_arrive(world: AzureMlWorld) -> None:
    """A late request may give the traffic back to a deployment that has none now."""
    world.clock.advance(2 * DAY_S)
    stored = world.endpoints.get("census", "production")
    until = world.clock.now() + timedelta(minutes=5)
    world.endpoints.save(stored, replace(stored.record, in_flight_until=until))
    reconcile(world.services)

    assert set(champions(world)) <= set(world.online.stands)


def test_nothing_is_deleted_while_a_person_must_decide(world: AzureMlWorld) -> None:
    """An endpoint whose model no run explains may need any of its deployments."""
    world.clock.advance(2 * DAY_S)
    stored = world.endpoints.get("census", "production")
    frozen = Frozen(by=SWEEP, reason="it was updated to deployments/theirs", at=world.clock.now())
    world.endpoints.save(stored, replace(stored.record, frozen=frozen))
    reconcile(world.services)

    assert set(champions(world)) <= set(world.online.stands)


def test_a_refused_deletion_is_told_and_tried_again(world: AzureMlWorld, caplog: pytest.LogCaptureFixture) -> None:
    """The lease is released all the same, so no promotion waits for it."""
    world.clock.advance(2 * DAY_S)
    world.online.faults.fail_next("remove", RetryableError("409: not now"))
    reconcile(world.services)
    assert champions(world)[0] in world.online.stands
    assert len(lines_about(caplog, LogAction.DEPLOYMENT_NOT_DELETED)) == 1
    assert_closed(world)
    reconcile(world.services)

    assert champions(world)[0] not in world.online.stands


def test_a_deletion_without_an_answer_is_repeated(world: AzureMlWorld) -> None:
    """What is gone counts as deleted."""
    world.clock.advance(2 * DAY_S)
    world.online.faults.fail_next("remove", NoAnswerError(FAULT), after=True)
    reconcile(world.services)
    reconcile(world.services)

    assert champions(world)[0] not in world.online.stands
    assert_closed(world)


def test_a_deployment_without_a_record_of_its_run_stays_as_long_as_a_former_champion(world: AzureMlWorld) -> None:
    """Runs are deleted by age; a table that was restored from a backup may know younger ones no longer."""
    path = "models/census/gone"
    world.blobs.put("models", "census/gone/model.txt", "gone")
    world.online.patch(ENDPOINT.staging, BlobLocation("", path, ""))
    reconcile(world.services)
    assert deployment_name(path) in world.online.stands
    world.clock.advance(DAY_S)
    reconcile(world.services)

    assert deployment_name(path) not in world.online.stands


def test_after_going_back_the_model_gone_back_from_stays_for_its_time(world: AzureMlWorld) -> None:
    """It was in service: an operator may go forwards again at once."""
    first, second = champions(world)
    assert go_back(world).state is RunState.PROMOTED
    reconcile(world.services)
    assert {first, second} <= set(world.online.stands)
    world.clock.advance(DAY_S + 1)
    reconcile(world.services)

    assert first in world.online.stands
    assert second not in world.online.stands
