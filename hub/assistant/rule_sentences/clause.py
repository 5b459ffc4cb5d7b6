"""The words of a rule's sentence that describe one condition, and the devices and the metric that they name."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import msgspec

from hub.assistant.language import Hint
from hub.assistant.metric_words import MetricMention
from hub.assistant.rule_sentences.amounts import RuleAmount
from hub.assistant.rule_sentences.refusal import NoSuchRule
from hub.assistant.rule_sentences.sentence import RuleSentence, SentencePart
from hub.assistant.rule_sentences.subject import Chosen, fits, metric_keys
from hub.assistant.rule_sentences.vocabulary import RuleVocabulary
from hub.model import Device


class SpokenCondition(msgspec.Struct):
    """A condition that was read from a sentence.

    Attributes:
        keys: the keys of the rule, except scope, schedule and severity, with their values.
        items: the words of the sentence that the condition uses.
        missing: keys that the condition needs but the words do not provide.
        negatives: the number of negations in these words.
    """

    keys: dict[str, Any]
    items: list[SentencePart]
    missing: list[str] = []
    negatives: int = 0


class RuleClause:
    """The words of a sentence that describe one condition.

    ``place`` has the index of the first word and the index after the last word. ``devices`` are the devices of the
    rule, and ``fleet`` are all devices. ``inherited`` is the metric of the previous condition, which is used if this
    condition names none.
    """

    def __init__(
        self,
        sentence: RuleSentence,
        vocabulary: RuleVocabulary,
        place: tuple[int, int],
        devices: Sequence[Device],
        *,
        named: bool = False,
        inherited: MetricMention | None = None,
        fleet: Sequence[Device] = (),
    ) -> None:
        self.sentence, self.vocabulary, self.fleet = sentence, vocabulary, fleet
        self._place = place
        self.devices, self._named, self._inherited = devices, named, inherited

    def find(self, name: str) -> list[SentencePart]:
        """Return the words and symbols of the first match in this clause; an empty list if there is no match.

        The patterns with the name ``name`` in the vocabulary are tried in turn.
        """
        return self.sentence.find(self.vocabulary.patterns[name], *self._place)

    def parts(self, symbol: str) -> list[SentencePart]:
        """Return the unused parts of the clause that were replaced by ``symbol``."""
        return self.sentence.symbols(symbol, *self._place)

    @property
    def mention(self) -> MetricMention | None:
        """The first metric that the words name; None if they name none."""
        items = self.parts("@m")
        return items[0].value if items else None

    def metric(
        self, amount: RuleAmount | None = None, comparative: Hint | None = None
    ) -> tuple[dict[str, Any], list[Any]]:
        """Return the rule's key for the metric of this condition, and the units of the metric on the devices.

        If the condition names no metric, the metric is that of the previous condition or, if ``comparative`` has a
        quantity ("warmer"), the temperature or another metric of this quantity. See :func:`metric_keys`.
        """
        mention = self.mention
        if mention is None and comparative is not None and comparative.quantity:
            mention = MetricMention(comparative.quantity, quantity=comparative.quantity)
        inherited = self._inherited if mention is None else None
        if inherited is not None:
            keys, units = metric_keys(inherited, self.devices, None, named=False)
            if keys and (amount is None or fits(amount, units)):
                return keys, units
        return metric_keys(mention, self.devices, amount, named=self._named)

    def number(
        self, amount: RuleAmount, units: Sequence[str | None], keys: dict[str, Any], *, difference: bool = False
    ) -> float:
        """Return ``amount`` as a number, converted to the unit of the metric that the rule watches.

        Args:
            amount: The number in the sentence, with its unit.
            units: The units of this metric on the rule's devices. If there are none, the number is not converted.
            keys: The keys of the rule so far, which name the metric or its quantity.
            difference: True if the number is the difference of two values.

        Raises:
            NoSuchRule: The number has a unit of another quantity, or the devices have several units.
        """
        name = keys.get("metric") or keys.get("quantity") or ""
        return amount.within(units, name, difference=difference) if units else amount.value

    @property
    def metric_items(self) -> list[SentencePart]:
        """The words that name the first metric of the clause; at most one item.

        The words for a second metric remain unused, so they are reported as not understood.
        """
        return self.parts("@m")[:1]


def amounts(items: Sequence[SentencePart]) -> list[RuleAmount]:
    return [item.value for item in items if item.symbol == "@a"]


def comparatives(items: Sequence[SentencePart]) -> list[Hint]:
    return [item.value for item in items if item.symbol == "@c"]


def is_more(hints: Sequence[Hint]) -> bool:
    """Return whether the comparatives in ``hints`` only say "more" or "longer", as in "more than 5 times".

    The result is False if a comparative means "less", or if it stands for a quantity ("warmer").
    """
    return not any(hint.lowest or hint.quantity for hint in hints)


def durations(items: Sequence[SentencePart]) -> list[str]:
    return [item.value for item in items if item.symbol == "@t"]


def negatives(items: Sequence[SentencePart]) -> int:
    return sum(item.symbol == "@n" for item in items)


def only_device(items: Sequence[SentencePart]) -> Device | None:
    """Return the device that a part of a sentence (``items``) names; None if it names no device.

    Raises:
        NoSuchRule: The words name several devices.
    """
    chosen: list[Chosen] = [item.value for item in items if item.symbol == "@d"]
    if not chosen:
        return None
    devices = chosen[-1].named or (chosen[-1].group.devices if chosen[-1].group else ())
    if len(chosen) > 1 or len(devices) != 1:
        raise NoSuchRule("compare_one")
    return devices[0]
