"""Home Assistant discovery: who is there, what runs out with time, and what is refused."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dialect_run import NOW, Heard, json_values
from hub.dialects import HomeAssistantDialect
from hub.dialects.homeassistant import announcements
from hub.dialects.homeassistant.abbreviations import ENTITY
from hub.dialects.homeassistant.entities import SLOTS
from hub.errors import Rejected
from hub.model import RawMessage

DEVICE = {"ids": ["pump-1"]}


def heard(*entities: dict, kind: str = "sensor") -> Heard:
    hub = Heard(HomeAssistantDialect())
    for entity in entities:
        config = {"stat_t": f"p/{entity['uniq_id']}", "unit_of_meas": "C", "dev": DEVICE, **entity}
        hub.say(f"homeassistant/{kind}/{entity['uniq_id']}/config", config)
    return hub


def online(result) -> list[bool]:
    return [availability.online for availability in result.availability]


def two(mode: str) -> Heard:
    listed = [
        {"t": "bridge", "val_tpl": "{{ value_json.state }}"},
        {"topic": "own", "pl_avail": "up", "pl_not_avail": "down"},
    ]
    return heard({"uniq_id": "x", "avty": listed, "avty_mode": mode})


def test_available_when_all_say_so():
    hub = two("all")
    assert online(hub.say("own", b"up")) == []
    assert online(hub.say("bridge", {"state": "online"})) == [True]
    assert online(hub.say("own", b"down")) == [False]
    assert online(hub.say("bridge", {"state": "online"})) == [False]


def test_available_when_any_says_so():
    hub = two("any")
    assert online(hub.say("own", b"down")) == []
    assert online(hub.say("bridge", {"state": "offline"})) == [False]
    assert online(hub.say("own", b"up")) == [True]


def test_the_latest_word_counts_by_default():
    hub = two("latest")
    assert online(hub.say("own", b"up")) == [True]
    assert online(hub.say("bridge", {"state": "offline"})) == [False]
    assert online(hub.say("bridge", b"something else")) == []


def test_one_entity_that_is_away_takes_its_value_along_and_not_the_device():
    hub = heard({"uniq_id": "x", "avty_t": "x/there"}, {"uniq_id": "y"})
    hub.say("p/x", b"20")
    result = hub.say("x/there", b"offline")
    assert (online(result), [expiration.metric for expiration in result.expirations]) == ([], ["x"])
    assert hub.registry.latest("ha:pump-1", "x").quality == "unknown"


def test_a_value_that_is_not_repeated_in_time_is_not_known_any_more():
    hub = heard({"uniq_id": "x", "exp_aft": 60}, {"uniq_id": "y"})
    hub.say("p/x", b"20")
    hub.say("p/y", b"20")
    tick = hub.dialect.tick
    assert tick(hub.registry, NOW + 59_000).expirations == ()
    result = tick(hub.registry, NOW + 60_000)
    assert ([(expiration.device, expiration.metric) for expiration in result.expirations], result.availability) == (
        [("ha:pump-1", "x")],
        (),
    )


def test_a_motion_is_over_after_its_delay():
    hub = heard({"uniq_id": "x", "off_dly": 5}, kind="binary_sensor")
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
def test_an_announcement_that_asks_too_much_is_refused(wrong):
    hub = Heard(HomeAssistantDialect())
    with pytest.raises(Rejected):
        hub.say("homeassistant/sensor/x/config", {"uniq_id": "x", "stat_t": "p/state", **wrong})
    assert not hub.dialect.owns("p/state")


def test_one_wrong_component_costs_itself_only():
    parts = {
        "a": {"p": "sensor", "stat_t": "p/a", "uniq_id": "a", "unit_of_meas": "V"},
        "b": {"p": "sensor", "stat_t": "p/#", "uniq_id": "b"},
        "c": {"p": "camera", "t": "p/picture", "uniq_id": "c"},
    }
    hub = Heard(HomeAssistantDialect())
    result = hub.say("homeassistant/device/x/config", {"dev": DEVICE, "cmps": parts})
    assert [rejected.reason for rejected in result.rejections] == ["bad_topic"]
    assert hub.values("p/a", b"3") == {"a": 3}


@pytest.mark.parametrize("topic", ["a b/config", "x/y/z/config", "ä/config", "/config"])
def test_discovery_topics_have_a_form(topic):
    with pytest.raises(Rejected) as caught:
        Heard(HomeAssistantDialect()).say(f"homeassistant/sensor/{topic}", {"stat_t": "p"})
    assert caught.value.reason == "bad_topic"


def test_a_device_has_so_many_metrics_and_the_hub_so_many_announcements(monkeypatch):
    monkeypatch.setattr(announcements, "MAX_METRICS", 2)
    hub = heard({"uniq_id": "x"}, {"uniq_id": "y"})
    with pytest.raises(Rejected, match="at most 2 metrics"):
        hub.say("homeassistant/sensor/z/config", {"uniq_id": "z", "stat_t": "p/z", "dev": DEVICE})
    monkeypatch.setattr(announcements, "MAX_PLACES", 2)
    with pytest.raises(Rejected, match="At most 2 announcements"):
        hub.say("homeassistant/sensor/z/config", {"uniq_id": "z", "stat_t": "p/z"})


def test_a_large_message_is_refused():
    with pytest.raises(Rejected) as caught:
        heard({"uniq_id": "x"}).say("p/x", b"1" * 70_000)
    assert caught.value.reason == "too_large"


KEYS = ["uniq_id", "name", "stat_t", "val_tpl", "unit_of_meas", "avty", "avty_t", "dev", "cmps", "~", "schema", "p"]
keys = st.sampled_from(KEYS) | st.sampled_from(sorted(ENTITY) + sorted(set(ENTITY.values())))
odd = json_values | st.sampled_from(
    ["p/a", "~/a", "{{ value_json.a }}", "{{ value }", "ON", {"ids": ["d"]}, {"p": "sensor"}]
)


@settings(max_examples=300)
@given(
    kind=st.sampled_from([*SLOTS, "light", "camera", "device"]),
    config=st.dictionaries(keys, odd, max_size=8),
    device=odd,
    said=st.lists(odd | st.sampled_from([b"ON", b"nan", b"\xff", b""]), min_size=1, max_size=3),
)
def test_whatever_comes_is_read_or_rejected(kind, config, device, said):
    hub = Heard(HomeAssistantDialect())
    full = {"stat_t": "p/a", "dev": device, "avty_t": "p/there", "exp_aft": 1, **config}
    if kind == "device":
        full = {"cmps": {"a": {"p": "sensor", **config}}, **full}
    try:
        hub.say(f"homeassistant/{kind}/x/config", full)
    except Rejected as error:
        assert error.reason  # noqa: PT017 (any other exception is the failure)
    for body in said:
        for topic in ("p/a", "p/there"):
            if hub.dialect.owns(topic):
                try:
                    hub.say(topic, body)
                except Rejected as error:
                    assert error.reason  # noqa: PT017
    hub.dialect.tick(hub.registry, NOW + 10_000)


@given(topic=st.text(max_size=20), payload=st.binary(max_size=80) | st.text(max_size=80).map(str.encode))
def test_any_bytes_on_any_topic_are_read_or_rejected(topic, payload):
    hub = heard({"uniq_id": "x", "val_tpl": "{{ value_json.a | float(0) }}"})
    for at in ("p/x", f"homeassistant/sensor/{topic}/config", f"homeassistant/device/{topic}/config"):
        if hub.dialect.owns(at):
            try:
                hub.dialect.decode(RawMessage(at, payload, NOW), hub.registry)
            except Rejected as error:
                assert error.reason  # noqa: PT017
