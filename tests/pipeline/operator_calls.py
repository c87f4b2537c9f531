"""What an operator asks for, as the HTTP functions hear it, and a promotion to ask it about."""

import json
from typing import Any

from shared.operators import http_operations
from shared.operators.authorization import Caller
from shared.records.run import Run
from shared.records.run_states import RunState
from tests.pipeline.world import World


def ask(world: World, operation: str, **body: str) -> tuple[int, Any]:
    """Call an operation as the HTTP function does; gives status and JSON."""
    status, text = http_operations.operate(lambda: world.services, operation, json.dumps(body).encode(), Caller())
    return status, json.loads(text)


def go_back(world: World, **more: str) -> Run:
    """Ask for a rollback of the serving endpoint and let it come to its end."""
    status, body = ask(world, "rollback", endpoint="production", by="alice", reason="complaints", **more)
    assert status == 200, body
    return world.settle(world.run(body["run"]["run_id"]), 31)


def promote(world: World, model: str, auc: float) -> Run:
    """Promote a model out of a file of its own."""
    world.clock.advance(60)
    run = world.settle(world.train(model, auc, f"census/{model}.csv", model))
    assert run.state is RunState.PROMOTED, run.reason
    return run
