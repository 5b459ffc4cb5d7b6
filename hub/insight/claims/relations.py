"""Check statements on the directions, states and limits of metrics against the behaviour of the metrics.

Only a contradiction counts against a sentence. A missing confirmation does not, because the patterns do not know all
phrases that people use.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial

from hub.insight.claims.facts import Motion
from hub.insight.claims.outcome import Outcome, Relation
from hub.insight.claims.text import CODED, Clause

_RISE = (
    r"rise[sn]?|rose|rising|increas(?:e[sd]?|ing)|climb\w*|grew|grow(?:s|n|ing)|surg(?:e[sd]?|ing)|spik(?:e[sd]?|ing)"
    r"|jump(?:s|ed|ing)?|w[ea]nt up|goes up|going up|stepped up|warmed|warms|warming up|heat(?:s|ed|ing) up"
    r"|higher than (?:before|usual|normal|its baseline)|above its baseline"
)
_FALL = (
    r"falls?|fell|fallen|falling|decreas(?:e[sd]?|ing)|drop(?:s|ped|ping)?|declin(?:e[sd]?|ing)|sank|sinks?|sinking|sunk"
    r"|collaps(?:e[sd]?|ing)|plung(?:e[sd]?|ing)|plummet\w*|w[ea]nt down|goes down|going down|stepped down|down to"
    r"|cooled|cools|cooling down|discharged|drained|lower than (?:before|usual|normal|its baseline)|below its baseline"
)
_STILL = (
    r"steady|stable|constant|unchanged|as usual|(?:with)?in (?:its|the|their) (?:usual|normal) range|nothing unusual"
    r"|(?:did|does|do|has|have)(?: not|n['’]t)"
    r" (?:really )?(?:chang\w*|mov\w*|var\w*|react\w*)"
    r"|(?:is|are|was|were|which is|stay\w*|remain\w*|look\w*|seem\w*|held|still)(?: \w+)? ?(?:normal|flat)"
    r"(?! range| level)"
)
_CHANGE = r"chang(?:e[sd]|ing)|moved|moving|shifted|abnormal|unusual(?:ly)?|fluctuat\w*"
_DIRECTION = re.compile(
    rf"\b(?:(?P<steady>{_STILL})|(?P<rose>{_RISE})|(?P<fell>{_FALL})|(?P<changed>{_CHANGE}))\b(?!\s(?:trend|limit))",
    re.I,
)
_CAUSED = re.compile(
    rf"\b(?:(?P<rose>raised|increased|drove up|pushed up)|(?P<fell>lowered|reduced|decreased|pulled down))"
    rf"\s(?:the\s|its\s)?(?P<metric>{CODED})",
    re.I,
)
_DID = re.compile(rf"^\W*(?:the\s)?{CODED}\s(?P<verb>did|does|do|has|was|is)(?P<not>\snot|n['’]t)?\W*$", re.I)
_NOT = re.compile(
    r"\b(?:not|never|without|neither|nor|no longer|no|hardly|failed to|stopped|stops|cannot)\b[^,]{0,25}$"
    r"|n['’]t\b[^,]{0,25}$",
    re.I,
)
_BE = r"(?:is|are|was|were|be|been|being|stay(?:s|ed)?|remain(?:s|ed)?|still|kept|keeps|left|came|went|switched|turned)"
_ON = re.compile(
    rf"\b(?:open(?:ed|s)?|{_BE}(?: not)? (?:on|running|active|energi[sz]ed|occupied)"
    r"(?!\s(?:above|below|hot|high|low|out|at|a)\b))\b",
    re.I,
)
_OFF = re.compile(
    rf"\b(?:closed|shut(?! off)|{_BE}(?: not)? (?:off|idle|inactive|gone|dead)|shut off"
    r"|(?:has |have )?stopped(?!\s\w+ing)|stops(?!\s\w+ing)"
    r"|de-?energi[sz]ed|switched off|turned off)\b",
    re.I,
)
_IN_STATE = re.compile(rf"\b(?:is|are|was|were|been)\s(?P<not>not\s|no longer\s)?(?P<metric>{CODED})", re.I)
_ATTRIBUTE = re.compile(r"\b(?:a|an|the|any|stuck|left)\s$", re.I)
_SIDE = re.compile(
    r"\b(?:(?P<above>above|over|exceed(?:s|ed|ing)?|higher than|greater than)"
    r"|(?P<below>below|under|lower than|less than|short of)|(?P<beyond>beyond|crossed|past|outside)"
    r"|(?P<within>within|inside))\b"
    r"(?P<between>[^.;]{0,24}?)\b(?:limits?|threshold|maximum|minimum)\b",
    re.I,
)
_DIRECTIONS: tuple[Relation, ...] = ("steady", "rose", "fell", "changed")
_TINY, _SMALL = 0.02, 0.1
"""A reading below the first fraction of the level before the change means that the machine is off.

