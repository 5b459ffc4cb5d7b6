"""Limits for values from MQTT, HTTP, TOML and models are the same, and invalid values never prevent a restart."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from api_hub import ApiHub, Socket, running_hub
from conformance import MAPPINGS
from dialect_run import NOW, json_values
from hub.ai.completions import arguments
from hub.assembly.load_settings import load_settings
from hub.bounds import MAX_DEPTH, MAX_KEY, check, decode_json, decode_json_as, decode_shallow_json, decode_toml
from hub.dialects import DialectConfig, make_dialects, parse_mappings
from hub.dialects.payload_schema import PayloadSchema
from hub.dialects.times import when
from hub.errors import ConfigError, Rejected
from hub.ingest.pipeline import Pipeline
from hub.ingest.queue import IngestQueue
from hub.insight.signature import parse_signatures
from hub.model import RawMessage, Tick
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse
from hub.runtime.bus import Bus
from hub.store.sqlite import SqliteStore
from hub.topics import is_id, slug

OVER_64_BITS = 2**64
HUGE_NUMBER = "9" * 400
INFO = {"commands": {"set": {"properties": {"level": {"type": "number"}, "any": {"type": "object"}}}}}


def nest(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


# -- decoders ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (str(2**63), "bad_value"),
        (str(-(2**63) - 1), "bad_value"),
        (HUGE_NUMBER, "bad_value"),
        ("9" * 5_000, "bad_value"),
        ("1e400", "bad_value"),
        ("[1, -1e999]", "bad_value"),
        ("NaN", "not_json"),
        ("[Infinity]", "not_json"),
        ('"\\ud800"', "not_json"),
        ('{"\\udc00": 1}', "not_json"),
        ("[" * 33 + "]" * 33, "too_deep"),
        ("[" * 984 + "]" * 984, "too_deep"),
        ("[" * 100_000 + "]" * 100_000, "too_deep"),
        ('{"a":' * 33 + "1" + "}" * 33, "too_deep"),
        (json.dumps({"k" * (MAX_KEY + 1): 1}), "bad_name"),
    ],
)
def test_json_over_limits_is_rejected(text: str, reason: str) -> None:
    with pytest.raises(Rejected) as caught:
        decode_json(text.encode())
    assert caught.value.reason == reason


def test_error_names_path_of_invalid_value() -> None:
    with pytest.raises(
        Rejected, match=r"beyond 64 bits \(-9223372036854775808 to 9223372036854775807\), at a\[1\]\.b\."
    ):
        decode_json(f'{{"a": [1, {{"b": {OVER_64_BITS}}}]}}'.encode())
    with pytest.raises(ConfigError, match=r"rules\.toml .*, at rule\[0\]\.above\."):
        parse(f'[[rule]]\nid = "r"\nmetric = "m"\nabove = {HUGE_NUMBER}')
    with pytest.raises(Rejected, match="surrogate"):
        check({"k": ["\ud800"]})


def test_json_at_limits_is_accepted() -> None:
    for value in (2**63 - 1, -(2**63), 1e308, -0.0, "", "\x00", "😀", nest(MAX_DEPTH), {"k" * MAX_KEY: None}):
        assert decode_json(json.dumps(value).encode()) == value


def test_depth_limit_is_the_same_in_every_decoder() -> None:
    deep, deeper = json.dumps(nest(MAX_DEPTH)).encode(), json.dumps(nest(MAX_DEPTH + 1)).encode()
    assert decode_json(deep) == decode_shallow_json(deep) == decode_json_as(deep, list)
    for decode in (decode_json, decode_shallow_json, lambda data: decode_json_as(data, list)):
        with pytest.raises(Rejected, match="32 levels"):
            decode(deeper)


@given(json_values)
def test_value_within_limits_round_trips_through_store_encoding(value: Any) -> None:
    try:
        check(value)
    except Rejected:
        return
    stored = msgspec.msgpack.decode(msgspec.msgpack.encode(value))
    assert stored == value
    assert decode_json(msgspec.json.encode(stored)) == value


def test_last_duplicate_key_wins_in_every_decoder() -> None:
    text = b'{"a": 1, "ts": 1795386000001, "a": 2, "ts": 1795386000000, "seq": 1, "seq": 2}'
    assert decode_json(text)["a"] == decode_shallow_json(text)["a"] == json.loads(text)["a"] == 2
    payload_schema = PayloadSchema({"a": float})
    read = payload_schema.read(text)
    assert read is not None
    assert read == ({"a": 2.0}, 1_795_386_000_000, 2)
    assert msgspec.structs.astuple(payload_schema.numbers(text)) == (2.0, 1_795_386_000_000, 2)


@pytest.mark.parametrize("ts", [10**400, -(10**400), 2**70, 1e300, float("nan"), float("inf"), True, [1], HUGE_NUMBER])
def test_time_outside_calendar_is_rejected(ts: Any) -> None:
    with pytest.raises(Rejected) as caught:
        when(ts, NOW)
    assert caught.value.reason == "bad_time"


@pytest.mark.parametrize(
    "text",
    [
        f"above = {HUGE_NUMBER}",
        f"above = {'9' * 5_000}",
        f"above = 0x{'f' * 5_000}",
        f"above = {OVER_64_BITS}",
        "above = inf",
        "above = nan",
        f"above = {'[' * 5_000}{']' * 5_000}",
        f"{'a.' * 90_000}b = 1",
        f"[{'a.' * 90_000}b]",
        f"{'a . ' * 40}b = 1",
        "above = " + "{a = " * 60 + "1" + "}" * 60,
    ],
)
def test_toml_over_limits_is_config_error(text: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"rules\.toml"):
        decode_toml(text, "rules.toml")
    with pytest.raises(ConfigError):
        parse(f'[[rule]]\nid = "r"\nmetric = "m"\n{text}')
    with pytest.raises(ConfigError):
        parse_signatures(f'[[cause]]\nid = "c"\n{text}')
    (tmp_path / "hub.toml").write_text(f"[http]\n{text}")
    with pytest.raises(ConfigError):
        load_settings(tmp_path / "hub.toml", environ={})


@pytest.mark.parametrize("key", ["above", "value", "by", "within", "for", "silence", "clear"])
@pytest.mark.parametrize(
    "digits", [HUGE_NUMBER, f"-{HUGE_NUMBER}", "9" * 5_000, "1e999", f'"{HUGE_NUMBER}s"', str(OVER_64_BITS)]
)
def test_every_number_of_rule_is_bounded(key: str, digits: str) -> None:
    kinds = {"value": "equals", "by": "rate", "within": "rate", "silence": "no_data"}
    given = {"rate": {"by": "1", "within": "'1m'"}, "threshold": {"above": "1"}}.get(kinds.get(key, "threshold"), {})
    given |= {key: digits}
    head = f'[[rule]]\nid = "r"\nkind = "{kinds.get(key, "threshold")}"\n'
    head += "" if key == "silence" else 'metric = "m"\n'
    try:
        parse(head + "\n".join(f"{name} = {value}" for name, value in given.items()))
    except ConfigError:
        return
    assert (key, digits[0]) == ("value", '"')  # a string is a valid value


@pytest.mark.parametrize("name", [".", ".."])
def test_dot_names_get_url_safe_ids(name: str) -> None:
    assert not is_id(name)
    assert is_id(slug(name))
    assert slug(name) != slug({".": "..", "..": "."}[name])


@asynccontextmanager
async def running_pipeline(folder: Path) -> AsyncIterator[tuple[Pipeline, DeviceRegistry, IngestQueue]]:
    """Run a pipeline with every dialect on a real store, without an API."""
    store, ingest_queue, registry = SqliteStore.open(folder), IngestQueue(), DeviceRegistry()
    config = DialectConfig(mappings=tuple(parse_mappings(MAPPINGS)))
    pipeline = Pipeline(
        ingest_queue=ingest_queue,
        dialects=make_dialects(config),
        registry=registry,
        engine=Engine(parse('[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80')),
        store=store,
        bus=Bus(),
        now=lambda: NOW,
    )
    await pipeline.restore()
    running = asyncio.create_task(pipeline.run(), name="pipeline")
    yield pipeline, registry, ingest_queue
    ingest_queue.close()
    await asyncio.wait_for(running, 20)
    await store.close()


# -- MQTT, HTTP and sockets --------------------------------------------------------------------------------------


async def _read_all(hub: ApiHub) -> dict[str, Any]:
    """Read every device, alert and command over HTTP. Return the devices by id."""
    found = {}
    for device in (await hub.http.get("/api/devices")).json()["items"]:
        for path in ("", "/commands", "/rules", "/messages"):
            answer = await hub.http.get(f"/api/devices/{device['id']}{path}")
            assert answer.status_code == 200, (device["id"], path, answer.text)
            if path == "":
                found[device["id"]] = answer.json()
    for path in ("/api/alerts", "/api/rejected", "/api/activity", "/api/status", "/readyz"):
        assert (await hub.http.get(path)).status_code == 200, path
    return found


@pytest.mark.parametrize("kind", ["reported", "desired"])
@pytest.mark.parametrize(
    "payload",
    [
        f'{{"t": {OVER_64_BITS}}}',
        f'{{"k": {"[" * 984}{"]" * 984}}}',
        f'{{"k": {HUGE_NUMBER}}}',
        '{"": 1}',
        '{"k": 1e999}',
    ],
)
async def test_twin_over_limits_is_rejected_and_hub_restarts(kind: str, payload: str, tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("x", temperature=20)
        hub.publish(f"devices/x/{kind}", payload.encode())
        hub.publish(f"devices/x/{kind}", {"good": 7})
        await hub.settled()
        assert (await _read_all(hub))["x"][kind] == {"good": 7}
        [rejected] = (await hub.http.get("/api/rejected")).json()["items"]
        assert rejected["topic"] == f"devices/x/{kind}"
    async with running_hub(tmp_path) as hub:
        assert (await _read_all(hub))["x"][kind] == {"good": 7}


async def test_command_over_limits_is_refused(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        hub.publish("devices/x/info", INFO)
        await hub.settled()
        for value in (
            "9" * 40,
            HUGE_NUMBER,
            "9" * 5_000,
            "1e999",
            "NaN",
            '"\\ud800"',
            json.dumps({"any": {"a": nest(40)}}),
        ):
            inner = f'{{"level": {value}}}'
            for text in (f'{{"name": "set", "value": {given}}}' for given in (inner, value)):
                answer = await hub.http.post(
                    "/api/devices/x/commands", content=text, headers={"Content-Type": "application/json"}
                )
                assert answer.status_code in (400, 422), (text[:80], answer.text)
        sent = await hub.http.post("/api/devices/x/commands", json={"name": "set", "value": {"level": 3}})
        assert sent.status_code == 202
        await _read_all(hub)


@pytest.mark.parametrize(
    "text", [f'{{"t": {10**26}}}', '{"k": "\\ud800"}', '{"\\ud800": 1}', json.dumps({"k": nest(32)})]
)
async def test_desired_state_over_limits_is_refused(text: str, tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("x", temperature=20)
        answer = await hub.http.patch(
            "/api/devices/x/desired", content=text, headers={"Content-Type": "application/json"}
        )
        assert answer.status_code == 422
        assert answer.json()["error"]["code"] == "invalid"


@pytest.mark.parametrize(
    "line", [f"above = {HUGE_NUMBER}", f"above = {'[' * 5_000}{']' * 5_000}", f"above = 1\nfor = {HUGE_NUMBER}"]
)
async def test_rules_over_limits_are_reported_by_check_and_put(line: str, tmp_path: Path) -> None:
    (tmp_path / "rules.toml").write_text("")
    (tmp_path / "mappings.toml").write_text("")
    async with running_hub(tmp_path) as hub:
        for kind, table in (("rules", 'id = "r"\nmetric = "m"'), ("mappings", 'topic = "a/{device}"')):
            text = f"[[{kind.removesuffix('s')}]]\n{table}\n{line}"
            checked = (await hub.http.post(f"/api/{kind}/check", json={"text": text})).json()
            assert checked["problem"]
            revision = (await hub.http.get(f"/api/{kind}/text")).json()["revision"]
            put = await hub.http.put(f"/api/{kind}", json={"text": text, "revision": revision})
            assert put.status_code == 422, put.text
            assert kind in put.json()["error"]["message"]


async def test_socket_message_over_limits_is_refused(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        async with hub.socket("/ws") as connection:
            client = Socket(connection)
            for text in (
                f'{{"action": "chat", "x": {"[" * 1_500}{"]" * 1_500}}}',
                f'{{"action": "chat", "n": {HUGE_NUMBER}}}',
            ):
                await connection.send(text)
                assert (await client.wait("error"))["message"]
        for text in (
            f'{{"type": "hello", "since": {OVER_64_BITS}}}',
            f'{{"type": "hello", "x": {"[" * 1_500}{"]" * 1_500}}}',
        ):
            async with hub.socket("/api/live") as connection:
                await connection.send(text)
                await connection.wait_closed()
                assert connection.close_code == 1008


async def test_devices_with_dot_names_are_reachable(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        for name in (".", "..", "...", "-.", "~"):
            await hub.telemetry(name, temperature=20)
        listed = (await hub.http.get("/api/devices")).json()["items"]
        assert {one["native_id"] for one in listed} == {".", "..", "...", "-.", "~"}
        for one in listed:
            assert (await hub.http.get(f"/api/devices/{one['id']}")).json()["id"] == one["id"]


async def test_device_name_over_limit_is_rejected(tmp_path: Path) -> None:
    async with running_hub(tmp_path) as hub:
        await hub.telemetry("x" * 10_000, temperature=20)
        assert (await hub.http.get("/api/devices")).json()["items"] == []
        [rejected] = (await hub.http.get("/api/rejected")).json()["items"]
        assert rejected["reason"] == "bad_name"


async def test_unsigned_64_bit_number_is_stored_as_double(tmp_path: Path) -> None:
    """Metrics are doubles, so an unsigned 64-bit counter is valid telemetry."""
    async with running_hub(tmp_path) as hub:
        for _ in range(10):  # the first ones take the slow path, later ones the fast path
            hub.publish("devices/x/telemetry", b'{"count": 18446744073709551615}')
            hub.publish("devices/x/telemetry", f'{{"count": {HUGE_NUMBER}}}'.encode())
        await hub.settled()
        assert (await _read_all(hub))["x"]["metrics"]["count"]["value"] == 18446744073709551615.0
        assert len((await hub.http.get("/api/rejected")).json()["items"]) == 10


# -- generated values --------------------------------------------------------------------------------------------

scalars = (
    st.none()
    | st.booleans()
    | st.integers(-(2**70), 2**70)
    | st.sampled_from([10**40, -(10**400), 2**63, 2**64, -0.0, 5e-324, 1e308])
    | st.floats()
    | st.text(st.characters(), max_size=8)
)
keys = st.text(max_size=6) | st.just("k" * 1_100)
anything = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6) | st.just("k" * 1_100), inner, max_size=4)
    ),
    max_leaves=8,
)
FIELDS = (
    *("ts", "seq", "id", "metrics", "device_id", "t", "name", "units", "limits", "labels", "commands", "status"),
    *("last_seen", "Time", "params", "state", "value"),
)
fields = st.sampled_from(FIELDS)
bodies = anything | st.dictionaries(fields, anything, max_size=5)
TOPICS = (
    *(f"devices/x/{kind}" for kind in ("telemetry", "telemetry/t", "info", "desired", "reported", "replies", "status")),
    *("devices/./telemetry", "devices/../reported", "devices/y/desired", "home/room/t"),
    *("zigbee2mqtt/bridge/devices", "zigbee2mqtt/lamp", "zigbee2mqtt/lamp/availability"),
    *("tasmota/discovery/AABBCC/config", "tele/plug/SENSOR", "stat/plug/RESULT", "tele/plug/STATE"),
    *("shellies/shelly1-1/relay/0", "shellies/announce", "shellyplus1-1/events/rpc", "shellyplus1-1/status/switch:0"),
    *("homie/5/dev/$description", "homie/dev/$homie", "homie/dev/node/prop", "homie/5/dev/node/prop"),
    *("homeassistant/sensor/a/config", "homeassistant/device/a/config", "homeassistant/light/a/config"),
    *("spBv1.0/G/NBIRTH/e", "spBv1.0/G/DDATA/e/d", "spBv1.0/STATE/host"),
)


def _as_text(body: Any) -> bytes:
    try:
        return json.dumps(body).encode()
    except ValueError:  # an integer with more digits than Python converts
        return b"9" * 5_000


@settings(max_examples=40, deadline=None)
@given(st.lists(st.tuples(st.sampled_from(TOPICS), bodies), min_size=1, max_size=25))
def test_any_messages_are_handled_and_state_survives_restart(messages: list[tuple[str, Any]]) -> None:
    async def live(folder: Path) -> None:
        known: dict[str, Any] = {}
        for turn in range(2):
            async with running_pipeline(folder) as (pipeline, registry, ingest_queue):
                if turn:
                    assert {d.id: (d.desired, d.reported, d.info) for d in registry.devices()} == known
                ingest_queue.offer([RawMessage(topic, _as_text(body), NOW + turn) for topic, body in messages])
                ingest_queue.offer([RawMessage("devices/marker/telemetry", b'{"t": 1}', NOW)])
                await ingest_queue.submit(Tick(NOW, NOW))
                assert registry.require("marker").metrics["t"].value == 1
                for device in registry.devices():
                    assert is_id(device.id)
                    msgspec.json.encode(device)
                known = {d.id: (d.desired, d.reported, d.info) for d in registry.devices()}
                reasons = {rejected.reason for rejected in await pipeline._store.rejections(1_000)}
                assert not reasons & {"decoder_fault", "not_storable"}

    with TemporaryDirectory() as folder:
        asyncio.run(live(Path(folder)))


@given(bodies)
def test_arbitrary_toml_and_model_arguments_raise_only_config_error(body: Any) -> None:
    text = _as_text(body).decode()
    for line in (f"above = {text}", f"{text} = 1", text):
        try:
            parse(f'[[rule]]\nid = "r"\nmetric = "m"\n{line}')
        except ConfigError:
            continue
    assert arguments(text) is not None or text == "null"
