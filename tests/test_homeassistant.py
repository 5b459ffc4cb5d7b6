"""Home Assistant discovery: vectors of real messages, and cases that they do not cover."""

import pytest

from conformance import disagreements, vectors
from dialect_run import NOW, DialectRun, run_hub
from hub.dialects import DialectConfig, HomeAssistantDialect, Subscribe, Unsubscribe, make_dialect
from hub.errors import Rejected
from hub.model import RawMessage

VECTORS = vectors("homeassistant")
DEVICE = {"ids": ["pump-1"], "name": "Pump", "mf": "Acme", "mdl": "P9", "sw": "1.2", "sa": "Cellar"}


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_real_message_is_decoded_as_expected(vector):
    assert disagreements(vector, HomeAssistantDialect()) == []


def hub(kind: str = "sensor", **config) -> DialectRun:
    """Return a dialect with one announced entity ``x`` whose state topic is ``p/state``."""
    run = DialectRun(HomeAssistantDialect())
    run.say(f"homeassistant/{kind}/x/config", {"uniq_id": "x", "stat_t": "p/state", "dev": DEVICE, **config})
    return run


def info(run: DialectRun, device: str = "ha:pump-1"):
    return run.registry.identities[device].info


def unknown(result) -> list[str]:
    return [expiration.metric for expiration in result.expirations]


def test_entities_of_one_device_are_merged():
    run = hub(unit_of_meas="C")
    run.say("homeassistant/sensor/y/config", {"uniq_id": "y", "stat_t": "p/y", "unit_of_meas": "lux", "dev": DEVICE})
    assert run.values("p/state", b"21.5") == {"x": 21.5}
    assert run.values("p/y", b"300") == {"y": 300}
    found = info(run)
    assert (found.name, found.manufacturer, found.model, found.firmware, found.area) == (
        "Pump", "Acme", "P9", "1.2", "Cellar",
    )  # fmt: skip
    assert found.units == {"x": "°C", "y": "lx"}


def test_devices_with_shared_identifier_or_mac_are_merged():
    run = hub(dev={"ids": ["a", "b"], "cns": [["mac", "02:5B:26:A8:DC:12"]], "name": "One"})
    other = {"uniq_id": "y", "stat_t": "p/y", "dev": {"cns": [["mac", "02:5b:26:a8:dc:12"]], "mf": "Acme"}}
    run.say("homeassistant/sensor/y/config", other)
    run.say("homeassistant/sensor/z/config", {"uniq_id": "z", "stat_t": "p/z", "dev": {"ids": "b"}})
    assert list(run.registry.identities) == ["ha:a"]
    assert (info(run, "ha:a").name, info(run, "ha:a").manufacturer) == ("One", "Acme")
    via = {"uniq_id": "v", "stat_t": "p/v", "dev": {"ids": "v", "via_device": "b"}}
    run.say("homeassistant/sensor/v/config", via)
    assert info(run, "ha:v").via == "ha:a"


def test_device_discovery_adds_and_removes_components():
    run = DialectRun(HomeAssistantDialect())
    body = {
        "~": "cellar",
        "dev": DEVICE,
        "o": {"name": "test"},
        "avty_t": "~/there",
        "stat_t": "~/state",
        "cmps": {
            "t": {"p": "sensor", "dev_cla": "temperature", "val_tpl": "{{ value_json.t }}", "uniq_id": "t1"},
            "h": {"p": "sensor", "unit_of_meas": "%", "val_tpl": "{{ value_json.h }}", "uniq_id": "h1"},
            "r": {"p": "switch", "stat_t": "~/relay", "cmd_t": "~/relay/set", "uniq_id": "r1"},
        },
    }
    run.say("homeassistant/device/pump/config", body)
    assert run.values("cellar/state", {"t": 20, "h": 55}) == {"t1": 20, "h1": 55}
    assert run.values("cellar/relay", b"ON") == {"r1": True}
    assert [a.online for a in run.say("cellar/there", b"offline").availability] == [False]
    body["cmps"]["h"] = {"p": "sensor"}
    run.say("homeassistant/device/pump/config", body)
    assert run.values("cellar/state", {"t": 20, "h": 55}) == {"t1": 20}


def test_empty_announcement_removes_entity_and_unsubscribes():
    run = hub(avty_t="p/there")
    first = run.say("homeassistant/sensor/y/config", {"uniq_id": "y", "stat_t": "p/y", "avty_t": "p/there"})
    (change,) = first.changes
    assert HomeAssistantDialect().apply(change) == [Subscribe(("p/there", "p/y"))]
    withdrawal = RawMessage("homeassistant/sensor/x/config", b"", NOW)
    result = run.dialect.decode(withdrawal, run.registry)
    assert unknown(result) == ["x"]
    assert [e for change in result.changes for e in run.dialect.apply(change)] == [Unsubscribe(("p/state",))]
    assert not run.dialect.owns("p/state")
    assert run.dialect.owns("p/there")


