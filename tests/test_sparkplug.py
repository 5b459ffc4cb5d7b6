"""The Sparkplug dialect: recorded messages as vectors; sessions, datatypes, times, commands."""

import pytest

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun
from hub.control import descriptor, encode
from hub.dialects import SparkplugDialect
from hub.model import Command
from hub.topics import slug
from sparkplug_node import DEVICE, NODE, Plant, T, encode_value, metric, payload

VECTORS = vectors("sparkplug")
REBIRTH = "spBv1.0/Plant/NCMD/edge"


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, SparkplugDialect()) == []


def readings(result) -> dict:
    return {name: value for record in result.records for name, value in record.values.items()}


@pytest.mark.parametrize(
    ("datatype", "value"),
    [
        (T.INT8, -5), (T.INT8, 127), (T.INT16, -300), (T.INT32, -2147483648), (T.INT64, -9007199254740991),
        (T.UINT8, 250), (T.UINT16, 65535), (T.UINT32, 4294967295), (T.UINT64, 9007199254740991),
        (T.FLOAT, 0.5), (T.DOUBLE, -1e300), (T.BOOLEAN, True), (T.BOOLEAN, False), (T.STRING, "läuft"), (T.TEXT, ""),
        (T.UUID, "f81d4fae-7dec-11d0-a765-00a0c91e6bf6"), (T.DATETIME, 1795386000000),
    ],
)  # fmt: skip
def test_every_datatype_round_trips(datatype, value):
    values = readings(Plant().born().press("DATA", metric("x", datatype, value), seq=2))
    assert values == {"x": value}
    assert type(values["x"]) is (float if isinstance(value, int) and not isinstance(value, bool) else type(value))


@pytest.mark.parametrize(
    ("datatype", "sent", "read"),
    [
        (T.INT8, encode_value(T.UINT8, 251), -5.0),  # sign in the lowest byte only
        (T.UINT32, encode_value(T.INT64, 4_000_000_000), 4e9),
        (T.INT32, encode_value(T.INT64, -5), -5.0),
        (T.FLOAT, encode_value(T.DOUBLE, 2.5), 2.5),
        (T.DOUBLE, encode_value(T.INT32, 3), 3.0),
        (T.BOOLEAN, encode_value(T.INT32, 1), True),
    ],
)
def test_number_in_another_field_is_read(datatype, sent, read):
    assert readings(Plant().born().press("DATA", metric("x", datatype, sent), seq=2)) == {"x": read}


def test_metrics_without_usable_value_are_ignored():
    plant = Plant().born()
    result = plant.press(
        "DATA",
        metric("file", T.BYTES, encode_value(T.BYTES, b"\x01")),
        metric("never", T.DOUBLE, null=True),
        metric("bad", T.DOUBLE, 1, Quality=0),
        metric("old", T.DOUBLE, 1, quality=500),
        metric("good", T.DOUBLE, 1, Quality=192),
        seq=2,
    )
    assert (readings(result), result.rejections) == ({"good": 1.0}, [])


def test_invalid_metric_is_rejected_alone():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    result = plant.press(
        "DATA", metric("n", T.DOUBLE, float("nan")), metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=2
    )
    assert readings(result) == {"x": 2.0}
    assert [r.reason for r in result.rejections] == ["bad_value"]


def test_alias_of_birth_is_resolved():
    plant = Plant().born(metric("Line/Speed", T.DOUBLE, 3, alias=12))
    assert readings(plant.press("DATA", metric(alias=12, value=encode_value(T.DOUBLE, 4.5)), seq=2)) == {
        "Line/Speed": 4.5
    }


def test_node_and_device_are_identified():
    plant = Plant().born(metric("Properties/Hardware Make", T.STRING, "Acme"), metric("t", T.FLOAT, 1, engUnit="degC"))
    node, press = (plant.registry.identities[slug(who)] for who in (NODE, DEVICE))
    assert (node.native_id, node.info.name, node.info.via) == ("Plant/edge", "edge", None)
    assert (press.native_id, press.info.name, press.info.via) == ("Plant/edge/press", "press", slug(NODE))
    assert (press.info.manufacturer, press.info.units) == ("Acme", {"t": "°C"})


