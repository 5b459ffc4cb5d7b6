"""Twenty thousand hostile inputs over MQTT, HTTP, sockets, files and models: the hub keeps running and restarts.

A failure names its seed and its case; ``FUZZ_SEED=7 FUZZ_CASES=100000 pytest tests/test_fuzz.py`` runs others.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Iterator, Sequence
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import fuzzing
from api_hub import ApiHub, now_ms, running_hub
from brokers import Mosquitto
from conformance import MAPPINGS
from hub import bounds
from hub.ai.completions import arguments
from hub.diagnosis.partial_json import PartialStatements
from hub.dialects import native
from hub.dialects.mapping import parse_mappings
from hub.errors import ConfigError, Invalid
from hub.formats import read_table
from hub.insight.signature import parse_signatures
from hub.model import RawMessage, Reading
from hub.rules import parse
from hub.runtime.fault_log import FaultLog
from hub.store.sqlite import SqliteStore
from hub.tools.schema import call
from hub.topics import is_id
from serving import Serving, Thing, until

SEED = int(os.environ.get("FUZZ_SEED", "20261128"))
CASES = int(os.environ.get("FUZZ_CASES", "20000"))
BATCH_SIZE = 500
"""Number of messages after which the test checks that the hub still works."""
RULES = """
[[rule]]
id = "hot"
metric = "t"
above = 80

[[rule]]
id = "fast"
metric = "temperature"
kind = "rate"
by = 5
within = "1m"

[[rule]]
id = "gone"
kind = "no_data"
silence = "5m"
"""
INTERNAL_ERRORS = ("decoder_fault", "not_storable")


class FuzzFault(AssertionError):
    """Fault found by the fuzzer."""


def check(ok: bool, fault: str, case: object) -> None:
    if not ok:
        raise FuzzFault(f"seed {SEED}: {fault}\n{str(case)[:2_000]}")


class TracebackLog(logging.Handler):
    """Log handler that keeps tracebacks, which are unexpected errors."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        if record.exc_info or "apart" in record.getMessage() or "smaller groups" in record.getMessage():
            self.seen.append(logging.Formatter().format(record))


@pytest.fixture
def watch(monkeypatch: pytest.MonkeyPatch) -> Iterator[TracebackLog]:
    """Record all tracebacks, also repeated ones that the hub does not log."""
    watch = TracebackLog()
    monkeypatch.setattr(FaultLog, "error", _always)
    logging.getLogger().addHandler(watch)
    yield watch
    logging.getLogger().removeHandler(watch)


def _always(self: FaultLog, kind: object, text: str, *values: object, cause: Any = None, level: int = 40) -> bool:
    self._log.log(level, text, *values, exc_info=cause)
    return True


async def send_messages(hub: ApiHub, watch: TracebackLog, first: int, count: int) -> None:
    """Queue messages as the MQTT client does, and check after each batch that the hub still works."""
    for start in range(first, first + count, BATCH_SIZE):
        numbers = range(start, min(start + BATCH_SIZE, first + count))
        messages = [fuzzing.message(fuzzing.seeded(SEED, number)) for number in numbers]
        for message in messages:
            hub.services.messages.take(
                [RawMessage(message.topic, message.payload, now_ms(), qos=1, retained=message.retained)]
            )
        hub.publish("devices/marker/telemetry", {"beat": start})
        await hub.settled()
        marker = hub.services.registry.get("marker")
        alive = marker is not None and marker.metrics["beat"].value == start and not hub.tasks[0].done()
        if watch.seen or not alive:
            await find_cause(hub, watch, messages)
            raise FuzzFault(f"seed {SEED}: the hub stopped or failed within cases {numbers}: {watch.seen[:1]}")
    rejected = (await hub.http.get("/api/rejected?limit=1000")).json()["items"]
    internal = [one for one in rejected if one["reason"] in INTERNAL_ERRORS]
    check(not internal, "a message was rejected because of an internal error", internal[:3])


