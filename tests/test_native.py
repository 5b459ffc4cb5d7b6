"""The native dialect: vectors, deduplication keys, rejected values, random input."""

import json
import tracemalloc
from pathlib import Path

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.dialects import NativeDialect, Result
from hub.errors import Rejected
from hub.model import RawMessage, stem_of

RECEIVED = 1_795_386_000_000
VECTORS = [
    json.loads(line)
    for line in (Path(__file__).parent / "vectors/native/messages.jsonl").read_text("utf-8").splitlines()
]


class EmptyRegistry:
    """A registry without devices."""

    def known(self, device: str) -> bool:
        return False

    def latest(self, device: str, metric: str) -> None:
        return None


def decode(topic: str, payload: bytes, *, retained: bool = False) -> Result:
    message = RawMessage(topic, payload, RECEIVED, retained=retained)
    return NativeDialect("devices").decode(message, EmptyRegistry())


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_message_is_decoded_as_expected(vector):
    payload = bytes.fromhex(vector["payload_hex"]) if "payload_hex" in vector else vector["payload"].encode()
    expect = vector["expect"]
    if "rejected" in expect:
        with pytest.raises(Rejected) as caught:
            decode(vector["topic"], payload, retained=vector["retained"])
        assert caught.value.reason == expect["rejected"]
        assert caught.value.message.endswith((".", "…"))
        return
    result = decode(vector["topic"], payload, retained=vector["retained"])
    if "records" in expect:
        found = [
            {"device": r.device, "ts": r.ts, "values": r.values, "quality": r.quality, "keyed": r.key is not None}
            for r in result.records
        ]
        assert found == expect["records"]
        assert [r.reason for r in result.rejections] == expect.get("rejections", [])
        assert [expiration.metric for expiration in result.expirations] == expect.get("unknown", [])
    if "native_id" in expect:
        assert result.identities[0].native_id == expect["native_id"]
    if "online" in expect:
        assert [a.online for a in result.availability] == [expect["online"]]
    if "info" in expect:
        assert json.loads(msgspec.json.encode(result.identities[0].info)) == expect["info"]
    if "twin" in expect:
        assert [[t.side, t.values] for t in result.desired_state] == [expect["twin"]]
    if "reply" in expect:
        assert [[r.command, r.done, r.detail] for r in result.replies] == [expect["reply"]]


def test_values_keep_their_types():
    (record,) = decode("devices/d/telemetry", b'{"n": 1, "b": true, "t": "1"}').records
    assert [type(value) for value in record.values.values()] == [float, bool, str]


@pytest.mark.parametrize("name", ["ts", "seq", "id", "metrics"])
def test_reserved_name_within_metrics_is_a_metric_but_stays_reserved_beside_it(name):
    """A metric of this name, once seen, was kept as a valid name for the keys of flat payloads as well."""
    nested = json.dumps({"metrics": {name: 1.5}}).encode()
    assert decode("devices/d/telemetry", nested).records[0].values == {name: 1.5}
    flat = json.dumps({"a": 1.5, "ts": RECEIVED / 1000 + 0.5} if name == "ts" else {"a": 1.5, "seq": 1.5}).encode()
    assert decode("devices/d/telemetry", flat).records[0].values == {"a": 1.5}


def test_metric_named_metrics_makes_no_schema_for_flat_payloads():
    dialect = NativeDialect()
    for values in (b'{"metrics": 1.5}', b'{"metrics": 1.5, "ts": 2.5}'):
        for _ in range(5):
            message = RawMessage("devices/d/telemetry", b'{"metrics": ' + values + b"}", RECEIVED)
            assert dialect.decode(message, EmptyRegistry()).records[0].values == json.loads(values)
    with pytest.raises(Rejected, match="metrics must be an object"):
        dialect.decode(RawMessage("devices/d/telemetry", b'{"metrics": 1.5}', RECEIVED), EmptyRegistry())


def test_nested_or_huge_payload_is_rejected():
    with pytest.raises(Rejected, match="nested") as deep:
        decode("devices/d/telemetry", b"[" * 10_000 + b"]" * 10_000)
    assert deep.value.reason == "too_deep"
    with pytest.raises(Rejected, match="bytes") as huge:
        decode("devices/d/telemetry", b'{"a": "' + b"x" * 1_000_000 + b'"}')
    assert huge.value.reason == "too_large"


def test_same_seq_with_other_content_has_another_key():
    """A device that restarts counts from 0 again."""
    (before,) = decode("devices/d/telemetry", b'{"a": 1, "seq": 0}').records
    (again,) = decode("devices/d/telemetry", b'{"a": 1, "seq": 0}').records
    (restarted,) = decode("devices/d/telemetry", b'{"a": 2, "seq": 0}').records
    assert before.key == again.key != restarted.key


