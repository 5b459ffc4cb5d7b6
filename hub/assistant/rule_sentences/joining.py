"""Split a sentence into its conditions, and combine them: "the boiler is running and the flow is below 5"."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise
from typing import Any

from hub.assistant.metric_words import MetricMention
from hub.assistant.rule_sentences.clause import RuleClause, SpokenCondition, comparatives, is_more
from hub.assistant.rule_sentences.conditions import read_condition
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence, SentencePart
from hub.assistant.rule_sentences.subject import chosen_devices, scope_keys
from hub.assistant.rule_sentences.vocabulary import RuleVocabulary
from hub.model import Device

WHOLE = "whole"
"""The value of a negation (such as "unless" or "must") that applies to all words after it."""
_NEGATABLE = frozenset(("equals", "threshold", "range"))


class ConditionReader:
    """Reads the conditions in a sentence that describes a rule: "the boiler is running and the flow is below 5".

    The devices, metrics, numbers and times in the sentence must already be replaced by symbols (see
    :class:`RuleSentence`).
    """

    def __init__(self, sentence: RuleSentence, vocabulary: RuleVocabulary, devices: Sequence[Device]) -> None:
        self._sentence, self._vocabulary, self._devices = sentence, vocabulary, devices

    def read(self) -> tuple[dict[str, Any], list[str]]:
        """Read and join all conditions of the sentence, and mark their words as used.

        Return the keys of the rule for the condition and the scope, and the names of required keys that the sentence
        does not provide. Raises NoSuchRule if no rule can express the conditions.
        """
        places, joiners = self._split()
        if joiners and any(item.value == WHOLE for item in self._sentence.symbols("@n")):
            raise NoSuchRule("negation")
        conditions: list[SpokenCondition] = []
        scopes: list[dict[str, list[str]]] = []
        mention: MetricMention | None = None
        for place in places:
            condition, scope, named = self._read(place, scopes[-1] if scopes else None, mention)
            clause_mentions = self._sentence.symbols("@m", *place)
            mention = clause_mentions[0].value if clause_mentions else mention
            self._mark_used(place, condition)
            conditions.append(self._negated(condition, place))
            scopes += [scope] if named or not scopes else []
        if len({str(scope) for scope in scopes}) > 1:
            raise NoSuchRule("several_devices")
        if len({self._vocabulary.joiners[item.symbol] for item in joiners}) > 1:
            raise NoSuchRule("mixed")
        self._sentence.use(joiners)
        kind = self._vocabulary.joiners[joiners[0].symbol] if joiners else "all"
        keys, missing = _joined(conditions, kind)
        return {**keys, **scopes[0]}, missing

    def _split(self) -> tuple[list[tuple[int, int]], list[SentencePart]]:
        """Return the range of words of each condition (first index, end index), and the words that join the conditions.

        A word such as "and" joins conditions only if there is a condition both before and after it.
        """
        end = len(self._sentence.words)
        candidates = [item for item in self._sentence.items() if item.symbol in self._vocabulary.joiners]
        first, places, joiners = 0, [], []
        for number, item in enumerate(candidates):
            following = candidates[number + 1].first if number + 1 < len(candidates) else end
            if self._has_condition((first, item.first)) and any(
                self._has_condition((item.end, until)) for until in (following, end)
            ):
                places.append((first, item.first))
                joiners.append(item)
                first = item.end
        return [*places, (first, end)], joiners

    def _has_condition(self, place: tuple[int, int]) -> bool:
        try:
            clause = RuleClause(self._sentence, self._vocabulary, place, self._devices)
            return read_condition(clause) is not None
        except NoSuchRule:
            return True

    def _read(
        self, place: tuple[int, int], earlier: dict[str, list[str]] | None, mention: MetricMention | None
    ) -> tuple[SpokenCondition, dict[str, list[str]], bool]:
        """Read one condition of the sentence.

        Args:
            place: The index of the first word of the condition, and the index after its last word.
            earlier: The ``scope`` keys of the previous condition, which are used if the words name no devices; None for
                the first condition.
            mention: The metric of the previous condition, which is used if the words name no metric.

        Returns:
            The condition, the keys of a rule that select its devices, and True if its words name devices.
        """
        items = self._sentence.symbols("@d", *place)
        everything = RuleClause(self._sentence, self._vocabulary, place, self._devices, inherited=mention)
        compared = _compared(everything)
        items = [item for item in items if item not in compared]
        devices, groups, named = chosen_devices(items, self._devices)
        if not items and earlier:
            devices = [device for device in self._devices if _is_in(device, earlier)]
        clause = RuleClause(
            self._sentence, self._vocabulary, place, devices, named=named, inherited=mention, fleet=self._devices
        )
        condition = read_condition(clause) or _without_limit(clause)
        condition.items += items
        return condition, scope_keys(devices, groups, named=named), bool(items)

    def _mark_used(self, place: tuple[int, int], condition: SpokenCondition) -> None:
        """Mark the words of a condition as used, and add its duration ("for 5 minutes") to its keys.

        The words for the duration, and an "or" between the names of devices, are marked as well. ``place`` has the
        index of the condition's first word and the index after its last word. Raises NoSuchRule if the devices are
        joined by "and".
        """
        chosen = [item for item in condition.items if item.symbol == "@d"]
        for before, after in pairwise(chosen):
            between = self._sentence.items(before.end, after.first)
            if any(self._vocabulary.joiners.get(item.symbol) == "all" for item in between):
                raise NoSuchRule("each_device")
            self._sentence.use([item for item in between if item.symbol in self._vocabulary.joiners])
        if "metric" in condition.missing:  # the words for a metric that no device has are reported
            condition.items = [item for item in condition.items if item.symbol != "@m"]
        self._sentence.use(condition.items)
        lasting = self._sentence.find(self._vocabulary.patterns["lasting"], *place)
        if lasting and condition.keys.get("kind") != "count" and is_more(comparatives(lasting)):
            self._sentence.use(lasting)
            length = next(item.value for item in lasting if item.symbol == "@t")
            condition.keys["silence" if condition.keys.get("kind") == "no_data" else "for"] = length
        if condition.keys.get("kind") == "stuck" and "for" not in condition.keys:
            condition.missing.append("for")

    def _negated(self, condition: SpokenCondition, place: tuple[int, int]) -> SpokenCondition:
        """Negate the condition if the words at ``place`` contain "not", and return the result.

        A condition on a boolean gets the opposite value. Any other condition is wrapped in a ``not``. Two negations
        cancel each other out. ``place`` has the index of the first word and the index after the last word. Raises
        NoSuchRule for a kind of condition that cannot be negated.
        """
        negations = self._sentence.symbols("@n", *place)
        self._sentence.use(negations)
        if (condition.negatives + len(negations)) % 2 == 0:
            return condition
        keys = condition.keys
        if keys.get("kind", "threshold") not in _NEGATABLE:
            raise NoSuchRule("negation")
        if keys.get("kind") == "equals" and isinstance(keys["value"], bool):
            return SpokenCondition({**keys, "value": not keys["value"]}, [], condition.missing)
        return _not(condition)


def _not(condition: SpokenCondition) -> SpokenCondition:
    keys = dict(condition.keys)
    lasting = {"for": keys.pop("for")} if "for" in keys else {}
    part = {"kind": "threshold", **keys}
    return SpokenCondition({"kind": "not", "conditions": [part], **lasting}, [], condition.missing)


def _compared(clause: RuleClause) -> list[SentencePart]:
    """Return the parts of a clause that name the device to compare with, as in "warmer than the boiler".

    The list is empty if the clause does not compare with a device.
    """
    names = [f"{name}_of_other" for name in ("compared", "exceeds", "beneath")]
    return next(([i for i in items if i.symbol == "@d"] for name in names if (items := clause.find(name))), [])


def _without_limit(clause: RuleClause) -> SpokenCondition:
    """Return the condition for words that no reader understands: a threshold whose limit is missing."""
    metric = clause.metric()[0]
    return SpokenCondition(
        {**metric}, clause.metric_items if metric else [], [*([] if metric else ["metric"]), "above"]
    )


def _is_in(device: Device, scope: dict[str, list[str]]) -> bool:
    return (
        device.id in scope.get("devices", ())
        or device.area in scope.get("areas", ())
        or any(label in scope.get("labels", ()) for label in device.display_labels)
    )


def _joined(conditions: list[SpokenCondition], kind: str) -> tuple[dict[str, Any], list[str]]:
    """Combine conditions that were read from a sentence into the keys of one rule.

    Return the keys with their values, and the names of required keys that the sentence does not provide. ``kind`` is
    ``all`` if all conditions have to be met, or ``any`` if one is enough. Raises NoSuchRule for conditions that cannot
    be combined.
    """
    missing = [key for condition in conditions for key in condition.missing]
    if len(conditions) == 1:
        return conditions[0].keys, missing
    parts = [{"kind": "threshold", **condition.keys} for condition in conditions]
    is_whole = "for" in parts[-1] and not any("for" in part for part in parts[:-1])
    is_whole = is_whole and (kind == "all" or _bounds([*parts[:-1], _without(parts[-1], "for")], kind) is not None)
    lasting = {"for": parts[-1].pop("for")} if is_whole else {}
    if bounds := _bounds(parts, kind):
        return {"kind": "range", **bounds, **lasting}, missing
    return {"kind": kind, "conditions": parts, **lasting}, missing


def _without(keys: dict[str, Any], name: str) -> dict[str, Any]:
    return {key: value for key, value in keys.items() if key != name}


def _bounds(parts: list[dict[str, Any]], kind: str) -> dict[str, Any] | None:
    """Return the keys of a range for two limits of the same metric, as in "below 4.5 or above 5.5".

    Return None if the conditions are not two such limits.
    """
    first, second = parts[0], parts[-1]
    plain = {"kind", "metric", "quantity", "above", "below"}
    if len(parts) != 2 or any(part.keys() - plain or part["kind"] != "threshold" for part in parts):
        return None
    both = {**first, **second}
    if not {"above", "below"} <= both.keys() or first.get("metric") != second.get("metric"):
        return None
    low, high = sorted((both["above"], both["below"]))
    is_outside = both["below"] < both["above"]
    if low == high or is_outside != (kind == "any"):
        return None
    metric: dict[str, Any] = {key: both[key] for key in ("metric", "quantity") if key in both}
    return {**metric, "outside" if is_outside else "inside": [low, high]}