def test_gap_in_seq_requests_rebirth_and_data_are_kept():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    assert plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=2).effects == []
    result = plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 3)), seq=5)
    assert readings(result) == {"x": 3.0}
    (rebirth,) = result.effects
    assert (rebirth.topic, rebirth.qos, rebirth.retained) == (REBIRTH, 0, False)
    assert rebirth.payload == payload(metric("Node Control/Rebirth", T.BOOLEAN, True, ts=NOW))


def test_seq_wraps_at_256():
    plant = Plant().born()
    for seq in (*range(2, 256), 0, 1):
        assert plant.node("DATA", seq=seq).effects == []


def test_data_before_birth_request_rebirth_once_a_minute():
    plant = Plant()
    result = plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=9)
    assert ([r.reason for r in result.rejections], len(result.effects)) == (["before_birth"], 1)
    assert plant.press("DATA", metric(alias=3), seq=10, received=NOW + 59_999).effects == []
    assert len(plant.node("DATA", seq=11, received=NOW + 60_000).effects) == 1


def test_data_with_names_and_types_are_read_without_birth():
    result = Plant().press("DATA", metric("x", T.DOUBLE, 2), seq=9)
    assert readings(result) == {"x": 2.0}
    assert [identity.native_id for identity in result.identities] == [NODE, DEVICE]
    assert len(result.effects) == 1


def test_value_of_undeclared_type_requests_rebirth():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    result = plant.press("DATA", metric(alias=3, value=encode_value(T.STRING, "on")), seq=2)
    assert ([r.reason for r in result.rejections], len(result.effects)) == (["wrong_type"], 1)


def test_node_birth_invalidates_device_births():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    plant.node("BIRTH", metric("bdSeq", T.INT64, 7), seq=0)
    result = plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=1)
    assert (readings(result), len(result.effects)) == ({}, 1)


def test_node_death_sets_node_and_devices_offline():
    plant = Plant().born()
    gone = plant.node("DEATH", metric("bdSeq", T.INT64, 7)).availability
    assert {(a.device, a.online) for a in gone} == {(slug(NODE), False), (slug(DEVICE), False)}
    (back,) = plant.node("BIRTH", metric("bdSeq", T.INT64, 8), seq=0).availability
    assert (back.device, back.online) == (slug(NODE), True)


@pytest.mark.parametrize(
    ("born", "died", "dead"), [(8, 7, False), (0, 255, False), (8, 8, True), (8, 9, True), (255, 0, True)]
)
def test_death_of_older_session_is_ignored(born, died, dead):
    """pysparkplug's NDEATH on disconnect has the bdSeq of the next session."""
    plant = Plant().born(session=born)
    assert bool(plant.node("DEATH", metric("bdSeq", T.INT64, died)).availability) is dead


def test_device_death_sets_device_offline():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    (gone,) = plant.press("DEATH", seq=2).availability
    assert (gone.device, gone.online) == (slug(DEVICE), False)
    assert len(plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=3).effects) == 1


def test_metric_times_are_used_and_historical_values_are_late():
    plant = Plant().born()
    result = plant.press(
        "DATA",
        metric("a", T.DOUBLE, 1),
        metric("b", T.DOUBLE, 2, ts=NOW - 40_000),
        metric("c", T.DOUBLE, 3, ts=NOW - 1_000, historical=True),
        metric("d", T.DOUBLE, 4, ts=NOW - 3 * 86_400_000, historical=True),
        metric("e", T.DOUBLE, 5, ts=NOW - 3 * 86_400_000),
        metric("f", T.DOUBLE, 6, ts=2**63),
        seq=2,
        ts=NOW - 10,
    )
    assert {name: (r.ts, r.quality) for r in result.records for name in r.values} == {
        "a": (NOW - 10, "good"),
        "b": (NOW - 40_000, "good"),
        "c": (NOW - 1_000, "late"),
        "d": (NOW - 3 * 86_400_000, "late"),
        "e": (NOW, "clock"),
        "f": (NOW, "clock"),
    }