A reading above the second fraction means that the machine is on.
"""


def relations(clauses: Sequence[Clause], known: Mapping[str, Motion], cited: Sequence[str]) -> Iterator[Outcome]:
    """Check each assertion about the behaviour of metrics in the clauses of a sentence, and yield its outcome.

    An assertion gives a direction ("rose", "is steady"), a state ("is off") or a side of a limit ("above its limit").
    ``known`` is the behaviour of each metric according to the evidence. ``cited`` are the metrics of the evidence that
    the sentence cites.
    """
    last: Relation | None = None
    for clause in clauses:
        if last and (did := _DID.match(clause.text)):
            # "Speed did not change, but flow did" means that the flow changed.
            said: Relation = "changed" if last == "steady" and did["verb"] not in ("is", "was") else last
            yield _moved(clause.named[0], said, bool(did["not"]), known)
            continue
        last = None
        for outcome in (*_caused(clause, known), *_directions(clause, known, cited)):
            last = outcome.relation
            yield outcome
        yield from _states(clause, known, cited)
        for match in _SIDE.finditer(clause.text):
            yield from _each(clause, match, cited, partial(_side, match=match, known=known))


def _caused(clause: Clause, known: Mapping[str, Motion]) -> Iterator[Outcome]:
    """Check each phrase that names an effect, such as "which raised the pressure".

    Such a phrase asserts that its object (the pressure) rose or fell. Yield whether the behaviour of the object in
    ``known`` confirms this.
    """
    for match in _CAUSED.finditer(clause.text):
        metric = next(metric for place, metric in clause.mentions if place == match.start("metric"))
        yield _moved(metric, "rose" if match["rose"] else "fell", _negated(clause.text, match.start()), known)


def _directions(clause: Clause, known: Mapping[str, Motion], cited: Sequence[str]) -> Iterator[Outcome]:
    for match in _DIRECTION.finditer(_CAUSED.sub(lambda found: " " * len(found[0]), clause.text)):
        relation = next(each for each in _DIRECTIONS if match[each])
        negated = relation != "steady" and _negated(clause.text, match.start())
        yield from _each(clause, match, cited, partial(_moved, relation=relation, negated=negated, known=known))


def _states(clause: Clause, known: Mapping[str, Motion], cited: Sequence[str]) -> Iterator[Outcome]:
    for match in _IN_STATE.finditer(clause.text):
        metric = next(metric for place, metric in clause.mentions if place == match.start("metric"))
        if known.get(metric, Motion()).on is not None:
            yield _switched(metric, not match["not"], known)
    for pattern, state in ((_ON, True), (_OFF, False)):
        for match in pattern.finditer(clause.text):
            if not _about_another(clause.text, match):
                on = state != (_negated(clause.text, match.start()) or " not " in match[0])
                yield from _each(clause, match, cited, partial(_switched, on=on, known=known))


def _each(
    clause: Clause, match: re.Match[str], cited: Sequence[str], compare: Callable[[str], Outcome]
) -> Iterator[Outcome]:
    """Check a statement, such as "rose", for each metric that it is about, and yield the outcomes.

    Args:
        clause: The part of the sentence that contains the statement.
        match: The word that makes the statement.
        cited: The metrics of the evidence that the sentence cites. The statement is about these if the clause names no
            metric. Then at most one outcome is yielded: the statement holds if it is true for any of these metrics,
            and fails if it is false for all of them.
        compare: Checks the statement for one metric.
    """
    earlier = [metric for place, metric in clause.mentions if place < match.start()]
    later = [metric for place, metric in clause.mentions if place >= match.start()]
    named = earlier or later[:1] or list(clause.inherited)
    if named:
        yield from (compare(metric) for metric in named)
        return
    outcomes = [compare(metric) for metric in cited]
    against = [outcome for outcome in outcomes if outcome.holds is False]
    agrees = next((outcome for outcome in outcomes if outcome.holds), None)
    if agrees:
        yield agrees
    elif against and len(against) == len(outcomes):
        yield against[0]


def _negated(text: str, place: int) -> bool:
    return bool(_NOT.search(text[:place]))


def _about_another(text: str, match: re.Match[str]) -> bool:
    """Return True if a word for a state (``match``) describes something other than a metric, as in "a closed drain".

    ``text`` is the text that contains the match.
    """
    follows = text[match.end() :].lstrip()
    return bool(
        " " not in match[0]
        and _ATTRIBUTE.search(text[: match.start()])
        and follows
        and not re.match(rf"{CODED}|(?:since|for|at|while|and|until|in)\b", follows)
    )


def _moved(metric: str, relation: Relation, negated: bool, known: Mapping[str, Motion]) -> Outcome:
    motion = known.get(metric, Motion())
    if relation in ("steady", "changed"):
        still = (relation == "steady") != negated
        if still and motion.moves:
            return Outcome(relation, metric, False, _course(motion))
        if not still and motion.quiet and not motion.moves and not motion.first:
            return Outcome(relation, metric, False, "it did not change")
        return Outcome(relation, metric, True if motion.moves or motion.quiet else None)
    sign = 1 if relation == "rose" else -1
    if not motion.moves and not motion.quiet:
        return Outcome(relation, metric, None)
    agrees = sign in motion.moves
    return Outcome(relation, metric, agrees != negated, "" if agrees != negated else _course(motion))


def _course(motion: Motion) -> str:
    return "it rose" if 1 in motion.moves else "it fell" if motion.moves else "it did not change"


def _switched(metric: str, on: bool, known: Mapping[str, Motion]) -> Outcome:
    motion = known.get(metric, Motion())
    state = motion.on
    level = motion.reading
    if motion.stuck:
        return Outcome("on" if on else "off", metric, None)
    if state is None and level is not None:
        before = motion.before
        if motion.quiet or before:
            share = abs(level / before) if before else abs(level)
            state = True if share > _SMALL else False if share < _TINY else None
    relation: Relation = "on" if on else "off"
    # A reading such as a temperature is neither on nor off, so only a clear state can contradict the statement.
    if state is None or (motion.unit in ("°C", "°F", "K")):
        return Outcome(relation, metric, None)
    holds = state == on
    if motion.on is None and holds:
        return Outcome(relation, metric, None)
    return Outcome(relation, metric, holds, "" if holds else f"it is {'on or open' if state else 'off or closed'}")


def _side(metric: str, match: re.Match[str], known: Mapping[str, Motion]) -> Outcome:
    motion = known.get(metric, Motion())
    negated = _negated(match.string, match.start())
    relation: Relation = "above" if match["above"] else "below"
    side = motion.side
    if match["within"] or match["beyond"]:
        if side is None and (motion.limit is None or not match["within"]):
            return Outcome(relation, metric, None)
        beyond = bool(match["beyond"]) != negated
        holds = (side is not None) == beyond
        return Outcome(relation, metric, holds, "" if holds else f"it is {'not ' if beyond else ''}beyond its limit")
    if side is None:
        if motion.limit is None or motion.reading is None:
            return Outcome(relation, metric, None)
        side = 1 if motion.reading > motion.limit else -1
    agrees = (side > 0) == (relation == "above")
    reason = f"it is {'above' if side > 0 else 'below'} its limit"
    return Outcome(relation, metric, agrees != negated, "" if agrees != negated else reason)
