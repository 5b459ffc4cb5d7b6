"""The Tasmota dialect: ownership of topics, rejected messages, limits, restart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import DialectConfig, Subscribe, TasmotaDialect, make_dialect
from hub.errors import Rejected
from tasmota_devices import MAC, announced, config


def test_device_known_by_topic_keeps_id_when_announced():
    hub = DialectRun(TasmotaDialect())
    before = hub.say("tele/plug/SENSOR", {"ANALOG": {"A0": 1}}).records[0].device
    hub.say("tele/plug/INFO1", {"Info1": {"Module": "Generic", "Version": "9.5.0(tasmota)"}})
    assert hub.registry.identities[before].native_id == "plug"
    assert hub.registry.identities[before].info.firmware == "9.5.0(tasmota)"
    hub.say(f"tasmota/discovery/{MAC}/config", config())
    assert hub.say("tele/plug/SENSOR", {"ANALOG": {"A0": 2}}).records[0].device == before
    assert (hub.registry.identities[before].native_id, hub.registry.identities[before].info.name) == (MAC, "Desk plug")


def test_changed_topic_keeps_device():
    hub = announced(config(), config(topic="lamp"))
    assert hub.say("tele/lamp/SENSOR", {"ANALOG": {"A0": 1}}).records[0].device == MAC
    assert hub.say("tele/plug/SENSOR", {"ANALOG": {"A0": 1}}).records[0].device == "tasmota:plug"


def test_topics_of_another_device_are_refused():
    hub = announced(config())
    other = config(mac="A4CF12B03C02")
    with pytest.raises(Rejected, match="delete its retained") as caught:
        hub.say("tasmota/discovery/A4CF12B03C02/config", other)
    assert caught.value.reason == "topic_taken"
    hub.say(f"tasmota/discovery/{MAC}/config", b"")  # cleared: its topics are free
    hub.say("tasmota/discovery/A4CF12B03C02/config", other)
    assert hub.say("tele/plug/SENSOR", {"ANALOG": {"A0": 1}}).records[0].device == "A4CF12B03C02"


def test_device_keeps_id_after_announcement_is_cleared():
    hub = announced(config())
    hub.say(f"tasmota/discovery/{MAC}/config", b"")
    assert hub.say("tele/plug/SENSOR", {"ANALOG": {"A0": 1}}).records[0].device == MAC


@pytest.mark.parametrize("full", ["devices/%topic%/%prefix%/", "zigbee2mqtt/%prefix%/", "tasmota/discovery/%prefix%/"])
def test_topics_of_another_dialect_are_refused(full):
    hub = DialectRun(make_dialect("tasmota", DialectConfig()))
    with pytest.raises(Rejected) as caught:
        hub.say(f"tasmota/discovery/{MAC}/config", config(ft=full))
    assert caught.value.reason == "topic_taken"


@pytest.mark.parametrize(
    "wrong",
    [
        {"ft": "#/%prefix%/"},
        {"ft": "/"},
        {"ft": "%topic%/"},
        {"ft": "%prefix%/\n"},
        {"t": None},
        {"tp": ["cmnd", "stat"]},
        {"ft": "x" * 300 + "%prefix%/"},
    ],
)
def test_announcement_without_usable_topics_is_refused(wrong):
    with pytest.raises(Rejected):
        DialectRun(TasmotaDialect()).say(f"tasmota/discovery/{MAC}/config", config(**wrong))


@pytest.mark.parametrize("payload", [b"[1]", b"{", b"3.5", b"\xff\xfe", b'{"a": nan}'])
def test_payload_that_is_no_object_is_rejected(payload):
    with pytest.raises(Rejected):
        announced(config()).say("tele/plug/SENSOR", payload)


def test_units_are_limited_to_256():
    hub = announced(config())
    hub.say("tele/plug/SENSOR", {f"S{n}": {"Temperature": n} for n in range(300)} | {"TempUnit": "C"})
    assert len(hub.registry.identities[MAC].info.units) <= 256


@settings(max_examples=examples(200))
@given(
    leaf=st.sampled_from(["SENSOR", "STATE", "RESULT", "LWT", "POWER1", "STATUS8", "INFO1", "DEEPSLEEP", "X/SENSOR"]),
    body=json_values
    | st.dictionaries(
        st.sampled_from(["Time", "Epoch", "TempUnit", "Wifi", "POWER", "Shutter1", "Button1", "StatusSNS", "ENERGY"]),
        json_values,
    ),
    announcement=st.fixed_dictionaries(
        {},
        optional=dict.fromkeys(
            ("t", "ft", "tp", "dn", "state", "rl", "lt_st", "so", "if", "dslp", "sw", "lk"), json_values
        ),
    ),
)
def test_any_message_is_decoded_or_rejected(leaf, body, announcement):
    hub = DialectRun(TasmotaDialect())
    for topic, what in (
        (f"tasmota/discovery/{MAC}/sensors", {"sn": body}),
        (f"tasmota/discovery/{MAC}/config", config() | announcement),
        (f"tasmota/discovery/{MAC}/sensors", {"sn": body}),
        (f"tele/plug/{leaf}", body),
        (f"stat/plug/{leaf}", body),
    ):
        try:
            hub.say(topic, what)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


@given(topic=st.text(max_size=30), payload=st.binary(max_size=100), retained=st.booleans())
def test_any_bytes_on_any_topic_are_decoded_or_rejected(topic, payload, retained):
    hub = DialectRun(TasmotaDialect())
    for prefix in ("tele/", "stat/", "tasmota/discovery/"):
        if hub.dialect.owns(prefix + topic):
            try:
                hub.say(prefix + topic, payload, retained=retained)
            except Rejected as error:
                assert error.reason  # noqa: PT017


async def test_announcement_survives_restart(tmp_path):
    own = config(ft="home/%topic%/%prefix%/")
    await run_hub(
        tmp_path,
        TasmotaDialect(),
        (f"tasmota/discovery/{MAC}/config", own),
        ("home/plug/tele/SENSOR", {"S": {"Temperature": 20.5}, "TempUnit": "C"}),
    )
    effects = []
    registry = await run_hub(
        tmp_path, TasmotaDialect(), ("home/plug/tele/SENSOR", {"S": {"Temperature": 21}}), effects=effects.append
    )
    device = registry.require(MAC)
    assert (device.metrics["S.Temperature"].value, device.unit("S.Temperature")) == (21.0, "°C")
    assert (device.display_name, device.native_id, device.dialect) == ("Desk plug", MAC, "tasmota")
    assert effects == [Subscribe(("home/plug/tele/#", "home/plug/stat/#"))]


@pytest.mark.parametrize("text", [b'\xef\xbb\xbf{"sn":{"ANALOG":{"A0":1}}}', b'{"sn":{"ANALOG":{"A0":1}}}\0'])
def test_sensors_before_the_announcement_are_stored_as_plain_json(text: bytes):
    hub = DialectRun(TasmotaDialect())
    [change] = hub.say(f"tasmota/discovery/{MAC}/sensors", text).changes
    again = TasmotaDialect()
    again.apply(change)  # at the next start
    assert change.value == b'{"sn":{"ANALOG":{"A0":1}}}'
