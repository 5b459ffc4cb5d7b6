"""Window, motion, sun, vacuum cleaner, phone: the rooms of a home."""

from __future__ import annotations

import numpy as np

from benchmarks.independent.machine import Limit, Metric
from benchmarks.independent.physics import busy, counter, lag, wander, weather, workday
from benchmarks.independent.scenes import course
from benchmarks.independent.scenes.answers import NORMAL, PEOPLE, WEATHER, answers
from benchmarks.independent.scenes.compose import OnChange, compose
from benchmarks.independent.scenes.course import CELSIUS, DAY, HOUR, MINUTE, PERCENT, SWITCH, VOLT
from benchmarks.independent.scenes.scene import Scene


def window_airing() -> Scene:
    """Return a Netatmo station (French names): the bedroom is aired for ten minutes in winter."""
    rng, t = course.begin("window_airing", 6, 300)
    outside, _ = weather(t, rng, 1.0)
    asleep = np.maximum(busy(t, 22.5, 24.1), busy(t, -0.1, 7.0))
    airing = course.clock(range(6), 7.6)
    opened = course.pulse(t, airing, rng.uniform(600, 900, len(airing)) + 900 * (np.arange(6) == 5))
    fresh = lag(opened, t, 6 * MINUTE)
    co2 = 440 + lag(900 * asleep + 90, t, 2.2 * HOUR) * (1 - fresh)
    room = 19.2 + 0.4 * wander(t, rng, 8 * HOUR) - fresh * 0.4 * (19 - outside)
    return compose(
        "window_airing",
        "Somebody opens the bedroom's window in winter, a little longer than usual",
        t,
        {
            "température": (CELSIUS, course.noisy(rng, room, 0.05)),
            "humidité": (PERCENT, course.noisy(rng, 48 + 5 * asleep - 14 * fresh, 0.5)),
            "CO2": (course.PPM, course.noisy(rng, co2, 8)),
            "bruit": (Metric("dB", 1.0), course.noisy(rng, 36 + 8 * opened + 3 * (1 - asleep), 1.0)),
            "pression": (course.HPA, 1014 + 5 * wander(t, rng, DAY)),
            "pile": (PERCENT, course.battery(t, 64, 0.05)),
        },
        answers(
            NORMAL,
            PEOPLE,
            WEATHER,
            r"window|airing|(fresh|cold|outdoor) air|door|draught|draft|ventilat",
            has=("door", "ventilation", "battery", "exchanger", "leak"),
            absurd=(r"overload|short circuit",),
        ),
        event=5 * DAY + 7 * HOUR,
        limits=(Limit("température", low=16.0, hold_s=60.0),),
        model="Netatmo NAModule4",
        labels=("chambre",),
    )


def motion_at_night() -> Scene:
    """Return a Hue motion sensor in a hall: people pass by day, and sometimes at night."""
    rng, t = course.begin("motion_at_night", 7, 20)
    days, nights = rng.uniform(0, 7 * DAY, 300), course.about(rng, course.clock((0, 2, 3, 6), 3.2), 60)
    passing = np.sort(np.concatenate([days[(days % DAY > 6.5 * HOUR) & (days % DAY < 22.5 * HOUR)], nights]))
    seen = course.pulse(t, passing, 60 + 120 * rng.random(len(passing)))
    lamp = course.pulse(t, passing, 180) * (course.sun(t, rng, 8, 16.5) < 0.1)
    return compose(
        "motion_at_night",
        "Somebody crosses the hall at night",
        t,
        {
            "occupancy": (SWITCH, seen),
            "illuminance": (course.LUX, 2 + 210 * course.sun(t, rng, 8, 16.5) + 38 * lamp),
            "temperature": (CELSIUS, course.noisy(rng, 18.6 + 0.8 * wander(t, rng, 6 * HOUR), 0.03)),
            "battery": (PERCENT, course.battery(t, 78, 0.1)),
            "linkquality": (course.LQI, course.radio(t, rng, 104, 9)),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"motion|movement|presence|occupan|\bpet\b|\bcat\b|\bdog\b|animal|intru|walk|visitor|light",
            has=(
                "door",
                "battery",
            ),
            absurd=(r"heating|overload|mechanical",),
        ),
        event=6 * DAY + 2 * HOUR,
        limits=(Limit("occupancy", high=0.5, hold_s=0.0),),
        wait=20.0,
        reports=OnChange(40 * MINUTE, {"occupancy": 1.0, "illuminance": 60.0}),
        model="SML001",
        labels=("hall",),
    )


