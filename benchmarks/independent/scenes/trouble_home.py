"""Something simple is wrong at home: an empty battery, an open door, a plug switched off, a lowered set point."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, lag, wander, weather
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import PEOPLE, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import CELSIUS, DAY, HOUR, KWH, MINUTE, PERCENT, SWITCH, VOLT, WATT
from benchmarks.independent.scenes.scene import Scene


def contact_battery() -> Scene:
    """Return a door contact whose coin cell is nearly empty: its voltage falls steeply at the end of its life."""
    rng, t = course.begin("contact_battery", 12, 60)
    passing = np.sort(rng.uniform(7, 22, 110) * HOUR + DAY * rng.integers(0, 12, 110))
    opened = course.pulse(t, passing, rng.uniform(60, 200, len(passing)))
    volts = 2880 - 9 * t / DAY - 24 * np.exp((t - 9.2 * DAY) / DAY)
    charge = np.clip((volts - 2500) / 4.2, 0, 100)
    return compose(
        "contact_battery",
        "The battery of a door contact is nearly empty; the contact will soon be silent",
        t,
        {
            "contact": (SWITCH, 1 - opened),
            "battery": (PERCENT, charge),
            "voltage": (Metric("mV", 5.0), course.noisy(rng, volts, 2)),
            "device_temperature": (Metric("°C", 1.0), 20 + 1.5 * wander(t, rng, DAY / 2)),
            "linkquality": (course.LQI, course.radio(t, rng, 84, 9)),
            "battery_low": (SWITCH, (charge < 12).astype(float)),
        },
        answers(
            r"voltage|power supply|radio|signal",
            right=(r"batter(y|ies)|(coin|button) cell",),
            has=(
                "door",
                "battery",
            ),
            absurd=(r"heating|mains|overload",),
        ),
        event=8 * DAY,
        limits=(Limit("battery", low=15.0, hold_s=0.0),),
        wait=30 * MINUTE,
        reports=OnChange(50 * MINUTE, {"contact": 1.0}),
        model="MCCGQ11LM",
        labels=("back door",),
    )


def freezer_left_open() -> Scene:
    """Return a freezer whose door has been open for almost an hour after the evening meal: the contact says so."""
    rng, t = course.begin("freezer_left_open", 6, 60)
    visits = course.about(rng, course.clock(range(6), 12.1, 18.2), 30)
    door = np.maximum(course.pulse(t, visits, 60), course.pulse(t, course.clock((5,), 19.2), 3 * HOUR))
    air, on = course.thermostat(t, 1.4 + 11 * lag(door, t, 120.0), -19.5, -17.5, 4.4)
    return compose(
        "freezer_left_open",
        "The freezer's door was left open",
        t,
        {
            "freezer_temperature": (CELSIUS, course.noisy(rng, lag(air, t, 3 * MINUTE), 0.05)),
            "freezer_door_contact": (SWITCH, door),
            "freezer_power": (WATT, course.noisy(rng, on * (92 + 0.8 * (air + 18)), 0.6) * on),
            "kitchen_temperature": (CELSIUS, course.noisy(rng, 20.8 + 0.5 * wander(t, rng, 6 * HOUR), 0.03)),
            "wifi_signal": (course.DBM, course.radio(t, rng, -63)),
        },
        answers(
            PEOPLE,
            r"\bdoor\b|warm air|air (ingress|leak)|seal|gasket|heat load",
            right=(r"door.{0,40}(open|ajar|not (clos|shut))|(open|unclosed)\w*.{0,20}door",),
            has=(
                "door",
                "compressor",
                "refrigerant",
                "motor",
                "fan",
                "frost",
                "leak",
                "exchanger",
                "ventilation",
                "fouling",
                "valve",
            ),
        ),
        event=5 * DAY + 19 * HOUR,
        limits=(Limit("freezer_temperature", high=-14.0, hold_s=600.0),),
        wait=120.0,
        labels=("kitchen",),
    )


def plug_switched_off() -> Scene:
    """Return a Tasmota plug at an aquarium's heater and pump: someone has switched the relay off in the evening."""
    rng, t = course.begin("plug_switched_off", 6, 60)
    off = 5 * DAY + 20.3 * HOUR
    relay = 1.0 * (t < off)
    heater = relay * (np.sin(t / 1400 + 0.5 * wander(t, rng, 2 * HOUR)) > 0.35)
    volts = course.mains(t, rng)
    watts = relay * (7.5 + 98 * heater)
    cooled = 3.2 * (1 - np.exp(-np.maximum(t - off, 0) / 30_000))
    water = 25.0 + 0.12 * lag(heater - 0.35, t, 20 * MINUTE) - cooled
    return compose(
        "plug_switched_off",
        "Somebody has switched off the plug of the aquarium",
        t,
        {
            "POWER1": (SWITCH, relay),
            "Power": (WATT, watts),
            "Voltage": (VOLT, volts),
            "Current": (course.AMPERE, watts / volts),
            "Total": (KWH, course.energy(t, watts, 208.3)),
            "DS18B20_Temperature": (CELSIUS, course.noisy(rng, water, 0.03)),
            "Wifi_RSSI": (PERCENT, course.radio(t, rng, 72, 4)),
        },
        answers(
            PEOPLE,
            r"power (loss|failure|cut|interrupt)|loss of power|no power|switch|unplugged|heater.{0,20}(off|no power)",
            right=(
                r"(plug|relay|outlet|socket|switch|device|power|heater|load|appliance).{0,40}\boff\b",
                r""
                r"(switched|turned|commanded) off|relay.{0,15}open|off (command|state)|de-?energi",
            ),
            has=("pump", "filter", "leak", "exchanger", "tank", "fouling"),
        ),
        event=5 * DAY + 20 * HOUR,
        limits=(Limit("Power", low=3.0, hold_s=300.0),),
        wait=400.0,
        model="Tasmota Gosund SP1",
        labels=("living room",),
    )


