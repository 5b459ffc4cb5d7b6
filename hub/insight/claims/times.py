"""Check the times of day and dates in clauses against the times in the cited evidence."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from hub import text_format as fmt
from hub.insight.claims.outcome import Outcome
from hub.insight.claims.text import Clause
from hub.model import Evidence

CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)(?:\s?UTC\b)?")
DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ABOUT = re.compile(r"\b(?:about|around|roughly|approximately|nearly|shortly (?:before|after)|≈|~)\s?(?:at\s)?$", re.I)
_BEGAN = re.compile(
    r"\b(?:began|begins?|started|starts?|onset|since|from|rose|fell|dropped|moved|opened|closed|stepped|jumped|changed"
    r"|switched|lost|failed|collapsed)\b",
    re.I,
)
_CROSSED = re.compile(
    r"\b(?:cross\w*|exceed\w*|above|over|below|under|beyond|breach\w*|broken|limit|threshold)\b", re.I
)
_REACHES = re.compile(r"\b(?:reach\w*|will|would|hits?|expected)\b", re.I)
_MINUTE_MS, _SECOND_MS = 60_000, 1_000
_CHANGES = ("onset", "step", "stays_on", "stays_off", "jump", "running", "idle", "stuck", "order")


def times(clauses: Sequence[Clause], base: Sequence[Evidence]) -> Iterator[Outcome]:
    """Check each time and date in the clauses, and yield whether the cited evidence (``base``) has the same one.

    If the clause is about an event, such as the beginning of a rise, the time must be the time of this event.
    """
    for clause in clauses:
        named = clause.named or clause.inherited
        own = [e for e in base if not named or e.metric in named or e.metric is None] or list(base)
        for match in CLOCK.finditer(clause.text):
            event, allowed = _event(clause.text, own)
            candidates = allowed or _all(own)
            holds = any(_matches(match, moment, clause.text) for moment in candidates)
            if not holds and not allowed:
                holds = _written(match, own)
            reason = "" if holds else f"the evidence gives another time{event}"
            yield Outcome("equals", named[0] if len(named) == 1 else None, holds, reason)
        dates = {fmt.date(stamp) for e in base for stamp in (e.start, e.end)}
        dates |= {date for e in base for date in DATE.findall(e.finding)}
        for date in DATE.findall(clause.text):
            yield Outcome("equals", None, date in dates, "" if date in dates else f"{date} is not in the evidence")


def _event(text: str, own: Sequence[Evidence]) -> tuple[str, list[int]]:
    """Return the event that a clause is about, in words, and the times (epoch ms) of this event in the evidence.

    If the clause is about no particular event, both are empty: then any time in the evidence is right.
    """
    if _REACHES.search(text):
        ahead = [e for e in own if e.params.get("left_ms") is not None]
        return " for that", [e.end + e.params["left_ms"] for e in ahead]
    if _CROSSED.search(text):
        crossed = [e.start for e in own if e.kind == "over_limit"]
        crossed += [e.start + e.params["crossed_after_ms"] for e in own if e.params.get("crossed_after_ms")]
        return " for the limit", crossed
    if _BEGAN.search(text):
        changes = [e for e in own if e.kind in _CHANGES]
        bounds = [e.params.get(name) for e in changes for name in ("earliest_at", "latest_at")]
        return " for the beginning", [*(e.start for e in changes), *(at for at in bounds if at is not None)]
    return "", []


def _all(own: Sequence[Evidence]) -> list[int]:
    stamps = [stamp for e in own for stamp in (e.start, e.end)]
    return stamps + [value for e in own for name, value in e.params.items() if name.endswith("_at") and value]


def _matches(match: re.Match[str], moment: int, text: str) -> bool:
    hour, minute, second = match.groups()
    said = (int(hour) * 3600 + int(minute) * 60 + int(second or 0)) * 1000
    real = moment % 86_400_000
    apart = min(abs(said - real), 86_400_000 - abs(said - real))
    if second:
        return apart <= _SECOND_MS
    if _ABOUT.search(text[: match.start()]):
        return apart <= _MINUTE_MS
    return 0 <= (real - said) % 86_400_000 < _MINUTE_MS


def _written(match: re.Match[str], own: Sequence[Evidence]) -> bool:
    """Return True if the sentence of any finding in ``own`` contains the time in ``match``."""
    wanted = [part for part in match.groups() if part]
    return any([*found.groups()][: len(wanted)] == wanted for e in own for found in CLOCK.finditer(e.finding))
