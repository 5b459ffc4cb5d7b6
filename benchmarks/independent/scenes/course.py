"""Functions that return the values of sensors over time for the scenes: schedules, programs, mains, rooms, radio."""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np

from benchmarks.independent.machine import DAY_S, Floats, Metric
from benchmarks.independent.physics import HOUR_S, lag, step_of, wander

MINUTE, HOUR, DAY = 60.0, HOUR_S, DAY_S
Rng = np.random.Generator

CELSIUS, CELSIUS_2 = Metric("°C", 0.1), Metric("°C", 0.01)
PERCENT, PERCENT_1 = Metric("%", 1.0), Metric("%", 0.1)
WATT, WATT_1, KILOWATT = Metric("W", 1.0), Metric("W", 0.1), Metric("kW", 0.1)
VOLT, AMPERE, KWH = Metric("V", 0.1), Metric("A", 0.01), Metric("kWh", 0.01)
BAR, CUBIC = Metric("bar", 0.01), Metric("m³/h", 0.1)
PPM, LUX, HPA = Metric("ppm", 1.0), Metric("lx", 1.0), Metric("hPa", 0.1)
SWITCH, COUNT = Metric(None, 1.0, "switch"), Metric(None, 1.0)
DBM, LQI, SECONDS = Metric("dBm", 1.0), Metric("lqi", 1.0), Metric("s", 1.0)


def mode(*words: str) -> Metric:
    """Return a metric whose values are indices into ``words``."""
    return Metric(None, 1.0, "mode", words)


def begin(scene: str, days: float, step: float) -> tuple[Rng, Floats]:
    """Return the random generator of a scene, and its times: ``days`` from Monday 0:00 on, ``step`` seconds apart."""
    return np.random.default_rng(zlib.crc32(scene.encode())), np.arange(0.0, days * DAY, step)


def clock(days: Iterable[int], *hours: float) -> Floats:
    """Return the times, in seconds, of the given ``hours`` on the given ``days``; day 0 is a Monday."""
    return np.array([day * DAY + hour * HOUR for day in days for hour in hours])


def about(rng: Rng, times: Floats, minutes: float) -> Floats:
    """Return the times, each shifted at random by up to ``minutes``, because people are early or late."""
    return np.sort(times + rng.uniform(-minutes, minutes, len(times)) * MINUTE)


def pulse(times: Floats, starts: Floats, seconds: float | Floats) -> Floats:
    """Return 1 for ``seconds`` after each start, else 0."""
    out = np.zeros(len(times))
    for start, length in zip(starts, np.broadcast_to(seconds, len(starts)), strict=True):
        out[(times >= start) & (times < start + length)] = 1.0
    return out


def program(times: Floats, starts: Floats, points: Sequence[tuple[float, float]], rest: float = 0.0) -> Floats:
    """Return the values of a program that runs from each of ``starts``, and ``rest`` in between.

    ``points`` are pairs of the minutes since the start and the value; values between them are interpolated.
    """
    minutes, values = np.array(points).T
    out = np.full(len(times), rest)
    for start in starts:
        inside = (times >= start) & (times <= start + minutes[-1] * MINUTE)
        out[inside] = np.interp((times[inside] - start) / MINUTE, minutes, values)
    return out


def stages(times: Floats, starts: Floats, points: Sequence[tuple[float, float]], rest: float = 0.0) -> Floats:
    """Return the values of a program like :func:`program`, but each value holds until the next point.

    The last point ends the program.
    """
    out = np.full(len(times), rest)
    for start in starts:
        for (begins, value), (ends, _) in pairwise(points):
            out[(times >= start + begins * MINUTE) & (times < start + ends * MINUTE)] = value
    return out


def noisy(rng: Rng, values: Floats, deviation: float) -> Floats:
    """Return the values with white noise."""
    return np.asarray(values + deviation * rng.standard_normal(len(values)))


def flat(times: Floats, value: float) -> Floats:
    """Return one value at all times."""
    return np.full(len(times), value)


def mains(times: Floats, rng: Rng) -> Floats:
    """Return the voltage of a house's socket: EN 50160 allows 207 to 253 V, usual is 228 to 238 V."""
    return noisy(rng, 233.0 + 1.5 * wander(times, rng, HOUR), 0.3)


def energy(times: Floats, watts: Floats, start: float = 0.0) -> Floats:
    """Return the total (kWh) of a meter that reads ``start`` first."""
    return np.asarray(start + np.cumsum(watts) * step_of(times) / 3.6e6)


def today(times: Floats, total: Floats) -> Floats:
    """Return the part of ``total`` that was added since the last midnight."""
    midnights = np.searchsorted(times, times // DAY * DAY)
    return np.asarray(total - total[midnights])


def thermostat(times: Floats, gain: Floats, low: float, high: float, on: float) -> tuple[Floats, Floats]:
    """Return temperature and on/off state of a cooled space.

    ``gain`` is the rise (K/h) without cooling at each time; the compressor takes ``on`` K/h away, from ``high`` until
    ``low``.
    """
    temperature, running, step = (low + high) / 2, False, step_of(times) / HOUR
    degrees, states = [], []
    for rise in gain.tolist():
        running = temperature > high or (running and temperature > low)
        temperature += (rise - on * running) * step
        degrees.append(temperature)
        states.append(float(running))
    return np.array(degrees), np.array(states)


def battery(times: Floats, start: float, per_day: float) -> Floats:
    """Return a battery's charge (%) that falls evenly."""
    return np.asarray(np.clip(start - per_day * times / DAY, 0.0, 100.0))


def radio(times: Floats, rng: Rng, mean: float, deviation: float = 2.0) -> Floats:
    """Return a signal's strength in the unit of ``mean``."""
    return noisy(rng, mean + deviation * wander(times, rng, 2 * HOUR), deviation / 2)


def sun(times: Floats, rng: Rng, rise: float, dusk: float, cloud: float = 0.5) -> Floats:
    """Return the sun's strength, 0 to 1, between two hours of the day, under clouds that take up to ``cloud``."""
    hours = times % DAY / HOUR
    height = np.sin(np.pi * np.clip((hours - rise) / (dusk - rise), 0.0, 1.0))
    clouds = lag(np.clip(0.5 + 0.5 * wander(times, rng, 2 * HOUR), 0.0, 1.0), times, 5 * MINUTE)
    return np.asarray(height * (1.0 - cloud * clouds))
