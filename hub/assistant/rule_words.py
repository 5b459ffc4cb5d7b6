"""Read a sentence as a draft of a rule: "tell me when a freezer stays above -15 °C for ten minutes at night".

The parts that only rules have (duration, hours, severity) are read first, by the patterns of ``languages/*.toml``; the
rest is read as a question. Nothing is saved: the draft opens the form.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import msgspec

from hub.assistant.clock_words import time_of_day
from hub.assistant.kinds import STATES
from hub.assistant.language import Language, language_of
from hub.assistant.metric_words import MetricMention, semantics
from hub.assistant.question import Amount, ParsedQuestion
from hub.assistant.question_parser import parse_question
from hub.assistant.words import QuestionWords
from hub.model import Device

NIGHT = "22:00-06:00"
MAX_NAME = 80
_UNITS = {"second": "s", "minute": "m", "hour": "h", "day": "d"}
_ON = frozenset(("open", "on", "running", "unlocked", "wet", "motion", "on_battery"))
"""States that a device reports as true; the others are false."""


class RuleFromWords(msgspec.Struct, frozen=True):
    """A draft.

    Attributes:
        keys: the keys of the rule as in ``rules.toml``; without a metric or a limit if the sentence names none.
        missing: the keys that the rule needs and the sentence does not give.
        unknown: words that were not understood.
    """

    keys: dict[str, Any]
    missing: tuple[str, ...]
    unknown: tuple[str, ...]


def rule_from_words(
    text: str, devices: Sequence[Device], now: int, language: str = "en", zone: str = "UTC"
) -> RuleFromWords:
    """Return the draft that a sentence describes.

    Args:
        text: The sentence, in any language of the assistant.
        devices: The devices that it may name.
        now: The time in epoch ms.
        language: The language where the words are of no particular one.
        zone: The time zone of its hours.
    """
    words = QuestionWords(text)
    spoken = language_of(words, language)
    parts = {name: _take(words, spoken, name) for name in ("hours", "night", "workdays", "weekend", "critical")}
    lasting, silent, outside = (_take(words, spoken, name) for name in ("lasting", "silent", "outside"))
    while _take(words, spoken, "ignored"):
        pass
    question = parse_question(_rest(words), devices, now, spoken.code)
    duration = _duration(lasting, spoken) if lasting else None
    keys, missing = _condition(question, duration, is_silent=silent is not None, is_outside=outside is not None)
    if windows := _schedule(parts, spoken):
        keys |= {"schedule": windows, "time_zone": zone}
    if parts["critical"]:
        keys["severity"] = "critical"
    keys |= _scope(question)
    name = " ".join(text.split())[:MAX_NAME]
    slug = re.sub(r"[^a-z0-9]+", "-", " ".join(t.word for t in question.words.tokens if t.use != "filler"))
    keys = {"id": slug.strip("-")[:40].strip("-") or "rule", "name": name[:1].upper() + name[1:], **keys}
    return RuleFromWords(keys, tuple(missing), tuple(question.unknown))


def _take(words: QuestionWords, language: Language, name: str) -> re.Match[str] | None:
    """Return the first match of the patterns of a part, and mark its words."""
    for pattern in language.rule[name]:
        if (found := words.search(pattern)) is not None:
            match, first, end = found
            words.mark(first, end, "rule")
            return match
    return None


def _rest(words: QuestionWords) -> str:
    """Return the words that are not used, with the signs of numbers and the hyphens of names."""
    text = ""
    for token in words.tokens:
        if token.use is None:
            text += f"{'-' if token.joined and text else ' '}{'-' if token.negative else ''}{token.written}"
    return text.strip()


def _duration(match: re.Match[str], language: Language) -> str | None:
    unit, written = language.time.units[match["unit"]], match["n"]
    number = language.time.numbers.get(written)
    if number is None:
        number = float(written.replace(",", "."))
    if unit == "week":
        number, unit = number * 7, "day"
    return f"{number:g}{_UNITS[unit]}" if unit in _UNITS else None


def _schedule(parts: dict[str, re.Match[str] | None], language: Language) -> list[str]:
    """Return the windows of a schedule; empty if the sentence names none."""
    hours = NIGHT if parts["night"] else "00:00-24:00"
    if (match := parts["hours"]) is not None:
        start, end = (time_of_day(match[name], language.time) for name in ("clock", "clock2"))
        if start is not None and end is not None and start != end:
            hours = f"{_clock(start)}-{_clock(end)}"
    days = "mon-fri" if parts["workdays"] else "sat,sun" if parts["weekend"] else "daily"
    return [] if (days, hours) == ("daily", "00:00-24:00") else [f"{days} {hours}"]


def _clock(at: int) -> str:
    minutes = at // 60_000
    return f"{minutes // 60:02}:{minutes % 60:02}"


def _condition(
    question: ParsedQuestion, duration: str | None, *, is_silent: bool, is_outside: bool
) -> tuple[dict[str, Any], list[str]]:
    """Return the keys of the condition, and those that are missing."""
    amount = question.compares
    metric = _metric(question, amount)
    keys: dict[str, Any] = {"metric": metric} if metric else {}
    missing = [] if metric else ["metric"]
    lasting = {"for": duration} if duration else {}
    if is_silent and amount is None:
        named = {"metric": metric} if metric and question.metrics else {}
        return {"kind": "no_data", **named, "silence": duration or "10m"}, []
    if amount is not None and amount.upper is not None:
        bounds = sorted((amount.value, amount.upper))
        return {**keys, "kind": "range", "outside" if is_outside else "inside": bounds, **lasting}, missing
    if amount is not None and amount.side in ("above", "below"):
        return {**keys, amount.side: amount.value, **lasting}, missing
    if amount is not None:
        return {**keys, "kind": "equals", "value": amount.value, **lasting}, missing
    state = next((each for each in STATES if question.has(each)), None)
    if state is not None and (found := metric or _state_metric(question)):
        return {"metric": found, "kind": "equals", "value": state in _ON, **lasting}, []
    return {**keys, **lasting}, [*missing, "above"]


def _metric(question: ParsedQuestion, amount: Amount | None) -> str | None:
    """Return the metric that most of the devices have under the words of the sentence, or for the unit of its limit."""
    mentions = list(question.metrics)
    quantity = question.quantity or (question.comparative.quantity if question.comparative else None)
    if not mentions and quantity:
        mentions = [MetricMention(quantity, quantity=quantity)]
    found = Counter(name for device in question.scope.devices for each in mentions for name in each.on(device)[:1])
    if not found and amount is not None and amount.unit is not None:
        found = Counter(
            name
            for device in question.scope.devices
            for name in device.metrics
            if device.unit(name) == amount.unit and semantics(device, name).role == "measured"
        )
    return found.most_common(1)[0][0] if found else None


def _state_metric(question: ParsedQuestion) -> str | None:
    """Return the metric with two states that most of the devices have."""
    found = Counter(
        name
        for device in question.scope.devices
        for name, latest in device.metrics.items()
        if isinstance(latest.value, bool)
    )
    return found.most_common(1)[0][0] if found else None


def _scope(question: ParsedQuestion) -> dict[str, list[str]]:
    """Return the keys of the scope. Devices that share an area, label or model alone are named by it."""
    scope = question.scope
    if scope.is_all or not scope.devices:
        return {}
    ids = {device.id for device in scope.devices}
    if not scope.named and len(scope.groups) == 1:
        words = scope.groups[0].words
        areas = {device.area for device in scope.devices}
        if scope.groups[0].category == "area" and len(areas) == 1 and (area := areas.pop()):
            return {"areas": [area]}
        for label in {label for device in scope.devices for label in device.display_labels}:
            if label.lower() == words and all(label in device.display_labels for device in scope.devices):
                return {"labels": [label]}
    return {"devices": sorted(ids)}
