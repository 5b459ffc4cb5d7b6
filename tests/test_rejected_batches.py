"""A batch that the store refuses because of its content: the message at fault is rejected, all others are stored."""

from __future__ import annotations

import asyncio
import json
import logging
import sqlite3
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import msgspec
import pytest

from api_hub import running_hub
from hub import bounds
from hub.dialects import DialectState, NativeDialect, Result
from hub.errors import HubError, StoreBusy, StoreRefused
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import (
    DesireState,
    Identity,
    Info,
    RawMessage,
    Record,
    SendCommand,
    SeriesQuery,
    Tick,
    TwinUpdate,
)
from hub.model.command import Command
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore
from store_samples import T0

RULES = '[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80'


class LinkStub:
    """Records the topics that the pipeline acknowledges."""

    def __init__(self) -> None:
        self.topics: list[str] = []

    def ack(self, messages: Iterable[RawMessage]) -> None:
        self.topics += [message.topic for message in messages]

    def pause(self) -> None: ...

    def resume(self) -> None: ...


class UncheckedDialect:
    """A dialect that returns values beyond all bounds, as a missing check would."""

    name = "strange"
    filters: Sequence[str] = ("strange/#",)

    def __init__(self) -> None:
        self.states: dict[str, bytes | None] = {}

    def owns(self, topic: str) -> bool:
        return topic.startswith("strange/")

    def decode(self, message: RawMessage, view: Any) -> Result:
        _, device, what = message.topic.split("/")
        record = Record(device, T0, T0, {"t": 99.0})
        results: dict[str, Callable[[], Result]] = {
            "time": lambda: Result(records=(msgspec.structs.replace(record, ts=2**70),)),
            "text": lambda: Result(records=(msgspec.structs.replace(record, values={"t": "\ud800"}),)),
            "metric": lambda: Result(records=(msgspec.structs.replace(record, values={"\ud800": 1.0}),)),
            "name": lambda: Result(records=(record,)),
            "info": lambda: Result(identities=(Identity(device, device, "strange", Info(name="\ud800")),)),
            "learnt": lambda: Result(
                changes=(DialectState("k", b"new"), DialectState("\ud800", b"x")), records=(record,)
            ),
            "good": lambda: Result(records=(record,)),
            "twin": lambda: Result(desired_state=(TwinUpdate(device, "reported", {"a": 1}),)),
        }
        found = results[what]()
        identities = (Identity(device, "\ud800" if what == "name" else device, "strange"), *found.identities)
        return msgspec.structs.replace(found, identities=identities)

    def apply(self, change: DialectState) -> Sequence[Any]:
        self.states[change.key] = change.value
        return ()

    def tick(self, view: Any, now: int) -> Result:
        return Result()


class Hub:
    """A pipeline with its store, registry, rule engine and acknowledged topics."""

    def __init__(self, data: Path, store: SqliteStore | None = None) -> None:
        self.store = store or SqliteStore.open(data)
        self.ingest_queue, self.registry, self.link, self.unchecked = (
            IngestQueue(),
            DeviceRegistry(),
            LinkStub(),
            UncheckedDialect(),
        )
        self.engine = Engine(parse(RULES))
        self.pipeline = Pipeline(
            ingest_queue=self.ingest_queue,
            dialects=[NativeDialect(), self.unchecked],
            registry=self.registry,
            engine=self.engine,
            store=self.store,
            bus=Bus(),
            now=lambda: T0,
        )
        self.pipeline.link = self.link  # type: ignore[assignment]

    def publish(self, *messages: tuple[str, Any]) -> None:
        self.ingest_queue.offer(
            [
                RawMessage(topic, json.dumps(body).encode(), T0 + number, qos=1, receipt=number + 1)
                for number, (topic, body) in enumerate(messages)
            ]
        )

    async def settled(self) -> None:
        await self.ingest_queue.submit(Tick(T0, T0))

    async def values(self, device: str, metric: str = "t") -> list[Any]:
        [series] = await self.store.history([SeriesQuery(device, metric, 0, 2**53)])
        return [point[1] for point in series.points]


