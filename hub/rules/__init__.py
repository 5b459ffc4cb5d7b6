"""Rules and alerts: rules as data, their conditions, the alert's lifecycle, the engine."""

from hub.rules.alert_lifecycle import TRANSITIONS, after
from hub.rules.describe import describe, description_fields, schedule_fields
from hub.rules.engine import Engine
from hub.rules.kinds import KINDS
from hub.rules.parse import parse, parse_usable
from hub.rules.plan import covers

__all__ = [
    "KINDS",
    "TRANSITIONS",
    "Engine",
    "after",
    "covers",
    "describe",
    "description_fields",
    "parse",
    "parse_usable",
    "schedule_fields",
]
