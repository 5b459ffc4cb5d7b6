"""Meeting, cleaners, lift, weekend, server room: an office building."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, lag, wander, weather, workday
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, SET_POINT, WEATHER, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import CELSIUS, DAY, HOUR, MINUTE, PERCENT, SWITCH
from benchmarks.independent.scenes.scene import Scene


def meeting() -> Scene:
    """Return a meeting room (German names): ten people for an hour and a half, as on each Monday and Thursday."""
    rng, t = course.begin("meeting", 8, 60)
    small = course.pulse(t, course.about(rng, course.clock((1, 2, 4), 9.5, 14.0), 20), HOUR)
    large = course.pulse(t, course.about(rng, course.clock((0, 3, 7), 10.0), 4), 1.6 * HOUR)
    people = 3 * small + 10 * large
    inside = lag(people, t, 25 * MINUTE)
    return compose(
        "meeting",
        "Ten people meet in a room and breathe",
        t,
        {
            "CO2": (course.PPM, course.noisy(rng, 455 + 12 * wander(t, rng, HOUR) + 125 * inside, 6)),
            "Raumtemperatur": (CELSIUS, course.noisy(rng, 20.8 + 0.8 * busy(t, 7, 18) + 0.2 * inside, 0.04)),
            "rel. Feuchte": (course.PERCENT_1, course.noisy(rng, 41 + 2 * wander(t, rng, DAY / 2) + 0.7 * inside, 0.2)),
            "VOC": (Metric("ppb", 1.0), course.noisy(rng, 120 + 38 * inside, 5)),
            "Präsenz": (SWITCH, np.sign(people)),
            "Zuluft": (PERCENT, 30 + 10 * busy(t, 6, 19)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"meeting|occupan|presence|breath|exhal|(poor|insufficient|low|inadequate) (fresh air|ventilation)",
            has=("door", "ventilation", "duct", "fan", "filter"),
        ),
        event=7 * DAY + 9 * HOUR,
        limits=(Limit("CO2", high=1200.0, hold_s=300.0),),
        labels=("Besprechung 2.14",),
    )


def cleaners() -> Scene:
    """Return an archive room on a BACnet gateway that only the cleaners enter at night, on Tuesdays and Fridays."""
    rng, t = course.begin("cleaners", 9, 60)
    crew = course.pulse(t, course.about(rng, course.clock((1, 4, 8), 22.3), 12), 17 * MINUTE)
    staff = course.pulse(t, np.sort(rng.uniform(9, 16, 7) * HOUR + DAY * np.array([0, 0, 2, 3, 3, 4, 7])), 300)
    lights = np.maximum(crew, staff)
    return compose(
        "cleaners",
        "The cleaning crew is in the archive late in the evening, as twice a week",
        t,
        {
            "B2_ARCHIVE_OCC": (SWITCH, lights * (rng.random(len(t)) < 0.9)),
            "B2_ARCHIVE_LUX": (course.LUX, 340 * lights),
            "B2_ARCHIVE_LTG_KW": (Metric("kW", 0.01), 0.02 + 0.62 * lights),
            "B2_SOCKETS_KW": (Metric("kW", 0.01), 0.04 + 1.1 * crew * (np.sin(t / 130) > -0.4)),
            "B2_ARCHIVE_TEMP": (CELSIUS, course.noisy(rng, 18.3 + 0.2 * wander(t, rng, DAY) + 0.1 * crew, 0.02)),
            "B2_ARCHIVE_DOOR": (SWITCH, crew * (rng.random(len(t)) < 0.5)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"clean|crew|janitor|vacuum cleaner|night (shift|work)|presence|occup|motion|light|entry|entered|intru|"
            r"visit|activity|door",
            has=("door",),
            absurd=(r"heating|overload|mechanical",),
        ),
        event=8 * DAY + 20 * HOUR,
        limits=(Limit("B2_ARCHIVE_LTG_KW", high=0.4, hold_s=120.0),),
        wait=200.0,
        reports=OnChange(15 * MINUTE, {"B2_ARCHIVE_OCC": 1.0, "B2_ARCHIVE_LTG_KW": 0.1, "B2_SOCKETS_KW": 0.5}),
        labels=("basement",),
    )


def lift() -> Scene:
    """Return a lift (French names), read every 2 s when it moves: a full car starts upwards on a Wednesday morning."""
    rng, t = course.begin("lift", 2.4, 2)
    hours = t % DAY / HOUR
    rate = 0.2 + 14 * busy(t, 6.5, 19) + 30 * busy(t, 8, 9.2) + 22 * busy(t, 12, 13.3)
    calls = t[rng.random(len(t)) < rate * 2 / HOUR]
    calls = calls[np.diff(calls, prepend=-100.0) > 34]
    calls = np.append(calls[(calls < 2.35 * DAY) | (calls > 2.35 * DAY + 40)], 2.35 * DAY)
    calls.sort()
    current, door, floor = np.zeros(len(t)), np.zeros(len(t)), np.zeros(len(t))
    level, car = 0, rng.normal(0.0, 0.3, len(calls))
    for call, weight in zip(calls, car, strict=True):
        full = call == 2.35 * DAY
        goal = 6 if full else int(rng.integers(0, 7))
        ride = (t >= call) & (t < call + 3 + 3 * abs(goal - level))
        upwards = 1 if goal > level else -1
        draw = 16 + upwards * (9 if full else 6 * weight)
        current[ride] = draw * (1 + 1.1 * np.exp(-(t[ride] - call) / 5.0))
        level = goal
        floor[t >= call] = level
        arrived = call + 3 + 3 * 6
        door[(t >= arrived) & (t < arrived + 9)] = 1.0
    trips = np.searchsorted(calls, t).astype(float)
    return compose(
        "lift",
        "A lift starts with a full car at the beginning of the working day",
        t,
        {
            "courant moteur": (Metric("A", 0.1), np.maximum(course.noisy(rng, current, 0.3), 0) * (current > 0)),
            "étage": (course.COUNT, floor),
            "porte ouverte": (SWITCH, door),
            "température variateur": (CELSIUS, 26 + 3 * np.cos((hours - 16) / 4) + lag(current, t, 900.0)),
            "nb trajets": (course.COUNT, 1_204_331 + trips),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"(full|loaded|heavy) (car|cabin|lift|elevator)|passenger|start(ing)? current|inrush|acceleration|rush|"
            r"upward|\bload",
            has=("door", "motor", "brake", "inverter", "bearing", "gear", "vibration", "fan"),
            absurd=(r"overheated room",),
        ),
        event=2.35 * DAY - 10,
        limits=(Limit("courant moteur", high=42.0, hold_s=0.0),),
        wait=2.0,
        reports=OnChange(300.0, {"courant moteur": 2.0, "étage": 1.0, "porte ouverte": 1.0}),
        labels=("ascenseur A",),
    )


def weekend_setback() -> Scene:
    """Return an office on a BACnet gateway: the set point falls to 16 °C from Friday evening until Monday morning."""
    rng, t = course.begin("weekend_setback", 13, 300)
    outside, _ = weather(t, rng, 0.0)
    occupied = np.sign(busy(t, 5.5, 18.5) * workday(t))
    target = 16 + 5.5 * occupied
    held = np.maximum(lag(target, t, 14 * HOUR), lag(np.where(occupied > 0, 21.5, 0.0), t, 2 * HOUR))
    room = np.maximum(held, 16.2) + 0.02 * outside + 0.5 * busy(t, 8, 17) * workday(t)
    valve = np.clip(18 + 38 * (target + 0.7 - room), 0, 100)
    return compose(
        "weekend_setback",
        "The heating of an office is set back over the weekend",
        t,
        {
            "RM204_SPACE_TEMP": (CELSIUS, course.noisy(rng, room, 0.05)),
            "RM204_EFF_SP": (CELSIUS, target),
            "RM204_HTG_VLV": (PERCENT, valve),
            "RM204_OCC_CMD": (course.mode("unoccupied", "occupied"), occupied),
            "AHU2_SAF_STS": (SWITCH, occupied),
            "OAT": (CELSIUS, outside),
        },
        answers(
            NORMAL,
            PEOPLE,
            SET_POINT,
            WEATHER,
            r"set.?back|weekend|unoccupied|occupancy|night (mode|operation)|econom|heating (is )?(off|reduced)|"
            r"reduced heating|time (program|schedule)",
            has=(
                "door",
                "valve",
                "exchanger",
                "fan",
                "duct",
                "filter",
                "boiler",
                "pump",
                "ventilation",
                "pipe",
                "coolant",
            ),
        ),
        event=12 * DAY,
        limits=(Limit("RM204_SPACE_TEMP", low=17.0, hold_s=1800.0),),
        labels=("office",),
    )


def backup() -> Scene:
    """Return a server rack read by SNMP: a full backup runs on Sunday night, a small one on the others."""
    rng, t = course.begin("backup", 7.2, 60)
    starts = course.clock(range(8), 1.0)
    length = np.where(np.arange(8) % 7 == 6, 4.0, 0.6) * HOUR
    job = course.pulse(t, starts, length)
    load = np.clip(course.noisy(rng, 16 + 12 * busy(t, 7, 18) * workday(t) + 58 * job, 2.5), 2, 100)
    power = 1480 + 16.5 * lag(load, t, 60.0)
    supply = 20.6 + 0.3 * np.sin(t / 530) + 0.3 * wander(t, rng, DAY / 2)
    exhaust = supply + lag(power / 185 + 3.2 * job, t, 9 * MINUTE)
    return compose(
        "backup",
        "The weekly full backup loads a server rack on Sunday night",
        t,
        {
            "pdu_power_w": (course.WATT, course.noisy(rng, power, 6)),
            "inlet_temp": (Metric("°C", 0.5), supply),
            "exhaust_temp": (Metric("°C", 0.5), course.noisy(rng, exhaust, 0.1)),
            "fan_rpm": (Metric("rpm", 60.0), course.noisy(rng, 3600 + 190 * (exhaust - 29), 25)),
            "cpu_load": (PERCENT, load),
            "net_tx_mbit": (Metric("Mbit/s", 1.0), course.noisy(rng, 60 + 790 * job, 12)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"backup|batch|\bjob\b",
            r"(cpu|server|network|it|compute|computing) (load|activity|traffic|workload)|workload|\bload\b",
            has=("door", "fan", "filter", "ventilation", "coolant", "battery", "fouling"),
        ),
        event=6 * DAY,
        limits=(Limit("exhaust_temp", high=36.0, hold_s=300.0),),
        labels=("server room",),
    )


BUILDING = (meeting, cleaners, lift, weekend_setback, backup)
