"""Compressor, shift, planned stop, crusher, controller: the machines of a factory."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, counter, lag, wander, workday
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import DEMAND, NORMAL, PEOPLE, SET_POINT, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import BAR, CELSIUS, DAY, HOUR, MINUTE, PERCENT, SWITCH
from benchmarks.independent.scenes.scene import Scene


def compressor_unloads() -> Scene:
    """Return a load/unload screw compressor: at 7.5 bar it unloads and takes a third of its current, until 6.8 bar."""
    rng, t = course.begin("compressor_unloads", 3, 5)
    demand = 0.62 + 0.13 * busy(t, 6, 22) + 0.03 * wander(t, rng, 15 * MINUTE) - 0.5 * busy(t, 12, 12.8, 0.1)
    bar, loaded, bars, states = 7.1, 1.0, [], []
    for used in demand.tolist():
        loaded = 1.0 if bar < 6.8 else 0.0 if bar > 7.5 else loaded
        bar += 0.055 * (loaded - used)
        bars.append(bar)
        states.append(loaded)
    load = np.array(states)
    return compose(
        "compressor_unloads",
        "A compressor unloads in the lunch break, because little air is used",
        t,
        {
            "sys_pressure": (BAR, course.noisy(rng, np.array(bars), 0.008)),
            "motor_current": (Metric("A", 0.1), course.noisy(rng, 31 + 57 * lag(load, t, 4.0), 0.4)),
            "loaded": (SWITCH, load),
            "outlet_temp": (CELSIUS, course.noisy(rng, 71 + 11 * lag(load, t, 6 * MINUTE), 0.1)),
            "load_hours": (Metric("h", 0.01), counter(load, t, 10_233.0)),
            "run_hours": (Metric("h", 0.01), counter(course.flat(t, 1), t, 15_871.0)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"unload|load.?unload|idl(e|ing)|cycl",
            r"(low|less|reduced|no) (air )?(demand|consumption|use)|break|pressure (band|set)",
            has=(
                "compressor",
                "motor",
                "valve",
                "filter",
                "leak",
                "air",
                "oil",
                "bearing",
                "coolant",
                "exchanger",
                "fan",
                "belt",
                "pipe",
                "tank",
                "gear",
                "vibration",
                "inverter",
            ),
        ),
        event=2 * DAY + 12.1 * HOUR,
        limits=(Limit("motor_current", low=40.0, hold_s=180.0),),
        wait=5.0,
        reports=OnChange(60.0, {"loaded": 1.0, "sys_pressure": 0.1, "motor_current": 15.0}),
    )


def shift_start() -> Scene:
    """Return a hall's main meter (French names): on Monday the early shift switches everything on."""
    rng, t = course.begin("shift_start", 8, 120)
    early = busy(t, 5.9, 22.0, 0.25) * workday(t)
    pause = busy(t, 9.0, 9.3, 0.05) + busy(t, 12.0, 12.6, 0.05)
    heat = early - lag(early, t, 40 * MINUTE)
    load = early * (1 - 0.3 * pause)
    kilowatts = 46 + 350 * load + 160 * np.clip(heat, 0, 1) + 7 * wander(t, rng, 5 * MINUTE) * (0.2 + load)
    air = 1.2 + 9.5 * load
    return compose(
        "shift_start",
        "The early shift begins on Monday and switches the machines on; ovens and baths heat up",
        t,
        {
            "puissance active": (course.KILOWATT, course.noisy(rng, kilowatts, 1.0)),
            "courant L1": (Metric("A", 1.0), course.noisy(rng, kilowatts * 1.6, 2.0)),
            "tension L1": (Metric("V", 0.1), course.mains(t, rng) - kilowatts / 110),
            "cos phi": (Metric(None, 0.01), 0.86 + 0.08 * load),
            "débit air comprimé": (Metric("m3/min", 0.1), np.abs(course.noisy(rng, air, 0.1))),
            "énergie": (Metric("kWh", 1.0), course.energy(t, kilowatts * 1000, 5_230_400)),
            "température hall": (CELSIUS, 17 + 3 * lag(early, t, 2 * HOUR) + 0.3 * wander(t, rng, HOUR)),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"shift|start(-|\s)?up|(machines|equipment|line|plant|production).{0,25}(start|switched on|turned on)",
            r"monday|morning|heating up|"
            r"warm.?up|peak",
            has=("motor", "air", "compressor", "leak", "inverter"),
        ),
        event=7 * DAY + 5 * HOUR,
        limits=(Limit("puissance active", high=430.0, hold_s=600.0),),
        labels=("hall B",),
    )


