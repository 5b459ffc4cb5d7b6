"""The ingest pipeline on a real store: commit, then acknowledge, then publish events; failures and restarts."""

import asyncio
import json
from contextlib import asynccontextmanager

import pytest

from hub.dialects import NativeDialect
from hub.errors import NotFound, StoreBusy
from hub.events import AlertRaised, DeviceDiscovered, MessageRejected, ReadingsStored
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.model import Acknowledge, DeleteDevice, EditDevice, RawMessage, SeriesQuery, Tick
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.store.sqlite import SqliteStore

T0 = 1_795_386_000_000
HOT = '[[rule]]\nid="hot"\nmetric="t"\nabove=80\nclear=78\nseverity="critical"'


class LinkStub:
    """Records the calls that the pipeline makes on the MQTT client."""

    def __init__(self, log: list) -> None:
        self.log = log

    def ack(self, messages) -> None:
        self.log += [("ack", message.receipt) for message in messages]

    def pause(self) -> None:
        self.log.append("pause")

    def resume(self) -> None:
        self.log.append("resume")


class FailingStore(SqliteStore):
    """A real store whose next ``failures`` commits fail."""

    failures = 0
    log: list = []  # noqa: RUF012  # set by each run

    async def commit(self, owner, delta) -> None:
        if self.failures:
            self.failures -= 1
            self.log.append(("failed", id(delta)))
            raise StoreBusy("locked", "wait")
        await super().commit(owner, delta)
        self.log.append(("commit", id(delta)))


class PipelineRun:
    """A pipeline with its queue, registry, rule engine and bus, on a data folder."""

    def __init__(self, store: FailingStore, rules: str) -> None:
        self.store, self.log = store, store.log
        self.ingest_queue, self.registry, self.engine, self.bus = (
            IngestQueue(),
            DeviceRegistry(),
            Engine(parse(rules)),
            Bus(),
        )
        self.pipeline = Pipeline(
            ingest_queue=self.ingest_queue,
            dialects=[NativeDialect()],
            registry=self.registry,
            engine=self.engine,
            store=store,
            bus=self.bus,
            now=lambda: T0,
        )
        self.pipeline.link = LinkStub(self.log)
        self.sent = 0

    def publish(self, payload, *, topic: str = "devices/d/telemetry", at: int = T0, redelivered: bool = False) -> None:
        self.sent += 1
        body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
        self.ingest_queue.offer([RawMessage(topic, body, at, qos=1, receipt=self.sent, redelivered=redelivered)])

    async def drain(self) -> None:
        """Wait until everything queued so far is committed: an input behind it has been answered."""
        with pytest.raises(NotFound):
            await self.ingest_queue.submit(EditDevice("nobody", T0))

    async def points(self, metric: str = "t", device: str = "d") -> list:
        (series,) = await self.store.history([SeriesQuery(device, metric, T0 - 10**6, T0 + 10**6)])
        return [value for _, value in series.points]


@asynccontextmanager
async def running(folder, rules: str = HOT):
    store = FailingStore.open(folder)
    store.log = []
    run = PipelineRun(store, rules)
    await run.pipeline.restore()
    async with asyncio.TaskGroup() as group:
        task = group.create_task(run.pipeline.run(), name="pipeline")
        try:
            yield run
        finally:
            run.ingest_queue.close()
            await task
            await store.close()


async def test_input_after_close_does_not_keep_pipeline_running(tmp_path):
    async with asyncio.timeout(10), running(tmp_path) as run:
        run.store.failures = 1  # so that the last batch is still being committed
        run.publish({"t": 1})
        run.ingest_queue.close()
        while "failed" not in str(run.log):
            await asyncio.sleep(0)
        run.ingest_queue.put(Tick(T0, None))
        run.publish({"t": 2})
    assert [entry for entry in run.log if entry[0] == "ack"] == [("ack", 1)]
    assert len(run.ingest_queue) == 1


async def test_events_follow_acknowledgements_which_follow_commit(tmp_path):
    async with running(tmp_path) as run:
        with run.bus.subscribe() as listener:
            run.publish({"t": 1})
            run.publish({"t": 2})
            events = await listener.get()
            run.log.append("event")
        assert [entry[0] if isinstance(entry, tuple) else entry for entry in run.log] == [
            "commit",
            "ack",
            "ack",
            "event",
        ]
        assert run.log[1:3] == [("ack", 1), ("ack", 2)]
        assert [type(event) for event in events] == [DeviceDiscovered, ReadingsStored]
        assert await run.points() == [1.0, 2.0]


