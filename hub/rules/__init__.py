"""The rule engine: parse rules, evaluate their conditions on readings, and raise, change and end alerts."""

from hub.rules.alert_lifecycle import TRANSITIONS, after
from hub.rules.covering import Quantity, matching, own_quantity, reads, reads_quantity
from hub.rules.describe import describe, description_fields, schedule_fields
from hub.rules.engine import Engine
from hub.rules.fields import InvalidField
from hub.rules.kinds import KINDS
from hub.rules.parse import parse, parse_usable, read_rule

__all__ = [
    "KINDS",
    "TRANSITIONS",
    "Engine",
    "InvalidField",
    "Quantity",
    "after",
    "describe",
    "description_fields",
    "matching",
    "own_quantity",
    "parse",
    "parse_usable",
    "read_rule",
    "reads",
    "reads_quantity",
    "schedule_fields",
]
