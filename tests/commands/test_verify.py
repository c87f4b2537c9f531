"""What `landfall verify` reads beside the rows."""

from dataclasses import replace

import pytest

from landfall.commands.verify import members_of_batches
from shared.errors import UnreadableRowError
from tests.pipeline.batch_world import BatchWorld, batch_routes, joined


def test_the_members_of_a_batch_are_read_by_its_carrier() -> None:
    """Each carrier has its list; a list that retention deleted is none, and one that cannot be read is an error."""
    world = BatchWorld(batch_routes(joined()))
    members = [world.accept("a.csv"), world.accept("b.csv")]
    carrier = world.seal()
    runs = [world.run(run.run_id) for run in members]
    assert carrier.batch is not None
    assert members_of_batches(world.blobs, runs) == {carrier.run_id: frozenset(run.run_id for run in runs)}

    deleted = replace(carrier, batch=carrier.batch._replace(members="training/members/census/none.json"))
    assert members_of_batches(world.blobs, [deleted]) == {}

    world.blobs.write_text(carrier.batch.members, "{}")
    with pytest.raises(UnreadableRowError, match="member list"):
        members_of_batches(world.blobs, runs)