async def test_failed_commit_is_retried_with_same_delta(tmp_path):
    async with running(tmp_path) as run:
        run.store.failures = 3
        run.publish({"t": 1, "seq": 0})
        await run.drain()
        words = [word for word, _ in run.log]
        assert words == ["failed"] * 3 + ["commit", "ack"]
        assert len({mark for word, mark in run.log if word != "ack"}) == 1
        assert await run.points() == [1.0]
        assert not run.pipeline.counters.store_stalled


async def test_redelivered_message_is_stored_once_across_restart(tmp_path):
    async with running(tmp_path) as run:
        for _ in range(2):
            run.publish({"t": 1, "seq": 7})
        run.publish({"t": 5, "id": "x"})
        await run.drain()
    async with running(tmp_path) as run:
        run.publish({"t": 1, "seq": 7})
        run.publish({"t": 5, "id": "x"})
        run.publish({"t": 2, "seq": 7})  # the device restarted its count
        run.publish({"t": 1})
        run.publish({"t": 1})  # without id or seq an equal reading is another reading
        await run.drain()
        assert sorted(await run.points()) == [1.0, 1.0, 1.0, 2.0, 5.0]
        assert [receipt for word, receipt in run.log if word == "ack"] == [1, 2, 3, 4, 5]


async def test_restarted_seq_is_stored_and_its_redeliveries_dropped(tmp_path):
    first = [{"t": number, "seq": number} for number in range(20)]
    restarted = [{"t": 100 + number, "seq": number} for number in range(15)]
    listed = [{"t": 200, "seq": 7}, {"t": 200, "seq": 7}, {"t": 201, "seq": 8}]
    expected = sorted(float(one["t"]) for one in (*first, *restarted, *listed))
    async with running(tmp_path) as run:
        for body in (*first, *restarted[:10], listed):
            run.publish(body)
        await run.drain()
    async with running(tmp_path) as run:
        for body in (*first, *restarted[:10], listed):
            run.publish(body, redelivered=True)
        for body in (*restarted[10:], {"t": 300, "seq": 19}):
            run.publish(body)
        await run.drain()
        assert sorted(await run.points()) == [*expected, 300.0]
        assert run.pipeline.counters.duplicates == 20 + 10 + 3


async def test_deleted_device_may_repeat_its_messages(tmp_path):
    async with running(tmp_path) as run:
        run.publish({"t": 1, "seq": 0})
        await run.drain()
        gone = asyncio.ensure_future(run.ingest_queue.submit(DeleteDevice("d", T0)))
        await asyncio.sleep(0)
        run.publish({"t": 1, "seq": 0})  # within the same commit
        await gone
        await run.drain()
        assert await run.points() == [1.0]
    async with running(tmp_path) as run:
        run.publish({"t": 1, "seq": 0})
        await run.drain()
        assert run.pipeline.counters.duplicates == 1, "a repetition since the deletion is a duplicate"
        await run.ingest_queue.submit(DeleteDevice("d", T0))
    async with running(tmp_path) as run:
        run.publish({"t": 1, "seq": 0})
        await run.drain()
        assert (run.pipeline.counters.duplicates, await run.points()) == (0, [1.0])


INVALID = [
    b"{",
    b'{"t": NaN}',
    b"[" * 10_000 + b"]" * 10_000,
    b'{"t": "' + b"x" * 1_000_000 + b'"}',
    b"\xff\xfe\x00",
    b'{"t": {"a": 1}}',
    b'{"ts": "soon"}',
    b'"just a text"',
]


async def test_invalid_messages_are_rejected_and_acknowledged(tmp_path):
    async with running(tmp_path) as run:
        for payload in INVALID:
            run.publish(payload)
        run.publish({"t": 3})
        await run.drain()
        assert await run.points() == [3.0]
        kept = await run.store.rejections()
        assert len(kept) == len(INVALID)
        assert all(len(rejection.excerpt) <= 257 and rejection.detail for rejection in kept)
        assert [receipt for word, receipt in run.log if word == "ack"] == list(range(1, len(INVALID) + 2))


