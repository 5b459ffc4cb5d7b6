"""The deliveries of one channel against the store: in order, each recorded, with one transaction each."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from hub.model import DeliveryRecord, Message, NotificationDelivery, NotificationReceiver
from hub.notifications.base import DeliveryFailed, OutgoingMessage
from hub.notifications.channels.webpush import WebPush, new_key
from hub.notifications.worker import ChannelWorker, attempt
from hub.runtime.clock import now_ms
from hub.store.notifications import NotificationPlan, NotificationStore
from hub.store.sqlite import SqliteStore
from receiver import until

COUNT = 30
KEYS = [f"n-{number:02}" for number in range(COUNT)]


class Outbox:
    """An outbox with :data:`COUNT` deliveries, a worker that sends them, and how many transactions that takes."""

    def __init__(self, store: SqliteStore) -> None:
        self.store = store.notifications
        self.writes = 0
        self.sent: list[str] = []
        self.fails: dict[str, DeliveryFailed] = {}
        counting = NotificationStore(self.store._read, self._write)
        self.worker = ChannelWorker("hook", counting, self._send, lambda record: ("", []), now_ms)
        self.cancelled_at = ""  # the delivery during which the worker is cancelled, without the library noticing
        self.running = asyncio.create_task(self.worker.run(), name="worker")

    async def _write(self, work: Callable[..., Any]) -> Any:
        self.writes += 1
        return await self.store._write(work)

    async def _send(self, record: DeliveryRecord) -> None:
        self.sent.append(record.delivery.key)
        if record.delivery.key in self.fails:
            raise self.fails.pop(record.delivery.key)
        if record.delivery.key == self.cancelled_at:
            self.running.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.sleep(0)

    async def reach(self, true: Callable[[dict[str, tuple[str, int]]], bool]) -> None:
        """Wait for a condition of the stored states."""
        async with asyncio.timeout(30):
            while not true(await self.states()):
                await asyncio.sleep(0.01)

    async def states(self) -> dict[str, tuple[str, int]]:
        """Return the state and the number of recorded attempts by key."""
        found = await self.store.deliveries(COUNT)
        return {each.delivery.key: (each.state, len(each.attempts)) for each in found}


@asynccontextmanager
async def outbox(folder: Path, cancelled_at: str = "", **fails: DeliveryFailed) -> AsyncIterator[Outbox]:
    store = SqliteStore.open(folder)
    message = Message("hub", "Title", "Text", "info", 0)
    receiver = NotificationReceiver("hook")
    await store.notifications.apply(
        NotificationPlan(deliveries=[NotificationDelivery(key, "hub", receiver, message, now_ms()) for key in KEYS])
    )
    found = Outbox(store)
    found.cancelled_at = cancelled_at
    found.fails = {key.replace("_", "-"): error for key, error in fails.items()}
    try:
        yield found
    finally:
        found.running.cancel()
        await asyncio.gather(found.running, return_exceptions=True)
        await store.close()


async def test_record_of_an_attempt_and_the_next_claim_share_a_transaction(tmp_path: Path) -> None:
    async with outbox(tmp_path, n_05=DeliveryFailed("rejected", "No.")) as box:
        await until(lambda: len(box.sent) == COUNT, 30)
        wanted = {key: ("failed" if key == "n-05" else "delivered", 1) for key in KEYS}
        await box.reach(lambda states: states == wanted)
        assert box.sent == KEYS
        assert box.writes <= COUNT + 2


async def test_cancellation_that_the_channels_library_suppressed_ends_worker(tmp_path: Path) -> None:
    async with outbox(tmp_path, cancelled_at="n-03") as box:
        await asyncio.wait({box.running}, timeout=10)
        assert box.running.cancelled()
        assert box.sent == KEYS[:4]
        states = await box.states()
        assert {states[key] for key in KEYS[:4]} == {("delivered", 1)}
        assert {states[key] for key in KEYS[4:]} == {("waiting", 0)}


async def test_address_that_a_channel_refuses_is_a_failed_delivery_without_traceback(
    caplog: pytest.LogCaptureFixture,
) -> None:
    outgoing = OutgoingMessage("webpush", "n-1", "g", "no subscription", Message("hub", "T", "T", "info", 0), now_ms())
    failed = await attempt(lambda: WebPush().send({"key": new_key()}, outgoing))
    assert failed is not None
    assert (failed.reason, "not the subscription of a browser" in failed.text) == ("rejected", True)
    assert not caplog.records


async def test_channel_that_fails_sends_the_rest_only_after_its_pause(tmp_path: Path) -> None:
    async with outbox(tmp_path, n_05=DeliveryFailed("unreachable", "Down.")) as box:
        await box.reach(lambda states: states["n-05"] == ("waiting", 1))
        assert box.sent == KEYS[:6]
        states = await box.states()
        assert {states[key] for key in KEYS[6:]} == {("waiting", 0)}
        box.worker.restart()
        await until(lambda: len(box.sent) == COUNT + 1, 30)
        wanted = {key: ("delivered", 2 if key == "n-05" else 1) for key in KEYS}
        await box.reach(lambda states: states == wanted)
        assert sorted(box.sent) == sorted([*KEYS, "n-05"])
