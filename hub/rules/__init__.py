"""When to alarm: rules as data, the conditions, the life of an alert, and the engine that runs them."""

from hub.rules.engine import Engine
from hub.rules.lifecycle import TRANSITIONS, after
from hub.rules.parse import parse, parse_usable
from hub.rules.words import describe, duration, number, quantity

__all__ = ["TRANSITIONS", "Engine", "after", "describe", "duration", "number", "parse", "parse_usable", "quantity"]
