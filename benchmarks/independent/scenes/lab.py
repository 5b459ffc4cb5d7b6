"""Fume hood, incubator, autoclave, fire damper: a laboratory and its ventilation."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, lag, wander, workday
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, SET_POINT, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import CELSIUS, DAY, HOUR, MINUTE, PERCENT, SWITCH
from benchmarks.independent.scenes.scene import Scene


def fume_hood() -> Scene:
    """Return a variable-volume fume hood: the sash is opened wide to set up an apparatus, the flow follows it.

    EN 14175: face velocity about 0.5 m/s; a variable flow holds it up to a sash height of half a metre.
    """
    rng, t = course.begin("fume_hood", 4, 10)
    uses = np.sort(rng.uniform(8, 17, 44) * HOUR + DAY * rng.integers(0, 4, 44))
    uses = uses[uses < 3.55 * DAY]
    sash = 6 + 34 * course.pulse(t, uses, rng.uniform(120, 900, len(uses)))
    setup = course.pulse(t, course.clock((1, 3), 14.2), 14 * MINUTE)
    sash = lag(np.where(setup > 0, 92.0, sash), t, 4.0)
    opening = 0.12 + 1.5 * 0.75 * sash / 100
    flow = np.clip(0.5 * 3600 * lag(opening, t, 12.0), 300, 1200)
    velocity = flow / 3600 / opening
    return compose(
        "fume_hood",
        "Somebody opens the sash of a fume hood wide to set up an apparatus",
        t,
        {
            "face_velocity": (Metric("m/s", 0.01), np.maximum(course.noisy(rng, velocity, 0.012), 0)),
            "sash_position": (PERCENT, sash),
            "exhaust_flow": (Metric("m3/h", 5.0), course.noisy(rng, flow, 6)),
            "damper": (PERCENT, flow / 12.5),
            "room_dp": (Metric("Pa", 0.1), course.noisy(rng, -9 - flow / 300, 0.3)),
            "occupied": (SWITCH, np.sign(busy(t, 7.5, 18) * workday(t))),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"\bsash|open(ed|ing)|\bhood\b.{0,20}(open|use)|experiment|set.?up",
            has=(
                "door",
                "fan",
                "duct",
                "filter",
                "ventilation",
                "motor",
                "belt",
                "valve",
                "bearing",
                "fouling",
                "leak",
                "inverter",
            ),
        ),
        event=3 * DAY + 13 * HOUR,
        limits=(Limit("face_velocity", low=0.35, hold_s=20.0),),
        reports=OnChange(60.0, {"sash_position": 4.0, "face_velocity": 0.05}),
        model="VAV fume hood controller",
        labels=("lab 3",),
    )


def incubator() -> Scene:
    """Return a CO2 incubator (Chinese names): on Fridays the door is open while all flasks are changed."""
    rng, t = course.begin("incubator", 12, 60)
    looks = np.sort(rng.uniform(8.5, 17.5, 40) * HOUR + DAY * rng.choice([0, 1, 2, 3, 4, 7, 8, 9, 10], 40))
    changing = course.clock((4, 11), 10.1, 10.3)
    door = np.maximum(course.pulse(t, looks, 45), course.pulse(t, changing, 6 * MINUTE))
    cold = 7 * lag(lag(door, t, 4 * MINUTE), t, 3 * MINUTE)
    return compose(
        "incubator",
        "An incubator's door is open while the cultures are changed",
        t,
        {
            "箱内温度": (CELSIUS, course.noisy(rng, 37.0 - cold, 0.03)),
            "设定温度": (CELSIUS, course.flat(t, 37.0)),
            "CO2浓度": (course.PERCENT_1, np.maximum(course.noisy(rng, 5.0 - 4.2 * lag(door, t, 5 * MINUTE), 0.04), 0)),
            "湿度": (PERCENT, course.noisy(rng, 93 - 40 * lag(door, t, 12 * MINUTE), 0.5)),
            "门状态": (SWITCH, door),
            "加热功率": (PERCENT, np.clip(22 + 25 * cold + wander(t, rng, HOUR), 0, 100)),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"\bdoor|open(ed|ing)|loading|sampl|culture|cold air|room air",
            has=("door", "fan", "valve", "filter", "leak", "fouling"),
        ),
        event=11 * DAY + 9 * HOUR,
        limits=(Limit("箱内温度", low=36.0, hold_s=120.0),),
        wait=60.0,
        labels=("细胞房",),
    )


def autoclave() -> Scene:
    """Return an autoclave (German names): pre-vacuum, heating, 20 min at 121 °C and 2.1 bar absolute, drying.

    EN 285: saturated steam of 121 °C has 2.05 bar; the vapour pressure follows Magnus' formula below.
    """
    rng, t = course.begin("autoclave", 4.5, 30)
    starts = course.about(rng, course.clock(range(5), 9.2, 14.1), 25)
    starts = starts[(starts < 4.45 * DAY) & ((starts < 2 * DAY) | (starts > 2.5 * DAY))]
    heat = ((0, 48), (12, 70), (30, 121.4), (50, 121.4), (58, 98), (80, 60), (140, 30))
    chamber = lag(course.program(t, starts, heat, 27.0), t, 60.0)
    steam = 6.112e-3 * np.exp(17.62 * chamber / (243.12 + chamber))
    under_steam = course.stages(t, starts, ((0, 0), (14, 1), (58, 0), (59, 0)))
    phase = course.stages(t, starts, ((0, 1), (12, 2), (30, 3), (50, 4), (80, 0)))
    pressure = np.where(under_steam > 0, np.maximum(steam, 0.98), 0.98)
    pressure = pressure - 0.8 * course.stages(
        t, starts, ((0, 0), (2, 1), (5, 0), (7, 1), (10, 0), (60, 1), (78, 0), (79, 0))
    )
    return compose(
        "autoclave",
        "An autoclave sterilizes, as twice a day",
        t,
        {
            "Kammertemperatur": (CELSIUS, course.noisy(rng, chamber, 0.05)),
            "Kammerdruck": (Metric("bar", 0.01), lag(pressure, t, 40.0)),
            "Manteltemperatur": (CELSIUS, lag(np.where(phase > 0, 122.0, 60.0), t, 15 * MINUTE)),
            "Phase": (course.mode("bereit", "Vorvakuum", "Aufheizen", "Sterilisieren", "Trocknen"), phase),
            "Tür verriegelt": (SWITCH, np.sign(phase)),
            "Chargenzähler": (course.COUNT, 4410.0 + np.searchsorted(starts, t)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            SET_POINT,
            r"steril|cycle|program|batch|phase|autoclave|heating up",
            r"(steam|heat)(ing)? (supply|phase|injection|admission)",
            has=("door", "boiler", "valve", "pump", "leak", "tank", "filter", "pipe", "air", "fouling"),
            absurd=(r"cooling (failure|loss)",),
        ),
        event=4 * DAY + 9 * HOUR,
        limits=(Limit("Kammerdruck", high=1.8, hold_s=30.0),),
        wait=180.0,
        labels=("Labor",),
    )


def damper_test() -> Scene:
    """Return a supply duct whose fire damper is closed for the monthly test on a Saturday morning (EN 15650)."""
    rng, t = course.begin("damper_test", 5.4, 60)
    running = lag(0.35 + 0.65 * busy(t, 6, 19, 0.2), t, 90.0)
    testing = course.pulse(t, course.clock((5,), 8.5), 12 * MINUTE)
    closed = lag(testing, t, 25.0)
    flow = 5200 * running * (1 - 0.97 * closed)
    return compose(
        "damper_test",
        "A fire damper is closed for its test",
        t,
        {
            "FD_2_3_supply_flow": (Metric("m3/h", 10.0), course.noisy(rng, flow, 25)),
            "FD_2_3_open": (SWITCH, 1.0 - (closed > 0.1)),
            "FD_2_3_closed": (SWITCH, 1.0 * (closed > 0.9)),
            "FD_2_3_test_mode": (SWITCH, testing),
            "AHU3_duct_pressure": (Metric("Pa", 1.0), course.noisy(rng, 260 * running * (1 + 0.25 * closed), 2.5)),
            "AHU3_fan_speed": (PERCENT, 82 * running - 12 * closed),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"\btest|inspection|maintenance|damper.{0,30}(clos|shut|trip)|clos(ed|ing|ure).{0,20}damper|commission",
            has=(
                "door",
                "duct",
                "fan",
                "filter",
                "ventilation",
                "belt",
                "motor",
                "valve",
                "inverter",
                "bearing",
                "leak",
                "fouling",
            ),
        ),
        event=5 * DAY + 8 * HOUR,
        limits=(Limit("FD_2_3_supply_flow", low=800.0, hold_s=120.0),),
        reports=OnChange(300.0, {"FD_2_3_supply_flow": 200.0, "FD_2_3_open": 1.0, "FD_2_3_test_mode": 1.0}),
        labels=("floor 3",),
    )


LAB = (fume_hood, incubator, autoclave, damper_test)