@asynccontextmanager
async def running(data: Path, store: SqliteStore | None = None) -> AsyncIterator[Hub]:
    hub = Hub(data, store)
    await hub.pipeline.restore()
    task = asyncio.create_task(hub.pipeline.run(), name="pipeline")
    try:
        yield hub
    finally:
        hub.ingest_queue.close()
        await asyncio.wait_for(task, 20)
        await hub.store.close()


@pytest.mark.parametrize("fault", ["time", "text", "metric", "name", "learnt"])
async def test_unstorable_message_is_rejected_and_others_are_stored(fault: str, tmp_path: Path) -> None:
    others = [(f"devices/d{number}/telemetry", {"t": number, "seq": number}) for number in range(20)]
    async with running(tmp_path) as hub:
        hub.publish(
            *others[:10], (f"strange/bad/{fault}", 1), *others[10:], ("devices/d0/telemetry", {"t": 50, "seq": 1})
        )
        await hub.settled()
        assert [await hub.values(f"d{number}") for number in range(1, 20)] == [[n] for n in range(1, 20)]
        assert await hub.values("d0") == [0, 50]
        [rejected] = await hub.store.rejections()
        assert (rejected.topic, rejected.reason, rejected.payload) == (f"strange/bad/{fault}", "not_storable", b"1")
        assert len(hub.link.topics) == len(set(hub.link.topics)) + 1 == 22  # each once, d0 twice
        assert not hub.registry.known("bad")
        assert hub.engine.open == {}
        assert set(hub.unchecked.states.values()) <= {None}
        assert hub.pipeline.counters.rejected == 1
    async with running(tmp_path) as hub:
        assert len(hub.registry) == 20


