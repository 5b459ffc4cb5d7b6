"""Check factors and fractions in words: "quadrupled", "fell by a third", "to less than half", "two times"."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hub.insight.claims.facts import Fact
from hub.insight.claims.outcome import Outcome
from hub.insight.claims.text import Clause

_VERBS = {
    "doubled": 2.0, "doubling": 2.0, "twofold": 2.0, "tripled": 3.0, "trebled": 3.0, "threefold": 3.0,
    "quadrupled": 4.0, "fourfold": 4.0, "quintupled": 5.0, "fivefold": 5.0, "tenfold": 10.0, "halved": 0.5,
    "twice": 2.0, "double": 2.0, "triple": 3.0, "thrice": 3.0,
}  # fmt: skip
_NUMBERS = dict(
    zip(
        ["one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven", "twelve"],
        range(1, 13),
        strict=True,
    )
) | {"a": 1, "an": 1}
_PARTS = {
    "half": 2,
    "halves": 2,
    "third": 3,
    "quarter": 4,
    "fifth": 5,
    "sixth": 6,
    "seventh": 7,
    "eighth": 8,
    "tenth": 10,
}
_HEDGE = r"(?P<hedge>more than|over|at least|less than|under|almost|nearly|close to|about|around|roughly|some)?\s?"
_NUMBER = r"(?:\d+(?:\.\d+)?|" + "|".join(_NUMBERS) + ")"
_FACTOR = re.compile(
    rf"\b{_HEDGE}(?P<verb>{'|'.join(_VERBS)})\b"
    rf"|\b(?P<how>by|to)\s{_HEDGE.replace('hedge', 'hedge2')}"
    rf"(?:(?P<count>{_NUMBER})\s)?(?P<part>{'|'.join(_PARTS)})s?\b"
    r"(?!\s(?:an?\s)?(?:second|minute|hour|day))"
    rf"|\b{_HEDGE.replace('hedge', 'hedge3')}(?P<times>{_NUMBER})(?P<half>\sand a half)?(?:\stimes|\s?×|-fold)"
    rf"|\bby a factor of\s{_HEDGE.replace('hedge', 'hedge4')}(?P<by>{_NUMBER})",
    re.I,
)
_FALLS = re.compile(r"\b(?:fell|fall(?:s|en|ing)?|drop\w*|decreas\w*|declin\w*|sank|lower|reduced|less|down)\b", re.I)
_MORE, _LESS, _NEARLY = ("more than", "over", "at least"), ("less than", "under"), ("almost", "nearly", "close to")
_EVENTS = re.compile(r"\btimes\b(?=\s(?:before|in|over|since|on|this|today))", re.I)
_OF_LIMIT = re.compile(r"^\s(?:the|its)\slimit\b", re.I)


def factors(clause: Clause, known: Sequence[Fact]) -> tuple[str, list[Outcome]]:
    """Check the factors in a clause, such as "doubled" or "half", against the ratios in the evidence.

    A factor is the ratio of a reading to the level before the change, or to the limit. ``known`` are the quantities in
    the evidence. Return the text of the clause with the factors blanked out, and an outcome for each factor.
    """
    if _EVENTS.search(clause.text):
        return clause.text, []
    outcomes = list(_outcomes(clause, known))
    return _FACTOR.sub(lambda match: " " * len(match[0]), clause.text), outcomes


def _outcomes(clause: Clause, known: Sequence[Fact]) -> Iterator[Outcome]:
    for match in _FACTOR.finditer(clause.text):
        wanted = _wanted(match, bool(_FALLS.search(clause.text)))
        hedge = next((match[name] for name in ("hedge", "hedge2", "hedge3", "hedge4") if match[name]), "").lower()
        ratios = [fact.value for fact in known if fact.role == "ratio"]
        if _OF_LIMIT.search(clause.text[match.end() :]):
            ratios = list(_of_limit(known))
        if match["how"] == "by" and match["part"]:  # "by a third" is the size of the change
            change = abs(wanted - 1)
            holds = any(_fits(abs(ratio - 1), change, hedge) for ratio in ratios if (ratio > 1) == (wanted > 1))
        else:
            holds = any(_fits(ratio, wanted, hedge) for ratio in ratios)
        if not holds and wanted == round(wanted) and not match["verb"]:
            # "Six times" may also be a count in the evidence.
            holds = any(fact.unit is None and fact.value == wanted and fact.role == "any" for fact in known)
        reason = "" if holds else f"“{match[0].strip()}” does not follow from the evidence"
        yield Outcome("equals", clause.named[0] if len(clause.named) == 1 else None, holds, reason)


def _wanted(match: re.Match[str], falls: bool) -> float:
    if match["verb"]:
        return _VERBS[match["verb"].lower()]
    if match["part"]:
        part = _number(match["count"] or "a") / _PARTS[match["part"].lower()]
        return part if match["how"].lower() == "to" else 1 - part if falls else 1 + part
    if match["by"]:
        return 1 / _number(match["by"]) if falls else _number(match["by"])
    return _number(match["times"]) + (0.5 if match["half"] else 0.0)


def _number(text: str) -> float:
    return float(_NUMBERS.get(text.lower(), 0) or text)


def _fits(real: float, wanted: float, hedge: str) -> bool:
    share = real / wanted if wanted else 0.0
    if hedge in _MORE:
        return 1.0 <= share <= 2.0
    if hedge in _LESS:
        return 0.5 <= share <= 1.0
    return (0.85 if hedge in _NEARLY else 0.9) <= share <= (1.03 if hedge in _NEARLY else 1.1)


def _of_limit(known: Sequence[Fact]) -> Iterator[float]:
    limits = [fact.value for fact in known if fact.role == "limit" and fact.value]
    for fact in known:
        if fact.role == "reading":
            yield from (fact.value / limit for limit in limits)
