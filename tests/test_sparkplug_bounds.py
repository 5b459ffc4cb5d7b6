"""The Sparkplug dialect: rejected messages, limits, restart."""

import gzip
import tracemalloc
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import NOW, DialectRun, run_hub
from examples import examples
from hub.dialects import SparkplugDialect
from hub.dialects.sparkplug.dialect import MAX_BYTES
from hub.errors import Rejected
from hub.topics import slug
from sparkplug_node import DEVICE, NODE, Plant, T, encode_value, field, metric, payload


@pytest.mark.parametrize(
    "topic",
    ["Plant/NDATA", "Plant/NDATA/edge/press", "Plant/DDATA/edge", "Plant/XDATA/edge", "/NDATA/edge", "STATE/NDATA/x"],
)
def test_invalid_topics_are_rejected(topic):
    with pytest.raises(Rejected) as caught:
        Plant().say(topic, payload(seq=0))
    assert caught.value.reason == "bad_topic"


def test_topics_of_other_dialects_are_not_owned():
    dialect = SparkplugDialect()
    assert not dialect.owns("STATE/a/b")
    assert not dialect.owns("devices/STATE/telemetry")


@pytest.mark.parametrize(
    "body",
    [b"\xff" * 12, b"\x0a\x7f", b"\x12\x02\x08", b"\x0b", b"{}", b"\x12\x06\x65\x00\x00", b"\x80" * 12],
)
def test_invalid_payload_is_rejected(body):
    with pytest.raises(Rejected) as caught:
        Plant().say("Plant/NDATA/edge", body)
    assert caught.value.reason == "not_protobuf"


def compressed(body: bytes, pack=zlib.compress) -> bytes:
    """Compress a payload as Eclipse Tahu's clients do: it becomes the body of another payload."""
    return field(4, b"SPBV1.0_COMPRESSED") + field(5, pack(body))


@pytest.mark.parametrize("pack", [zlib.compress, gzip.compress])
def test_compressed_payload_is_decoded(pack):
    plant = Plant().born(metric("Force", T.FLOAT, 2.5))
    result = plant.say("Plant/DDATA/edge/press", compressed(payload(metric("Force", T.FLOAT, 3.5), seq=2), pack))
    assert result.records[0].values == {"Force": 3.5}


@pytest.mark.parametrize(
    ("make_body", "reason"),
    [
        (lambda: compressed(b"", lambda body: b"no zlib"), "not_protobuf"),
        (
            lambda: compressed(payload(metric("x", T.FLOAT, 1.0), seq=0), lambda body: zlib.compress(body)[:-6]),
            "not_protobuf",
        ),
        (lambda: compressed(b"\x12\x00" * 2_000_000), "too_large"),  # 4 MB out of 4 kB
        (lambda: field(4, b"SPBV1.0_COMPRESSED"), "not_protobuf"),
        (lambda: compressed(compressed(payload(metric("x", T.FLOAT, 1.0), seq=0))), "not_protobuf"),
        (lambda: compressed(bytes(200_000_000), lambda body: gzip.compress(body, 1)), "too_large"),
        (lambda: compressed(b"\x12\x00" * 1_000_000), "too_large"),
        (lambda: compressed(b"\x08\x00" * 1_000_000), "too_large"),
        (lambda: b"\x12\x00" * 1_000_000, "too_large"),
        (lambda: b"\x08\x00" * 1_000_000, "too_large"),
        (lambda: field(2, b"\x10\x00" * 1_000_000), "too_large"),
    ],
)
def test_invalid_compression_is_rejected(make_body, reason):
    with pytest.raises(Rejected) as caught:
        Plant().say("Plant/NBIRTH/edge", make_body())
    assert caught.value.reason == reason


def test_million_metrics_are_rejected_before_allocation() -> None:
    tracemalloc.start()
    try:
        for body in (b"\x12\x00" * 1_000_000, compressed(b"\x12\x00" * 1_000_000)):
            with pytest.raises(Rejected, match="at most 10000 metrics"):
                Plant().say("Plant/NBIRTH/edge", body)
        assert tracemalloc.get_traced_memory()[1] < 8_000_000
    finally:
        tracemalloc.stop()


def test_large_data_sets_and_templates_do_not_affect_readings() -> None:
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
    result = plant.say("Plant/NBIRTH/edge", payload(*odd, metric("plain", T.DOUBLE, 1.5), seq=0))
    assert result.records[0].values == {"rich": 2.5, "plain": 1.5}


@pytest.mark.parametrize("body", [b"x" * (MAX_BYTES + 1), payload(*[b""] * 10_001)])
def test_too_large_payload_is_rejected(body):
    with pytest.raises(Rejected) as caught:
        Plant().say("Plant/NBIRTH/edge", body)
    assert caught.value.reason == "too_large"


