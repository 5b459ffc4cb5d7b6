"""Determine which devices and which metric the words of a condition refer to."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.assistant.group_selection import combine
from hub.assistant.language import Language
from hub.assistant.metric_words import MetricMention, find_quantities, find_titles, metric_titles, semantics
from hub.assistant.numbered_devices import find_numbered
from hub.assistant.rule_sentences.amounts import RuleAmount
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence, SentencePart
from hub.assistant.scope import Group, find_groups, find_named, groupable
from hub.assistant.words import QuestionWords
from hub.model import Device

_SHOWN = 6
_TWICE = 2


class Chosen(msgspec.Struct, frozen=True):
    """The devices that a phrase of the sentence names: single devices by name, or one group."""

    named: tuple[Device, ...] = ()
    group: Group | None = None


def mark_names(sentence: RuleSentence, language: Language, devices: Sequence[Device]) -> list[str]:
    """Replace device names, and metric names of several words, by symbols.

    Return the names of numbered devices that do not exist, such as "pump 9".
    """
    words = sentence.words
    find_named(words, language, devices)
    _mark_devices(sentence, language, devices)
    for _ in range(_TWICE):  # a sentence may name a metric twice: "above the bearing temperature of pump 2"
        mark_metrics(sentence, find_titles(words, metric_titles(devices), shortest=2))
    missing = find_numbered(words, language, devices)[1]
    _mark_devices(sentence, language, devices)
    return missing


def mark_words(sentence: RuleSentence, language: Language, devices: Sequence[Device]) -> None:
    """Replace the remaining words for metrics and groups of devices by symbols."""
    words = sentence.words
    possible = groupable(words, devices)
    _mark_groups(sentence, find_groups(words, possible, shortest=2))
    mark_metrics(sentence, find_titles(words, metric_titles(devices), shortest=1, longest=1))
    mark_metrics(sentence, find_quantities(words, language))
    _mark_groups(sentence, find_groups(words, possible, longest=1))


def mark_metrics(sentence: RuleSentence, mentions: Sequence[MetricMention]) -> None:
    for mention in mentions:
        first = end = mention.first
        while end < len(sentence.words) and sentence.words.tokens[end].used_as == "metric":
            end += 1
        while first and sentence.words.tokens[first - 1].used_as == "metric":
            first -= 1
        sentence.mark(first, end, "@m", mention)


def _mark_groups(sentence: RuleSentence, groups: Sequence[Group]) -> None:
    for group in groups:
        if group.synonym:
            names = ", ".join(device.display_name for device in group.devices[:_SHOWN])
            raise NoSuchRule("synonym", words=group.words, names=names)
        sentence.mark(group.first, group.end, "@d", Chosen(group=group))


def _mark_devices(sentence: RuleSentence, language: Language, devices: Sequence[Device]) -> None:
    """Replace each sequence of words that name devices by one symbol."""
    tokens = sentence.words.tokens
    place = 0
    while place < len(tokens):
        end = place
        while end < len(tokens) and tokens[end].used_as == "device":
            end += 1
        if end > place:
            words = QuestionWords(sentence.words.written(place, end))
            named = find_named(words, language, devices) or find_numbered(words, language, devices)[0]
            sentence.mark(place, end, "@d", Chosen(tuple(named)))
        place = max(end, place + 1)


def chosen_devices(items: Sequence[SentencePart], devices: Sequence[Device]) -> tuple[list[Device], list[Group], bool]:
    """Return the devices that a condition is about, the groups that it names, and whether it names single devices.

    ``items`` are the parts of the sentence that name devices or groups. Without them, the condition is about all
    ``devices``. If it names a device, a group beside it only describes the device: "feed pump 3 in the pump hall".

    Raises:
        NoSuchRule: A group contains none of the named devices.
    """
    chosen: list[Chosen] = [item.value for item in items]
    groups = [each.group for each in chosen if each.group is not None]
    named = {device.id: device for each in chosen for device in each.named}
    if not named:
        return (combine(groups) if groups else list(devices)), groups, False
    for group in groups:
        if not named.keys() & {device.id for device in group.devices}:
            raise NoSuchRule("several_devices")
    return list(named.values()), groups, True


def scope_keys(devices: Sequence[Device], groups: Sequence[Group], *, named: bool) -> dict[str, list[str]]:
    """Return the keys of the rule's scope: ``areas``, ``labels`` or ``devices``.

    The key is ``areas`` or ``labels`` if the condition names just one group and this group is an area or a label.
    Otherwise ``devices`` lists the device ids. The result is empty if the condition names neither devices nor groups:
    the rule then applies to all devices. ``named`` is True if the condition names single devices.
    """
    if not named and not groups:
        return {}
    if not named and len(groups) == 1:
        words = groups[0].words.lower()
        areas = {device.area for device in devices}
        if groups[0].category == "area" and len(areas) == 1 and (area := areas.pop()):
            return {"areas": [area]}
        for label in {label for device in devices for label in device.display_labels}:
            if label.lower() == words and all(label in device.display_labels for device in devices):
                return {"labels": [label]}
    return {"devices": sorted(device.id for device in devices)}


def metric_keys(
    mention: MetricMention | None, devices: Sequence[Device], amount: RuleAmount | None, *, named: bool
) -> tuple[dict[str, Any], list[str | None]]:
    """Return the rule's ``metric`` or ``quantity`` key, and the units in which the devices report this metric.

    Without a ``mention`` of a metric, the unit of ``amount`` determines the metric. Both results are empty if it cannot
    be determined.

    Raises:
        NoSuchRule: The words fit several metrics, or a device that is named (``named``) has no such metric.
    """
    found = {device.id: _on(device, mention, amount) for device in devices}
    names = {name for each in found.values() for name in each}
    if not names:
        if named and mention is not None:
            raise NoSuchRule("no_metric", name=devices[0].display_name, metric=mention.words)
        return {}, []
    if named and (lacking := next((device for device in devices if not found[device.id]), None)):
        raise NoSuchRule("no_metric", name=lacking.display_name, metric=_words(mention, amount))
    units = [device.unit(name) for device in devices for name in found[device.id]]
    if len(names) == 1:
        return {"metric": names.pop()}, units
    several = next((each for each in found.values() if len(each) > 1), None)
    quantity = _quantity(mention, amount)
    if several or quantity is None or (mention is not None and mention.places):
        raise NoSuchRule("several_metrics", metric=_words(mention, amount), names=", ".join(sorted(names)[:6]))
    return {"quantity": quantity}, units


def _on(device: Device, mention: MetricMention | None, amount: RuleAmount | None) -> list[str]:
    """Return the metrics of ``device`` that the sentence may mean: one, or several if the sentence is ambiguous."""
    if mention is None and (quantity := _quantity(mention, amount)):
        mention = MetricMention(quantity, quantity=quantity)
    if mention is not None:
        found = mention.on(device)
        return found[:1] if found and found[0] in mention.names else found
    if amount is None or amount.unit is None:
        return []
    measured = [name for name in device.metrics if semantics(device, name).role == "measured"]
    return [name for name in measured if fits(amount, [device.unit(name)])]


def fits(amount: RuleAmount, units: Sequence[str | None]) -> bool:
    """Return whether ``amount`` can be converted to the unit of a metric.

    ``units`` are the units of this metric on each device. The result is False if the devices use different units.
    """
    try:
        amount.within(units, "")
    except NoSuchRule:
        return False
    return True


def _quantity(mention: MetricMention | None, amount: RuleAmount | None) -> str | None:
    if mention is not None:
        return mention.quantity
    return "temperature" if amount is not None and amount.is_temperature else None


def _words(mention: MetricMention | None, amount: RuleAmount | None) -> str:
    return mention.words if mention is not None else amount.written if amount is not None else ""
