"""Sparkplug B: what is refused, what is bounded, and what a restart keeps."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import NOW, Heard, hub_that_hears
from hub.dialects import SparkplugDialect
from hub.dialects.sparkplug.dialect import MAX_BYTES
from hub.errors import Rejected
from hub.topics import slug
from sparkplug_node import DEVICE, NODE, Plant, T, field, held, metric, payload


@pytest.mark.parametrize(
    "topic",
    ["Plant/NDATA", "Plant/NDATA/edge/press", "Plant/DDATA/edge", "Plant/XDATA/edge", "/NDATA/edge", "STATE/NDATA/x"],
)
def test_other_topics_are_refused(topic):
    with pytest.raises(Rejected) as caught:
        Plant().say(topic, payload(seq=0))
    assert caught.value.reason == "bad_topic"


def test_topics_of_others_are_not_its_own():
    dialect = SparkplugDialect()
    assert not dialect.owns("STATE/a/b")
    assert not dialect.owns("devices/STATE/telemetry")


@pytest.mark.parametrize(
    "body",
    [b"\xff" * 12, b"\x0a\x7f", b"\x12\x02\x08", b"\x0b", b"{}", b"\x12\x06\x65\x00\x00", b"\x80" * 12],
)
def test_what_is_no_payload_is_refused(body):
    with pytest.raises(Rejected) as caught:
        Plant().say("Plant/NDATA/edge", body)
    assert caught.value.reason == "not_protobuf"


def packed(body: bytes, pack=zlib.compress) -> bytes:
    """As Eclipse Tahu's clients send it: the whole payload as the body of another."""
    return field(4, b"SPBV1.0_COMPRESSED") + field(5, pack(body))


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_a_compressed_payload_is_unpacked(pack):
    plant = Plant().born(metric("Force", T.FLOAT, 2.5))
    said = plant.say("Plant/DDATA/edge/press", packed(payload(metric("Force", T.FLOAT, 3.5), seq=2), pack))
    assert said.records[0].values == {"Force": 3.5}


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (packed(b"", lambda body: b"no zlib"), "not_protobuf"),
        (packed(payload(metric("x", T.FLOAT, 1.0), seq=0), lambda body: zlib.compress(body)[:-6]), "not_protobuf"),
        (packed(b"\x12\x00" * 2_000_000), "too_large"),  # 4 MB out of 4 kB
        (field(4, b"SPBV1.0_COMPRESSED"), "not_protobuf"),
        (packed(packed(payload(metric("x", T.FLOAT, 1.0), seq=0))), "not_protobuf"),
        (packed(bytes(200_000_000), lambda body: gzip.compress(body, 1)), "too_large"),
        (packed(b"\x12\x00" * 1_000_000), "too_large"),
        (packed(b"\x08\x00" * 1_000_000), "too_large"),
        (b"\x12\x00" * 1_000_000, "too_large"),
        (b"\x08\x00" * 1_000_000, "too_large"),
        (field(2, b"\x10\x00" * 1_000_000), "too_large"),
    ],
)
def test_what_is_packed_badly_is_refused(body, reason):
    with pytest.raises(Rejected) as caught:
        Plant().say("Plant/NBIRTH/edge", body)
    assert caught.value.reason == reason


def test_payload_of_a_million_metrics_is_refused_before_they_are_built() -> None:
    tracemalloc.start()
    try:
        for body in (b"\x12\x00" * 1_000_000, packed(b"\x12\x00" * 1_000_000)):
            with pytest.raises(Rejected, match="at most 10000 metrics"):
                Plant().say("Plant/NBIRTH/edge", body)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_large_data_sets_templates_and_property_sets_cost_no_reading() -> None:
    deep = b""
    for _ in range(5_000):
        deep = field(2, deep)
    data_set = b"".join(field(4, field(1, b"\x10\x01")) for _ in range(100_000))
    many = b"".join(field(1, b"key") for _ in range(20_000)) + b"".join(field(2, b"\x08\x0c") for _ in range(20_000))
    odd = [
        field(1, b"set") + b"\x20\x10" + field(17, data_set),
        field(1, b"template") + b"\x20\x13" + field(18, deep),
        metric("rich", T.DOUBLE, 2.5) + field(9, many),
    ]
    plant = Plant()
    said = plant.say("Plant/NBIRTH/edge", payload(*odd, metric("plain", T.DOUBLE, 1.5), seq=0))
    assert said.records[0].values == {"rich": 2.5, "plain": 1.5}


@pytest.mark.parametrize("body", [b"x" * (MAX_BYTES + 1), payload(*[b""] * 10_001)])
def test_what_is_too_large_is_refused(body):
    with pytest.raises(Rejected) as caught:
        Plant().say("Plant/NBIRTH/edge", body)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("body", [b"HELLO", b'{"online": 1}', b"[]", {"online": True, "timestamp": "now"}])
