"""Something simple is wrong at work: mains failed, a switch on manual, a drain open, an emergency stop pressed."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, lag, wander, weather, workday
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, PEOPLE, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import CELSIUS, CUBIC, DAY, HOUR, MINUTE, PERCENT, SWITCH, VOLT
from benchmarks.independent.scenes.scene import Scene


def mains_failed() -> Scene:
    """Return an uninterruptible power supply read by NUT: the mains have failed, it runs on its battery."""
    rng, t = course.begin("mains_failed", 5, 30)
    lost = course.pulse(t, course.clock((4,), 15.4), HOUR)
    since = np.maximum(t - (4 * DAY + 15.4 * HOUR), 0) * lost
    load = 31 + 5 * busy(t, 8, 18) + 2 * wander(t, rng, HOUR)
    charge = 100 - 0.026 * since
    return compose(
        "mains_failed",
        "The mains have failed and the server room runs on the battery of its power supply",
        t,
        {
            "input_voltage": (VOLT, course.mains(t, rng) * (1 - lost)),
            "output_voltage": (VOLT, course.noisy(rng, 230.2 - 1.1 * lost, 0.2)),
            "ups_status": (course.mode("OL", "OB", "LB"), lost + (charge < 20)),
            "battery_charge": (PERCENT, charge),
            "battery_voltage": (VOLT, course.noisy(rng, 54.6 - 3.6 * lost - 0.0012 * since, 0.05)),
            "battery_runtime": (course.SECONDS, np.round(charge * 36 * 33 / load)),
            "ups_load": (PERCENT, load),
            "ups_temperature": (CELSIUS, course.noisy(rng, 24.5 + 0.002 * since, 0.06)),
        },
        answers(
            r"\bpower\b|voltage|on battery|battery (operation|discharg|mode)|electri|fuse|breaker|unplugged",
            right=(
                r"mains|outage|black-?out|power (failure|cut|loss|supply (loss|failure|interrupt))",
                r"loss of (input|utility|grid|line|ac|power)|"
                r"(input|utility|grid|line|supply) (power|voltage)?.{0,15}(fail|loss|lost|absent|missing|zero)",
                r"(input|utility|grid|line|supply) (power|voltage).{0,15}(collaps|drop|gone|dead|\b0 V)",
                r"no input",
            ),
            has=("battery", "fan", "inverter"),
        ),
        event=4 * DAY + 15 * HOUR,
        limits=(Limit("battery_charge", low=90.0, hold_s=0.0),),
        wait=60.0,
        model="Eaton 5P 1550iR",
        labels=("server room",),
    )


def left_on_manual() -> Scene:
    """Return a stable's exhaust fan (German names): after cleaning, its switch was left on manual and it stands."""
    rng, t = course.begin("left_on_manual", 6, 120)
    outside, _ = weather(t, rng, 16.0)
    manual = course.pulse(t, course.clock((5,), 10.2), DAY)
    wanted = np.clip(26 + 5.5 * (outside - 12) + 2 * wander(t, rng, HOUR), 20, 100)
    speed = lag(wanted * (1 - manual), t, 60.0)
    inside = lag(outside + 5.5 + 330 / (speed + 26), t, 12 * MINUTE)
    return compose(
        "left_on_manual",
        "A fan was left on manual and off after it was cleaned; the stable gets too warm",
        t,
        {
            "Stalltemperatur": (CELSIUS, course.noisy(rng, inside, 0.05)),
            "Außentemperatur": (CELSIUS, outside),
            "Betriebsart": (course.mode("Auto", "Hand"), manual),
            "Lüfter Drehzahl": (PERCENT, speed),
            "Lüfter Sollwert": (PERCENT, wanted * (1 - manual)),
            "CO2": (course.PPM, course.noisy(rng, 600 + lag(42_000 / (speed + 16), t, 15 * MINUTE), 15)),
            "Luftfeuchte": (PERCENT, course.noisy(rng, 64 + 0.1 * (60 - speed), 0.6)),
        },
        answers(
            PEOPLE,
            r"(fan|ventilation).{0,30}(off|stopped|not running|standstill|disabled|lost|insufficient|fail)",
            r"(loss of|no|insufficient) ventilation",
            right=(
                r"\bmanual|betriebsart|\bhand\b|hand (mode|operation)|not (back )?(in|to) auto",
                r"operating mode|mode (was )?(chang|switch|set)",
            ),
            has=(
                "door",
                "fan",
                "ventilation",
                "motor",
                "bearing",
                "belt",
                "duct",
                "filter",
                "inverter",
                "fouling",
                "vibration",
            ),
        ),
        event=5 * DAY + 10 * HOUR,
        limits=(Limit("Stalltemperatur", high=29.0, hold_s=600.0),),
        labels=("Stall 2",),
    )


