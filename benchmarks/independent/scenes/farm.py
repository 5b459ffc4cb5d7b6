"""Greenhouse, irrigation, milking, silo, rain, feeding, frost: a farm."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, lag, wander, weather
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, SET_POINT, WEATHER, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import BAR, CELSIUS, DAY, HOUR, MINUTE, PERCENT, SWITCH, VOLT
from benchmarks.independent.scenes.scene import Scene


def greenhouse_sunrise() -> Scene:
    """Return a greenhouse (Spanish names): the sun heats it, and it dries until the roof vents open at 25 °C."""
    rng, t = course.begin("greenhouse_sunrise", 6, 120)
    outside, _ = weather(t, rng, 13.0)
    light = course.sun(t, rng, 6.8, 19.2, 0.35) * np.where(t > 5 * DAY, 1.1, 0.85)
    heated = lag(outside + 2.5 + 17 * light, t, 35 * MINUTE)
    vents = np.clip(18 * (heated - 25.5), 0, 100)
    inside = np.maximum(heated - 0.06 * vents, 14.0)
    return compose(
        "greenhouse_sunrise",
        "The sun rises on a clear morning and heats a greenhouse",
        t,
        {
            "temperatura interior": (CELSIUS, course.noisy(rng, inside, 0.06)),
            "humedad relativa": (PERCENT, course.noisy(rng, np.clip(92 - 3.1 * (inside - 14), 35, 99), 0.6)),
            "radiación": (Metric("W/m²", 1.0), 780 * light),
            "temperatura exterior": (CELSIUS, outside),
            "ventanas cenitales": (PERCENT, vents),
            "consigna ventilación": (CELSIUS, course.flat(t, 25)),
            "CO2": (course.PPM, course.noisy(rng, 460 - 120 * light + 40 * (light <= 0), 5)),
        },
        answers(
            NORMAL,
            WEATHER,
            SET_POINT,
            r"sun(rise|light|shine)?|solar|irradia|radiation|morning|daily",
            r"diurnal|greenhouse effect|ventilation (not yet|opens|demand)",
            has=("door", "ventilation", "valve", "fan", "boiler", "motor", "pipe"),
        ),
        event=5 * DAY + 8 * HOUR,
        limits=(Limit("temperatura interior", high=23.5, hold_s=600.0),),
        labels=("invernadero 1",),
    )


def irrigation() -> Scene:
    """Return a drip irrigation that starts at six: the pump runs, the main's pressure falls, the soil gets wet."""
    rng, t = course.begin("irrigation", 6, 30)
    zones = [course.pulse(t, course.clock(range(6), 6 + 0.7 * zone), 0.66 * HOUR) for zone in range(3)]
    flow = lag(12.5 * zones[0] + 9.8 * zones[1] + 14.6 * zones[2], t, 25.0)
    wet = lag(zones[0], t, 25 * MINUTE)
    evaporation = course.sun(t, rng, 7, 19)
    level, moisture = 27.0, []
    for gain, loss in zip(wet.tolist(), evaporation.tolist(), strict=True):
        level += (14 * gain - 0.9 * loss - 0.06 * (level - 24)) * 30 / HOUR
        moisture.append(level)
    return compose(
        "irrigation",
        "The irrigation starts in the morning, as every day",
        t,
        {
            "main_pressure": (BAR, course.noisy(rng, 4.1 - 0.007 * flow**2 + 0.05 * wander(t, rng, HOUR), 0.015)),
            "flow": (course.CUBIC, np.maximum(course.noisy(rng, flow, 0.06), 0) * (flow > 0.1)),
            "soil_moisture_zone1": (course.PERCENT_1, np.array(moisture)),
            "soil_temp": (CELSIUS, 16 + 2 * np.cos((t % DAY / HOUR - 16) * np.pi / 12)),
            "valve_zone1": (SWITCH, zones[0]),
            "valve_zone2": (SWITCH, zones[1]),
            "valve_zone3": (SWITCH, zones[2]),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            SET_POINT,
            r"irrigat|watering|zone|valve.{0,20}open|open(ed|ing)?.{0,20}valve|water (draw|use)|sprinkl",
            has=("pump", "valve", "filter", "pipe", "leak", "tank", "motor", "fouling", "bearing"),
        ),
        event=5 * DAY + 5 * HOUR,
        limits=(Limit("main_pressure", low=3.3, hold_s=60.0),),
        reports=OnChange(600.0, {"main_pressure": 0.1, "flow": 1.0, "soil_moisture_zone1": 1.0}),
        labels=("field 2",),
    )