def test_equal_items_of_one_list_have_distinct_keys():
    first, second = decode("devices/d/telemetry", b'[{"a": 1, "seq": 0}, {"a": 1, "seq": 0}]').records
    assert first.key != second.key


def test_list_item_keys_are_stable_and_differ_between_lists():
    payload = b'[{"a": 1, "seq": 0}, {"a": 1, "seq": 1}, {"a": 1}]'
    keys = [record.key for record in decode("devices/d/telemetry", payload).records]
    assert keys == [record.key for record in decode("devices/d/telemetry", payload).records]
    assert keys[2] is None
    assert len({*keys, *(one.key for one in decode("devices/d/telemetry", payload + b" ").records)}) == 5


def key(body: object) -> int:
    (record,) = decode("devices/d/telemetry", json.dumps(body).encode()).records
    assert record.key is not None
    assert -(2**63) <= record.key < 2**63
    return record.key


def test_key_grows_with_seq():
    """The deduplication window relies on it to recognise a new message quickly."""
    keys = [key({"a": 1, "seq": seq}) for seq in (0, 1, 2, 255, 256, 2**31 - 1)]
    assert keys == sorted(keys)
    assert keys[0] >= 0


@pytest.mark.parametrize("seq", [-(2**63), -1, 2**31, 2**63])
def test_seq_of_any_size_has_a_key(seq):
    assert key({"a": 1, "seq": seq}) == key({"a": 1, "seq": seq}) >= 0


def test_key_of_id_is_negative_and_integer_id_equals_its_text():
    assert stem_of(key({"a": 1, "id": 7})) == stem_of(key({"a": 1, "id": "7"})) < 0
    assert len({stem_of(key({"a": 1, "id": name})) for name in range(1_000)}) == 1_000
    assert stem_of(key({"a": 1, "id": 7, "seq": 1})) != stem_of(key({"a": 1, "id": 7, "seq": 2})), (
        "id and seq are both part of it"
    )


def test_same_id_with_other_content_has_another_key():
    assert key({"a": 1, "id": 7}) == key({"a": 1, "id": 7}) != key({"a": 2, "id": 7})
    assert stem_of(key({"a": 1, "id": 7})) == stem_of(key({"a": 2, "id": 7}))
    (alone,) = decode("devices/d/telemetry", b'{"a": 1, "id": 7}').records
    listed = decode("devices/d/telemetry", b'[{"a": 0, "id": 6}, {"a": 1, "id": 7}]').records
    assert listed[1].key == alone.key, "sent again within a list"


@pytest.mark.parametrize(
    "body", [{"id": 1.5}, {"id": True}, {"id": [1]}, {"id": "x" * 129}, {"seq": 1.0}, {"seq": "1"}, {"seq": 2**63 + 1}]
)
def test_invalid_id_or_seq_is_rejected_but_readings_are_kept(body):
    result = decode("devices/d/telemetry", json.dumps({"a": 1, **body}).encode())
    assert [(record.values, record.key) for record in result.records] == [({"a": 1}, None)]
    (shown,) = result.rejections
    assert (shown.reason, shown.payload) == ("bad_value", json.dumps(body, separators=(",", ":")).encode())


@pytest.mark.parametrize("key", ["device_id", "deviceId"])
@pytest.mark.parametrize(
    ("kind", "body"),
    [
        ("telemetry", {"t": 1.5}),
        ("telemetry", {"metrics": {"t": 1.5}}),
        ("info", {"name": "Pump"}),
        ("replies", {"id": "c1", "status": "done"}),
        ("reported", {"interval": 5}),
    ],
)
def test_payload_of_another_device_is_rejected(key, kind, body):
    topic = f"devices/7/{kind}"
    for own in ("7", 7, None):
        assert not decode(topic, json.dumps(body | {key: own}).encode()).rejections
    for other in ("8", "7 ", "", 8, ["7"], {"id": "7"}, True):
        with pytest.raises(Rejected) as caught:
            decode(topic, json.dumps(body | {key: other}).encode())
        assert (caught.value.reason, caught.value.sender) == ("wrong_device", "7")
        assert key in caught.value.message


@pytest.mark.parametrize("key", ["device_id", "deviceId"])
@pytest.mark.parametrize("body", ['{"metrics": %s}', '{"ts": 1795386000, "metrics": %s}', '[{"metrics": %s}]'])
def test_device_named_among_metrics_must_be_that_of_the_topic(key, body):
    def say(own):
        return decode("devices/7/telemetry", (body % json.dumps({"t": 1.5, key: own})).encode())

    for own in ("7", 7, None):
        assert [record.values for record in say(own).records] == [{"t": 1.5}]
        assert not say(own).rejections
    for other in ("8", "", 8.5, ["7"], True):
        try:
            rejected, stored = [each.reason for each in say(other).rejections], say(other).records
        except Rejected as error:
            rejected, stored = [error.reason], ()
        assert (rejected, list(stored)) == (["wrong_device"], [])