def drain_left_open() -> Scene:
    """Return a rinse tank (Spanish names) whose drain valve was left open after the weekly cleaning."""
    rng, t = course.begin("drain_left_open", 8, 60)
    drain = np.maximum(
        course.pulse(t, course.clock((0,), 14.0), 20 * MINUTE), course.pulse(t, course.clock((7,), 14.0), DAY)
    )
    use = busy(t, 6, 21.5) * workday(t) * np.clip(0.7 + 0.25 * wander(t, rng, 15 * MINUTE), 0.2, 1.0)
    level, inflow, levels, inflows = 70.0, 0.0, [], []
    for drained, used in zip(drain.tolist(), use.tolist(), strict=True):
        inflow = float(np.clip(0.6 * (70 - level) + 1.6 * used, 0, 3.2))
        level = max(level + (inflow - 1.6 * used - 9.0 * drained * np.sqrt(max(level, 0) / 70)) * 60 / HOUR / 0.09, 2.0)
        levels.append(level)
        inflows.append(inflow)
    return compose(
        "drain_left_open",
        "The drain valve of a rinse tank was left open",
        t,
        {
            "nivel cuba": (course.PERCENT_1, course.noisy(rng, np.array(levels), 0.15)),
            "válvula de vaciado abierta": (SWITCH, drain),
            "caudal de entrada": (CUBIC, np.abs(course.noisy(rng, np.array(inflows), 0.03))),
            "consumo": (CUBIC, np.abs(course.noisy(rng, 1.6 * use, 0.03))),
            "consigna nivel": (PERCENT, course.flat(t, 70)),
            "temperatura agua": (CELSIUS, course.noisy(rng, 38 + 0.6 * wander(t, rng, 3 * HOUR), 0.05)),
        },
        answers(
            PEOPLE,
            DEMAND,
            r"\bleak|loss of (water|liquid|level)|drain|outflow|empt(y|ied)",
            right=(
                r"drain.{0,30}(open|not (clos|shut)|left)|open\w*.{0,25}drain",
                r"valve.{0,20}left open|emptying valve|vaciado|discharge valve.{0,15}open",
            ),
            has=("tank", "valve", "pipe", "leak", "pump", "filter", "fouling", "motor"),
        ),
        event=7 * DAY + 13.9 * HOUR,
        limits=(Limit("nivel cuba", low=40.0, hold_s=120.0),),
        wait=120.0,
        labels=("línea de lavado",),
    )


def emergency_stop() -> Scene:
    """Return a packing line (Chinese names): somebody has pressed the emergency stop, and the drive is off."""
    rng, t = course.begin("emergency_stop", 4, 15)
    pressed = course.pulse(t, course.clock((3,), 10.6), HOUR)
    running = np.sign(busy(t, 6, 22) * (1 - pressed))
    for hour in (9.0, 13.0, 18.0):
        running = running * (1 - course.pulse(t, course.clock(range(4), hour), 15 * MINUTE))
    speed = lag(running, t, 3.0)
    load = speed * (5.2 + 0.4 * wander(t, rng, 10 * MINUTE))
    return compose(
        "emergency_stop",
        "Somebody has pressed the emergency stop of a packing line",
        t,
        {
            "线速度": (Metric("m/min", 0.1), np.abs(course.noisy(rng, 24 * speed, 0.08)) * (speed > 0.02)),
            "电机电流": (Metric("A", 0.01), np.abs(course.noisy(rng, load, 0.05)) * (speed > 0.02)),
            "急停": (SWITCH, pressed),
            "安全门": (SWITCH, course.flat(t, 1)),
            "变频器温度": (CELSIUS, course.noisy(rng, 27 + lag(2.4 * load, t, 12 * MINUTE), 0.1)),
            "计数": (course.COUNT, 55_210.0 + np.floor(np.cumsum(speed) * 15 / 2.5)),
        },
        answers(
            PEOPLE,
            r"safety (circuit|stop|trip|interlock)|\bstop(ped)?\b|shut.?down|interlock",
            right=(r"e-?stop|emergency|急停",),
            has=("door", "motor", "belt", "gear", "bearing", "inverter", "brake", "vibration"),
        ),
        event=3 * DAY + 10.5 * HOUR,
        limits=(Limit("线速度", low=5.0, hold_s=120.0),),
        wait=60.0,
        reports=OnChange(120.0, {"线速度": 1.0, "急停": 1.0, "计数": 60.0}),
        labels=("包装线1",),
    )


TROUBLE_WORK = (mains_failed, left_on_manual, drain_left_open, emergency_stop)
