"""Pump, chemical tank, cleaning, product change, pH probe: a process plant."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, counter, lag, wander, workday
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, SET_POINT, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import BAR, CELSIUS, CUBIC, DAY, HOUR, MINUTE, PERCENT, SWITCH
from benchmarks.independent.scenes.scene import Scene


def batch_pump() -> Scene:
    """Return a transfer pump behind a Modbus gateway that is started for each batch, four to six times a day."""
    rng, t = course.begin("batch_pump", 4, 15)
    starts = course.about(rng, course.clock(range(4), 2.1, 7.3, 11.0, 15.4, 20.6), 35)
    running = course.pulse(t, starts, rng.uniform(30, 42, len(starts)) * MINUTE)
    speed = lag(running, t, 4.0)
    inrush = np.clip(running - lag(running, t, 12.0), 0, 1)
    return compose(
        "batch_pump",
        "A transfer pump is started for the next batch",
        t,
        {
            "P101_Run": (SWITCH, running),
            "P101_Current": (Metric("A", 0.1), np.abs(course.noisy(rng, 22.4 * speed + 30 * inrush, 0.12)) * running),
            "PT101": (BAR, np.abs(course.noisy(rng, 0.35 + 3.9 * speed, 0.02))),
            "FT101": (CUBIC, np.abs(course.noisy(rng, 34 * speed, 0.2)) * (speed > 0.02)),
            "P101_Vib": (Metric("mm/s", 0.01), np.abs(course.noisy(rng, 0.12 + 1.6 * speed + 0.8 * inrush, 0.04))),
            "P101_Hours": (Metric("h", 0.1), counter(running, t, 8_812.0)),
            "Batch_ID": (course.COUNT, 20_410.0 + np.searchsorted(starts, t)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"(pump|motor|batch|transfer|process).{0,20}start|start.?up|started|batch|inrush|switched on|turned on",
            has=(
                "pump",
                "motor",
                "bearing",
                "vibration",
                "valve",
                "pipe",
                "leak",
                "filter",
                "tank",
                "gear",
                "fouling",
                "fan",
            ),
        ),
        event=3 * DAY + 14 * HOUR,
        limits=(Limit("P101_Current", high=15.0, hold_s=30.0),),
        wait=60.0,
        reports=OnChange(300.0, {"P101_Run": 1.0, "P101_Current": 1.0}),
    )


def lye_delivered() -> Scene:
    """Return a tank of sodium hydroxide (Spanish names): a truck fills it weekly, the process draws from it by day."""
    rng, t = course.begin("lye_delivered", 9, 180)
    truck = course.program(t, course.clock((1, 8), 9.8), ((0, 1), (38, 1), (38.1, 0)))
    dosing = 0.2 + 0.8 * busy(t, 5, 21) * workday(t)
    level, warmth, levels, warm = 41.0, 22.0, [], []
    for used, filling in zip(dosing.tolist(), truck.tolist(), strict=True):
        level += (105 * filling - 0.62 * used) * 180 / HOUR
        warmth += (14 * filling * (31 - warmth) / 6 - (warmth - 22) / 14) * 180 / HOUR
        levels.append(level)
        warm.append(warmth)
    return compose(
        "lye_delivered",
        "A truck delivers caustic soda into the tank, as every Tuesday",
        t,
        {
            "nivel tanque sosa": (course.PERCENT_1, course.noisy(rng, np.array(levels), 0.1)),
            "temperatura sosa": (CELSIUS, course.noisy(rng, np.array(warm), 0.05)),
            "caudal dosificación": (Metric("l/h", 1.0), np.abs(course.noisy(rng, 95 * dosing, 1.5))),
            "válvula de carga": (SWITCH, np.sign(truck)),
            "bomba dosificadora": (PERCENT, 12 + 60 * dosing),
            "detector fuga cubeto": (SWITCH, course.flat(t, 0)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"fill|deliver|truck|tanker|unload|refill|replenish|charging|transfer|valve.{0,20}open",
            has=("tank", "pump", "valve", "pipe", "leak", "filter", "motor"),
            absurd=(r"rain|groundwater",),
        ),
        event=8 * DAY + 9 * HOUR,
        limits=(Limit("nivel tanque sosa", high=80.0, hold_s=60.0),),
        labels=("almacén químico",),
    )


def hot_cleaning() -> Scene:
    """Return a filling line (German names), cleaned in place each night: rinse, lye of 80 °C, rinse, acid, rinse."""
    rng, t = course.begin("hot_cleaning", 5, 30)
    starts = course.about(rng, course.clock(range(5), 21.5), 10)
    step = course.stages(t, starts, ((0, 1), (8, 2), (35, 3), (43, 4), (60, 5), (72, 0)))
    hot = lag(8.0 + np.array([0, 10, 73, 40, 54, 12])[step.astype(int)], t, 120.0)
    conductivity = lag(np.array([5.2, 0.6, 62.0, 0.8, 38.0, 0.6])[step.astype(int)], t, 50.0)
    product = busy(t, 5, 21) * (1 - np.sign(step))
    return compose(
        "hot_cleaning",
        "The line is cleaned in place with hot lye, as every night",
        t,
        {
            "Produkttemperatur": (CELSIUS, course.noisy(rng, hot, 0.08)),
            "Leitfähigkeit": (Metric("mS/cm", 0.1), course.noisy(rng, conductivity, 0.05)),
            "Durchfluss": (CUBIC, np.abs(course.noisy(rng, lag(9.5 * product + 14 * np.sign(step), t, 30.0), 0.05))),
            "Druck": (BAR, np.abs(course.noisy(rng, 0.4 + 2.1 * product + 2.9 * np.sign(step), 0.02))),
            "CIP-Schritt": (
                course.mode("aus", "Vorspülen", "Lauge", "Zwischenspülen", "Säure", "Nachspülen"),
                step,
            ),
            "Pumpe Ein": (SWITCH, np.sign(product + step)),
        },
        answers(
            NORMAL,
            PEOPLE,
            SET_POINT,
            r"clean|\bcip\b|\blye\b|caustic|rins|sanit|steril|wash|hot water|disinfect",
            has=("pump", "valve", "pipe", "leak", "exchanger", "filter", "fouling", "motor", "boiler", "tank", "air"),
            absurd=(r"cooling (failure|loss|capacity)",),
        ),
        event=4 * DAY + 20 * HOUR,
        limits=(Limit("Produkttemperatur", high=40.0, hold_s=60.0),),
        wait=240.0,
        labels=("Linie 4",),
    )


def product_change() -> Scene:
    """Return an extruder's zone: operators change from polyethylene (180 °C) to polyamide (245 °C) twice a week."""
    rng, t = course.begin("product_change", 8, 60)
    other = np.maximum(
        course.pulse(t, course.clock((1,), 14.2), 20 * HOUR), course.pulse(t, course.clock((7,), 10.4), DAY)
    )
    target = 180 + 65 * other
    zone = lag(lag(target, t, 14 * MINUTE), t, 6 * MINUTE)
    power = np.clip(31 + 0.16 * (zone - 180) + 2.4 * (target - zone), 0, 100)
    speed = 62 + 8 * other
    return compose(
        "product_change",
        "Operators change the extruder to another polymer and raise its set point",
        t,
        {
            "z3_temp": (CELSIUS, course.noisy(rng, zone, 0.15)),
            "z3_setpoint": (CELSIUS, target),
            "z3_heater_pct": (PERCENT, np.clip(course.noisy(rng, power, 0.8), 0, 100)),
            "recipe_no": (course.COUNT, 17 + 24 * other),
            "screw_speed": (Metric("rpm", 0.1), course.noisy(rng, speed, 0.1)),
            "melt_pressure": (Metric("bar", 1.0), course.noisy(rng, 138 + 22 * other + 2 * wander(t, rng, HOUR), 0.8)),
            "motor_load": (PERCENT, course.noisy(rng, 57 + 4 * other, 0.6)),
        },
        answers(
            NORMAL,
            PEOPLE,
            SET_POINT,
            r"product (change|switch)|change.?over|grade change|material (change|switch)",
            r"(new|different|another) (product|material|polymer|batch|grade)",
            has=("motor", "gear", "filter", "fan", "coolant", "bearing", "leak", "inverter"),
        ),
        event=7 * DAY + 10 * HOUR,
        limits=(Limit("z3_temp", high=215.0, hold_s=120.0),),
        labels=("extruder 2",),
    )


