"""The lossy blob queue: a fifth of the events is lost, the others come three times, and the host notices nothing."""

import random
import re
import time
from collections import Counter
from collections.abc import Iterator

import pytest
from azure.storage.queue import QueueClient

from landfall.chaos import lossy_blob_queue
from landfall.chaos.lossy_blob_queue import COPIES, QUEUE, LossyBlobQueue
from landfall.chaos.proxy import Proxy
from landfall.stack.azurite import AzuritePorts
from tests.chaos.upstream import Upstream, upstream_service

MESSAGES = 60


@pytest.fixture
def upstream() -> Iterator[Upstream]:
    """Give a service that accepts messages."""
    with upstream_service() as running:
        running.status, running.body = 201, lossy_blob_queue.accepted().body
        yield running


@pytest.fixture
def lossy(upstream: Upstream, monkeypatch: pytest.MonkeyPatch) -> Iterator[LossyBlobQueue]:
    """Give the interceptor, with short delays."""
    monkeypatch.setattr(lossy_blob_queue, "DELAY_S", (0.0, 0.5))
    running = LossyBlobQueue(random.Random(5), upstream.port)
    yield running
    running.close()


@pytest.fixture
def connection(upstream: Upstream, lossy: LossyBlobQueue) -> Iterator[str]:
    """Give a connection string whose queues are behind the proxy."""
    proxy = Proxy(upstream.port, intercept=lossy.intercept)
    yield AzuritePorts(1, proxy.port, 1).connection_string
    proxy.close()


def test_a_fifth_is_lost_and_the_rest_tripled_and_shuffled(
    upstream: Upstream, lossy: LossyBlobQueue, connection: str
) -> None:
    """The storage library, which the host uses, accepts every invented answer."""
    with QueueClient.from_connection_string(connection, QUEUE) as queue:
        for number in range(MESSAGES):
            assert queue.send_message(f"event {number:02d}").id

    lost, tripled = lossy.counts["lost"], lossy.counts["tripled"]
    assert lost + tripled == MESSAGES
    assert MESSAGES / 10 < lost < MESSAGES / 3
    bodies = [body.decode() for *_, body in upstream.await_requests(COPIES * tripled)]
    order = [int(match[1]) for body in bodies if (match := re.search(r"event (\d+)", body))]
    assert set(Counter(order).values()) == {COPIES}
    assert order != sorted(order)


def test_other_messages_pass_at_once(upstream: Upstream, lossy: LossyBlobQueue, connection: str) -> None:
    """Only the blob trigger's queue is unreliable, and only for new messages."""
    with QueueClient.from_connection_string(connection, "evaluations") as queue:
        queue.send_message("evaluate")
    with QueueClient.from_connection_string(connection, QUEUE) as queue:
        queue.create_queue()

    assert [(method, path) for method, path, _ in upstream.received] == [
        ("POST", "/devstoreaccount1/evaluations/messages"),
        ("PUT", f"/devstoreaccount1/{QUEUE}"),
    ]
    assert not lossy.counts


def test_azurite_accepts_a_delayed_message(azurite: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The signed request is sent unchanged, and the real service accepts it three times."""
    monkeypatch.setattr(lossy_blob_queue, "LOST_SHARE", 0.0)
    monkeypatch.setattr(lossy_blob_queue, "DELAY_S", (0.0, 0.1))
    port = int(re.findall(r"QueueEndpoint=http://127\.0\.0\.1:(\d+)/", azurite)[0])
    lossy = LossyBlobQueue(random.Random(5), port)
    proxy = Proxy(port, intercept=lossy.intercept)
    try:
        with (
            QueueClient.from_connection_string(AzuritePorts(1, proxy.port, 1).connection_string, QUEUE) as sender,
            QueueClient.from_connection_string(azurite, QUEUE) as queue,
        ):
            queue.create_queue()
            sender.send_message("one event")
            while sum(lossy.counts[name] for name in ("delivered", "refused")) < COPIES:
                time.sleep(0.02)
            assert [message.content for message in queue.receive_messages()] == ["one event"] * COPIES
            queue.delete_queue()
    finally:
        proxy.close()
        lossy.close()
    assert lossy.counts == {"tripled": 1, "delivered": COPIES}