def test_repeated_availability_renews_its_place_in_the_order():
    run = hub(avty=[{"t": "av/a"}, {"t": "av/b"}], avty_mode="latest")
    run.say("homeassistant/sensor/y/config", {"uniq_id": "y", "stat_t": "p/y", "avty_t": "av/c", "dev": DEVICE})
    for topic, body in (("av/a", b"online"), ("av/b", b"offline"), ("av/a", b"online")):
        run.say(topic, body)
    assert unknown(run.say("av/c", b"online")) == []  # the entity x is available: av/a was the latest
    run.say("av/b", b"offline")
    run.say("av/a", b"online", retained=True)  # repeats an old report
    assert unknown(run.say("av/c", b"online")) == ["x"]
    assert run.say("av/c", b"online").changes == []  # nothing to store


def test_repeated_announcement_changes_nothing():
    run = hub()
    again = run.say("homeassistant/sensor/x/config", {"uniq_id": "x", "stat_t": "p/state", "dev": DEVICE})
    assert (again.changes, again.identities) == ((), ())


@pytest.mark.parametrize(
    ("body", "values", "expired"),
    [
        ({"v": 21.5}, {"x": 21.5}, []),
        ({"v": "21.5"}, {"x": 21.5}, []),
        ({"v": None}, {}, ["x"]),
        ({"v": "nan"}, {}, ["x"]),
        ({"v": "unknown"}, {}, ["x"]),
        ({"v": "unavailable"}, {}, ["x"]),
        ({"v": ""}, {}, []),
        ({"w": 1}, {}, []),
        (b"no json", {}, []),
    ],
)
def test_null_nan_unknown_empty_and_missing_values_differ(body, values, expired):
    run = hub(unit_of_meas="C", val_tpl="{{ value_json.v }}")
    result = run.say("p/state", body)
    assert (result.records[0].values, unknown(result), result.rejections) == (values, expired, [])


def test_invalid_value_or_failed_template_loses_only_that_value():
    run = hub(unit_of_meas="C", val_tpl="{{ value_json.v }}")
    sibling = {"uniq_id": "y", "stat_t": "p/state", "stat_cla": "measurement", "dev": DEVICE}
    run.say("homeassistant/sensor/y/config", {**sibling, "val_tpl": "{{ value_json.w | float / value_json.d }}"})
    result = run.say("p/state", {"v": "hot", "w": 6, "d": 2})
    assert (result.records[0].values, [r.reason for r in result.rejections]) == ({"y": 3.0}, ["bad_value"])
    result = run.say("p/state", {"v": 1, "w": 6, "d": 0})
    assert (result.records[0].values, [r.reason for r in result.rejections]) == ({"x": 1.0}, ["template_failed"])


def test_sensor_with_class_or_unit_is_number():
    assert hub(stat_cla="measurement").values("p/state", b"3") == {"x": 3.0}
    assert hub(dev_cla="battery").values("p/state", b"3") == {"x": 3.0}
    assert hub(dev_cla="timestamp").values("p/state", b"2026-11-22T20:46:01Z") == {"x": "2026-11-22T20:46:01Z"}
    assert hub().values("p/state", b"0012") == {"x": "0012"}


def test_retained_state_has_quality_retained():
    run = hub(unit_of_meas="C", avty_t="p/there")
    assert run.say("p/state", b"20", retained=True).records[0].quality == "retained"
    assert run.say("p/state", b"None", retained=True).expirations == ()
    assert run.say("p/there", b"online", retained=True).availability[0].retained
    event = hub("event", event_types=["press"])
    assert event.say("p/state", {"event_type": "press"}, retained=True).records[0].values == {}
    assert event.values("p/state", {"event_type": "press", "button": 2}) == {"x": "press", "x.button": 2}


