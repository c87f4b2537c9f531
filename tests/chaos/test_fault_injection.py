"""The weather: seldom and seeded, worse in a gust, and nothing once it is calm."""

import http.client
import random
import threading
from collections import Counter
from contextlib import closing

from landfall.chaos.fault_injection import Gust, Weather
from landfall.chaos.proxy import Fault, Proxy, Request, Treatment
from tests.chaos.upstream import serving

MANY = 3000
READ = Request("GET", "/devstoreaccount1/runs()", [], b"")
START = Request("POST", "/workspaces/w/services/e/jobs/j/start?api-version=2.0", [], b"")


def weather(seed: int = 5) -> Weather:
    """Return a weather that was let loose."""
    made = Weather(random.Random(seed))
    made.let_loose()
    return made


def test_a_few_requests_meet_each_fault() -> None:
    """The same seed treats the same requests alike."""
    treated = [weather().treat(0, READ) for _ in range(3)]
    assert treated[0] == treated[1] == treated[2]

    loose = weather()
    faults = Counter(loose.treat(0, READ).fault for _ in range(MANY))
    assert set(faults) == set(Fault)
    assert 0.9 * MANY < faults[Fault.NONE] < MANY
    assert loose.met.total() == MANY - faults[Fault.NONE]


def test_calls_of_short_states_are_slow() -> None:
    """A state that lasts for one call could not be hit otherwise; reads are not slowed down."""
    loose = weather()

    assert any(loose.treat(3, START).delay_s > 0 for _ in range(20))
    assert {loose.treat(0, READ).delay_s for _ in range(20)} == {0.0}


def test_nothing_happens_before_and_after() -> None:
    """Also in a gust that is still going on."""
    calm = Weather(random.Random(5))
    assert {calm.treat(0, READ) for _ in range(MANY)} == {Treatment()}

    loose = weather()
    loose.calm_down()
    assert {loose.treat(3, START) for _ in range(MANY)} == {Treatment()}


def test_gusts_hit_one_service_and_pass() -> None:
    """One refuses every connection, one harms many requests; afterwards all is as it was."""
    loose, stop = weather(), threading.Event()
    with serving() as upstream:
        proxies = [Proxy(upstream.port), Proxy(upstream.port)]
        try:
            gusts = [Gust(0.0, 0.6, refuse=True, service=1), Gust(0.6, 0.6, refuse=False, service=0)]
            blowing = threading.Thread(target=loose.blow, args=(gusts, proxies, stop))
            blowing.start()
            while reachable(proxies[1]):
                assert blowing.is_alive()
            assert reachable(proxies[0])
            while share_of_faults(loose, 0) < 0.2:
                assert blowing.is_alive()
            assert share_of_faults(loose, 1) < 0.1
            blowing.join()
            assert all(reachable(proxy) for proxy in proxies)
            assert share_of_faults(loose, 0) < 0.1
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


def share_of_faults(loose: Weather, service: int) -> float:
    """Return how many of some requests meet a fault."""
    return sum(loose.treat(service, READ).fault is not Fault.NONE for _ in range(300)) / 300