async def test_decoder_exception_rejects_one_message(tmp_path, monkeypatch, caplog):
    async with running(tmp_path) as run:
        decode = NativeDialect.decode

        def broken(self, message, view):
            if b"boom" in message.payload:
                raise ZeroDivisionError
            return decode(self, message, view)

        monkeypatch.setattr(NativeDialect, "decode", broken)
        with run.bus.subscribe() as listener:
            run.publish(b"boom")
            (event,) = await listener.get()
        assert isinstance(event, MessageRejected)
        assert event.rejection.reason == "decoder_fault"
        run.publish({"t": 1})
        await run.drain()
        assert await run.points() == [1.0]
    assert "failed to decode" in caplog.text


async def test_alert_acknowledgement_and_end_survive_restarts(tmp_path):
    async with running(tmp_path) as run:
        with run.bus.subscribe() as listener:
            run.publish({"t": 90})
            events = await listener.get()
        (alert,) = [event.alert for event in events if isinstance(event, AlertRaised)]
        answer = await run.ingest_queue.submit(Acknowledge(alert.id, "anna", T0 + 5, "seen"))
        assert answer.state == "acknowledged"
    async with running(tmp_path) as run:
        run.publish({"t": 91})
        await run.drain()
        assert [(a.id, a.state, a.note) for a in run.engine.open.values()] == [(alert.id, "acknowledged", "seen")]
        run.publish({"t": 20})
        await run.drain()
    async with running(tmp_path) as run:
        assert run.engine.open == {}
        assert (await run.store.alert(alert.id)).state == "cleared"


async def test_alert_of_removed_rule_is_cleared_at_start(tmp_path):
    async with running(tmp_path) as run:
        run.publish({"t": 90})
        await run.drain()
        (alert_id,) = run.engine.open
    async with running(tmp_path, rules="") as run:
        assert (await run.store.alert(alert_id)).state == "cleared"


async def test_deleted_device_loses_history_and_can_return(tmp_path):
    async with running(tmp_path) as run:
        run.publish({"t": 90})
        await run.drain()
        (alert_id,) = run.engine.open
        gone = asyncio.ensure_future(run.ingest_queue.submit(DeleteDevice("d", T0)))
        await asyncio.sleep(0)
        run.publish({"t": 5})
        await gone
        await run.drain()
        assert run.engine.open == {}
        assert await run.store.alert(alert_id) is None
        assert await run.points() == [5.0]
        assert run.registry.require("d").metrics["t"].value == 5.0


async def test_device_edits_survive_restart(tmp_path):
    async with running(tmp_path) as run:
        run.publish({"t": 1})
        await run.ingest_queue.submit(EditDevice("d", T0, name="Boiler", labels=("heat",)))
    async with running(tmp_path) as run:
        device = run.registry.require("d")
        assert (device.display_name, device.display_labels) == ("Boiler", ("heat",))
        with pytest.raises(NotFound, match="no device"):
            await run.ingest_queue.submit(DeleteDevice("other", T0))


async def test_tick_without_changes_commits_nothing(tmp_path):
    async with running(tmp_path) as run:
        run.publish({"t": 1})
        await run.drain()
        commits = len(run.log)
        run.ingest_queue.put(Tick(T0 + 1, T0))
        await run.drain()
        assert len(run.log) == commits


async def test_metrics_over_limit_are_rejected_and_known_ones_kept(tmp_path):
    async with running(tmp_path) as run:
        run.publish({f"m{i}": i for i in range(256)})
        run.publish({"one more": 1})
        run.publish({"m0": 5})
        await run.drain()
        assert len(run.registry.require("d").metrics) == 256
        assert [r.reason for r in await run.store.rejections()] == ["too_many_metrics"]
        assert await run.points("m0") == [0.0, 5.0]


RATE = '[[rule]]\nid="fast"\nmetric="t"\nkind="rate"\nby=5\nwithin="1m"\nseverity="critical"'
SILENT = '[[rule]]\nid="silent"\nkind="no_data"\nsilence="5m"\nseverity="warning"'


async def copy_as_killed(run: PipelineRun, folder):
    """Return a copy of the data folder as a hub that is killed now would leave it."""
    await run.drain()
    folder.mkdir()
    await run.store.backup(folder / run.store.path.name)
    return folder