def milking() -> Scene:
    """Return a milk tank (German names): warm milk flows in twice a day and is cooled to 4 °C.

    ISO 5708: the second milking must not raise the blend above 10 °C.
    """
    rng, t = course.begin("milking", 5.3, 60)
    starts = course.about(rng, course.clock(range(6), 5.6, 16.8), 8)
    inflow = course.program(t, starts, ((0, 0), (8, 1), (85, 1), (95, 0)))
    pickup = course.pulse(t, course.clock((0, 2, 4), 11.0), 25 * MINUTE)
    milk, temperature, cooling = 1900.0, 4.0, 0.0
    volumes, degrees, states = [], [], []
    for filling, draining in zip(inflow.tolist(), pickup.tolist(), strict=True):
        added = 9.5 * filling
        temperature = (temperature * (milk + 40) + 19.0 * added) / (milk + 40 + added)
        milk = max(milk + added - 190 * draining, 0.0)
        cooling = 1.0 if temperature > 4.6 else 0.0 if temperature < 3.7 or milk < 60 else cooling
        temperature += (0.12 - 6_000 * cooling / (milk + 200)) / 60
        volumes.append(milk)
        degrees.append(temperature)
        states.append(cooling)
    on = np.array(states)
    return compose(
        "milking",
        "The morning's milk flows warm into the tank",
        t,
        {
            "Milchtemperatur": (CELSIUS, course.noisy(rng, np.array(degrees), 0.03)),
            "Tankinhalt": (Metric("l", 10.0), np.array(volumes)),
            "Kühlung": (SWITCH, on),
            "Verdichterstrom": (Metric("A", 0.1), course.noisy(rng, 11.5 + 0.1 * np.array(degrees), 0.1) * on),
            "Melkvakuum": (Metric("kPa", 0.1), course.noisy(rng, 42 * np.sign(inflow), 0.2) * np.sign(inflow)),
            "Rührwerk": (SWITCH, np.maximum(on, 1.0 * (t % 1800 < 180))),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"milk(ing)?\b.{0,30}(warm|fresh|flow|inflow|fill|added|time)",
            r"warm milk|fresh milk|milking|(warm|fresh) (product|batch|liquid)|"
            r"fill(ed|ing)|inflow|thermal load|heat load",
            has=(
                "door",
                "compressor",
                "refrigerant",
                "tank",
                "motor",
                "fan",
                "pump",
                "leak",
                "exchanger",
                "valve",
                "pipe",
                "fouling",
                "frost",
                "oil",
            ),
        ),
        event=5 * DAY + 5 * HOUR,
        limits=(Limit("Milchtemperatur", high=6.0, hold_s=600.0),),
        labels=("Milchkammer",),
    )


