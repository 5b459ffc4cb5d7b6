"""The data type for a parsed question: its kind, devices, metrics, times, and the numbers to compare with."""

from __future__ import annotations

from typing import Literal

import msgspec

from hub.assistant.group_selection import uncertain_group
from hub.assistant.language import Hint, Language
from hub.assistant.metric_words import MetricMention
from hub.assistant.scope import QuestionScope
from hub.assistant.time_range import TimeRange
from hub.assistant.words import QuestionWords

Kind = Literal[
    "silenced", "hub_page", "person",
    "hub_status", "behind", "outages", "unheard", "audit", "rule_counts", "alert_longest", "since_limit",
    "nothing_to_explain",
    "add_device", "notify", "act", "help", "thanks", "acknowledged", "manual", "failing", "forecast", "run_on", "why",
    "meaning",
    "setpoint", "rules", "limits", "correlation", "firmware", "model", "commands", "last_seen", "where", "alert_count",
    "alert_when", "alerts",
    "without_alert", "battery", "offline", "summary", "happened", "compare", "episodes", "when_extreme", "rate",
    "trend", "change", "total", "median", "deviation", "mean", "range", "first", "last", "count", "rank", "state",
    "filter", "statistics", "areas", "limit_check", "now", "list", "status", "unusual", "unknown",
]  # fmt: skip
"""The kind of a question. The package ``answers`` has a function for each kind."""


_OF_ONE: frozenset[Kind] = frozenset((
    "status", "why", "forecast", "run_on", "now", "state", "statistics", "mean", "median", "deviation", "range", "rate",
    "trend", "change", "first", "last", "when_extreme", "episodes", "total", "model", "where", "last_seen",
    "since_limit", "act", "alert_when",
))  # fmt: skip
"""Kinds of questions in which "the pump" means one particular device."""


class Amount(msgspec.Struct, frozen=True):
    """A number in a question, with its unit. ``side`` is the comparison: above, below, equal, between, or empty."""

    value: float
    unit: str | None
    side: str
    written: str
    upper: float | None = None  # of "between 3 and 5"
    first: int = -1  # the place of its first word


class ParsedQuestion(msgspec.Struct):
    """A parsed question.

    Attributes:
        text: the text of the question, as written.
        concepts: the meanings of its phrases, by their names in ``languages/*.toml``.
        hint: the superlative in the question, such as "warmest"; None if it has none.
        comparative: the comparative in the question, such as "warmer"; None if it has none.
        quantity: the quantity that an adjective stands for: "how warm" is about the temperature. None if there is none.
        person: the name of the person, if the question asks what somebody did; else None.
        assignee: the name of the person, if the question asks which alerts are assigned to somebody; else None.
        top: how many devices or readings the question asks for, as in "top 3"; None if it does not say.
        unknown: the words that no parser understood.
        limiting: the words that no parser understood and that may restrict the answer.
    """

    text: str
    language: Language
    words: QuestionWords
    concepts: frozenset[str]
    scope: QuestionScope
    metrics: list[MetricMention]
    times: list[TimeRange]
    amounts: list[Amount]
    hint: Hint | None = None
    comparative: Hint | None = None
    quantity: str | None = None
    top: int | None = None
    unknown: list[str] = []
    limiting: list[str] = []
    kind: Kind = "unknown"
    corrections: list[tuple[str, str]] = []  # misspelt words: as written, as read
    person: str | None = None
    assignee: str | None = None
    is_translated: bool = False  # words for kinds of machines were replaced by the words in the devices' names
    starts_again: bool = False  # it begins with "and", "what about" …

    @property
    def time(self) -> TimeRange | None:
        return self.times[0] if self.times else None

    @property
    def asks_which(self) -> str | None:
        """Return the word of the question, such as "pump", that could mean any of several devices.

        Return None if there is no such word.
        """
        if self.kind not in _OF_ONE or self.has_any("which", "list", "how_many", "by_device", "alert"):
            return None
        group = uncertain_group(self.scope, self.words, self.language, is_translated=self.is_translated)
        return None if group is None else self.words.written(group.first, group.end)

    def has(self, *concepts: str) -> bool:
        """Return whether the question has phrases for all of ``concepts``, such as ``alert`` and ``when``."""
        return self.concepts.issuperset(concepts)

    def has_any(self, *concepts: str) -> bool:
        return not self.concepts.isdisjoint(concepts)

    @property
    def compares(self) -> Amount | None:
        """Return the first number with a comparison, such as "above 28 °C"; None if there is none."""
        return next((amount for amount in self.amounts if amount.side), None)
