"""Car charger, heat pump, photovoltaics: the energy of a home."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, lag, wander, weather
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, SET_POINT, WEATHER, answers
from benchmarks.independent.scenes.compose import compose
from benchmarks.independent.scenes.course import AMPERE, CELSIUS, DAY, HOUR, KWH, MINUTE, VOLT, WATT
from benchmarks.independent.scenes.scene import Scene


def car_charges() -> Scene:
    """Return a Shelly meter of a house: the car charges with 11 kW on three phases, four evenings in ten days."""
    rng, t = course.begin("car_charges", 10, 60)
    plugged = course.about(rng, course.clock((1, 4, 6, 9), 18.4), 20)
    charging = lag(course.pulse(t, plugged, rng.uniform(2, 4, 4) * HOUR), t, 30.0)
    base = 260 + 60 * wander(t, rng, HOUR) + 500 * busy(t, 17, 22) + 250 * busy(t, 6.5, 8.5)
    cooking = course.pulse(t, course.about(rng, course.clock(range(10), 12.1, 18.9), 30), 25 * MINUTE)
    phases = {
        "a": np.abs(course.noisy(rng, 0.5 * base + 3680 * charging, 12)),
        "b": np.abs(course.noisy(rng, 0.2 * base + 3670 * charging + 2100 * cooking, 12)),
        "c": np.abs(course.noisy(rng, 0.3 * base + 3660 * charging, 12)),
    }
    volts = course.mains(t, rng)
    total = phases["a"] + phases["b"] + phases["c"]
    return compose(
        "car_charges",
        "The electric car charges in the evening",
        t,
        {
            **{f"{phase}_act_power": (course.WATT_1, watts) for phase, watts in phases.items()},
            **{f"{phase}_voltage": (VOLT, volts - watts / 1500) for phase, watts in phases.items()},
            "total_act_power": (course.WATT_1, total),
            "total_current": (AMPERE, total / volts),
            "total_act": (KWH, course.energy(t, total, 8123.5)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"\bev\b|electric (car|vehicle)|charg|wall.?box|(large|big) (load|consumer)|appliance|heat(er|ing)|"
            r"simultaneous|peak",
            has=("boiler",),
        ),
        event=9 * DAY + 17 * HOUR,
        limits=(Limit("total_act_power", high=9000.0, hold_s=120.0),),
        model="Shelly Pro 3EM",
        labels=("main meter",),
    )


def heat_pump_satisfied() -> Scene:
    """Return a heat pump (German names) that stops because the buffer has reached its set point on a mild afternoon."""
    rng, t = course.begin("heat_pump_satisfied", 8, 60)
    outside, _ = weather(t, rng, 6.0)
    outside = outside + 3.5 * np.clip((t - 6.3 * DAY) / DAY, 0, 1)
    target = 36 - 0.7 * (outside - 5)
    need = np.clip((19 - outside) / 2.6, 0.8, 9.0)
    flow, on = [], []
    level, running = 36.0, 1.0
    for want, load in zip(target.tolist(), need.tolist(), strict=True):
        running = 1.0 if level < want - 3 else 0.0 if level > want + 2 else running
        level += ((7.5 * running - load) / 0.9) / 60
        flow.append(level)
        on.append(running)
    power, buffer = lag(np.array(on), t, 120.0), np.array(flow)
    return compose(
        "heat_pump_satisfied",
        "A heat pump reaches its set point and stops, for longer than usual because it is mild outside",
        t,
        {
            "Verdichterdrehzahl": (Metric("rpm", 10.0), 3900 * power * (power > 0.02)),
            "Vorlauftemperatur": (CELSIUS, course.noisy(rng, buffer + 3.2 * power, 0.05)),
            "Rücklauftemperatur": (CELSIUS, course.noisy(rng, buffer - 1.6, 0.05)),
            "Vorlauf Soll": (CELSIUS, target),
            "Außentemperatur": (CELSIUS, outside),
            "Heizleistung": (Metric("kW", 0.1), 7.5 * power),
            "el. Leistung": (Metric("kW", 0.01), 0.05 + 1.9 * power),
            "Sole Ein": (CELSIUS, course.noisy(rng, 9.5 - 1.5 * lag(power, t, HOUR), 0.04)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            SET_POINT,
            WEATHER,
            r"satisf|mild|cycl(e|ing)|thermostat|standby|idle|no heat(ing)? (demand|request)|off",
            has=(
                "compressor",
                "refrigerant",
                "pump",
                "valve",
                "exchanger",
                "filter",
                "inverter",
                "motor",
                "leak",
                "oil",
                "pipe",
                "fouling",
                "tank",
            ),
            absurd=(r"outdoor (unit|coil) (ice|icing)",),
        ),
        event=7 * DAY + 13 * HOUR,
        limits=(Limit("Heizleistung", low=1.0, hold_s=65 * MINUTE),),
        wait=60.0,
        labels=("Heizungskeller",),
    )


def dusk() -> Scene:
    """Return a photovoltaic inverter with SunSpec-like names whose power falls in the evening."""
    rng, t = course.begin("dusk", 5, 120)
    light = course.sun(t, rng, 7.2, 17.8, 0.7)
    watts = np.maximum(6400 * light - 30, 0.0)
    awake = light > 0.012
    total = course.energy(t, watts, 15_320.0)
    volts = course.mains(t, rng) + 1.2 * light
    return compose(
        "dusk",
        "The sun sets and the photovoltaic inverter's power falls",
        t,
        {
            "ac_power": (WATT, watts),
            "ac_voltage": (VOLT, volts),
            "ac_current": (AMPERE, watts / volts),
            "dc_voltage": (VOLT, course.noisy(rng, awake * (560 + 30 * light), 1.5) * awake + 8 * ~awake),
            "dc_power": (WATT, watts / 0.97),
            "day_energy": (KWH, course.today(t, total)),
            "cabinet_temperature": (CELSIUS, 16 + lag(26 * light, t, 30 * MINUTE)),
            "operating_state": (
                course.mode("sleeping", "starting", "mppt"),
                2.0 * (watts > 5) + ((watts <= 5) & awake),
            ),
        },
        answers(
            NORMAL,
            WEATHER,
            r"dusk|sunset|evening|night|dark|no (sun|light)|irradian|insolation|cloud|shad(e|ing|ow)|daylight|"
            r"(low|less|falling|declining) (light|sun|radiation)|end of (the )?day|standby|sleep",
            has=("inverter", "fan"),
        ),
        event=4 * DAY + 16 * HOUR,
        limits=(Limit("ac_power", low=100.0, hold_s=600.0),),
        model="Fronius Symo 7.0-3-M",
    )


ENERGY = (car_charges, heat_pump_satisfied, dusk)