def silo_filled() -> Scene:
    """Return a feed silo (Chinese names), filled by a truck within half an hour; animals empty it within nine days."""
    rng, t = course.begin("silo_filled", 12, 300)
    feeding = course.pulse(t, course.clock(range(12), 5.5, 11.0, 17.0), 25 * MINUTE)
    truck = course.program(t, course.clock((2, 11), 9.4), ((0, 1), (28, 1), (28.1, 0)))
    level, levels = 33.0, []
    for out, filling in zip(feeding.tolist(), truck.tolist(), strict=True):
        level = np.clip(level - 8.6 * out / 15 + 13.5 * filling, 3, 96)
        levels.append(level)
    full = np.array(levels)
    return compose(
        "silo_filled",
        "A truck fills the feed silo",
        t,
        {
            "料位": (course.PERCENT_1, course.noisy(rng, full, 0.25)),
            "重量": (Metric("t", 0.01), course.noisy(rng, 0.24 * full + 0.15, 0.015)),
            "仓温": (CELSIUS, 17 + 3 * np.cos((t % DAY / HOUR - 16) * np.pi / 12) + 0.7 * wander(t, rng, DAY)),
            "绞龙运行": (SWITCH, feeding),
            "绞龙电流": (Metric("A", 0.1), course.noisy(rng, 4.3 * feeding, 0.08) * feeding),
            "电池电压": (VOLT, course.flat(t, 3.6)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"fill|deliver|truck|refill|load(ed|ing)|\bfeed (added|supply|delivery)|replenish|silo (is )?full|stock",
            has=("motor", "gear", "bearing", "belt", "battery", "tank", "vibration"),
            absurd=(r"water|moistur",),
        ),
        event=11 * DAY + 9 * HOUR,
        limits=(Limit("料位", high=88.0, hold_s=600.0),),
        labels=("饲料",),
    )


def rain() -> Scene:
    """Return a weather station: a front passes in the afternoon with wind, rain and a fall in temperature."""
    rng, t = course.begin("rain", 6, 60)
    outside, humidity = weather(t, rng, 15.0)
    front = course.program(t, course.clock((1, 5), 14.6), ((0, 0), (10, 0.5), (25, 1), (60, 0.7), (110, 0)))
    shower = np.maximum(front * np.clip(1 + 0.6 * wander(t, rng, 240.0), 0, None), 0)
    cooled = lag(np.sign(front), t, 40 * MINUTE)
    gone = lag(np.sign(front), t, 3 * HOUR)
    return compose(
        "rain",
        "A front brings heavy rain",
        t,
        {
            "outdoor_temp": (CELSIUS, course.noisy(rng, outside - 6 * cooled, 0.05)),
            "outdoor_humidity": (PERCENT, np.clip(humidity + 40 * gone, 0, 98)),
            "rain_rate": (Metric("mm/h", 0.1), 19 * shower),
            "daily_rain": (Metric("mm", 0.1), course.today(t, np.cumsum(19 * shower) / 60)),
            "wind_gust": (Metric("m/s", 0.1), np.abs(course.noisy(rng, 2.5 + 9 * shower, 0.9))),
            "rel_pressure": (course.HPA, 1012 + 2 * wander(t, rng, DAY) - 5 * gone),
            "solar_radiation": (Metric("W/m²", 1.0), 760 * course.sun(t, rng, 6, 19.5) * (1 - 0.85 * cooled)),
            "wh65_batt": (SWITCH, course.flat(t, 0)),
        },
        answers(
            NORMAL,
            WEATHER,
            r"rain|precip|storm|\bfront\b|shower|cloud",
            has=("battery",),
            absurd=(r"overload|mechanical",),
        ),
        event=5 * DAY + 14 * HOUR,
        limits=(Limit("rain_rate", high=10.0, hold_s=120.0), Limit("wind_gust", high=25.0)),
        model="Ecowitt GW1100",
    )


def feeding_time() -> Scene:
    """Return a pig house with French names. At feeding time the animals get up: noise, CO2 and ammonia rise."""
    rng, t = course.begin("feeding_time", 6, 60)
    feeding = course.about(rng, course.clock(range(6), 6.5, 11.5, 17.5), 3)
    stir = course.program(t, feeding, ((0, 0), (3, 1), (20, 0.8), (45, 0.2), (60, 0)))
    active = np.maximum(lag(stir, t, 120.0), 0.15 * busy(t, 6, 20))
    gas = lag(active, t, 20 * MINUTE)
    outside, _ = weather(t, rng, 9.0)
    return compose(
        "feeding_time",
        "The animals of a pig house get up and are loud, because they are fed",
        t,
        {
            "bruit": (Metric("dB", 0.1), course.noisy(rng, 58 + 32 * np.sqrt(active), 0.8)),
            "activité": (PERCENT, course.noisy(rng, 8 + 80 * active, 1.5)),
            "CO2": (course.PPM, course.noisy(rng, 1450 + 640 * gas - 20 * (outside - 9), 15)),
            "NH3": (Metric("ppm", 0.1), course.noisy(rng, 9 + 6 * gas, 0.2)),
            "température": (CELSIUS, course.noisy(rng, 21.3 + 0.9 * gas + 0.05 * (outside - 9), 0.04)),
            "ventilation": (PERCENT, np.clip(28 + 2 * (outside - 5) + 14 * gas, 10, 100)),
            "débit d'eau": (Metric("l/min", 0.1), np.abs(course.noisy(rng, 2.5 + 19 * lag(stir, t, 600.0), 0.4))),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"feed|animal|\bpigs?\b|livestock|activit|meal|hungry|behaviou?r",
            has=("door", "fan", "ventilation", "pipe", "valve", "leak", "motor"),
        ),
        event=5 * DAY + 17 * HOUR,
        limits=(Limit("bruit", high=84.0, hold_s=120.0),),
        labels=("porcherie",),
    )


def frost() -> Scene:
    """Return a LoRaWAN node in an orchard: a clear night cools it below zero; its battery's voltage sags."""
    rng, t = course.begin("frost", 6, 600)
    outside, _ = weather(t, rng, 4.5)
    clear = np.where(t > 4.6 * DAY, 1.0, 0.3) * np.maximum(busy(t, 19, 24.1, 6), busy(t, -6, 9, 3))
    air = outside - 6.5 * lag(clear, t, 2 * HOUR)
    return compose(
        "frost",
        "A clear night brings frost to the orchard",
        t,
        {
            "TempC_SHT": (course.CELSIUS_2, course.noisy(rng, air, 0.05)),
            "Hum_SHT": (course.PERCENT_1, np.clip(course.noisy(rng, 78 - 2.6 * (air - 4), 0.5), 30, 99.9)),
            "TempC_DS": (course.CELSIUS_2, lag(6.5 + 0.35 * (air - 6), t, 6 * HOUR)),
            "BatV": (Metric("V", 0.001), 3.08 + 0.004 * lag(air, t, HOUR)),
            "rssi": (course.DBM, course.radio(t, rng, -104, 4)),
            "snr": (Metric("dB", 0.5), course.radio(t, rng, 5, 3)),
        },
        answers(
            NORMAL,
            WEATHER,
            r"frost|freez|cold|clear (sky|night)|radiati(on|ve)|cooling at night|low temperature",
            has=("battery", "frost"),
            absurd=(r"heating (failure|off|element)|cooling system|overload|insulation",),
        ),
        event=5 * DAY,
        limits=(Limit("TempC_SHT", low=0.0, hold_s=1200.0),),
        wait=600.0,
        model="LHT65N",
        labels=("orchard",),
    )


FARM = (greenhouse_sunrise, irrigation, milking, silo_filled, rain, feeding_time, frost)
