"""Read the condition of a ``[[rule]]`` table, and of the conditions that it joins."""

from __future__ import annotations

from collections.abc import Collection
from functools import cache
from typing import Any, NamedTuple

from hub.insight.terms import OTHER, quantities
from hub.model import SEVERITIES, Condition
from hub.rules.covering import is_pattern
from hub.rules.fields import InvalidField, read_duration, read_text
from hub.rules.kinds import KINDS, Compare, Equals, Joined, Not, Part, Range, Threshold
from hub.rules.kinds.base import MAX_AGE_MS
from hub.rules.kinds.compare import SOURCE_KEYS, read_max_age
from hub.topics import ID

MAX_DEPTH = 4
MAX_CONDITIONS = 20
"""Maximum conditions in a rule, including those inside others."""
_NOT_INSIDE = frozenset({"clear_for", "device_limits", *SEVERITIES})
OTHER_DEVICE_KEYS = frozenset({"device", "max_age"})
ELSEWHERE: frozenset[type[Condition]] = frozenset({Threshold, Range, Equals})
"""Kinds of conditions that may read a metric of another device, because they depend on the latest value alone."""


class RuleSubject(NamedTuple):
    """The subject of a condition: a metric (or a pattern), a quantity, or the whole device if both are None."""

    metric: str | None
    quantity: str | None = None


def read_condition(table: dict[str, Any], common: Collection[str]) -> tuple[RuleSubject, Condition]:
    """Return the subject and the condition of a ``[[rule]]`` table.

    ``common`` are the keys that all kinds of rules allow. Raises InvalidField. If the error is in one of several joined
    conditions, the error's ``path`` says in which: it has the index of the condition at each level.
    """
    name, kind = _read_kind(table)
    _check_keys(table, name, kind, set(common) | kind.keys)
    if not issubclass(kind, Joined):
        return _read_subject(table, kind), kind.parse(table)
    condition = _read_joined(table, kind, 1)
    if sum(1 for _ in condition.leaves) > MAX_CONDITIONS:
        raise InvalidField("conditions", table["conditions"], f"at most {MAX_CONDITIONS} conditions in a rule")
    first = condition.subject
    return RuleSubject(first.metric or None, first.quantity) if first else RuleSubject(None), condition


def _read_kind(table: dict[str, Any]) -> tuple[str, type[Condition]]:
    name = table.get("kind", next(iter(KINDS)))
    if not isinstance(name, str) or name not in KINDS:
        raise InvalidField("kind", name, ", ".join(KINDS))
    return name, KINDS[name]


def _check_keys(table: dict[str, Any], name: str, kind: type[Condition], allowed: Collection[str]) -> None:
    if "metric" in allowed:
        allowed = {*allowed, "quantity"}
    for key in sorted(table.keys() - allowed):
        article = "an" if name[0] in "aeiou" else "a"
        text = f"for {article} {name} rule: {', '.join(sorted(allowed))}"
        raise InvalidField(key, table[key], kind.hints.get(key, text))


def _read_subject(table: dict[str, Any], kind: type[Condition]) -> RuleSubject:
    if "quantity" in table:
        quantity = table["quantity"]
        if "metric" in table:
            raise InvalidField("quantity", quantity, "just one of metric and quantity")
        if not isinstance(quantity, str) or quantity not in known_quantities():
            raise InvalidField("quantity", quantity, ", ".join(sorted(known_quantities())))
        return RuleSubject(None, quantity)
    if "metric" not in (table if kind.metric_optional else kind.keys):
        return RuleSubject(None)
    return RuleSubject(read_text(table.get("metric"), "metric", 'a metric, or a pattern such as "temp*"'))


@cache
def known_quantities() -> frozenset[str]:
    """Return the quantities that a rule may name."""
    return frozenset(term.id for term in quantities()) - {OTHER}


def _read_joined(table: dict[str, Any], kind: type[Joined], depth: int) -> Joined:
    parts = table.get("conditions")
    number = "1 condition" if kind is Not else f"1 to {MAX_CONDITIONS} conditions"
    most = 1 if kind is Not else MAX_CONDITIONS
    if not isinstance(parts, list) or not 0 < len(parts) <= most or not all(isinstance(each, dict) for each in parts):
        raise InvalidField("conditions", parts, f"{number}, each a table [[rule.conditions]]")
    if depth > MAX_DEPTH:
        raise InvalidField("conditions", parts, f"conditions inside others at most {MAX_DEPTH} levels deep")
    found = []
    for place, part in enumerate(parts):
        try:
            found.append(_read_part(part, depth))
        except InvalidField as error:
            error.path = (place, *error.path)
            raise
    return kind(tuple(found))


def _read_part(table: dict[str, Any], depth: int) -> Part:
    name, kind = _read_kind(table)
    if issubclass(kind, Joined):
        _check_keys(table, name, kind, {"kind", "conditions"})
        joined = _read_joined(table, kind, depth + 1)
        return Part(name, joined.conditions[0].metric, joined)
    elsewhere = OTHER_DEVICE_KEYS if kind in ELSEWHERE else frozenset()
    _check_keys(table, name, kind, {"kind"} | (kind.keys - _NOT_INSIDE) | elsewhere)
    subject = _read_subject(table, kind)
    condition = kind.parse(table)
    several = subject.quantity is not None or is_pattern(subject.metric or "")
    if isinstance(condition, Compare) and several:
        raise InvalidField(
            "metric", subject.metric, "one metric: a difference inside others has no pattern or quantity"
        )
    device = _read_device(table)
    if device is not None and several:
        key = "metric" if subject.quantity is None else "quantity"
        raise InvalidField(key, table[key], "one metric: a condition on another device has no pattern or quantity")
    lasting = read_duration(table.get("for", 0), "for")
    max_age = MAX_AGE_MS if device is None else read_max_age(table)
    return Part(name, subject.metric or "", condition, lasting, subject.quantity, device, max_age)


def _read_device(table: dict[str, Any]) -> str | None:
    """Return the other device whose metric a condition reads, None for the rule's own device."""
    if "device" not in table:
        if "max_age" in table and not SOURCE_KEYS & (table.keys() - {"max_age"}):
            raise InvalidField("max_age", table["max_age"], "only together with device, with_device or with_area")
        return None
    device = table["device"]
    if not isinstance(device, str) or not ID.fullmatch(device):
        raise InvalidField("device", device, "the id of one device")
    return device
