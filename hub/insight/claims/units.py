"""Convert between units with pint, which is imported on first use because the import takes a second."""

from __future__ import annotations

from functools import cache
from typing import Any

from hub.insight import quantities

_NAMES = {
    "°C": "degC", "°F": "degF", "K": "kelvin", "%": "percent", "A": "ampere", "V": "volt", "W": "watt", "m": "meter",
    "g": "gram", "h": "hour", "d": "day", "min": "minute", "s": "second", "rpm": "revolutions_per_minute",
    "°": "degree", "in": "inch", "ft": "foot", "gal": "gallon", "l": "liter", "m³": "meter**3", "lbs": "pound",
    "km": "kilometer", "lx": "lux", "σ": "", "readings": "", "×": "", "inHg": "inHg", "Nm": "newton*meter",
}  # fmt: skip
_DELTA = {"°C": "delta_degC", "°F": "delta_degF"}


def convert(value: float, unit: str, wanted: str, *, difference: bool) -> float | None:
    """Return ``value`` converted from ``unit`` to ``wanted``. None if the units cannot be converted.

    If ``difference`` is True, ``value`` is a difference, so that 5 °C are 9 °F and not 41 °F.
    """
    if unit == wanted:
        return value
    seconds = quantities.SECONDS
    if unit in seconds or wanted in seconds:
        return value * seconds[unit] / seconds[wanted] if unit in seconds and wanted in seconds else None
    if {unit, wanted} == {"°", "°C"} or {unit, wanted} == {"°", "°F"}:
        return value
    factor = _factor(unit, wanted, difference)
    return None if factor is None else factor[0] * value + factor[1]


@cache
def _factor(unit: str, wanted: str, difference: bool) -> tuple[float, float] | None:
    """Return the slope and the offset that convert ``unit`` to ``wanted``. None if the units cannot be converted."""
    if "σ" in (unit, wanted) or "readings" in (unit, wanted) or "×" in (unit, wanted):
        return None
    if ("%" in (unit, wanted)) and {unit, wanted} != {"%", "ppm"}:
        return None
    registry = _registry()
    try:
        source, target = registry.Unit(_name(unit, difference)), registry.Unit(_name(wanted, difference))
        zero = registry.Quantity(0.0, source).to(target).magnitude
        one = registry.Quantity(1.0, source).to(target).magnitude
    except Exception as error:
        if type(error).__module__.split(".")[0] != "pint":
            raise
        return None
    return one - zero, zero


def _name(unit: str, difference: bool) -> str:
    parts = unit.split("/")
    # A rate, such as °C per hour, is a difference per time, so a unit with a slash is converted as a difference.
    temperatures = _DELTA if difference or len(parts) > 1 else {}
    return " / ".join(temperatures.get(part) or _NAMES.get(part) or part for part in parts)


@cache
def _registry() -> Any:
    import pint

    return pint.UnitRegistry()