async def test_latest_values_survive_kill(tmp_path):
    sent = [{"t": n, "ok": n % 2 == 0, "mode": f"m{n}"} for n in range(20)]
    async with running(tmp_path / "a") as run:
        for number, values in enumerate(sent):
            run.publish({**values, "seq": number}, at=T0 + 1_000 * number)
            await run.drain()
        before = run.registry.require("d")
        snapshot = await run.store.load()
        assert len([*snapshot.records]) == 19, "the state of the device was written once, when it was discovered"
        killed = await copy_as_killed(run, tmp_path / "b")
    async with running(killed) as again:
        after = again.registry.require("d")
        assert {name: latest.value for name, latest in after.metrics.items()} == sent[-1]
        for name in ("last_seen", "last_ts", "expected_interval", "presence", "metrics", "watches"):
            assert getattr(after, name) == getattr(before, name), name


async def test_heartbeat_and_edit_survive_kill(tmp_path):
    async with running(tmp_path / "a") as run:
        run.publish({"t": 1})
        await run.drain()
        run.publish({}, at=T0 + 5_000)  # a heartbeat without a record
        await run.ingest_queue.submit(EditDevice("d", T0 + 6_000, name="Oven"))
        killed = await copy_as_killed(run, tmp_path / "b")
    async with running(killed) as again:
        device = again.registry.require("d")
        assert (device.name, device.last_seen, device.metrics["t"].value) == ("Oven", T0 + 5_000, 1.0)


async def test_rate_rule_window_survives_kill(tmp_path):
    async with running(tmp_path / "a", RATE) as run:
        run.publish({"t": 10}, at=T0)
        await run.drain()
        run.publish({"t": 13}, at=T0 + 10_000)
        killed = await copy_as_killed(run, tmp_path / "b")
    async with running(killed, RATE) as again:
        again.publish({"t": 15.5}, at=T0 + 20_000)  # 5.5 above the first value, which the killed hub received
        await again.drain()
        assert [alert.rule for alert in again.engine.open.values()] == ["fast"]


async def test_silence_is_measured_from_last_record_after_kill(tmp_path):
    async with running(tmp_path / "a", SILENT) as run:
        run.publish({"t": 1}, at=T0)
        await run.drain()
        run.publish({"t": 2}, at=T0 + 200_000)
        killed = await copy_as_killed(run, tmp_path / "b")
    async with running(killed, SILENT) as again:
        for now, alerts in ((T0 + 499_000, 0), (T0 + 501_000, 1)):
            again.ingest_queue.put(Tick(now, T0))
            await again.drain()
            assert len(again.engine.open) == alerts
        assert next(iter(again.engine.open.values())).since == T0 + 200_000


async def test_states_are_checkpointed_before_log_is_trimmed(tmp_path):
    async with running(tmp_path / "a") as run:
        for at in range(0, 70_000, 1_000):
            for number in range(at, at + 1_000):
                run.publish({"t": number % 70, "seq": number}, at=T0 + number)
            await run.drain()
        run.publish({"t": -1.0}, at=T0 + 80_000)
        await run.drain()
        await run.store.tidy()
        snapshot = await run.store.load()
        assert 0 < snapshot.checkpoint <= snapshot.cursor
        assert len([*snapshot.records]) < 40_000, "the log is trimmed up to the checkpoint"
        killed = await copy_as_killed(run, tmp_path / "b")
    async with running(killed) as again:
        assert again.registry.require("d").metrics["t"].value == -1.0
        assert len(await again.points()) == 70_001


async def test_failed_last_commit_does_not_advance_checkpoint(tmp_path, monkeypatch):
    monkeypatch.setattr("hub.registry.stored_state.MAX_STATES", 1)
    async with running(tmp_path) as run:
        for value in (1, 2):
            for device in "abc":
                run.publish({"t": value}, topic=f"devices/{device}/telemetry", at=T0 + value)
            await run.drain()
        run.store.failures = 1  # the first of the last commits; those after it would succeed
    async with running(tmp_path) as again:
        assert [again.registry.require(device).metrics["t"].value for device in "abc"] == [2.0, 2.0, 2.0]


async def test_device_created_and_deleted_in_one_batch_leaves_no_state(tmp_path):
    async with running(tmp_path, SILENT) as run:
        run.publish({"t": 1})
        await run.ingest_queue.submit(DeleteDevice("d", T0))
        await run.drain()
        assert run.registry.get("d") is None
        assert (await run.store.load()).states == {}
        run.publish({"t": 2})
        await run.drain()
        assert await run.points() == [2.0]