def test_list_item_of_another_device_is_rejected_alone():
    result = decode("devices/a/telemetry", b'[{"t": 1.5, "deviceId": "b"}, {"t": 2.5, "deviceId": "a", "id": "b"}]')
    assert [(record.device, record.values) for record in result.records] == [("a", {"t": 2.5})]
    assert [rejection.reason for rejection in result.rejections] == ["wrong_device"]


def test_unsupported_values_are_rejected_with_name_and_bytes():
    result = decode("devices/d/telemetry", b'{"a": 1, "b": [2], "c": {"d": 3}, "e": null}')
    assert [record.values for record in result.records] == [{"a": 1}]
    assert [(r.payload, r.excerpt) for r in result.rejections] == [
        (b'{"b":[2]}', '{"b":[2]}'),
        (b'{"c":{"d":3}}', '{"c":{"d":3}}'),
    ]
    assert "'b' must be a number, a boolean or a text, not a list" in result.rejections[0].detail


def test_rejected_values_of_one_message_are_limited_and_counted():
    body = {"a": 1, **{f"b{number}": [] for number in range(200)}}
    result = decode("devices/d/telemetry", json.dumps(body).encode())
    assert result.records[0].values == {"a": 1}
    assert len(result.rejections) == 16
    assert result.rejections[-1].detail.endswith("184 more values of this message are invalid.")


def test_null_in_newest_list_item_expires_metric():
    body = [{"t": None, "h": 1, "p": 1}, {"t": 2, "h": "", "p": None}]
    result = decode("devices/d/telemetry", json.dumps(body).encode())
    assert sorted(expiration.metric for expiration in result.expirations) == ["h", "p"]


json_values = st.recursive(
    st.none() | st.booleans() | st.floats() | st.integers() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner, max_size=4),
    max_leaves=12,
)
tails = st.sampled_from(("telemetry", "telemetry/x", "status", "info", "replies", "desired", "reported", "x"))


@given(tail=tails, body=json_values | st.dictionaries(st.sampled_from(("ts", "seq", "id", "metrics")), json_values))
def test_any_json_is_decoded_or_rejected(tail, body):
    check(f"devices/d/{tail}", json.dumps(body).encode())


@given(topic=st.text(max_size=40), payload=st.binary(max_size=200), retained=st.booleans())
def test_any_bytes_on_any_topic_are_decoded_or_rejected(topic, payload, retained):
    check(f"devices/{topic}", payload, retained=retained)


def check(topic: str, payload: bytes, *, retained: bool = False) -> None:
    try:
        result = decode(topic, payload, retained=retained)
    except Rejected:
        return  # the vectors check reason and text
    for record in result.records:
        assert all(value == value and value not in (float("inf"), float("-inf")) for value in record.values.values())
        assert abs(record.ts - RECEIVED) <= 86_400_000 or record.quality == "retained"


def test_long_topics_are_not_cached():
    """A client can publish on any number of topics of 65,535 characters."""
    dialect = NativeDialect()
    tracemalloc.start()
    for number in range(300):
        topic = f"devices/{number:05d}{'x' * 60_000}/telemetry"
        dialect.decode(RawMessage(topic, b'{"t": 1}', RECEIVED), EmptyRegistry())
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 5_000_000


def test_invalid_entry_of_a_description_is_rejected_alone():
    body = {
        "name": "Pump",
        "labels": {},
        "units": {"t": "°C", "p": 5, "f": None},
        "limits": {"t": {"max": "hot"}, "p": {"max": 6}},
        "titles": {"t": "", "p": "Pressure"},
        "commands": {"start": {"type": "none"}, "a/b": {"type": "none"}},
    }
    result = decode("devices/d/info", json.dumps(body).encode())
    [identity] = result.identities
    assert identity.info is not None
    assert (identity.info.name, identity.info.units, identity.info.labels) == ("Pump", {"t": "°C"}, ())
    assert (identity.info.titles, list(identity.info.limits)) == ({"p": "Pressure"}, ["p"])
    assert list(identity.info.commands) == ["start"]
    names = [json.loads(each.payload) for each in result.rejections]
    assert [key for each in names for key in each] == [
        "labels", "units.p", "units.f", "limits.t", "titles.t", "commands.a/b",
    ]  # fmt: skip
