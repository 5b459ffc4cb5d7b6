"""Decide which movements of metrics count against a cause, and which metrics count together as one symptom."""

from __future__ import annotations

from hub.insight.metric_semantics import MetricSemantics

_IMMATERIAL = ("signal", "uptime", "memory", "processor", "count", "run_time", "starts", "energy", "time")
"""Quantities whose changes say nothing about the machine."""
_EXOGENOUS = (
    "radiation",
    "illuminance",
    "wind_speed",
    "wind_direction",
    "rain",
    "occupancy",
    "motion",
    "contact",
    "mode",
)
"""Quantities that no fault of the machine changes."""
_ELECTRICAL = ("current", "power", "apparent_power", "reactive_power", "energy")


def independent_sign(meaning: MetricSemantics) -> tuple[str, frozenset[str]]:
    """Return a key for a metric. Changed metrics with the same key count as only one symptom of a cause.

    The key is the measured quantity and, for some quantities, the place of the measurement. So current and power have
    the same key, while temperatures at different places have different keys.
    """
    quantity = meaning.quantity or "?"
    if quantity in _ELECTRICAL:
        return "electrical", frozenset()
    apart = quantity in ("temperature", "pressure", "flow", "level", "humidity")
    return ("vibration" if quantity == "acceleration" else quantity), meaning.places if apart else frozenset()


def is_material(meaning: MetricSemantics) -> bool:
    """Return whether a movement of the metric is evidence against a cause that does not explain the movement.

    ``meaning`` is what the metric measures. A movement of the wind speed, for instance, is no such evidence.
    """
    return (
        meaning.quantity not in _IMMATERIAL
        and meaning.quantity not in _EXOGENOUS
        and "outdoor" not in meaning.places
        and meaning.role not in ("setpoint", "command", "limit", "statistic")
    )