def probe_replaced() -> Scene:
    """Return a neutralization tank whose pH probe is replaced and calibrated: it had drifted, now it reads lower."""
    rng, t = course.begin("probe_replaced", 10, 120)
    change = 9 * DAY + 10.4 * HOUR
    true = 7.05 + 0.06 * wander(t, rng, 2 * HOUR) + 0.05 * busy(t, 6, 20)
    drift = np.where(t < change, 0.3 + 0.02 * t / DAY, 0.0)
    service = (t >= change - 900) & (t < change + 300)
    buffer = np.where(t < change - 300, 4.01, 7.0)
    return compose(
        "probe_replaced",
        "A technician replaces the pH probe and calibrates it; the reading steps down by half a unit",
        t,
        {
            "pH": (Metric("pH", 0.01), course.noisy(rng, np.where(service, buffer, true + drift), 0.012)),
            "probe_serial": (course.COUNT, np.where(t < change, 118_203.0, 131_977.0)),
            "days_since_calibration": (course.COUNT, np.where(t < change, 71 + t // DAY, 0.0)),
            "probe_slope": (Metric("mV/pH", 0.1), np.where(t < change, 53.4, 58.9)),
            "hold_mode": (SWITCH, service.astype(float)),
            "lime_dosing": (PERCENT, course.noisy(rng, 34 + 8 * busy(t, 6, 20) - 30 * (true - 7.05), 0.7)),
            "temperature": (CELSIUS, course.noisy(rng, 24 + 1.2 * wander(t, rng, DAY / 2), 0.05)),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"calibrat",
            r"(sensor|probe|electrode|transmitter).{0,25}(replac|chang|exchang|swap|new|service|maintenance|drift|offset)",
            r""
            r"(replac|chang|exchang|swap|new).{0,25}(sensor|probe|electrode)|maintenance|offset",
            has=("pump", "tank", "valve", "fouling", "pipe", "leak", "filter", "motor"),
        ),
        event=9 * DAY + 10 * HOUR + 48 * MINUTE,
        limits=(Limit("pH", low=7.2, hold_s=1200.0),),
        labels=("effluent",),
    )


PROCESS = (batch_pump, lye_delivered, hot_cleaning, product_change, probe_replaced)
