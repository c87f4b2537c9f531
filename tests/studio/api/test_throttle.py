"""At most so many requests of an endpoint are executed at once."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import requests

from studio.api.protocol_errors import ProtocolError
from studio.api.throttle import Throttle
from studio.workspace.database import Database
from studio.workspace.registry import Registry
from studio.workspace.services import Kind
from tests.studio.caller import NAMES, ROW, Owner, refusal, score
from tests.studio.running import EXPERIMENT, running_studio

AT_ONCE, MAX_ROUNDS = 4, 20


def test_a_turn_ends_with_its_request(own_data: Path) -> None:
    """At the limit the next one is refused in the documented words; another endpoint's is not; an end makes room."""
    with Database(own_data) as database:
        registry = Registry(database)
        (predictive,) = [service for service in registry.services() if service.kind is Kind.PREDICTIVE]
        database.execute("UPDATE endpoints SET max_concurrent_calls = 2")
        first, second = Registry(database).endpoints(predictive)[:2]
        throttle = Throttle()

        def failing_request() -> None:
            with throttle.slot(first):
                raise RuntimeError

        with throttle.slot(first):
            with throttle.slot(first), throttle.slot(second):
                with pytest.raises(ProtocolError) as refused, throttle.slot(first):
                    pytest.fail("a third request is executed")
                assert str(refused.value) == (
                    "Request was throttled for default endpoint. The maximum concurrency for the endpoint is 2."
                )
            with pytest.raises(RuntimeError):
                failing_request()
            with throttle.slot(first):
                pass


def test_a_busy_endpoint_throttles(own_data: Path) -> None:
    """Of several long requests at once some get 503 and are fine when repeated; no other endpoint is affected."""
    rows = [ROW] * 20_000
    with running_studio(own_data) as studio, ThreadPoolExecutor(2 * AT_ONCE) as callers:
        owner = Owner.of(studio)
        narrow = owner.add(owner.service(f"{EXPERIMENT} [predictive exp.]"), "narrow", MaxConcurrentCalls=1)
        wide = studio.endpoint("production")

        def ask(endpoint: dict[str, Any]) -> requests.Response:
            return score(endpoint, NAMES, rows)

        answers: list[requests.Response] = []
        for _ in range(MAX_ROUNDS):
            others = [callers.submit(ask, wide) for _ in range(2)]
            answers = list(callers.map(ask, [narrow] * AT_ONCE))
            assert [each.result().status_code for each in others] == [200, 200]
            if any(answer.status_code != 200 for answer in answers):
                break
        throttled = [answer for answer in answers if answer.status_code != 200]
        assert 0 < len(throttled) < AT_ONCE
        for answer in throttled:
            assert refusal(answer) == (503, "ServiceUnavailable", "RequestThrottled")
            assert "throttled for narrow endpoint. The maximum concurrency for the endpoint is 1." in answer.text
        assert ask(narrow).status_code == 200
        owner.add(owner.service(f"{EXPERIMENT} [predictive exp.]"), "narrow", MaxConcurrentCalls=AT_ONCE)
        assert [answer.status_code for answer in callers.map(ask, [narrow] * AT_ONCE)] == [200] * AT_ONCE