def test_light_state_brightness_and_colour_are_decoded():
    run = hub("light", schema="json", brightness=True, cmd_t="p/set", sup_clrm=["color_temp", "xy"], bri_scl=254)
    body = {"state": "ON", "brightness": 183, "color_mode": "xy", "color": {"x": 0.4, "y": 0.5}, "linkquality": 9}
    assert run.values("p/state", body) == {
        "x": True, "x.brightness": 183, "x.color_mode": "xy", "x.color.x": 0.4, "x.color.y": 0.5,
    }  # fmt: skip
    assert unknown(run.say("p/state", {"state": "OFF", "color_temp": None})) == ["x.color_temp"]
    odd = run.say("p/state", {"state": "ON", "brightness": "high", "color_temp": "250", "color": {"x": [1], "y": 0.5}})
    assert [record.values for record in odd.records] == [{"x": True, "x.color_temp": 250, "x.color.y": 0.5}]
    assert [each.detail for each in odd.rejections] == [
        "'x.brightness' must be a number, not 'high'.",
        "'x.color.x' must be a number, not '[1]'.",
    ]
    assert info(run).commands["x.brightness"]["maximum"] == 254
    basic = hub(
        "light", bri_stat_t="p/bri", bri_val_tpl="{{ value_json.b }}", rgb_stat_t="p/rgb", pl_on="1", pl_off="0"
    )
    assert basic.values("p/state", b"1") == {"x": True}
    assert basic.values("p/bri", {"b": 40}) == {"x.brightness": 40}
    assert basic.values("p/rgb", b"255,0,9") == {"x.rgb": "255,0,9"}
    own = hub("light", schema="template", stat_tpl="{{ value.split(',')[0] }}", bri_tpl="{{ value.split(',')[1] }}")
    assert own.values("p/state", b"on,77") == {"x": True, "x.brightness": 77}


@pytest.mark.parametrize(
    ("kind", "config", "payload", "values"),
    [
        ("binary_sensor", {"pl_on": True, "pl_off": False, "val_tpl": "{{ value_json.c }}"}, {"c": True}, {"x": True}),
        ("switch", {"stat_on": "an", "stat_off": "aus", "pl_on": "1"}, b"an", {"x": True}),
        ("number", {"unit_of_meas": "s"}, b"35.5", {"x": 35.5}),
        ("select", {"ops": ["a", "b"]}, b"a", {"x": "a"}),
        ("cover", {"stat_clsd": "zu"}, b"zu", {"x": "closed"}),
        ("lock", {}, b"LOCKED", {"x": "locked"}),
        ("valve", {"pos": True}, b"40", {"x.position": 40}),
        ("valve", {"pos": True}, {"state": "opening", "position": 10}, {"x": "opening", "x.position": 10}),
        ("fan", {"pct_stat_t": "p/state", "stat_t": "p/other"}, b"70", {"x.percentage": 70}),
        ("device_tracker", {}, b"not_home", {"x": "not_home"}),
        ("device_tracker", {}, b"Office", {"x": "Office"}),
        ("update", {}, {"latest_version": "1.1"}, {"x.latest_version": "1.1"}),
        ("update", {}, b"1.0", {"x.installed_version": "1.0"}),
        ("siren", {}, {"state": "ON", "volume_level": 0.5}, {"x": True, "x.volume_level": 0.5}),
        ("vacuum", {}, {"state": "docked", "battery_level": 80}, {"x": "docked", "x.battery_level": 80}),
        ("alarm_control_panel", {}, b"armed_home", {"x": "armed_home"}),
        ("device_automation", {"t": "p/state", "pl": "single", "atype": "trigger"}, b"single", {"x": "single"}),
        ("device_automation", {"t": "p/state", "pl": "single", "atype": "trigger"}, b"double", {}),
        ("humidifier", {"hum_stat_t": "p/state", "stat_t": "p/other"}, b"45", {"x.target_humidity": 45}),
    ],
)  # fmt: skip
def test_component_state_is_decoded(kind, config, payload, values):
    assert hub(kind, **config).values("p/state", payload) == values


def test_climate_entity_is_decoded_and_commandable():
    config = {
        "~": "p",
        "temp_unit": "C",
        "curr_temp_t": "~/state",
        "curr_temp_tpl": "{{ value_json.local }}",
        "temp_stat_t": "~/state",
        "temp_stat_tpl": "{{ value_json.set }}",
        "temp_cmd_t": "~/set",
        "mode_stat_t": "~/state",
        "mode_stat_tpl": "{{ value_json.mode }}",
        "mode_cmd_t": "~/mode",
        "modes": ["off", "heat"],
        "min_temp": "5",
        "max_temp": 35,
        "temp_step": 0.5,
        "act_t": "~/state",
        "act_tpl": "{% set values = {None: None, 'heat': 'heating'} %}{{ values[value_json.running] }}",
    }
    run = hub("climate", **config)
    body = {"local": 20.4, "set": 21.5, "mode": "heat", "running": "heat"}
    assert run.values("p/state", body) == {
        "x": "heat", "x.current_temperature": 20.4, "x.temperature": 21.5, "x.action": "heating",
    }  # fmt: skip
    assert unknown(run.say("p/state", {**body, "running": None})) == ["x.action"]
    assert info(run).units == {"x.current_temperature": "°C", "x.temperature": "°C"}
    command = info(run).commands["x.temperature"]
    assert (command["topic"], command["minimum"], command["maximum"], command["step"]) == ("p/set", 5, 35, 0.5)
    assert info(run).commands["x"]["values"] == ["off", "heat"]


