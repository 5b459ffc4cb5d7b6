"""Determine whether the conditions of a question are joined by "and" or by "or"."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

from hub.assistant.answers.context import CannotAnswer, Context
from hub.assistant.question import ParsedQuestion
from hub.assistant.rule_sentences.vocabulary import vocabulary


def require_one_joiner(context: Context, places: Sequence[int]) -> None:
    """Raise CannotAnswer if the question joins its conditions by both "and" and "or".

    ``places`` has the index of the first word of each condition. A group of devices that is named after a condition
    counts as another condition: "in the pump hall" in "offline or with an alert, and in the pump hall".
    """
    joined = set(joiners_of(context.question, places))
    groups = [group.first for group in context.question.scope.groups if places and group.first > places[0]]
    if "any" in joined and groups:
        known = vocabulary(context.question.language).joiners
        for group in groups:
            before = max(place for place in places if place < group)
            joined |= {known[t.word] for t in context.question.words.tokens[before:group] if t.word in known}
    if len(joined) > 1:
        raise CannotAnswer(context.say("mixed_conditions"))


def joiners_of(question: ParsedQuestion, places: Sequence[int]) -> list[str]:
    """Return how each condition is joined with the next one: ``any`` for "or", otherwise ``all``, or both.

    ``places`` has the index of the first word of each condition.
    """
    known = vocabulary(question.language).joiners
    found: list[str] = []
    for one, other in pairwise(places):
        # The "and" of "between 3 and 5" joins no conditions.
        words = [token.word for token in question.words.tokens[one:other] if token.used_as != "amount"]
        found += {known[word] for word in words if word in known} or {"all"}
    return found