@pytest.mark.parametrize("body", [b"HELLO", b'{"online": 1}', b"[]", {"online": True, "timestamp": "now"}])
def test_invalid_host_state_is_rejected(body):
    with pytest.raises(Rejected):
        DialectRun(SparkplugDialect()).say("STATE/scada", body)


def test_unknown_fields_are_skipped():
    newer = payload(metric("x", T.DOUBLE, 2.0) + b"\xfa\x01\x03abc" + b"\x9d\x06\x00\x00\x00\x00", seq=2) + b"\x3a\x01z"
    assert Plant().born().say("Plant/DDATA/edge/press", newer).records[0].values == {"x": 2.0}


def test_text_that_is_not_utf8_is_rejected_alone():
    result = Plant().born().press("DATA", metric("x", T.STRING, b"\x7a\x01\xff"), metric("y", T.DOUBLE, 1.0), seq=2)
    assert (result.records[0].values, result.rejections[0].reason) == ({"y": 1.0}, "not_utf8")


def test_deleted_device_is_discovered_again():
    plant = Plant().born(metric("x", T.DOUBLE, 1, alias=3))
    plant.registry.identities.clear()
    result = plant.press("DATA", metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=2)
    assert [identity.native_id for identity in result.identities] == [NODE, DEVICE]
    plant.registry.identities.clear()
    assert [a.device for a in plant.node("DEATH", metric("bdSeq", T.INT64, 7)).availability] == [slug(NODE)]


_METRICS = st.builds(
    metric,
    st.none() | st.text(max_size=8) | st.sampled_from(["bdSeq", "x", "Node Control/Rebirth"]),
    st.none() | st.integers(0, 40),
    st.none() | st.builds(encode_value, st.sampled_from([T.INT32, T.UINT64, T.BOOLEAN]), st.integers(0, 2**70)),
    alias=st.none() | st.integers(0, 3),
    ts=st.none() | st.integers(0, 2**64 - 1),
    null=st.booleans(),
    historical=st.booleans(),
    engUnit=st.text(max_size=4) | st.floats() | st.booleans(),
)
_PAYLOADS = st.builds(
    lambda metrics, seq, ts: payload(*metrics, seq=seq, ts=ts),
    st.lists(_METRICS, max_size=4),
    st.none() | st.integers(0, 2**64 - 1),
    st.none() | st.integers(0, 2**64 - 1),
)
_NODE = [f"Plant/{kind}/edge" for kind in ("NBIRTH", "NDATA", "NDEATH", "NCMD")]
_PRESS = [f"Plant/{kind}/edge/press" for kind in ("DBIRTH", "DDATA", "DDEATH")]
_KINDS = st.sampled_from([*_NODE, *_PRESS, "STATE/scada"])


@settings(max_examples=examples(300))
@given(messages=st.lists(st.tuples(_KINDS, _PAYLOADS | st.binary(max_size=60), st.booleans()), max_size=6))
def test_any_message_is_decoded_or_rejected(messages):
    plant = Plant()
    for topic, body, retained in messages:
        try:
            plant.say(topic, body, retained=retained)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


@given(topic=st.text(max_size=30))
def test_any_topic_is_decoded_or_rejected(topic):
    try:
        Plant().say(topic, payload(seq=0))
    except Rejected as error:
        assert error.reason  # noqa: PT017


async def test_aliases_and_seq_survive_restart(tmp_path):
    topic = "spBv1.0/Plant/DDATA/edge/press"
    await run_hub(
        tmp_path,
        SparkplugDialect(),
        ("spBv1.0/Plant/NBIRTH/edge", payload(metric("bdSeq", T.INT64, 7), seq=0)),
        ("spBv1.0/Plant/DBIRTH/edge/press", payload(metric("x", T.DOUBLE, 1, alias=3, engUnit="kPa"), seq=1)),
        (topic, payload(metric(alias=3, value=encode_value(T.DOUBLE, 2)), seq=2)),
    )
    effects = []
    registry = await run_hub(
        tmp_path,
        SparkplugDialect(),
        (topic, payload(metric(alias=3, value=encode_value(T.DOUBLE, 3)), seq=3, ts=NOW + 1)),
        effects=effects.append,
    )
    device = registry.require(slug(DEVICE))
    assert (device.metrics["x"].value, device.unit("x"), device.presence) == (3.0, "kPa", "online")
    assert (device.display_name, device.native_id, device.dialect) == ("press", DEVICE, "sparkplug")
    assert effects == []
    registry = await run_hub(
        tmp_path,
        SparkplugDialect(),
        (topic, payload(metric(alias=3, value=encode_value(T.DOUBLE, 4)), seq=9, ts=NOW + 2)),
        ("spBv1.0/Plant/NDEATH/edge", payload(metric("bdSeq", T.INT64, 7))),
        effects=effects.append,
    )
    assert [effect.topic for effect in effects] == ["spBv1.0/Plant/NCMD/edge"]
    assert [registry.require(slug(who)).presence for who in (NODE, DEVICE)] == ["offline", "offline"]
