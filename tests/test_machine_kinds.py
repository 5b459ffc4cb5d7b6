"""What kind of machine a device is, and that it is not compared with the faults of another kind."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.insight import evidence, parse_signatures, rank
from hub.insight.machine_kinds import machine_kinds
from hub.insight.metric_semantics import metric_semantics
from series import case, ramp, track

DEVICES = {
    "pump": {"flow": "m³/h", "pressure": "bar", "vibration": "mm/s", "bearing_temperature": "°C", "current": "A"},
    "cold_room": {"temperature": "°C", "compressor_current": "A", "humidity": "%", "door": None},
    "air_handler": {"supply_temperature": "°C", "filter_pressure_drop": "Pa", "fan_speed": "rpm", "flow": "m³/h"},
    "greenhouse": {"temperature": "°C", "humidity": "%", "soil_moisture": "%", "co2": "ppm", "vent": "%"},
    "ups": {"voltage": "V", "current": "A", "charge": "%", "temperature": "°C", "load": "%", "mains": None},
    "tank": {"level": "%", "inflow": "m³/h", "outflow": "m³/h", "valve": "%", "pressure": "bar"},
    "plug": {"apower": "W", "voltage": "V", "current": "A", "aenergy.total": "Wh", "output": None},
    "room": {"co2": "ppm", "temperature": "°C", "humidity": "%"},
}


def of(metrics: dict[str, str | None], *texts: str) -> frozenset[str]:
    return machine_kinds(texts, [(name, metric_semantics(name, unit)) for name, unit in metrics.items()])


@pytest.mark.parametrize("kind", DEVICES)
def test_kind_is_inferred_from_metrics(kind: str) -> None:
    assert kind in of(DEVICES[kind])


def test_device_of_one_kind_is_not_of_those_that_share_its_quantities() -> None:
    assert of(DEVICES["plug"]) == {"plug"}
    assert "greenhouse" not in of(DEVICES["room"])
    assert of({"battery": "%", "contact": None, "linkquality": "lqi"}) & {"tank", "battery", "ups"} == set()


@pytest.mark.parametrize(
    ("name", "kind"),
    [
        ("Heat pump cellar", "heat_pump"),
        ("Wärmepumpe", "heat_pump"),
        ("Boiler house 2", "boiler"),
        ("锅炉房", "boiler"),
    ],
)
def test_word_in_the_name_decides(name: str, kind: str) -> None:
    heating = {"supply_temperature": "°C", "return_temperature": "°C", "flow": "l/min", "power": "kW"}
    assert of(heating, name) == {kind}


def test_word_does_not_make_a_kind_of_a_device_that_measures_nothing_of_it() -> None:
    assert of({"rssi": "dBm", "uptime": "s"}, "Pump room gateway") == set()


def test_signature_of_another_kind_is_not_considered() -> None:
    found = evidence(case(track("vibration", 2, 0.1, 1, ramp(-60, 0.2)), track("flow", 50, 0.5, 2)))
    table = '[[cause]]\nid = "a"\ntitle = "A"\ncomponent = "x"\nneeds = ["vibration rises"]\n'
    for line, expected in (("", ["a"]), ('kinds = ["tank"]\n', []), ('kinds = ["tank", "pump"]\n', ["a"])):
        assert [m.cause for m in rank(found, parse_signatures(line + table), kinds={"pump"})] == expected


def test_unknown_kind_in_a_signature_is_an_error_that_lists_the_kinds() -> None:
    with pytest.raises(ConfigError, match="'rocket' is not a kind") as raised:
        parse_signatures('kinds = ["rocket"]\n[[cause]]\nid="a"\ntitle="A"\ncomponent="x"\nneeds=["flow falls"]\n')
    assert "air_handler" in raised.value.hint


@pytest.mark.parametrize(
    ("model", "kind"),
    [
        ("Belt conveyor with electric motor and gearbox", "conveyor"),
        ("Open cooling tower, induced draught, with basin", "cooling_tower"),
        ("Walk-in freezer room, condensing unit", "cold_room"),
        ("Förderband mit Motor", "conveyor"),
    ],
)
def test_part_named_after_the_machine_is_not_its_kind(model: str, kind: str) -> None:
    metrics = {name: metric_semantics(name) for name in ("motor_current", "vibration", "temperature", "level", "speed")}
    assert machine_kinds((model,), metrics.items()) == {kind}
