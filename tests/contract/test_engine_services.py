"""Each call goes to the engine that the settings are for, and settings of no engine are a defect."""

import pytest

from shared.adapters.engines.engine_services import EngineScoring, EngineTraining
from shared.routes.route import Endpoint, EndpointRole, Training
from tests.fakes.fake_clock import FakeClock
from tests.fakes.fake_scoring import FakeScoring
from tests.fakes.fake_training import FakeTraining
from tests.fakes.memory_blobs import MemoryBlobs
from tests.route_parts import a_request, a_training, an_endpoint


def test_a_classic_route_is_trained_and_scored_by_the_classic_services() -> None:
    """Every operation arrives there."""
    blobs = MemoryBlobs()
    classic, scoring = FakeTraining(blobs), FakeScoring(blobs, FakeClock())
    training, endpoint = a_training(), an_endpoint()
    classic.add(training)
    scoring.add(endpoint, "models/seed.ilearner")
    engines, endpoints = EngineTraining(classic), EngineScoring(scoring)

    job_id = engines.submit(training, a_request())
    engines.start(training, job_id, a_request())
    assert [job.job_id for job in classic.started] == [job_id]
    assert engines.status(training, job_id).code == "Running"
    engines.cancel(training, job_id)
    assert engines.status(training, job_id).code == "Cancelled"
    assert [resource.name for resource in endpoints.resources(endpoint)] == [endpoint.resource]


def test_settings_of_no_engine_are_a_defect() -> None:
    """They cannot come out of a routes file."""
    blobs = MemoryBlobs()
    with pytest.raises(TypeError, match="no engine for Training"):
        EngineTraining(FakeTraining(blobs)).status(Training(input="", model_output="", evaluation_output=""), "j")
    endpoint = Endpoint(name="production", role=EndpointRole.SERVE, resource="r")
    with pytest.raises(TypeError, match="no engine for Endpoint"):
        EngineScoring(FakeScoring(blobs, FakeClock())).resources(endpoint)
