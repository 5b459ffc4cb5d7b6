"""When to alarm: rules as data, the conditions, the life of an alert, and the engine that runs them."""

from hub.rules.alert_lifecycle import TRANSITIONS, after
from hub.rules.describe import describe, duration, number, quantity
from hub.rules.engine import Engine
from hub.rules.parse import parse, parse_usable

__all__ = ["TRANSITIONS", "Engine", "after", "describe", "duration", "number", "parse", "parse_usable", "quantity"]