def test_commands_of_entities_are_described():
    assert info(hub("switch", cmd_t="p/set", pl_on="1", pl_off="0")).commands == {
        "x": {"topic": "p/set", "encoding": "text", "confirm_by": "x", "type": "boolean", "on": "1", "off": "0"}
    }
    number = info(hub("number", cmd_t="p/set", min=2, max=9, step=0.5)).commands["x"]
    assert (number["type"], number["minimum"], number["maximum"], number["step"]) == ("number", 2, 9, 0.5)
    button = info(hub("button", cmd_t="p/set")).commands["x"]
    assert (button["type"], button["payload"], button["confirm_by"]) == ("none", "PRESS", None)
    assert info(hub("select", cmd_t="p/set", ops=["a", "b"])).commands["x"]["values"] == ["a", "b"]
    assert info(hub("lock", cmd_t="p/set")).commands["x"]["values"] == ["LOCK", "UNLOCK"]
    own = info(hub("text", cmd_t="p/set", cmd_tpl='{"say": {{ value | tojson }}}')).commands["x"]
    assert (own["encoding"], own["options"]) == ("template", {"template": '{"say": {{ value | tojson }}}'})
    light = info(hub("light", schema="json", cmd_t="p/set", brightness=True)).commands["x.brightness"]
    assert (light["property"], light["options"]) == ("brightness", {"with": {"state": "ON"}})


def test_state_topic_shared_by_devices_is_attributed_by_template():
    run = hub(unit_of_meas="C", val_tpl="{{ value_json.a }}")
    other = {"uniq_id": "y", "stat_t": "p/state", "unit_of_meas": "C", "dev": {"ids": "other"}}
    run.say("homeassistant/sensor/y/config", {**other, "val_tpl": "{{ value_json.b }}"})
    (record,) = run.say("p/state", {"b": 4}).records
    assert (record.device, record.values) == ("ha:other", {"y": 4.0})


async def test_announcements_survive_restart(tmp_path):
    config = {"uniq_id": "x", "stat_t": "p/state", "unit_of_meas": "C", "avty_t": "p/there", "dev": DEVICE}
    await run_hub(
        tmp_path,
        HomeAssistantDialect(),
        ("homeassistant/sensor/x/config", config),
        ("p/there", b"online"),
        ("p/state", b"20.5"),
    )
    actions = []
    registry = await run_hub(tmp_path, HomeAssistantDialect(), ("p/state", b"None"), effects=actions.append)
    device = registry.require("ha:pump-1")
    assert (device.metrics["x"].value, device.metrics["x"].quality, device.unit("x")) == (20.5, "unknown", "°C")
    assert (device.display_name, device.native_id, device.dialect) == ("Pump", "pump-1", "homeassistant")
    assert actions == [Subscribe(("p/state", "p/there"))]


def test_entity_on_topic_of_another_dialect_is_ignored():
    """A Zigbee2MQTT or Tasmota device that is also announced by discovery is decoded by its own dialect only."""
    run = DialectRun(make_dialect("homeassistant", DialectConfig()))
    for state in ("zigbee2mqtt/lamp", "tele/plug/SENSOR", "devices/pump-1/telemetry"):
        config = {"uniq_id": "x", "stat_t": state, "cmd_t": f"{state.partition('/')[0]}/x/set", "dev": DEVICE}
        if state.startswith("tele"):
            del config["cmd_t"]
        result = run.say("homeassistant/sensor/x/config", config)
        assert (result.identities, result.changes, result.rejections) == ((), (), [])


@pytest.mark.parametrize(
    "topic",
    ["zigbee2mqtt/lamp/set", "devices/pump-1/commands/stop", "homeassistant/status", "homeassistant/sensor/y/config"],
)
def test_command_topic_of_another_dialect_is_refused(topic):
    run = DialectRun(make_dialect("homeassistant", DialectConfig()))
    with pytest.raises(Rejected) as caught:
        run.say("homeassistant/switch/x/config", {"uniq_id": "x", "stat_t": "mine/state", "cmd_t": topic})
    assert caught.value.reason == "topic_taken"