async def find_cause(hub: ApiHub, watch: TracebackLog, messages: Sequence[fuzzing.Message]) -> None:
    """Raise for the message of the batch that fails alone, if one does."""
    for message in messages:
        watch.seen.clear()
        hub.publish(message.topic, message.payload)
        await hub.settled()
        check(not watch.seen, f"a message fails: {''.join(watch.seen)[-1_500:]}", message)


async def read_everything(client: httpx.AsyncClient) -> dict[str, Any]:
    """Read every device, alert and command. Return the devices by id."""
    found: dict[str, Any] = {}
    cursor = ""
    while cursor is not None:
        page = (await client.get(f"/api/devices?limit=1000{cursor}")).json()
        for device in page["items"]:
            subresources = ("/commands", "/rules", "/messages") if len(found) < 3 else ()
            for part in ("", *subresources):
                answer = await client.get(f"/api/devices/{device['id']}{part}")
                check(answer.status_code == 200, f"{answer.status_code} for a device{part}", (device, answer.text))
                if not part:
                    found[device["id"]] = answer.json()
        cursor = None if page["next"] is None else f"&cursor={page['next']}"
    for path in ("/api/alerts", "/api/activity", "/api/rejected", "/api/rules", "/api/status", "/readyz", "/metrics"):
        answer = await client.get(path)
        check(answer.status_code == 200, f"{answer.status_code} for {path}", answer.text)
    return found


def inner_client(hub: ApiHub) -> httpx.AsyncClient:
    """Return a client that calls the application without a socket, which is faster."""
    return httpx.AsyncClient(transport=httpx.ASGITransport(hub.app), base_url=hub.url, timeout=20)


async def send_request(client: httpx.AsyncClient, call: fuzzing.Call) -> None:
    body = None if call.body is None else call.body.encode("utf-8", "surrogatepass")
    try:
        answer = await client.request(
            call.method, call.path, content=body, headers={"Content-Type": "application/json"}
        )
    except (httpx.InvalidURL, httpx.UnsupportedProtocol):
        return
    unavailable = answer.status_code == 503  # no broker, or no model
    check(answer.status_code < 500 or unavailable, f"{answer.status_code}: {answer.text[:300]}", call)