def test_a_state_that_is_none_is_refused(body):
    with pytest.raises(Rejected):
        Heard(SparkplugDialect()).say("STATE/scada", body)


def test_fields_that_nobody_knows_are_passed_over():
    newer = payload(metric("x", T.DOUBLE, 2.0) + b"\xfa\x01\x03abc" + b"\x9d\x06\x00\x00\x00\x00", seq=2) + b"\x3a\x01z"
    assert Plant().born().say("Plant/DDATA/edge/press", newer).records[0].values == {"x": 2.0}


def test_a_text_that_is_not_utf8_costs_only_itself():
    said = Plant().born().press("DATA", metric("x", T.STRING, b"\x7a\x01\xff"), metric("y", T.DOUBLE, 1.0), seq=2)
    assert (said.records[0].values, said.rejections[0].reason) == ({"y": 1.0}, "not_utf8")


def test_a_device_that_a_person_deleted_is_met_again():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    plant.registry.met.clear()
    said = plant.press("DATA", metric(alias=3, value=held(T.DOUBLE, 2)), seq=2)
    assert [identity.native_id for identity in said.identities] == [NODE, DEVICE]
    plant.registry.met.clear()
    assert [a.device for a in plant.node("DEATH", metric("bdSeq", T.INT64, 7)).availability] == [slug(NODE)]


_METRICS = st.builds(
    metric,
    st.none() | st.text(max_size=8) | st.sampled_from(["bdSeq", "x", "Node Control/Rebirth"]),
    st.none() | st.integers(0, 40),
    st.none() | st.builds(held, st.sampled_from([T.INT32, T.UINT64, T.BOOLEAN]), st.integers(0, 2**70)),
    alias=st.none() | st.integers(0, 3),
    ts=st.none() | st.integers(0, 2**64 - 1),
    null=st.booleans(),
    historical=st.booleans(),
    engUnit=st.text(max_size=4) | st.floats() | st.booleans(),
)
_SAID = st.builds(
    lambda metrics, seq, ts: payload(*metrics, seq=seq, ts=ts),
    st.lists(_METRICS, max_size=4),
    st.none() | st.integers(0, 2**64 - 1),
    st.none() | st.integers(0, 2**64 - 1),
)
_NODE = [f"Plant/{kind}/edge" for kind in ("NBIRTH", "NDATA", "NDEATH", "NCMD")]
_PRESS = [f"Plant/{kind}/edge/press" for kind in ("DBIRTH", "DDATA", "DDEATH")]
_KINDS = st.sampled_from([*_NODE, *_PRESS, "STATE/scada"])


@settings(max_examples=300)
@given(said=st.lists(st.tuples(_KINDS, _SAID | st.binary(max_size=60), st.booleans()), max_size=6))
def test_whatever_comes_is_read_or_rejected(said):
    plant = Plant()
    for topic, body, retained in said:
        try:
            plant.say(topic, body, retained=retained)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


@given(topic=st.text(max_size=30))
def test_any_topic_is_read_or_rejected(topic):
    try:
        Plant().say(topic, payload(seq=0))
    except Rejected as error:
        assert error.reason  # noqa: PT017


async def test_a_restarted_hub_reads_aliases_on_and_sees_what_it_missed(tmp_path):
    topic = "spBv1.0/Plant/DDATA/edge/press"
    await hub_that_hears(
        tmp_path,
        SparkplugDialect(),
        ("spBv1.0/Plant/NBIRTH/edge", payload(metric("bdSeq", T.INT64, 7), seq=0)),
        ("spBv1.0/Plant/DBIRTH/edge/press", payload(metric("x", T.DOUBLE, 1, alias=3, engUnit="kPa"), seq=1)),
        (topic, payload(metric(alias=3, value=held(T.DOUBLE, 2)), seq=2)),
    )
    asked = []
    registry = await hub_that_hears(
        tmp_path,
        SparkplugDialect(),
        (topic, payload(metric(alias=3, value=held(T.DOUBLE, 3)), seq=3, ts=NOW + 1)),
        effects=asked.append,
    )
    device = registry.require(slug(DEVICE))
    assert (device.metrics["x"].value, device.unit("x"), device.presence) == (3.0, "kPa", "online")
    assert (device.display_name, device.native_id, device.dialect) == ("press", DEVICE, "sparkplug")
    assert asked == []
    registry = await hub_that_hears(
        tmp_path,
        SparkplugDialect(),
        (topic, payload(metric(alias=3, value=held(T.DOUBLE, 4)), seq=9, ts=NOW + 2)),
        ("spBv1.0/Plant/NDEATH/edge", payload(metric("bdSeq", T.INT64, 7))),
        effects=asked.append,
    )
    assert [effect.topic for effect in asked] == ["spBv1.0/Plant/NCMD/edge"]
    assert [registry.require(slug(who)).presence for who in (NODE, DEVICE)] == ["offline", "offline"]