def test_birth_values_are_dated_at_receipt():
    (record,) = (
        Plant().press("BIRTH", metric("x", T.DOUBLE, 1, ts=NOW - 10**8), metric("y", T.DOUBLE, 2), seq=1).records
    )
    assert (record.ts, record.quality, record.values) == (NOW, "good", {"x": 1.0, "y": 2.0})


def test_retained_messages_have_quality_retained():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    result = plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=99, retained=True)
    assert ([r.quality for r in result.records], result.effects, result.changes) == (["retained"], (), [])
    birth = plant.press("BIRTH", metric("x", T.DOUBLE, 1, alias=4), retained=True)
    assert (birth.availability[0].retained, birth.changes) == (True, [])


@pytest.mark.parametrize(
    ("topic", "body", "online"),
    [
        ("spBv1.0/STATE/scada", {"online": True, "timestamp": NOW}, True),
        ("spBv1.0/STATE/scada", {"online": False, "timestamp": NOW}, False),
        ("STATE/scada", b"ONLINE", True),
        ("STATE/scada", b"OFFLINE", False),
    ],
)
def test_host_application_state_sets_presence(topic, body, online):
    hub = DialectRun(SparkplugDialect())
    result = hub.say(topic, body, retained=True)
    assert (result.identities[0].native_id, result.availability[0].online) == ("scada", online)


def test_older_state_of_host_application_is_ignored():
    hub = DialectRun(SparkplugDialect())
    hub.say("spBv1.0/STATE/scada", {"online": True, "timestamp": NOW})
    assert hub.say("spBv1.0/STATE/scada", {"online": False, "timestamp": NOW - 1}).availability == ()


def test_commands_are_derived_from_birth():
    plant = Plant().born(
        metric("Outputs/Lamp", T.BOOLEAN, False, alias=5),
        metric("Speed", T.INT32, 7, readOnly=False, engLow=0.0, engHigh=90.0, engUnit="rpm"),
        metric("Outputs/Fixed", T.BOOLEAN, False, readOnly=True),
        metric("Level", T.DOUBLE, 1),
        metric("Device Control/Reset", T.BOOLEAN, False),
    )
    topic = {"topic": "spBv1.0/Plant/DCMD/edge/press", "encoding": "sparkplug"}
    assert plant.registry.identities[slug(DEVICE)].info.commands == {
        "Outputs/Lamp": {
            **topic, "property": "Outputs/Lamp", "confirm_by": "Outputs/Lamp", "type": "boolean",
            "options": {"datatype": T.BOOLEAN, "alias": 5},
        },
        "Speed": {
            **topic, "property": "Speed", "confirm_by": "Speed", "type": "number", "unit": "rpm",
            "minimum": 0.0, "maximum": 90.0, "step": 1.0, "options": {"datatype": T.INT32},
        },
        "Device Control/Reset": {
            **topic, "property": "Device Control/Reset", "confirm_by": None, "type": "boolean",
            "options": {"datatype": T.BOOLEAN},
        },
    }  # fmt: skip


def test_command_is_encoded_by_datatype():
    plant = Plant().born(
        metric("Outputs/Lamp", T.BOOLEAN, False, alias=5),
        metric("Outputs/Trim", T.INT16, 0),
        metric("Outputs/Set", T.FLOAT, 0),
    )
    commands = plant.registry.identities[slug(DEVICE)].info.commands

    def sent(name, value):
        command = Command(
            id="c", device="d", name=name, value=value, by="me", state="sent", created_at=NOW, expires_at=NOW + 1
        )
        return encode(descriptor(commands, name), command)

    assert sent("Outputs/Lamp", True) == payload(metric(None, T.BOOLEAN, True, alias=5, ts=NOW))
    assert sent("Outputs/Trim", -7.0) == payload(metric("Outputs/Trim", T.INT16, -7, ts=NOW))
    assert sent("Outputs/Set", 0.5) == payload(metric("Outputs/Set", T.FLOAT, 0.5, ts=NOW))
