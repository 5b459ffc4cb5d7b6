"""Home Assistant discovery: availability, expiry, limits and refused announcements."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import NOW, DialectRun, json_values
from examples import examples
from hub.dialects import HomeAssistantDialect
from hub.dialects.homeassistant import announcements
from hub.dialects.homeassistant.abbreviations import ENTITY
from hub.dialects.homeassistant.entities import SLOTS
from hub.errors import Rejected
from hub.model import RawMessage

DEVICE = {"ids": ["pump-1"]}


def announced(*entities: dict, kind: str = "sensor") -> DialectRun:
    hub = DialectRun(HomeAssistantDialect())
    for entity in entities:
        config = {"stat_t": f"p/{entity['uniq_id']}", "unit_of_meas": "C", "dev": DEVICE, **entity}
        hub.say(f"homeassistant/{kind}/{entity['uniq_id']}/config", config)
    return hub


def online(result) -> list[bool]:
    return [availability.online for availability in result.availability]


def with_two_availability_topics(mode: str) -> DialectRun:
    listed = [
        {"t": "bridge", "val_tpl": "{{ value_json.state }}"},
        {"topic": "own", "pl_avail": "up", "pl_not_avail": "down"},
    ]
    return announced({"uniq_id": "x", "avty": listed, "avty_mode": mode})


def test_availability_mode_all_needs_every_topic_online():
    hub = with_two_availability_topics("all")
    assert online(hub.say("own", b"up")) == []
    assert online(hub.say("bridge", {"state": "online"})) == [True]
    assert online(hub.say("own", b"down")) == [False]
    assert online(hub.say("bridge", {"state": "online"})) == [False]


def test_availability_mode_any_needs_one_topic_online():
    hub = with_two_availability_topics("any")
    assert online(hub.say("own", b"down")) == []
    assert online(hub.say("bridge", {"state": "offline"})) == [False]
    assert online(hub.say("own", b"up")) == [True]


def test_availability_mode_latest_uses_last_message():
    hub = with_two_availability_topics("latest")
    assert online(hub.say("own", b"up")) == [True]
    assert online(hub.say("bridge", {"state": "offline"})) == [False]
    assert online(hub.say("bridge", b"something else")) == []


def test_unavailable_entity_expires_its_value_not_the_device():
    hub = announced({"uniq_id": "x", "avty_t": "x/there"}, {"uniq_id": "y"})
    hub.say("p/x", b"20")
    result = hub.say("x/there", b"offline")
    assert (online(result), [expiration.metric for expiration in result.expirations]) == ([], ["x"])
    assert hub.registry.latest("ha:pump-1", "x").quality == "unknown"


def test_expire_after_expires_value_without_update():
    hub = announced({"uniq_id": "x", "exp_aft": 60}, {"uniq_id": "y"})
    hub.say("p/x", b"20")
    hub.say("p/y", b"20")
    tick = hub.dialect.tick
    assert tick(hub.registry, NOW + 59_000).expirations == ()
    result = tick(hub.registry, NOW + 60_000)
    assert ([(expiration.device, expiration.metric) for expiration in result.expirations], result.availability) == (
        [("ha:pump-1", "x")],
        (),
    )


def test_off_delay_resets_binary_sensor():
    hub = announced({"uniq_id": "x", "off_dly": 5}, kind="binary_sensor")
    hub.say("p/x", b"ON")
    assert hub.dialect.tick(hub.registry, NOW + 4_000).records == ()
    (record,) = hub.dialect.tick(hub.registry, NOW + 5_000).records
    assert (record.device, record.values) == ("ha:pump-1", {"x": False})


@pytest.mark.parametrize(
    "wrong",
    [
        {"stat_t": "p/#"},
        {"stat_t": "+/state"},
        {"stat_t": "$SYS/broker/uptime"},
        {"stat_t": "p\n"},
        {"stat_t": "p" * 600},
        {"uniq_id": "x" * 150},
        {"uniq_id": "x\ny"},
        {"val_tpl": "{{ 'a' * 10 ** 9 }}"},
        {"val_tpl": "{% for i in range(9) %}{% endfor %}"},
        {"avty": [{"t": "#"}]},
    ],
)
def test_invalid_or_oversized_announcement_is_refused(wrong):
    hub = DialectRun(HomeAssistantDialect())
    with pytest.raises(Rejected):
        hub.say("homeassistant/sensor/x/config", {"uniq_id": "x", "stat_t": "p/state", **wrong})
    assert not hub.dialect.owns("p/state")


def test_invalid_component_does_not_affect_other_components():
    parts = {
        "a": {"p": "sensor", "stat_t": "p/a", "uniq_id": "a", "unit_of_meas": "V"},
        "b": {"p": "sensor", "stat_t": "p/#", "uniq_id": "b"},
        "c": {"p": "camera", "t": "p/picture", "uniq_id": "c"},
    }
    hub = DialectRun(HomeAssistantDialect())
    result = hub.say("homeassistant/device/x/config", {"dev": DEVICE, "cmps": parts})
    assert [rejected.reason for rejected in result.rejections] == ["bad_topic"]
    assert hub.values("p/a", b"3") == {"a": 3}


@pytest.mark.parametrize("topic", ["a b/config", "x/y/z/config", "ä/config", "/config"])
def test_malformed_discovery_topic_is_refused(topic):
    with pytest.raises(Rejected) as caught:
        DialectRun(HomeAssistantDialect()).say(f"homeassistant/sensor/{topic}", {"stat_t": "p"})
    assert caught.value.reason == "bad_topic"


def test_metrics_per_device_and_announcements_are_limited(monkeypatch):
    monkeypatch.setattr(announcements, "MAX_METRICS", 2)
    hub = announced({"uniq_id": "x"}, {"uniq_id": "y"})
    with pytest.raises(Rejected, match="at most 2 metrics"):
        hub.say("homeassistant/sensor/z/config", {"uniq_id": "z", "stat_t": "p/z", "dev": DEVICE})
    monkeypatch.setattr(announcements, "MAX_ANNOUNCEMENTS", 2)
    with pytest.raises(Rejected, match="At most 2 announcements"):
        hub.say("homeassistant/sensor/z/config", {"uniq_id": "z", "stat_t": "p/z"})


def test_oversized_message_is_refused():
    with pytest.raises(Rejected) as caught:
        announced({"uniq_id": "x"}).say("p/x", b"1" * 70_000)
    assert caught.value.reason == "too_large"


KEYS = ["uniq_id", "name", "stat_t", "val_tpl", "unit_of_meas", "avty", "avty_t", "dev", "cmps", "~", "schema", "p"]
keys = st.sampled_from(KEYS) | st.sampled_from(sorted(ENTITY) + sorted(set(ENTITY.values())))
odd = json_values | st.sampled_from(
    ["p/a", "~/a", "{{ value_json.a }}", "{{ value }", "ON", {"ids": ["d"]}, {"p": "sensor"}]
)


@settings(max_examples=examples(300))
@given(
    kind=st.sampled_from([*SLOTS, "light", "camera", "device"]),
    config=st.dictionaries(keys, odd, max_size=8),
    device=odd,
    bodies=st.lists(odd | st.sampled_from([b"ON", b"nan", b"\xff", b""]), min_size=1, max_size=3),
)
def test_any_announcement_and_state_is_decoded_or_rejected(kind, config, device, bodies):
    hub = DialectRun(HomeAssistantDialect())
    full = {"stat_t": "p/a", "dev": device, "avty_t": "p/there", "exp_aft": 1, **config}
    if kind == "device":
        full = {"cmps": {"a": {"p": "sensor", **config}}, **full}
    try:
        hub.say(f"homeassistant/{kind}/x/config", full)
    except Rejected as error:
        assert error.reason  # noqa: PT017 (any other exception is the failure)
    for body in bodies:
        for topic in ("p/a", "p/there"):
            if hub.dialect.owns(topic):
                try:
                    hub.say(topic, body)
                except Rejected as error:
                    assert error.reason  # noqa: PT017
    hub.dialect.tick(hub.registry, NOW + 10_000)


@given(topic=st.text(max_size=20), payload=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_on_any_topic_are_decoded_or_rejected(topic, payload):
    hub = announced({"uniq_id": "x", "val_tpl": "{{ value_json.a | float(0) }}"})
    for at in ("p/x", f"homeassistant/sensor/{topic}/config", f"homeassistant/device/{topic}/config"):
        if hub.dialect.owns(at):
            try:
                hub.dialect.decode(RawMessage(at, payload, NOW), hub.registry)
            except Rejected as error:
                assert error.reason  # noqa: PT017
