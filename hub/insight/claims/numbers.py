"""Check numbers in a clause: the cited evidence must have each number for the same metric and in the same role.

A number is also right if it is rounded or converted to another unit, or if it is a difference, a rate, a percentage or
a duration that can be computed from the evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations

from hub.insight import quantities
from hub.insight.claims.factors import factors
from hub.insight.claims.facts import Fact, Motion
from hub.insight.claims.outcome import Outcome
from hub.insight.claims.roles import Role, is_reached, is_restated, role_of
from hub.insight.claims.text import Clause
from hub.insight.claims.times import CLOCK, DATE
from hub.insight.claims.units import convert
from hub.insight.quantities import Quantity

_ALLOWED: dict[Role | None, tuple[Role, ...]] = {
    "limit": ("limit", "any"),
    "difference": ("difference", "rate", "deviation", "any"),
    "before": ("before", "any"),
    "reading": ("reading", "rate", "deviation", "any"),
}
_CHANCE = re.compile(r"\b(?:chance|probabilit\w*|likelihood|certain\w*|confiden\w*|odds|sure)\b", re.I)
_ABOUT = re.compile(r"\b(?:about|around|roughly|approximately|some|nearly|almost|close to|≈|~)\s?$", re.I)
_MORE = re.compile(
    r"\b(?:more than|over|at least|above|exceed(?:s|ed|ing)?|higher than|greater than|longer than)\s?$", re.I
)
_LESS = re.compile(r"\b(?:less than|under|below|at most|up to|lower than|within|shorter than)\s?$", re.I)
_NOT = re.compile(r"\b(?:not|never|no longer)\b[^,]{0,20}$|n['’]t\b[^,]{0,20}$", re.I)
_EARLIER = re.compile(
    r"^\W*before\b|\bbefore\W*$|\b(?:previously|earlier|initially|originally|normally|usually|used to)\b", re.I
)
_SPAN = 2.0
""""More than 5 minutes" counts as wrong if the duration exceeds this many times 5 minutes. Likewise for changes."""
_COUNTS = ("onset", "step", "stays_on", "stays_off", "stuck")


def numbers(
    clauses: Sequence[Clause], known: Sequence[Fact], motions: Mapping[str, Motion], counts: frozenset[int]
) -> Iterator[Outcome]:
    """Yield, for each number in the clauses of a sentence, whether the evidence supports it.

    Args:
        clauses: The clauses.
        known: The quantities in the evidence.
        motions: The behaviour of each metric, by metric.
        counts: The number of findings that the sentence cites, and the number of metrics in them. The sentence may
            mention these numbers ("three metrics").
    """
    mentioned = [metric for clause in clauses for metric in clause.named]
    intervals = [fact for fact in _between(mentioned, motions) if fact.role == "duration"]
    last: Role | None = None
    earlier = bool(_EARLIER.search(" ".join(clause.text for clause in clauses)))
    for clause in clauses:
        named = clause.named or clause.inherited
        own = [fact for fact in known if not named or fact.metric in named or fact.metric is None]
        own += [*_between(named, motions), *intervals]
        text, outcomes = factors(clause, own)
        yield from outcomes
        text = CLOCK.sub(lambda match: " " * len(match[0]), DATE.sub(lambda match: " " * len(match[0]), text))
        everything = own if clause.named else [*own, *known, *_between(tuple(motions), motions)]
        for role, outcome in _read(text, everything, counts, clause.named, last, earlier):
            last = role
            yield outcome


def _read(
    text: str, known: Sequence[Fact], counts: frozenset[int], named: Sequence[str], last: Role | None, earlier: bool
) -> Iterator[tuple[Role | None, Outcome]]:
    """Check each number in ``text`` against the facts ``known``. Yield its role (reading, limit, …) and the outcome.

    Args:
        text: A clause of the sentence.
        known: The quantities in the evidence that the numbers can refer to.
        counts: The number of findings that the sentence cites, and the number of metrics in them.
        named: The metrics that the clause names.
        last: The role of the last number before this clause; None if there is none.
        earlier: Whether a number in the role of a reading may also be the level before the change.
    """
    for start, end, wanted in quantities.find(text):
        before, after = text[:start], text[end:]
        role = role_of(before, after)
        if last and role in (None, "reading") and is_restated(before):
            role = last
        last = role
        if _CHANCE.search(text):
            holds = False
        elif wanted.unit in quantities.SECONDS:
            holds = _duration(wanted, before, known)
        else:
            holds = _holds(wanted, role, before, known, earlier) or (
                wanted.unit is None and wanted.word and wanted.value in counts
            )
        shown = text[start:end].strip()
        reason = "" if holds else f"{shown} is not in the evidence"
        yield role, Outcome("equals", named[0] if len(named) == 1 else None, holds, reason)


def _holds(wanted: Quantity, role: Role | None, before: str, known: Sequence[Fact], earlier: bool) -> bool:
    roles = _ALLOWED.get(role)
    if role == "reading" and roles:
        roles += ("limit",) if is_reached(before) else ()
        roles += ("before",) if earlier else ()
    about = bool(_ABOUT.search(before))
    candidates = [fact for fact in known if (roles is None or fact.role in roles) and fact.role != "duration"]
    if any(_same(wanted, fact, role, about) for fact in candidates):
        return True
    more, less = bool(_MORE.search(before)), bool(_LESS.search(before))
    if not (more or less) or wanted.unit is None:
        return False
    if _NOT.search(before):
        more, less = less, more
    compared = [fact for fact in known if fact.role == ("difference" if role == "difference" else "reading")]
    return any(_beyond(wanted, fact, more, role) for fact in compared)


def _same(wanted: Quantity, fact: Fact, role: Role | None, about: bool) -> bool:
    if wanted.factor or fact.role == "ratio":
        return False
    if wanted.unit is None:
        if fact.unit is not None and not wanted.decimals and not float(fact.value).is_integer():
            return False  # a whole number without a unit is a count, not a rounded reading
        return _near(wanted, fact.value, about)
    if fact.unit is None:
        return False
    if wanted.unit == fact.unit and _near(wanted, fact.value, about):
        return True
    ways = {"difference": (True,), "reading": (False,), "before": (False,), "limit": (False,)}
    differences = ways.get(role or "", ways.get(fact.role, (True, False)))
    values = (convert(fact.value, fact.unit, wanted.unit, difference=difference) for difference in differences)
    return any(_near(wanted, value, about) for value in values if value is not None)


def _near(wanted: Quantity, value: float, about: bool) -> bool:
    """Return True if ``value``, rounded to the decimals of ``wanted``, equals ``wanted``.

    With ``about``, a number that ends in zeros may be off by up to 2 %: "about 150" fits 151.
    """
    tolerance = 0.5 * 10.0**-wanted.decimals
    if about and not wanted.decimals and wanted.value and wanted.value % 10 == 0:
        tolerance = max(tolerance, 0.02 * abs(wanted.value))
    return abs(wanted.value - value) <= tolerance + 1e-9 * abs(value)


def _beyond(wanted: Quantity, fact: Fact, more: bool, role: Role | None) -> bool:
    if fact.unit is None or wanted.unit is None:
        return False
    value = convert(fact.value, fact.unit, wanted.unit, difference=role == "difference")
    if value is None:
        return False
    if role == "difference" and not 1 / _SPAN <= abs(value) / (abs(wanted.value) or 1) <= _SPAN:
        return False
    return value >= wanted.value if more else value <= wanted.value


def _duration(wanted: Quantity, before: str, known: Sequence[Fact]) -> bool:
    seconds = quantities.SECONDS
    real = [
        fact.value * seconds[fact.unit or "s"] / seconds[wanted.unit or "s"]
        for fact in known
        if fact.role == "duration"
    ]
    if _MORE.search(before) and not before.rstrip().lower().endswith(("above", "over the limit")):
        return any(wanted.value <= value <= _SPAN * wanted.value for value in real)
    if _LESS.search(before):
        return any(wanted.value / _SPAN <= value <= wanted.value for value in real)
    place = 10.0**-wanted.decimals  # the hub rounds durations down, while people round to the nearest number
    return any(-0.5 * place - 1e-9 <= value - wanted.value < place for value in real)


def _between(named: Sequence[str], motions: Mapping[str, Motion]) -> list[Fact]:
    """Return the differences between two metrics, in the times at which they began to change and in their readings.

    Each pair of the metrics in ``named`` is compared. ``motions`` has the onset and the newest reading of each metric.
    Readings in different units are not compared.
    """
    found = []
    for one, other in combinations(dict.fromkeys(named), 2):
        first, second = motions.get(one, Motion()), motions.get(other, Motion())
        if first.onset is not None and second.onset is not None:
            found.append(Fact(abs(first.onset - second.onset) / 1000, "s", "duration", one))
        if first.reading is not None and second.reading is not None and first.unit and first.unit == second.unit:
            found.append(Fact(abs(first.reading - second.reading), first.unit, "difference", one))
    return found
