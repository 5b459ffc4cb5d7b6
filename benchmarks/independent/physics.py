"""Small helpers that several machines share: lags, schedules, weather, sensors. Nothing here knows a machine."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import get_args

import numpy as np

from benchmarks.independent.machine import DAY_S, Floats, Injection, Metric, Scheme

HOUR_S = 3_600.0
Severity = Callable[[str], Floats]
"""The severity of a fault, by its id, at each time."""


def stream(seed: int, use: int) -> np.random.Generator:
    """Return a separate random generator for each ``use``, so that a longer run begins like a shorter one."""
    return np.random.default_rng((seed, use))


def step_of(times: Floats) -> float:
    """Return the interval of ``times`` (s)."""
    return float(times[1] - times[0]) if len(times) > 1 else 60.0


def severity(injection: Injection | None, times: Floats) -> Severity:
    """Return a function that gives the severity of a fault, by its id, at each time."""
    nothing = np.zeros(len(times))
    return lambda fault: injection.at(times) if injection is not None and injection.fault == fault else nothing


def lag(values: Floats, times: Floats, tau: float) -> Floats:
    """Return ``values`` after a first-order lag of ``tau`` s, discretized exactly, so it is stable at any interval."""
    keep = float(np.exp(-step_of(times) / tau))
    state, out = float(values[0]), []
    for value in values.tolist():
        state = keep * state + (1.0 - keep) * value
        out.append(state)
    return np.array(out)


def wander(times: Floats, rng: np.random.Generator, every_s: float) -> Floats:
    """Return smooth noise with a variance of about 1. Values some multiples of ``every_s`` apart are independent."""
    nodes = rng.standard_normal(int(times[-1] // every_s) + 2)
    # Between two independent nodes the variance of a straight line is 2/3 on average.
    return np.asarray(1.22 * np.interp(times, np.arange(len(nodes)) * every_s, nodes))


def hour(times: Floats) -> Floats:
    """Return the hour of the day, 0 to 24."""
    return np.asarray(times % DAY_S / HOUR_S)


def workday(times: Floats, days: int = 5) -> Floats:
    """Return 1 on the first ``days`` days of the week, else 0."""
    return np.asarray(times // DAY_S % 7 < days, dtype=np.float64)


def busy(times: Floats, start: float, end: float, ramp: float = 0.5) -> Floats:
    """Return 1 between two hours of the day and 0 outside, with a ramp (h) on either side."""
    now = hour(times)
    return np.clip(np.minimum(now - start, end - now) / ramp, 0.0, 1.0)


def weather(times: Floats, rng: np.random.Generator, mean: float) -> tuple[Floats, Floats]:
    """Return outdoor temperature (°C) and relative humidity (%) around a season's ``mean`` temperature."""
    swing = rng.uniform(3.0, 5.5)
    fronts = 2.0 * wander(times, rng, 1.5 * DAY_S)
    daily = swing * np.cos((hour(times) - 15.0) * np.pi / 12)
    return mean + fronts + daily, np.clip(68 - 3.2 * daily + 2.0 * fronts, 25.0, 97.0)


def wet_bulb(temperature: Floats, humidity: Floats) -> Floats:
    """Return the wet-bulb temperature (°C); Stull 2011, J. Appl. Meteorol. Climatol. 50, equation 1."""
    return np.asarray(
        temperature * np.arctan(0.151977 * np.sqrt(humidity + 8.313659))
        + np.arctan(temperature + humidity)
        - np.arctan(humidity - 1.676331)
        + 0.00391838 * humidity**1.5 * np.arctan(0.023101 * humidity)
        - 4.686035
    )


def enthalpy(temperature: Floats) -> Floats:
    """Return the enthalpy of saturated air (kJ/kg dry air) at 1013 hPa; ASHRAE Fundamentals, psychrometrics."""
    vapour = 6.112 * np.exp(17.62 * temperature / (243.12 + temperature))
    ratio = 0.622 * vapour / (1013.25 - vapour)
    return np.asarray(1.006 * temperature + ratio * (2501 + 1.86 * temperature))


def counter(running: Floats, times: Floats, start: float) -> Floats:
    """Return an hour counter that advances while ``running`` is 1."""
    return np.asarray(start + np.cumsum(running) * step_of(times) / HOUR_S)


def publish(
    metrics: Mapping[str, Metric], values: Mapping[str, Floats], noise: Mapping[str, float], rng: np.random.Generator
) -> dict[str, Floats]:
    """Return the readings of the sensors: values with noise (standard deviation), rounded to the resolution."""
    out = {}
    for name, metric in metrics.items():
        value = values[name] + noise.get(name, 0.0) * rng.standard_normal(len(values[name]))
        # Devices cut off noise below zero, except for temperatures and gauge pressures of a gas.
        value = value if metric.unit in ("°C", "mbar") else np.maximum(value, 0.0)
        out[name] = np.round(np.round(value / metric.step) * metric.step, 6) + 0.0
    return out


def named(metrics: Mapping[str, Metric], table: str) -> dict[Scheme, dict[str, str]]:
    """Return the names of the metrics by scheme. ``table`` has a line for each metric and a column for each scheme."""
    rows = [[cell.strip() for cell in line.split("|")] for line in table.strip().splitlines()]
    named_metrics = list(zip(metrics, rows, strict=True))
    return {scheme: {name: row[at] for name, row in named_metrics} for at, scheme in enumerate(get_args(Scheme))}


def unless(foreign: str, words: str) -> str:
    """Return a pattern that matches a title with ``words`` (leak, fouling), unless it names a ``foreign`` part."""
    return rf"^(?!.*({foreign})).*({words})"