async def test_hostile_messages_of_every_dialect_do_not_stop_hub(tmp_path: Path, watch: TracebackLog) -> None:
    (tmp_path / "mappings.toml").write_text("")
    async with running_hub(tmp_path, rules=RULES, live_clients=4) as hub:
        revision = (await hub.http.get("/api/mappings/text")).json()["revision"]
        put = await hub.http.put("/api/mappings", json={"text": MAPPINGS, "revision": revision})
        assert put.status_code == 200, put.text
        await send_messages(hub, watch, 0, CASES * 3 // 4)
        before = await read_everything(hub.http)
    async with running_hub(tmp_path, rules=RULES) as hub:
        after = await read_everything(hub.http)
        check(after.keys() == before.keys(), "devices are missing after a restart", before.keys() ^ after.keys())
        for name, device in before.items():
            for part in ("reported", "desired", "info", "native_id"):
                check(after[name][part] == device[part], f"{part} differs after a restart", (device, after[name]))
    check(not watch.seen, f"an unexpected error was logged: {watch.seen[:1]}", "")


async def test_hostile_requests_to_every_route_cause_no_500(tmp_path: Path, watch: TracebackLog) -> None:
    for name in ("rules.toml", "mappings.toml"):
        (tmp_path / name).write_text("")
    async with running_hub(tmp_path, rules=RULES) as hub:
        for name in ("x", "pump", "lamp"):
            hub.publish(f"devices/{name}/info", {"commands": fuzzing.COMMANDS})
            await hub.telemetry(name, t=90, temperature=20)
        api, rng = hub.app.openapi(), fuzzing.seeded(SEED, -1)
        inside = inner_client(hub)
        count = CASES // 10
        for number, request in enumerate(islice(fuzzing.calls(rng, api), count)):
            await send_request(hub.http if number % 10 == 0 else inside, request)
            check(not watch.seen, f"a request fails: {''.join(watch.seen)[-1_500:]}", request)
        await hub.telemetry("marker", beat=1)
        await read_everything(hub.http)
    async with running_hub(tmp_path, rules=RULES) as hub:
        await read_everything(hub.http)


async def test_hostile_command_values_in_every_encoding_cause_no_500(tmp_path: Path, watch: TracebackLog) -> None:
    """The devices and their commands come from real announcements; the values are hostile."""
    async with running_hub(tmp_path) as hub:
        hub.publish("devices/x/info", {"commands": fuzzing.COMMANDS})
        for topic, payload, retained in fuzzing.genuine():
            hub.services.messages.take([RawMessage(topic, payload, now_ms(), retained=retained)])
        await hub.settled()
        commands = [(d.id, name) for d in hub.services.registry.devices() for name in d.info.commands]
        assert len({hub.services.registry.require(d).dialect for d, _ in commands}) >= 5
        rng, inside = fuzzing.seeded(SEED, -2), inner_client(hub)
        for _ in range(CASES // 40):
            device, name = rng.choice(commands)
            valid = rng.choice(("1", "true", '"on"', "50", "1e300", "-1e300", '{"level": 1e300}', '{"state": "ON"}'))
            value = rng.choice((valid, fuzzing.value(rng)))
            body = f'{{"name": {json.dumps(name)}, "value": {value}}}'
            await send_request(inside, fuzzing.Call("POST", f"/api/devices/{quote(device)}/commands", body))
            check(not watch.seen, f"a command fails: {''.join(watch.seen)[-1_500:]}", (device, body))
        await hub.settled()
        await read_everything(hub.http)
    async with running_hub(tmp_path) as hub:
        await read_everything(hub.http)


def test_hostile_toml_of_rules_and_mappings_raises_only_config_error() -> None:
    for number in range(CASES // 20):
        text = fuzzing.rules(fuzzing.seeded(SEED, 10**6 + number))
        for read in (parse, parse_mappings, parse_signatures):
            try:
                read(text)
            except ConfigError as error:
                check("Traceback" not in str(error), "a traceback in an answer", text)
            except Exception as error:
                raise FuzzFault(f"seed {SEED}: {read.__name__} fails: {error!r}\n{text[:500]}") from error


async def test_hostile_table_rows_are_stored_or_refused(tmp_path: Path) -> None:
    """Readings from a table can be stored and read back; invalid rows are refused."""
    file, store, found = tmp_path / "rows.csv", SqliteStore.open(tmp_path), dict[tuple[str, str], int]()
    for number in range(CASES // 40):
        rng = fuzzing.seeded(SEED, 5 * 10**6 + number)
        cells = ["2026-01-01T00:00:00Z", "x", "t", "1"]
        cells[rng.randrange(4)] = rng.choice((fuzzing.value(rng, 0), rng.choice(fuzzing.DEVICES), ".", ".."))
        line = ",".join('"' + cell.replace('"', '""') + '"' for cell in cells)
        file.write_bytes(f"time,device,metric,value\n{line}\n".encode("utf-8", "surrogatepass"))
        try:
            readings = [row for row in read_table(file, "csv") if isinstance(row, Reading)]
            await store.add(readings)
        except Invalid:
            continue
        except Exception as error:
            raise FuzzFault(f"seed {SEED}: a row fails: {error!r}\n{line[:500]}") from error
        for one in readings:
            check(is_id(one.device), "a device id that cannot be in a URL", one)
            found[one.device, one.metric] = one.ts
    assert found
    for (device, metric), _ in found.items():
        assert (await store.readings(device, metric, -(2**53), 2**53, 10_000)).points
    await store.close()


class Tools:
    async def look(self, device: str, hours: float = 1.0, points: int = 5, labels: list[str] | None = None) -> Any:
        """Look at a device."""
        return [device, hours, points, labels]


async def test_hostile_model_answers_cause_no_error() -> None:
    for number in range(CASES // 20):
        rng = fuzzing.seeded(SEED, 2 * 10**6 + number)
        tool_arguments = fuzzing.mutated(rng, {"device": "x", "hours": 2, "points": 3, "labels": ["a"]})
        try:
            result = await call(Tools(), "look", arguments(tool_arguments))
            bounds.check(result)
            json.dumps(result).encode()
            reading = PartialStatements()
            answer = fuzzing.mutated(rng, {"summary": "It is hot.", "claims": [{"text": "t", "evidence": ["e1"]}]})
            for at in range(0, min(len(answer), 4_000), 64):
                for claim in reading.feed(answer[at : at + 64]):
                    json.dumps(claim).encode()
        except Exception as error:
            raise FuzzFault(f"seed {SEED}: an answer of a model fails: {error!r}\n{tool_arguments[:500]}") from error


async def test_hostile_socket_messages_cause_no_error(tmp_path: Path, watch: TracebackLog) -> None:
    async with running_hub(tmp_path) as hub:
        for number in range(CASES // 200):
            rng = fuzzing.seeded(SEED, 3 * 10**6 + number)
            body = {"type": "hello", "action": "chat", "since": 1, "epoch": "x", "topic": "t", "message": "Hello"}
            async with hub.socket(rng.choice(("/api/live", "/ws"))) as connection:
                await connection.send(fuzzing.mutated(rng, body).encode("utf-8", "replace").decode()[:1_000_000])
        await hub.telemetry("marker", beat=1)
        check(not watch.seen, f"a socket fails: {watch.seen[:1]}", "")


def test_hostile_messages_through_real_broker_survive_restart(tmp_path: Path) -> None:
    """Send part of the messages through Mosquitto and HTTP, and restart the hub on the result."""
    broker = Mosquitto(tmp_path)
    broker.start()
    hub = Serving(tmp_path / "data", broker)
    hub.start()
    publisher = Thing(broker)
    try:
        publisher.say("devices/x/info", {"commands": fuzzing.COMMANDS})
        for turn in range(2):
            for number in range(CASES // 40):
                message = fuzzing.message(fuzzing.seeded(SEED, 4 * 10**6 + turn * CASES + number))
                if len(message.topic.encode()) < 60_000 and "\0" not in message.topic:
                    publisher.client.publish(message.topic, message.payload, qos=1, retain=message.retained)
            for body in ('{"t": 100000000000000000000000000}', '{"t": 1e308}', json.dumps({"k": [[1]]})):
                assert hub.http.patch("/api/devices/x/desired", content=body, headers=JSON).status_code in (200, 422)
            sent = hub.http.post(
                "/api/devices/x/commands", content=f'{{"name": "number", "value": {"9" * 40}}}', headers=JSON
            )
            assert sent.status_code == 422, sent.text
            publisher.say("devices/marker/telemetry", {"beat": turn})
            until(lambda turn=turn: _beat(hub) == turn)
            for device in hub.get("/api/devices?limit=1000")["items"]:
                hub.get(f"/api/devices/{device['id']}")
            hub.kill()
            hub.start()
    finally:
        publisher.leave()
        hub.stop()
        broker.stop()
    log = (tmp_path / "hub.log").read_text()
    check("Traceback" not in log, "a traceback in the log", log[-3_000:])


def _beat(hub: Serving) -> Any:
    answer = hub.http.get("/api/devices/marker")
    return answer.json()["metrics"]["beat"]["value"] if answer.status_code == 200 else None


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("module", "name", "replacement"),
    [
        (bounds, "_check", lambda value, what, levels: None),
        (native, "when", lambda value, received, **_: (int(float(value or 0)), "good")),
    ],
    ids=["no depth limit", "no time limits"],
)
async def test_fuzzer_finds_seeded_fault(
    module: Any, name: str, replacement: Any, tmp_path: Path, watch: TracebackLog, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, name, replacement)
    async with running_hub(tmp_path, rules=RULES) as hub:
        with pytest.raises(FuzzFault, match=str(SEED)):
            await send_messages(hub, watch, 0, 4_000)


def test_same_seed_makes_same_cases() -> None:
    cases = [[fuzzing.message(fuzzing.seeded(SEED, number)) for number in range(50)] for _ in range(2)]
    assert cases[0] == cases[1]