async def test_only_change_of_rejected_message_is_undone(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        hub.publish(("strange/x/twin", 1))
        await hub.settled()
        hub.publish(
            ("devices/y/reported", {"b": 2}), ("strange/x/info", 1), ("strange/x/good", 1), ("strange/z/time", 1)
        )
        await hub.settled()
        device = hub.registry.require("x")
        assert (device.reported, device.info, device.metrics["t"].value) == ({"a": 1}, Info(), 99.0)
        assert hub.registry.require("y").reported == {"b": 2}
        assert [alert.device for alert in hub.engine.open.values()] == ["x"]
        assert {rejected.topic for rejected in await hub.store.rejections()} == {"strange/x/info", "strange/z/time"}
    async with running(tmp_path) as hub:
        assert hub.registry.require("x").reported == {"a": 1}
        assert [alert.device for alert in hub.engine.open.values()] == ["x"]


async def test_fast_path_continues_after_split_batch(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        number = 0
        for _ in range(5):
            for turn in range(40):
                hub.publish(*((f"devices/d{d}/telemetry", {"t": number % 70, "seq": number + d}) for d in range(4)))
                number += 4
                if turn == 20:
                    hub.publish(("strange/bad/time", 1))
                await asyncio.sleep(0)
            await hub.settled()
        for device in range(4):
            assert await hub.values(f"d{device}") == [n % 70 for n in range(0, number, 4)]
        assert {rejected.topic for rejected in await hub.store.rejections(1_000)} == {"strange/bad/time"}


async def test_unstorable_request_raises_and_changes_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        hub.publish(("devices/x/telemetry", {"t": 1}))
        await hub.settled()
        command = Command(
            id="c-1", device="x", name="n", value=2**70, by="b", state="queued", created_at=T0, expires_at=T0 + 1_000
        )
        with pytest.raises(StoreRefused):
            await hub.ingest_queue.submit(SendCommand(command))
        hub.publish(("devices/x/telemetry", {"t": 2}))
        await hub.settled()
        assert await hub.values("x") == [1, 2]
        assert await hub.store.commands("x") == []
        with pytest.raises(HubError):
            await hub.ingest_queue.submit(DesireState("x", {"k": 2**70}, T0))
        assert hub.registry.require("x").desired == {}


async def test_command_beyond_64_bits_is_answered_with_422(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running_hub(tmp_path) as hub:
        hub.publish("devices/x/info", {"commands": {"set": {"type": "number"}}})
        await hub.settled()
        monkeypatch.setattr(bounds, "_check", lambda value, what, levels: None)
        answer = await hub.http.post("/api/devices/x/commands", json={"name": "set", "value": 10**40})
        assert answer.status_code == 422, answer.text
        await hub.telemetry("x", temperature=20)
        assert (await hub.http.get("/api/devices/x")).json()["metrics"]["temperature"]["value"] == 20
        assert (await hub.http.get("/readyz")).status_code == 200


class RefusingStore(SqliteStore):
    """A store that refuses records of devices whose name begins with ``bad``, and is busy for ``busy`` commits."""

    error: Exception = sqlite3.DataError("string or blob too big")
    busy = 0

    async def commit(self, owner: int, delta: Delta) -> None:
        if self.busy:
            self.busy -= 1
            raise StoreBusy("The disk is full.")
        await super().commit(owner, delta)

    def _commit(self, owner: int, delta: Delta) -> None:
        if any(record.device.startswith("bad") for record in delta.records):
            self.error.sqlite_errorcode = sqlite3.SQLITE_TOOBIG  # type: ignore[attr-defined]
            raise self.error
        super()._commit(owner, delta)


@pytest.mark.parametrize(
    "error", [sqlite3.DataError("x"), sqlite3.IntegrityError("x"), KeyError("x"), RecursionError()]
)
async def test_permanent_store_errors_reject_and_busy_store_is_retried(error: Exception, tmp_path: Path) -> None:
    store = RefusingStore.open(tmp_path)
    assert isinstance(store, RefusingStore)
    store.error = error
    async with running(tmp_path, store) as hub:
        store.busy = 2
        hub.publish(
            ("devices/a/telemetry", {"t": 1}),
            ("devices/bad1/telemetry", {"t": 1}),
            ("devices/b/telemetry", {"t": 1}),
            ("devices/bad2/telemetry", {"t": 1}),
        )
        await hub.settled()
        assert store.busy == 0
        assert (await hub.values("a"), await hub.values("b")) == ([1], [1])
        assert {one.topic for one in await store.rejections()} == {"devices/bad1/telemetry", "devices/bad2/telemetry"}
        assert sorted(hub.link.topics) == sorted(f"devices/{d}/telemetry" for d in ("a", "b", "bad1", "bad2"))


async def test_exception_in_engine_fails_one_request(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with running(tmp_path) as hub:
        monkeypatch.setattr(Engine, "tick", lambda *_: 1 / 0)
        with pytest.raises(HubError):
            await hub.settled()
        monkeypatch.undo()
        hub.publish(("devices/a/telemetry", {"t": 1}))
        await hub.settled()
        assert await hub.values("a") == [1]


async def test_state_that_cannot_be_encoded_does_not_stop_pipeline(tmp_path: Path) -> None:
    async with running(tmp_path) as hub:
        hub.publish(("devices/a/telemetry", {"t": 1}), ("devices/b/telemetry", {"t": 1}))
        await hub.settled()
        hub.registry.require("a").name = "\ud800"  # no input could set this
        hub.registry.touch("a")
        hub.publish(("devices/b/telemetry", {"t": 2}))
        await hub.settled()
        assert sorted(await hub.values("b")) == [1, 2]
        assert hub.registry.require("a").name is None
    async with running(tmp_path) as hub:
        assert hub.registry.known("b")


async def test_many_rejected_messages_are_logged_once(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        async with running(tmp_path) as hub:
            hub.publish(*((f"strange/bad{number}/time", number) for number in range(30)))
            await hub.settled()
            assert len(await hub.store.rejections(100)) == 30
    assert len(caplog.records) <= 3
