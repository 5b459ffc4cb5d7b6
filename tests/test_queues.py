"""The bounded queues: the ingest queue into the pipeline and the event bus out of it."""

import asyncio

import pytest

from hub.errors import Conflict
from hub.events import DeviceChanged
from hub.ingest.queue import IngestQueue
from hub.model import EditDevice, RawMessage, Tick
from hub.runtime.bus import Bus, Closed, Lagged


def message(qos: int = 1) -> RawMessage:
    return RawMessage("devices/d/telemetry", b"{}", 0, qos=qos)


async def test_queue_returns_messages_in_order():
    ingest_queue = IngestQueue()
    for number in range(5):
        ingest_queue.offer([RawMessage(str(number), b"", 0)])
    assert [entry.topic for entry in await ingest_queue.take(3)] == ["0", "1", "2"]
    assert [entry.topic for entry in await ingest_queue.take(3)] == ["3", "4"]


async def test_queue_sheds_qos0_first_when_full():
    ingest_queue = IngestQueue(capacity=10, reserve=4)
    assert ingest_queue.offer([message(0)] * 8) == 8
    assert (ingest_queue.received, ingest_queue.shed, len(ingest_queue)) == (8, 2, 6)
    assert ingest_queue.offer([message(0), message(1), message(0), message(1)]) == 4
    assert (ingest_queue.received, ingest_queue.shed, len(ingest_queue)) == (12, 4, 8)
    assert ingest_queue.offer([message(1), message(1), message(1), message(0)]) == 2
    assert (ingest_queue.received, ingest_queue.shed, len(ingest_queue)) == (14, 4, 10)


async def test_flooding_topic_sheds_only_its_own_messages():
    ingest_queue = IngestQueue(capacity=1_000, reserve=200, fair_above=100, topic_quota=50)
    noisy, quiet = RawMessage("noisy", b"", 0), RawMessage("quiet", b"", 0)
    ingest_queue.offer([noisy] * 100)
    for _ in range(40):
        ingest_queue.offer([noisy] * 100 + [quiet])
    assert ingest_queue.shed == 40 * 100 - 50
    assert [entry.topic for entry in await ingest_queue.take(1_000)].count("quiet") == 40
    ingest_queue.offer([noisy] * 100)
    assert ingest_queue.shed == 40 * 100 - 50, "the queue was drained, so nothing is shed"


async def test_submit_raises_conflict_when_too_many_wait():
    ingest_queue = IngestQueue(max_inputs=1)
    waiting = asyncio.ensure_future(ingest_queue.submit(EditDevice("d", 0)))
    await asyncio.sleep(0)
    with pytest.raises(Conflict, match="busy"):
        await ingest_queue.submit(EditDevice("d", 0))
    ((_, future),) = await ingest_queue.take(10)
    future.set_result("done")
    assert await waiting == "done"


async def test_closed_queue_drains_and_accepts_nothing():
    ingest_queue = IngestQueue()
    ingest_queue.put(Tick(1, None))
    ingest_queue.close()
    assert ingest_queue.offer([message(0), message(1)]) == 0
    assert len(await ingest_queue.take(10)) == 1
    assert await ingest_queue.take(10) == []
    with pytest.raises(Conflict):
        await ingest_queue.submit(EditDevice("d", 0))


async def test_slow_subscriber_gets_lagged_and_delays_nobody():
    bus = Bus()
    with bus.subscribe(capacity=2) as slow, bus.subscribe(capacity=10) as quick:
        for number in range(5):
            bus.publish([DeviceChanged(str(number), number)])
        assert await slow.get() == [Lagged(4)]
        assert [event.device for event in await slow.get()] == ["4"]
        assert [(await quick.get())[0].device for _ in range(5)] == list("01234")


async def test_closed_bus_ends_subscribers_after_pending_events():
    bus = Bus()
    with bus.subscribe() as listener:
        bus.publish([DeviceChanged("d", 0)])
        bus.close()
        assert len(await listener.get()) == 1
        with pytest.raises(Closed):
            await listener.get()
    with bus.subscribe() as late, pytest.raises(Closed):
        await late.get()