def planned_stop() -> Scene:
    """Return a conveyor (Chinese names) that is stopped for maintenance on Sunday, as a week ago."""
    rng, t = course.begin("planned_stop", 14, 120)
    service = course.pulse(t, course.clock((6, 13), 8.0), 6 * HOUR)
    running = 1 - service
    for shift in (6.0, 14.0, 22.0):
        running = running * (1 - course.pulse(t, course.clock(range(14), shift), 8 * MINUTE))
    load = running * np.clip(0.7 + 0.1 * wander(t, rng, 20 * MINUTE), 0.3, 1.0)
    return compose(
        "planned_stop",
        "A conveyor is stopped for its planned maintenance",
        t,
        {
            "带速": (Metric("m/s", 0.01), np.abs(course.noisy(rng, 1.6 * running, 0.006)) * running),
            "电机电流": (Metric("A", 0.1), np.abs(course.noisy(rng, 8 * running + 26 * load, 0.25)) * running),
            "运行模式": (course.mode("停止", "运行", "检修"), running + 2 * service),
            "减速机温度": (CELSIUS, course.noisy(rng, 24 + lag(34 * load, t, 50 * MINUTE), 0.1)),
            "轴承振动": (Metric("mm/s", 0.01), np.abs(course.noisy(rng, 0.1 + 1.7 * running, 0.05))),
            "流量": (Metric("t/h", 1.0), np.abs(course.noisy(rng, 420 * load, 4)) * running),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            r"maintenance|service|shut.?down|stopp|\bstop\b|overhaul|inspection|standstill|idle|weekend|mode",
            has=("belt", "motor", "gear", "bearing", "vibration", "brake", "inverter", "oil", "leak"),
        ),
        event=13 * DAY + 7 * HOUR,
        limits=(Limit("带速", low=0.5, hold_s=900.0),),
        labels=("皮带机3",),
    )


def more_feed() -> Scene:
    """Return a crusher whose feed rate an operator raises from 240 to 330 t/h, as sometimes before."""
    rng, t = course.begin("more_feed", 6, 30)
    shift = busy(t, 6.1, 21.8, 0.02) * workday(t)
    raised = np.maximum(
        course.pulse(t, course.clock((1, 3), 9.5), 3 * HOUR), course.pulse(t, course.clock((4,), 13.2), DAY)
    )
    rate = lag(shift * (240 + 90 * raised), t, 60.0)
    rock = np.clip(1 + 0.06 * wander(t, rng, 10 * MINUTE), 0.8, 1.2)
    current = shift * (62 + 0.27 * rate * rock)
    return compose(
        "more_feed",
        "An operator raises the feed rate of a crusher",
        t,
        {
            "feed_rate_sp": (Metric("t/h", 1.0), shift * (240 + 90 * raised)),
            "feed_rate": (Metric("t/h", 1.0), np.abs(course.noisy(rng, rate, 4)) * shift),
            "crusher_amps": (Metric("A", 0.1), np.abs(course.noisy(rng, current, 2.2)) * shift),
            "crusher_kw": (course.KILOWATT, np.abs(course.noisy(rng, 0.92 * current, 2)) * shift),
            "lube_oil_temp": (CELSIUS, course.noisy(rng, 22 + lag(0.16 * current, t, 40 * MINUTE), 0.08)),
            "closed_side_setting": (Metric("mm", 0.1), course.flat(t, 19.5)),
            "vibration": (Metric("mm/s", 0.1), np.abs(course.noisy(rng, shift * (3.1 + 0.004 * rate), 0.2))),
        },
        answers(
            NORMAL,
            PEOPLE,
            DEMAND,
            SET_POINT,
            r"feed rate|feed (was )?(increas|rais)|(more|increased|higher|harder) (feed|material|rock|ore|tonnage)",
            r"tonnage|throughput|\bload|hard(er)? (rock|ore|material)",
            has=("motor", "belt", "bearing", "gear", "vibration", "oil", "filter", "pump", "coolant", "leak"),
        ),
        event=4 * DAY + 13 * HOUR,
        limits=(Limit("crusher_amps", high=140.0, hold_s=120.0),),
        reports=OnChange(300.0, {"crusher_amps": 4.0, "feed_rate_sp": 1.0}),
    )


def controller_restarts() -> Scene:
    """Return a controller that restarts after an update: its values are zero for a minute and a half."""
    rng, t = course.begin("controller_restarts", 5, 20)
    restart = 4 * DAY + 13.3 * HOUR
    dead = ((t >= restart) & (t < restart + 100)).astype(float)
    alive = 1 - dead
    room = 5.2 + 0.4 * np.sin(t / 410) + 0.2 * wander(t, rng, HOUR)
    fan = 55 + 25 * np.sin(t / 410)
    return compose(
        "controller_restarts",
        "The controller of a cold room is restarted after an update; its values are zero for a minute and a half",
        t,
        {
            "ctrl_uptime_s": (course.SECONDS, np.where(t < restart, 5_120_331 + t, t - restart)),
            "fw_version": (course.COUNT, np.where(t < restart, 241.0, 243.0)),
            "room_temp": (CELSIUS, course.noisy(rng, room, 0.03) * alive),
            "room_humidity": (PERCENT, course.noisy(rng, 82 + 2 * wander(t, rng, HOUR), 0.5) * alive),
            "fan_cmd": (PERCENT, fan * alive),
            "room_setpoint": (CELSIUS, 5.0 * alive),
            "alarm_count": (course.COUNT, course.flat(t, 0)),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"restart|reboot|power.?cycl|updat|firmware|reset|boot",
            r"re-?initiali|communication|data (gap|loss)|controller",
            has=(
                "door",
                "refrigerant",
                "compressor",
                "fan",
                "frost",
                "exchanger",
                "valve",
                "leak",
                "motor",
                "ventilation",
            ),
        ),
        event=4 * DAY + 13 * HOUR,
        limits=(Limit("room_temp", low=1.0, hold_s=0.0),),
        wait=30.0,
        reports=OnChange(120.0, {"room_temp": 0.2, "fan_cmd": 5.0, "fw_version": 1.0}),
        labels=("cold room 2",),
    )


FACTORY = (compressor_unloads, shift_start, planned_stop, more_feed, controller_restarts)
