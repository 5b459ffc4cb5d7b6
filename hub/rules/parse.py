"""Parse ``rules.toml``. Every error names the line, the rule, the key, its value and what is allowed."""

from __future__ import annotations

import re
from typing import Any, cast

from hub.errors import ConfigError
from hub.model import SEVERITIES, Rule, Scope, Severity
from hub.rules.fields import InvalidField, read_duration, read_scope, read_tables, read_text, shortened
from hub.rules.read_condition import read_condition
from hub.rules.rule_lines import line_of
from hub.rules.window_text import read_schedule

COMMON_KEYS = {"id", "name", "kind", "severity", "schedule", "time_zone", *Scope.__struct_fields__}
"""The keys that rules of all kinds may have, in addition to the keys of their kind. Other keys are refused."""
_ID = re.compile(r"(?!\.{1,2}$)[A-Za-z0-9._-]{1,64}")
"""Pattern of the allowed ids of rules. Not allowed are ``.`` and ``..``, because clients remove them from URLs."""


def parse(text: str) -> list[Rule]:
    """Return all rules of a file, in order.

    Raises:
        ConfigError: The text is not TOML, or a rule has a key or value that is not allowed.
    """
    rules, faults = parse_usable(text)
    if faults:
        raise faults[0]
    return rules


def parse_usable(text: str) -> tuple[list[Rule], list[ConfigError]]:
    """Return the valid rules of a file, in order, and one error for each invalid rule.

    Raises:
        ConfigError: The text as a whole cannot be used.
    """
    tables = read_tables(text, "rule", "rules.toml")
    rules: dict[str, Rule] = {}
    faults: list[ConfigError] = []
    for index, table in enumerate(tables, 1):
        try:
            rule = read_rule(table)
        except InvalidField as error:
            within = f"condition {'.'.join(str(place + 1) for place in error.path)}: " if error.path else ""
            line = line_of(text, index, error.key, error.path)
            faults.append(_fault(line, table, index, within + error.problem, error.hint))
            continue
        if rule.id in rules:
            problem = f"Rule id {rule.id!r} is used twice."
            line = line_of(text, index, "id", ())
            faults.append(_fault(line, table, index, problem, "Give each rule an id of its own."))
            continue
        rules[rule.id] = rule
    return list(rules.values()), faults


def _fault(line: int | None, table: dict[str, Any], index: int, problem: str, hint: str) -> ConfigError:
    where = f"line {line}, " if line else ""
    name = shortened(table["id"]) if "id" in table else str(index)
    return ConfigError(f"rules.toml, {where}rule {name}: {problem}", hint)


def read_rule(table: dict[str, Any]) -> Rule:
    """Return the rule of a ``[[rule]]`` table. Raises InvalidField."""
    rule_id = table.get("id")
    if not isinstance(rule_id, str) or not _ID.fullmatch(rule_id):
        raise InvalidField("id", rule_id, "1 to 64 letters, digits, dots, dashes or underscores")
    severity = table.get("severity", "warning")
    if severity not in SEVERITIES[1:]:
        raise InvalidField("severity", severity, ", ".join(SEVERITIES[1:]))
    subject, condition = read_condition(table, COMMON_KEYS)
    return Rule(
        id=rule_id,
        name=read_text(table.get("name", rule_id), "name", "a text that is not empty"),
        condition=condition,
        severity=cast(Severity, severity),
        metric=subject.metric,
        quantity=subject.quantity,
        for_ms=read_duration(table.get("for", 0), "for"),
        clear_for_ms=read_duration(table.get("clear_for", 0), "clear_for"),
        scope=read_scope(table),
        schedule=read_schedule(table),
    )
