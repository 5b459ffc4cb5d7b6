"""Parse ``rules.toml``. Every error names the line, the rule, the key, its value and what is allowed."""

from __future__ import annotations

import re
from typing import Any, cast

from hub.bounds import decode_toml
from hub.errors import ConfigError
from hub.model import SEVERITIES, Rule, Scope, Severity
from hub.rules.fields import InvalidField, read_duration, read_text, read_texts, shortened
from hub.rules.kinds import KINDS
from hub.rules.window_text import read_schedule

COMMON_KEYS = {"id", "name", "kind", "severity", "schedule", "time_zone", *Scope.__struct_fields__}
"""The keys of every rule. One that is neither here nor in its kind's keys is refused, so that none is ignored."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_HEADER = re.compile(r"\s*\[\[\s*rule\s*\]\]")


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
    """Return the rules of a file that can be used, in order, and the error of each of the other rules.

    Raises:
        ConfigError: The text as a whole cannot be used.
    """
    document = decode_toml(text, "rules.toml")
    tables = document.pop("rule", [])
    if not isinstance(tables, list) or not all(isinstance(table, dict) for table in tables):
        raise ConfigError("rules.toml holds [[rule]] tables.", "See config/rules.toml for examples.")
    if document:
        raise ConfigError(f"rules.toml: {min(document)!r} is not known.", "Allowed: [[rule]] tables, nothing else.")
    rules: dict[str, Rule] = {}
    faults: list[ConfigError] = []
    for index, table in enumerate(tables, 1):
        try:
            rule = _rule(table)
        except InvalidField as error:
            faults.append(_fault(text, table, index, error.key, error.problem, error.hint))
            continue
        if rule.id in rules:
            problem = f"Rule id {rule.id!r} is used twice."
            faults.append(_fault(text, table, index, "id", problem, "Give each rule an id of its own."))
            continue
        rules[rule.id] = rule
    return list(rules.values()), faults


def _fault(text: str, table: dict[str, Any], index: int, key: str, problem: str, hint: str) -> ConfigError:
    line = _line(text, index, key)
    where = f"line {line}, " if line else ""
    name = shortened(table["id"]) if "id" in table else str(index)
    return ConfigError(f"rules.toml, {where}rule {name}: {problem}", hint)


def _line(text: str, index: int, key: str) -> int | None:
    """Return the line of ``key`` in rule number ``index``, else of that rule's header.

    None for rules that are not written as ``[[rule]]`` tables.
    """
    found, header = 0, None
    for number, line in enumerate(text.splitlines(), 1):
        if _HEADER.match(line):
            found += 1
            if found == index:
                header = number
        elif found == index and re.match(rf"\s*[\"']?{re.escape(key)}[\"']?\s*=", line):
            return number
    return header


def _rule(table: dict[str, Any]) -> Rule:
    rule_id = table.get("id")
    if not isinstance(rule_id, str) or not _ID.fullmatch(rule_id):
        raise InvalidField("id", rule_id, "1 to 64 letters, digits, dots, dashes or underscores")
    name = table.get("kind", next(iter(KINDS)))
    if not isinstance(name, str) or name not in KINDS:
        raise InvalidField("kind", name, ", ".join(KINDS))
    kind = KINDS[name]
    for key in sorted(table.keys() - COMMON_KEYS - kind.keys):
        article = "an" if name[0] in "aeiou" else "a"
        allowed = f"for {article} {name} rule: {', '.join(sorted(COMMON_KEYS | kind.keys))}"
        raise InvalidField(key, table[key], kind.hints.get(key, allowed))
    severity = table.get("severity", "warning")
    if severity not in SEVERITIES[1:]:
        raise InvalidField("severity", severity, ", ".join(SEVERITIES[1:]))
    metric = None
    if "metric" in (table if kind.metric_optional else kind.keys):
        metric = read_text(table.get("metric"), "metric", 'a metric, or a pattern such as "temp*"')
    return Rule(
        id=rule_id,
        name=read_text(table.get("name", rule_id), "name", "a text that is not empty"),
        condition=kind.parse(table),
        severity=cast(Severity, severity),
        metric=metric,
        for_ms=read_duration(table.get("for", 0), "for"),
        clear_for_ms=read_duration(table.get("clear_for", 0), "clear_for"),
        scope=Scope(**{key: read_texts(table.get(key, []), key) for key in Scope.__struct_fields__}),
        schedule=read_schedule(table),
    )