def set_point_lowered() -> Scene:
    """Return a radiator valve on Zigbee2MQTT whose set point someone has turned down to 15 °C at noon."""
    rng, t = course.begin("set_point_lowered", 6, 300)
    outside, _ = weather(t, rng, 1.0)
    target = np.where(t < 5 * DAY + 11.8 * HOUR, 18 + 3 * np.sign(busy(t, 6, 22)), 15.0)
    heat, room, rooms, demands = 0.5, 20.0, [], []
    for want, cold in zip(target.tolist(), outside.tolist(), strict=True):
        demand = float(np.clip(0.55 * (want - room) + 0.45, 0, 1))
        heat += (demand - heat) * 300 / 2400
        room += (3.2 * heat - (room - cold) / 13.5) * 300 / HOUR
        rooms.append(room)
        demands.append(100 * demand)
    return compose(
        "set_point_lowered",
        "Somebody has turned a radiator's set point down to 15 °C in the morning; the room gets cold",
        t,
        {
            "local_temperature": (CELSIUS, course.noisy(rng, np.array(rooms), 0.03)),
            "occupied_heating_setpoint": (Metric("°C", 0.5), target),
            "pi_heating_demand": (PERCENT, np.array(demands)),
            "system_mode": (course.mode("off", "auto", "heat"), course.flat(t, 2)),
            "child_lock": (SWITCH, course.flat(t, 0)),
            "battery": (PERCENT, course.battery(t, 71, 0.3)),
            "linkquality": (course.LQI, course.radio(t, rng, 92, 8)),
        },
        answers(
            PEOPLE,
            r"heating (demand|is|was)?.{0,10}(off|low|reduced)|set.?back|schedule|valve clos|reduced heating",
            right=(
                r"set.?point|target (temperature|value)",
                r"(lowered|reduced|changed|turned down).{0,20}(thermostat|target|setting)|"
                r"(thermostat|setting).{0,20}(lowered|reduced|changed|turned down)",
            ),
            has=("door", "valve", "battery", "exchanger", "pump", "boiler", "pipe", "leak", "burner", "ventilation"),
        ),
        event=5 * DAY + 12 * HOUR,
        limits=(Limit("local_temperature", low=17.5, hold_s=600.0),),
        model="TRVZB",
        labels=("living room",),
    )


def window_left_open() -> Scene:
    """Return a children's room (French names): the window is open for hours in winter, the radiator at 100 %."""
    rng, t = course.begin("window_left_open", 7, 300)
    outside, _ = weather(t, rng, 2.0)
    window = np.maximum(
        course.pulse(t, course.clock(range(7), 7.7), 600), course.pulse(t, course.clock((6,), 13.1), 9 * HOUR)
    )
    heat, room, rooms, demands = 0.5, 20.0, [], []
    for cold, opened in zip(outside.tolist(), window.tolist(), strict=True):
        demand = float(np.clip(0.6 * (20.5 - room) + 0.45, 0, 1))
        heat += (demand - heat) * 300 / 2400
        room += (3.2 * heat - (room - cold) * (1 / 13.5 + 0.33 * opened)) * 300 / HOUR
        rooms.append(room)
        demands.append(100 * demand)
    return compose(
        "window_left_open",
        "A window was left open in winter; the radiator cannot keep the room warm",
        t,
        {
            "température chambre": (CELSIUS, course.noisy(rng, np.array(rooms), 0.04)),
            "consigne": (CELSIUS, course.flat(t, 20.5)),
            "ouverture vanne": (PERCENT, np.array(demands)),
            "fenêtre ouverte": (SWITCH, window),
            "humidité": (PERCENT, course.noisy(rng, 49 - 12 * lag(window, t, 20 * MINUTE), 0.5)),
            "température extérieure": (CELSIUS, outside),
        },
        answers(
            PEOPLE,
            r"window|cold air|(excessive|increased) heat loss|draught|draft|airing",
            right=(r"window.{0,30}(open|not (clos|shut)|ajar)|open\w*.{0,15}window|fenêtre",),
            has=("door", "valve", "exchanger", "pump", "boiler", "pipe", "leak", "burner", "ventilation"),
        ),
        event=6 * DAY + 13 * HOUR,
        limits=(Limit("température chambre", low=17.0, hold_s=1800.0),),
        labels=("chambre enfants",),
    )


TROUBLE_HOME = (contact_battery, freezer_left_open, plug_switched_off, set_point_lowered, window_left_open)