def sun_on_sensor() -> Scene:
    """Return a weather sensor (German names) on an east wall: on clear mornings the sun shines on it."""
    rng, t = course.begin("sun_on_sensor", 8, 180)
    outside, humidity = weather(t, rng, 14.0)
    clear = np.array([1, 0.1, 0.9, 0.15, 0.2, 0.85, 0.1, 1.0])[(t // DAY).astype(int)]
    shining = lag(clear * course.program(t, course.clock(range(8), 7.4), ((0, 0), (25, 1), (75, 1), (110, 0))), t, 600)
    return compose(
        "sun_on_sensor",
        "The morning sun shines on the outdoor sensor, as on every clear day",
        t,
        {
            "Außentemperatur": (CELSIUS, course.noisy(rng, outside + 18 * shining, 0.08)),
            "Luftfeuchte": (PERCENT, course.noisy(rng, np.clip(humidity - 26 * shining, 18, 99), 0.6)),
            "Luftdruck": (course.HPA, 1018 + 3 * wander(t, rng, DAY)),
            "Batterie": (VOLT, course.flat(t, 2.9)),
            "RSSI": (course.DBM, course.radio(t, rng, -74, 3)),
        },
        answers(
            NORMAL,
            WEATHER,
            r"sun|solar (radiation|gain|heat)|radiant|direct light|morning|placement|location|mounting position|"
            r"daily|diurnal",
            has=("battery",),
            absurd=(r"overload|cooling|\bheating (failure|stuck|control)",),
        ),
        event=7 * DAY + 7 * HOUR,
        limits=(Limit("Außentemperatur", high=26.0, hold_s=300.0),),
        wait=200.0,
        labels=("Terrasse",),
    )


def vacuum_docks() -> Scene:
    """Return a robot vacuum: it cleans on workdays at ten, comes back nearly empty and charges."""
    rng, t = course.begin("vacuum_docks", 5, 60)
    starts = course.about(rng, course.clock(range(5), 10.0), 2)
    charge = course.program(t, starts, ((0, 100), (74, 22), (80, 17), (240, 96), (300, 100)), 100)
    state = course.stages(t, starts, ((0, 1), (74, 2), (80, 3), (300, 0)))
    cleaning = (state == 1).astype(float)
    worn = counter(cleaning, t, 61.0)
    return compose(
        "vacuum_docks",
        "A robot vacuum has cleaned the whole flat and returns to its dock to charge",
        t,
        {
            "battery_level": (PERCENT, charge),
            "status": (course.mode("docked", "cleaning", "returning", "charging"), state),
            "fan_speed": (PERCENT, 60 * cleaning),
            "cleaned_area": (Metric("m²", 1.0), course.program(t, starts, ((0, 0), (74, 58), (1400, 58)), 58)),
            "filter_left": (Metric("h", 1.0), 150 - worn),
            "main_brush_left": (Metric("h", 1.0), 300 - worn),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"clean(ing|ed)|dock|charg|return|discharg|cycle|low battery|battery (is )?low|run ?time",
            has=("battery", "fan", "filter", "motor", "fouling", "bearing"),
            absurd=(r"overheat|temperature|pressure",),
        ),
        event=4 * DAY + 10.5 * HOUR,
        limits=(Limit("battery_level", low=20.0, hold_s=0.0),),
        model="roborock.vacuum.s5",
    )


def phone() -> Scene:
    """Return a phone in Home Assistant: charged by night, low after a long evening."""
    rng, t = course.begin("phone", 6, 300)
    plugs = course.about(rng, course.clock(range(-1, 6), 23.2), 30)
    plugs[-1] += 3 * HOUR
    charging = course.pulse(t, plugs, 7.3 * HOUR)
    level, courses = 60.0, []
    use = np.clip(4.2 + 2.5 * wander(t, rng, HOUR), 0.6, None) + 5 * busy(t, 18, 24) * (t > 5 * DAY)
    for gain in (charging * 38 - (1 - charging) * use).tolist():
        level = min(max(level + gain / 12, 1.0), 100.0)
        courses.append(level)
    charge = np.array(courses)
    steps = np.cumsum(rng.poisson(28 * busy(t, 7, 21)))
    return compose(
        "phone",
        "A phone's battery is low after a day of use",
        t,
        {
            "battery_level": (PERCENT, charge),
            "battery_state": (course.mode("discharging", "charging", "full"), charging + charging * (charge >= 100)),
            "is_charging": (SWITCH, charging),
            "battery_temperature": (CELSIUS, course.noisy(rng, 26 + 6 * charging * (charge < 95), 0.3)),
            "steps": (course.COUNT, course.today(t, steps.astype(float))),
            "wifi_connection": (
                course.mode("home", "office", "not connected"),
                np.sign(busy(t, 9, 17) * workday(t)),
            ),
        },
        answers(
            NORMAL,
            PEOPLE,
            r"discharg|drain|not (been )?charg|unplugged|charger|\bus(e|age)\b|low battery|battery (is )?(low|running)",
            has=("battery",),
            absurd=(r"pressure|mechanical",),
        ),
        event=5 * DAY + 18 * HOUR,
        limits=(Limit("battery_level", low=20.0, hold_s=0.0),),
        wait=300.0,
        model="Pixel 7",
    )


ROOMS = (window_airing, motion_at_night, sun_on_sensor, vacuum_docks, phone)
