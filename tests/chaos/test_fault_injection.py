"""Fault injection: rare and seeded in the background, frequent in a burst, and none once it has stopped."""

import http.client
import random
import threading
from collections import Counter
from contextlib import closing

from landfall.chaos.fault_injection import FaultBurst, FaultInjector
from landfall.chaos.proxy import Fault, Proxy, Request, Treatment
from tests.chaos.upstream import upstream_service

MANY = 3000
READ = Request("GET", "/devstoreaccount1/runs()", [], b"")
START = Request("POST", "/workspaces/w/services/e/jobs/j/start?api-version=2.0", [], b"")


def started(seed: int = 5) -> FaultInjector:
    """Return a fault injector that has started."""
    injector = FaultInjector(random.Random(seed))
    injector.start()
    return injector


def test_a_few_requests_meet_each_fault() -> None:
    """The same seed treats the same requests alike."""
    treatments = [started().treatment_for(0, READ) for _ in range(3)]
    assert treatments[0] == treatments[1] == treatments[2]

    injector = started()
    faults = Counter(injector.treatment_for(0, READ).fault for _ in range(MANY))
    assert set(faults) == set(Fault)
    assert 0.9 * MANY < faults[Fault.NONE] < MANY
    assert injector.injected.total() == MANY - faults[Fault.NONE]


def test_calls_of_short_states_are_slow() -> None:
    """A kill could not hit a state that lasts for one call otherwise; reads are not slowed down."""
    injector = started()

    assert any(injector.treatment_for(3, START).delay_s > 0 for _ in range(20))
    assert {injector.treatment_for(0, READ).delay_s for _ in range(20)} == {0.0}


def test_nothing_happens_before_and_after() -> None:
    """No fault is injected before the start and after the stop."""
    calm = FaultInjector(random.Random(5))
    assert {calm.treatment_for(0, READ) for _ in range(MANY)} == {Treatment()}

    injector = started()
    injector.stop()
    assert {injector.treatment_for(3, START) for _ in range(MANY)} == {Treatment()}


def test_bursts_hit_one_service_and_pass() -> None:
    """One burst refuses every connection, one injects many faults; afterwards the services answer as before."""
    injector, stop = started(), threading.Event()
    with upstream_service() as upstream:
        proxies = [Proxy(upstream.port), Proxy(upstream.port)]
        try:
            bursts = [FaultBurst(0.0, 0.6, refuse=True, service=1), FaultBurst(0.6, 0.6, refuse=False, service=0)]
            thread = threading.Thread(target=injector.run_bursts, args=(bursts, proxies, stop))
            thread.start()
            while reachable(proxies[1]):
                assert thread.is_alive()
            assert reachable(proxies[0])
            while share_of_faults(injector, 0) < 0.2:
                assert thread.is_alive()
            assert share_of_faults(injector, 1) < 0.1
            thread.join()
            assert all(reachable(proxy) for proxy in proxies)
            assert share_of_faults(injector, 0) < 0.1
        finally:
            for proxy in proxies:
                proxy.close()


def reachable(proxy: Proxy) -> bool:
    """Tell whether a request through a proxy is answered."""
    with closing(http.client.HTTPConnection("127.0.0.1", proxy.port, timeout=30)) as connection:
        try:
            connection.request("GET", "/")
            return connection.getresponse().status == 200
        except (OSError, http.client.HTTPException):
            return False


def share_of_faults(injector: FaultInjector, service: int) -> float:
    """Return the share of requests that meet a fault."""
    return sum(injector.treatment_for(service, READ).fault is not Fault.NONE for _ in range(300)) / 300
