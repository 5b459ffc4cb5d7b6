"""Kettle, washing machine, refrigerator, oven, dishwasher, freezer, shower: appliances in use."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import lag, wander
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, WEATHER, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import AMPERE, CELSIUS, DAY, HOUR, KWH, MINUTE, PERCENT, SWITCH, VOLT, WATT
from benchmarks.independent.scenes.scene import Scene

APPLIANCE = r"appliance|kettle|(device|load) (was )?(switched|turned) on|boil|heating (water|cycle|phase)"


def kettle() -> Scene:
    """Return a Tasmota plug: 1.7 l take 5 min at 2 kW, a cup takes 90 s."""
    rng, t = course.begin("kettle", 5, 10)
    boils = course.about(rng, course.clock(range(5), 6.8, 7.2, 10.5, 16.0, 20.3), 12)
    on = course.pulse(t, boils, rng.uniform(90, 240, len(boils)))
    volts = course.mains(t, rng) - 2.1 * on
    watts = course.noisy(rng, 2020.0 * on * (volts / 230) ** 2, 2.0) * on
    return compose(
        "kettle",
        "A kettle on a smart plug boils water, as every morning",
        t,
        {
            "Power": (WATT, watts),
            "Voltage": (VOLT, volts),
            "Current": (AMPERE, watts / volts),
            "Factor": (Metric(None, 0.01), on),
            "Total": (KWH, course.energy(t, watts, 312.4)),
            "Today": (KWH, course.today(t, course.energy(t, watts))),
            "Wifi_Signal": (course.DBM, course.radio(t, rng, -58)),
        },
        answers(NORMAL, PEOPLE, DEMAND, APPLIANCE, has=("boiler", "fouling")),
        event=4 * DAY + 6 * HOUR,
        limits=(Limit("Power", high=1500.0, hold_s=30.0),),
        wait=20.0,
        reports=OnChange(300.0, {"Power": 4.0}),
        model="Tasmota NOUS A1T",
        labels=("kitchen",),
    )


def washing_machine() -> Scene:
    """Return a Shelly plug (German names): heating, tumbling, rinsing, spinning, on some days of the week."""
    rng, t = course.begin("washing_machine", 12, 30)
    starts = course.about(rng, course.clock((0, 2, 5, 7, 9, 11), 17.5), 40)
    heats = course.program(t, starts, ((6, 1.0), (22, 1.0)), 0.0) * course.pulse(t, starts + 360, 960)
    turns = course.stages(t, starts, ((0, 1), (6, 2), (75, 1), (105, 4), (112, 0)))
    tumbling = 110 * np.clip(turns, 0, 2) * (rng.random(len(t)) < 0.6)
    watts = 0.9 + 2.2 * (turns > 0) + 2050 * heats + tumbling + 420 * (turns == 4) * rng.uniform(0.7, 1.1, len(t))
    volts = course.mains(t, rng) - watts / 900
    return compose(
        "washing_machine",
        "A washing machine heats its water, as in every wash",
        t,
        {
            "Leistung": (course.WATT_1, watts),
            "Spannung": (VOLT, volts),
            "Stromstärke": (AMPERE, watts / volts),
            "Energie gesamt": (KWH, course.energy(t, watts, 87.2)),
            "Gerätetemperatur": (CELSIUS, lag(27 + watts / 130, t, 15 * MINUTE)),
            "Schalter": (SWITCH, course.flat(t, 1)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            APPLIANCE,
            r"wash(ing)? (cycle|program)",
            has=("door", "motor", "pump", "belt", "bearing", "valve", "filter", "leak", "fouling", "vibration"),
        ),
        event=11 * DAY + 12 * HOUR,
        limits=(Limit("Leistung", high=1800.0, hold_s=120.0),),
        reports=OnChange(600.0, {"Leistung": 60.0}),
        model="Shelly Plug S",
        labels=("Waschküche",),
    )


def fridge() -> Scene:
    """Return a Zigbee2MQTT plug at a refrigerator: 20 min on, 40 min off, longer after the shopping on a Friday."""
    rng, t = course.begin("fridge", 5, 30)
    shopping = course.program(t, course.clock((4,), 17.6), ((0, 14.0), (40, 4.0), (120, 0.0)))
    visits = course.pulse(t, np.sort(rng.uniform(0, 5 * DAY, 90)), 120) * (t % DAY > 6 * HOUR)
    _, on = course.thermostat(t, 3.0 + 1.5 * visits + shopping + 0.3 * wander(t, rng, DAY / 4), 3.5, 6.5, 12.5)
    volts = course.mains(t, rng)
    watts = course.noisy(rng, on * (62 + 40 * (on - lag(on, t, 600))), 0.6) * on + 1.1
    return compose(
        "fridge",
        "A refrigerator's compressor runs longer, because warm food was put in after the shopping",
        t,
        {
            "power": (WATT, watts),
            "voltage": (VOLT, volts),
            "current": (AMPERE, watts / volts / (0.55 + 0.3 * on)),
            "energy": (KWH, course.energy(t, watts, 41.07)),
            "state": (SWITCH, course.flat(t, 1)),
            "linkquality": (course.LQI, course.radio(t, rng, 120, 8)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            WEATHER,
            r"warm (food|goods|items)|door (was )?(open|left|ajar)|compressor (cycl|run|start|on)|"
            r"cooling (cycle|down)|thermal load",
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
                "pipe",
            ),
        ),
        event=4 * DAY + 17.5 * HOUR,
        limits=(Limit("power", high=30.0, hold_s=45 * MINUTE),),
        reports=OnChange(600.0, {"power": 8.0}),
        model="TS011F_plug_1",
    )


def oven() -> Scene:
    """Return an ESPHome sensor beside the oven; people bake on Wednesdays and Sundays."""
    rng, t = course.begin("oven", 7, 60)
    meals = course.program(t, course.clock(range(7), 12.2, 18.6), ((0, 0), (20, 1.6), (45, 0)))
    baking = course.program(t, course.clock((2, 6), 10.8), ((0, 0), (15, 5), (90, 9), (110, 6), (170, 0)))
    heat = lag(meals + baking, t, 8 * MINUTE)
    room = 20.5 + 0.6 * np.cos((t % DAY / HOUR - 17) * np.pi / 12) + 0.3 * wander(t, rng, 6 * HOUR)
    return compose(
        "oven",
        "The kitchen's temperature sensor hangs beside the oven, and the Sunday roast is in it",
        t,
        {
            "kitchen_temperature": (CELSIUS, course.noisy(rng, room + heat, 0.04)),
            "kitchen_humidity": (course.PERCENT_1, course.noisy(rng, 46 - 1.3 * heat + 3 * meals, 0.3)),
            "kitchen_pressure": (course.HPA, 1016 + 4 * wander(t, rng, DAY)),
            "wifi_signal": (course.DBM, course.radio(t, rng, -66)),
            "uptime": (course.SECONDS, 412_000 + t),
        },
        answers(
            NORMAL,
            PEOPLE,
            WEATHER,
            r"oven|cook|bak(e|ing)|stove|heat source|nearby heat|local heat|heating (on|active)|space heating",
            has=("door", "ventilation", "exchanger", "boiler"),
            absurd=(r"overload|cooling (system|unit)",),
        ),
        event=6 * DAY + 10 * HOUR,
        limits=(Limit("kitchen_temperature", high=26.0, hold_s=300.0),),
        model="ESPHome BME280",
        labels=("kitchen",),
    )


def dishwasher_splash() -> Scene:
    """Return an Aqara water sensor on the floor: wet for some minutes after the filter was rinsed over it."""
    rng, t = course.begin("dishwasher_splash", 9, 60)
    wet = course.pulse(t, course.clock((8,), 19.4), 9 * MINUTE)
    warm = course.program(t, course.clock(range(0, 9, 2), 20.5), ((0, 0), (40, 3), (110, 5), (200, 0)))
    return compose(
        "dishwasher_splash",
        "Somebody spills water while filling the dishwasher; the sensor on the floor is wet for nine minutes",
        t,
        {
            "water_leak": (SWITCH, wet),
            "device_temperature": (Metric("°C", 1.0), 22 + lag(warm, t, HOUR) + 0.5 * wander(t, rng, DAY / 2)),
            "battery": (PERCENT, course.flat(t, 97)),
            "voltage": (Metric("mV", 5.0), 3015 + 5 * wander(t, rng, DAY)),
            "linkquality": (course.LQI, course.radio(t, rng, 96, 9)),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"spil|splash|water|\bwet|\bleak|moisture|drip|dishwasher|condensation|mopp|clean",
            has=("door", "leak", "pipe", "valve", "pump", "filter", "battery", "tank"),
            absurd=(r"heating|temperature (rise|loss)|electrical",),
        ),
        event=8 * DAY,
        limits=(Limit("water_leak", high=0.5, hold_s=0.0),),
        wait=240.0,
        reports=OnChange(50 * MINUTE, {"water_leak": 1.0}),
        model="SJCGQ11LM",
        labels=("kitchen",),
    )


def freezer_filled() -> Scene:
    """Return a chest freezer (Chinese names): the lid is opened a few times to put warm food in."""
    rng, t = course.begin("freezer_filled", 6, 60)
    visits = course.about(rng, course.clock(range(6), 11.4, 17.7), 25)
    filling = course.clock((5,), 15.0, 15.08, 15.18, 15.3)
    lid = np.maximum(course.pulse(t, visits, 60), course.pulse(t, filling, 150))
    food = course.program(t, filling[-1:], ((0, 14.0), (60, 9.0), (300, 0.0)))
    air, on = course.thermostat(t, 1.3 + 20 * lid + food, -19.5, -17.5, 4.2)
    watts = on * (86 + 0.9 * (air + 18))
    return compose(
        "freezer_filled",
        "A freezer was filled with warm food; its compressor runs and cools it down again",
        t,
        {
            "温度": (CELSIUS, course.noisy(rng, lag(air, t, 4 * MINUTE), 0.05)),
            "门磁": (SWITCH, lid),
            "功率": (WATT, course.noisy(rng, watts, 0.7) * on),
            "电压": (VOLT, course.mains(t, rng) - 10),
            "传感器电量": (PERCENT, course.battery(t, 88, 0.05)),
            "信号强度": (course.DBM, course.radio(t, rng, -61)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"(warm|fresh|new) (food|goods|items|load)|load(ed|ing)|filled|stock|\b(door|lid)\b|opened|"
            r"thermal load|heat load",
            has=(
                "door",
                "compressor",
                "refrigerant",
                "motor",
                "fan",
                "frost",
                "leak",
                "exchanger",
                "battery",
                "ventilation",
                "fouling",
                "valve",
                "pipe",
            ),
        ),
        event=5 * DAY + 15 * HOUR,
        limits=(Limit("温度", high=-14.0, hold_s=600.0),),
        wait=300.0,
        labels=("地下室",),
    )


def shower() -> Scene:
    """Return a Zigbee sensor in a bathroom (Spanish names); people shower every morning, at weekends later."""
    rng, t = course.begin("shower", 7, 30)
    starts = course.about(rng, course.clock(range(5), 6.9, 7.3, 21.5), 10)
    starts = np.sort(np.concatenate([starts, course.about(rng, course.clock((5, 6), 9.2, 10.0), 20)]))
    steam = lag(course.pulse(t, starts, rng.uniform(360, 660, len(starts))), t, 4 * MINUTE)
    damp = lag(steam, t, 18 * MINUTE)
    humidity = 54 + 3 * wander(t, rng, 8 * HOUR) + 22 * steam + 34 * damp
    return compose(
        "shower",
        "Somebody takes a shower",
        t,
        {
            "humedad": (course.PERCENT_1, np.clip(course.noisy(rng, humidity, 0.3), 0, 99.9)),
            "temperatura": (CELSIUS, course.noisy(rng, 21.2 + 2.6 * damp + 0.3 * wander(t, rng, 6 * HOUR), 0.04)),
            "batería": (PERCENT, course.battery(t, 91, 0.1)),
            "voltaje": (Metric("mV", 100.0), course.flat(t, 2900)),
            "calidad de enlace": (course.LQI, course.radio(t, rng, 88, 9)),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"shower|bath|steam|hot water|moisture|humid(ity)? (source|generat|rise|increase)|cook|drying|laundry|"
            r"poor ventilation|insufficient ventilation",
            has=("door", "ventilation", "fan", "battery", "leak", "boiler"),
            absurd=(r"overload|overheat",),
        ),
        event=6 * DAY + 8 * HOUR,
        limits=(Limit("humedad", high=75.0, hold_s=120.0),),
        reports=OnChange(HOUR, {"humedad": 1.0, "temperatura": 0.3}),
        model="SNZB-02",
        labels=("baño",),
    )


KITCHEN = (kettle, washing_machine, fridge, oven, dishwasher_splash, freezer_filled, shower)
