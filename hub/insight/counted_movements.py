"""Decide which movements of metrics count against a cause, and which metrics count together as one symptom."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from hub.insight.metric_semantics import MetricSemantics
from hub.insight.symptom_matching import SymptomMatcher, parse_alternatives
from hub.model import Evidence

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
_OF_ROOMS = frozenset(("room", "air_handler", "greenhouse", "cold_room", "heat_pump", "boiler"))
"""Kinds of machine that change the temperature of a room. For others it is the weather of their surroundings."""
_TWICE, _HALF = 2.0, 0.5
_ELECTRICAL = ("current", "power", "apparent_power", "reactive_power", "energy")


def independent_sign(meaning: MetricSemantics) -> tuple[str, frozenset[str]]:
    """Return a key by which changed metrics are counted: those with the same key are one symptom of a cause.

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


def is_of_room(kinds: Collection[str]) -> bool:
    """Return whether a machine of any of these kinds changes the temperature of a room."""
    return bool(_OF_ROOMS & set(kinds))


def unexplained(
    allows: Iterable[str],
    matcher: SymptomMatcher,
    explained: Collection[str | None],
    *,
    is_of_room: bool,
    alert_metric: str | None,
) -> Iterator[tuple[Evidence, float]]:
    """Yield each movement that counts against a cause because the cause does not predict it, and how often it counts.

    A metric beyond its limit counts twice, and that of the alert even if it has not moved lately. A metric counts half
    if the hub does not know what it measures.

    Args:
        allows: The symptoms that the cause's signature allows.
        matcher: The findings.
        explained: The metrics whose movements the signature mentions.
        is_of_room: Whether the machine changes the temperature of a room. For other machines it is like the weather.
        alert_metric: The metric of the alert; None if there is no alert, or if it has no metric.
    """
    known = {*explained, *(item.metric for item in _allowed(allows, matcher))}
    moved = {item.metric for item in matcher.movements}
    exceeded = [item for item in matcher.exceeded if item.metric == alert_metric and item.metric not in moved]
    for movement in (*matcher.movements, *exceeded):
        metric = movement.metric or ""
        meaning = matcher.semantics[metric]
        is_beyond = metric in matcher.over_limit
        is_surroundings = "room" in meaning.places and not is_of_room
        # A limit is set on what matters, so its metric must be explained, whatever it measures.
        if metric not in known and (is_beyond or (is_material(meaning) and not is_surroundings)):
            yield movement, (_TWICE if is_beyond else 1.0) * (_HALF if meaning.quantity is None else 1.0)


def _allowed(allows: Iterable[str], matcher: SymptomMatcher) -> Iterator[Evidence]:
    """Yield the movements that the cause allows: they do not count against it.

    ``allows`` are symptoms of the signature. If one of them is any movement (``*``), metrics beyond their limits are
    still not allowed.
    """
    for symptom in map(parse_alternatives, allows):
        is_any = any(each.any_metric for each in symptom)
        for item in matcher.seen(symptom)[1]:
            if not (is_any and item.metric in matcher.over_limit):
                yield item
