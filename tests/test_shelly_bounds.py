"""The Shelly dialect: rejected messages, limits, restart."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import NOW, DialectRun, json_values, run_hub
from examples import examples
from hub.dialects import DialectConfig, ShellyDialect, Subscribe, make_dialects
from hub.errors import Rejected

PLUG = "shellyplus1pm-aabbccddeeff"


def notify(src: str, **status) -> dict:
    return {"src": src, "method": "NotifyStatus", "params": {"ts": NOW / 1000, **status}}


@pytest.mark.parametrize("body", [b"[]", b"{", {"src": 5}, {"src": PLUG}, {"src": "a\n", "params": {}}, b"\xff"])
def test_invalid_notification_is_rejected(body):
    with pytest.raises(Rejected):
        DialectRun(ShellyDialect()).say(f"{PLUG}/events/rpc", body)


def test_topics_of_other_dialects_are_not_owned():
    table = make_dialects(DialectConfig())
    for topic in ("devices/events/rpc", "zigbee2mqtt/a/events/rpc", "zigbee2mqtt/online", "spBv1.0/a/events/rpc"):
        assert next(d for d in table if d.owns(topic)).name != "shelly"


@pytest.mark.parametrize(
    ("ts", "at", "quality"),
    [(NOW / 1000 - 2.5, NOW - 2500, "good"), (None, NOW, "good"), (5, NOW, "clock"), ("noon", NOW, "good")],
)
def test_notification_time_is_used_unless_implausible(ts, at, quality):
    body = {"src": PLUG, "method": "NotifyStatus", "params": {"ts": ts, "switch:0": {"output": True}}}
    (record,) = DialectRun(ShellyDialect()).say(f"{PLUG}/events/rpc", body).records
    assert (record.ts, record.quality) == (at, quality)


def test_units_are_limited_to_256():
    home = DialectRun(ShellyDialect())
    home.say(f"{PLUG}/events/rpc", notify(PLUG, **{f"temperature:{n}": {"tC": n} for n in range(300)}))
    assert len(home.registry.identities[PLUG].info.units) <= 256


_STATUS = st.dictionaries(
    st.sampled_from(["switch:0", "cover:1", "sys", "rgbw:0", "em:0", "ts", "light:x", "events"]),
    st.dictionaries(
        st.sampled_from(["output", "apower", "state", "rgb", "errors", "wakeup_period", "temperature"]), json_values
    )
    | json_values,
    max_size=3,
)
_RPC = st.fixed_dictionaries(
    {},
    optional={
        "src": st.sampled_from([PLUG, "other"]) | json_values,
        "method": st.sampled_from(["NotifyStatus", "NotifyFullStatus", "NotifyEvent"]) | json_values,
        "params": _STATUS | json_values,
        "id": st.sampled_from(["hub-info", "hub-status", "c1"]) | json_values,
        "result": _STATUS | json_values,
        "error": json_values,
        "model": json_values,
    },
)
_NEWER = ("events/rpc", "status/em:0", "online", "announce")
_OLDER = ("light/0/status", "status", "relay/0", "input_event/0", "emeter/1/energy", "online")
_TOPICS = st.sampled_from(
    [
        *(f"{PLUG}/{what}" for what in _NEWER),
        *(f"a/b/{what}" for what in _NEWER),
        *(f"shellies/x/{what}" for what in _OLDER),
        "watchkeeper/rpc",
        "shellies/announce",
    ]
)


@settings(max_examples=examples(300))
@given(messages=st.lists(st.tuples(_TOPICS, _RPC | st.binary(max_size=20) | st.just(b"true")), max_size=6))
def test_any_message_is_decoded_or_rejected(messages):
    home = DialectRun(ShellyDialect())
    for topic, body in messages:
        try:
            if home.dialect.owns(topic):
                home.say(topic, body)
        except Rejected as error:
            assert error.reason  # noqa: PT017 (any other exception is the failure)


@given(topic=st.text(max_size=30), payload=st.binary(max_size=60), retained=st.booleans())
def test_any_bytes_on_any_topic_are_decoded_or_rejected(topic, payload, retained):
    home = DialectRun(ShellyDialect())
    for name in (topic, f"shellies/{topic}", f"{topic}/events/rpc", f"{topic}/online", f"{PLUG}/status/{topic}"):
        try:
            if home.dialect.owns(name):
                home.say(name, payload, retained=retained)
        except Rejected as error:
            assert error.reason  # noqa: PT017


async def test_prefix_survives_restart(tmp_path):
    status = {"switch:0": {"output": True, "apower": 4.5}}
    await run_hub(tmp_path, ShellyDialect(), ("home/terrace/events/rpc", notify(PLUG, **status)))
    effects = []
    registry = await run_hub(
        tmp_path,
        ShellyDialect(),
        ("home/terrace/status/switch:0", {"output": False}),
        ("home/terrace/online", b"false"),
        effects=effects.append,
    )
    device = registry.require(PLUG)
    assert (device.metrics["switch:0.output"].value, device.unit("switch:0.apower")) == (False, "W")
    assert (device.presence, device.dialect) == ("offline", "shelly")
    assert effects == [Subscribe(tuple(f"home/terrace/{what}" for what in ("online", "announce", "status/+")))]
