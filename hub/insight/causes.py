"""Which known cause the findings point to, if any.

Every cause is compared with the hypothesis that something unknown is going on. Each finding has a likelihood under
either hypothesis. The logarithms of their ratios (Good's weight of evidence) are added to the prior log odds. So a
cause gains by each symptom that it predicts, and loses by each missing symptom, each contradiction and each movement
that it leaves unexplained. Acts, changes of the process and normal operation are causes as well, with priors of their
own. All causes are data (``signatures/*.toml``).

The score is the logistic function of the sum: a match strength from 0 to 1, not a probability, since findings are not
independent of each other. ``docs/ai.md`` says how the words strong, medium and weak were calibrated.

I. J. Good, "Weight of evidence: a brief survey", Bayesian Statistics 2, 1985.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from hub.insight import machine_kinds
from hub.insight.counted_movements import independent_sign, is_material
from hub.insight.decision import BORDER, SLOPE, log_odds
from hub.insight.metric_semantics import MetricSemantics
from hub.insight.signature import Signature, built_in
from hub.insight.symptom_matching import FULL, Symptom, SymptomMatcher, parse_alternatives, parse_patterns
from hub.model import CauseMatch, Evidence

_CEILING = {"strong": 1.0, "medium": 0.74, "weak": 0.61}
_ONE_SIGN = 0.4
"""Highest score of a cause that is shown by one sign only.

If its signature allows one sign, the limit is higher, and the cause can be listed as a weak match.
"""

# Log odds of a finding: how much likelier it is under a cause than if something unknown is going on.
_NEEDED = math.log(0.9 / 0.2)
_SUPPORTED = math.log(0.6 / 0.2)
_CALM_AS_EXPECTED = math.log(0.85 / 0.6)
_STATE = math.log(0.95 / 0.45)  # a machine that is off, or on, where the cause says so
_MISSING = math.log(0.35 / 0.6)
_CONTRADICTED = math.log(0.04 / 0.2)
_UNEXPLAINED = math.log(0.06 / 0.2)
_ABSENT = math.log(0.15 / 0.6)  # a needed symptom that stays away
_UNMEASURED = 0.7  # factor on _ABSENT if no metric could show the symptom
_MOVES = frozenset(("rises", "falls", "climbs", "sinks", "ramps"))
_OBSERVED = math.log(0.95 / 0.05)  # an act that a metric shows directly, such as an open door
_FOLLOWS = math.log(0.4 / 0.2)
_IN_ORDER, _OUT_OF_ORDER = 0.3, -1.2
_KNOWN = math.log(0.25)
"""Prior log odds of one known cause against an unknown cause."""
_CALM = math.log(0.5)
"""Added to the log odds of every cause if no alert is open and no limit exceeded: a fault is then less likely."""


def rank(
    evidence: Sequence[Evidence],
    signatures: Iterable[Signature] | None = None,
    semantics: Mapping[str, MetricSemantics] | None = None,
    kinds: Collection[str] | None = None,
    *,
    alarmed: bool = True,
) -> list[CauseMatch]:
    """Return at most six causes that fit the findings at least a little, best first. Each cause occurs once.

    Args:
        evidence: The findings of one case.
        signatures: Known causes; by default the built-in ones.
        semantics: What each metric measures; by default read from its name alone.
        kinds: The kinds of machine that the device may be; by default inferred from its metrics.
        alarmed: Whether an alert is open or a limit exceeded.
    """
    matcher = SymptomMatcher(evidence, semantics)
    # An exceeded limit can be a symptom of a fault. An act of a person, however, must show as a change.
    of_changes = SymptomMatcher(evidence, semantics, limits=False)
    of_kinds = machine_kinds.machine_kinds((), matcher.semantics.items()) if kinds is None else kinds
    best: dict[str, CauseMatch] = {}
    for signature in built_in() if signatures is None else signatures:
        if signature.kinds and not set(signature.kinds) & set(of_kinds):
            continue
        comparison = _Comparison(signature, matcher if signature.nature == "fault" else of_changes)
        match = comparison.match((0.0 if alarmed else _CALM) + _of_kind(signature, of_kinds))
        if match is None or match.score <= _LEAST:
            continue
        known = best.get(match.cause)
        if known is None or log_odds(match) > log_odds(known):
            best[match.cause] = match
    return sorted(best.values(), key=lambda match: (-log_odds(match), match.cause))[:6]


_LEAST = 0.1


def _of_kind(signature: Signature, kinds: Collection[str]) -> float:
    """Return the log odds that the device is of a kind of machine that can have the cause (``signature``).

    ``kinds`` are the kinds that the device may be of, all equally likely. If any kind can have the cause, return 0.
    """
    return math.log(len(set(signature.kinds) & set(kinds)) / len(kinds)) if signature.kinds else 0.0


class _Comparison:
    """Measures how well the findings fit one cause, which ``signature`` describes.

    It adds up log odds: logarithms of how much likelier each finding is with this cause than with an unknown one. It
    also collects the findings that support the cause and those that contradict it.
    """

    def __init__(self, signature: Signature, matcher: SymptomMatcher) -> None:
        self._signature, self._matcher = signature, matcher
        self._total = _KNOWN + math.log(signature.prior)
        self._cited: list[Evidence] = []
        self._against: list[Evidence] = []
        self._needed: tuple[Evidence, ...] = ()
        self._observed = False  # a finding shows the cause itself: a contact, a mode, a silence, a broken relation

    def match(self, circumstances: float) -> CauseMatch | None:
        """Return how well the evidence matches the cause; None if too few of the symptoms that it needs are seen.

        ``circumstances`` are log odds to add which come from no finding: from whether there is an alarm, and from
        whether the device is of a kind that can have the cause.
        """
        signature = self._signature
        if not self._needs():
            return None
        self._witnesses()
        self._supports()
        self._contradictions()
        if signature.nature == "fault" or not self._observed:
            self._unexplained()
        else:
            self._followers()
        self._total += self._order() + circumstances
        score = 1 / (1 + math.exp(-SLOPE * (self._total - BORDER)))
        if not self._observed and self._signs() < 2:
            score = min(score, _CEILING["weak"] if signature.one_sign else _ONE_SIGN)
        return CauseMatch(
            cause=signature.cause,
            title=signature.title,
            component=signature.component,
            score=round(min(score, _CEILING[signature.at_most]), 3),
            supporting=_ids(self._cited),
            against=_ids(e for e in self._against if e not in self._cited),
            actions=signature.actions,
            confirm_by=signature.confirm_by,
            nature=signature.nature,
            log_odds=round(self._total, 3),
            explain=signature.explain,
            distinguish=signature.distinguish,
        )

    def _needs(self) -> bool:
        """Add log odds for the symptoms that the cause needs. Return False if missing symptoms exclude the cause."""
        missing = 0
        for symptom in map(parse_alternatives, (*self._signature.needs, *self._signature.witness)):
            degree, found = self._matcher.seen(symptom, guess=not self._signature.witness)
            if degree < 0.25:
                if not self._may_miss(symptom):
                    return False
                missing += 1
                self._total += _ABSENT * max(self._matcher.calm(symptom), _UNMEASURED)
                continue
            self._observed |= any(map(self._shows_it, found))
            self._total += degree * self._weight(found)
            self._cited += found
        self._needed = tuple(self._cited)
        return 2 * missing <= len(self._signature.needs)

    def _shows_it(self, item: Evidence) -> bool:
        """Return whether a finding directly shows the cause that this signature describes, as an open door does.

        A contradiction between sensors does so only if it is strong.
        """
        return item.strength >= FULL if item.kind == "contradicted" else self._matcher.is_direct(item)

    def _may_miss(self, symptom: Sequence[Symptom]) -> bool:
        """Return whether the cause may be present although a symptom that its signature needs was not observed.

        A controller or a coarse sensor may hide a movement. So only symptoms that are movements may be missing, and
        only if the cause is a fault. No symptom may be missing if a metric moves in the opposite way, or if the
        signature has a ``witness``.
        """
        if self._signature.nature != "fault" or self._signature.witness:
            return False
        moves = all(set(each.verbs) <= _MOVES and each.subject is None and not each.only for each in symptom)
        return moves and not self._matcher.opposed(symptom)

    def _witnesses(self) -> None:
        """Compare the witnesses of the signature with the findings, and change the log odds of the cause accordingly.

        A witness is a metric that a real change of the machine would have moved. If it stayed calm, the cause (such as
        a faulty sensor) becomes likelier.
        """
        for symptom in map(parse_alternatives, self._signature.witness):
            degree, found = self._matcher.seen(symptom, guess=False)
            self._total += degree * (_NEEDED - _CALM_AS_EXPECTED)
            self._observed |= degree >= 0.5
            self._cited += found

    def _supports(self) -> None:
        for symptom in map(parse_alternatives, self._signature.supports):
            degree, found = self._matcher.seen(symptom)
            if found and all(item in self._cited for item in found):
                continue  # counted among the needs
            if found:
                shown = any(item.kind in _SHOWN for item in found)
                self._total += degree * (_SUPPORTED if shown else _CALM_AS_EXPECTED)
                self._cited += found
            elif not all(each.expects_calm for each in symptom):
                self._total += _MISSING * self._matcher.calm(symptom)

    def _weight(self, found: Sequence[Evidence]) -> float:
        """Return how many log odds a needed symptom adds to the cause. All findings in ``found`` show this symptom."""
        if any(map(self._matcher.is_direct, found)):
            return _OBSERVED
        if any(item.kind in _SHOWN for item in found):
            return _NEEDED
        return _STATE if any(item.kind in _STATES for item in found) else _CALM_AS_EXPECTED

    def _contradictions(self) -> None:
        for symptom in map(parse_alternatives, self._signature.against):
            degree, found = self._matcher.seen(symptom, guess=False)
            self._total += _CONTRADICTED * degree
            self._against += found

    def _unexplained(self) -> None:
        """Subtract log odds for each changed metric (movement) that the cause does not predict.

        It counts twice if the metric is beyond its limit.
        """
        allowed = (item for text in self._signature.allows for item in self._matcher.seen(parse_alternatives(text))[1])
        known = {item.metric for item in (*self._cited, *self._against, *allowed)}
        for movement in self._matcher.movements:
            metric = movement.metric or ""
            if metric in known or not is_material(self._matcher.semantics[metric]):
                continue
            times = 2.0 if metric in self._matcher.over_limit else 1.0
            self._total += _UNEXPLAINED * times * min(1.0, movement.strength / FULL)
            self._against.append(movement)

    def _followers(self) -> None:
        """Add log odds for movements that began after an act that was observed, because the act explains them.

        At most three of these movements are counted.
        """
        began = min((item.start for item in self._needed), default=0)
        known = {item.metric for item in self._cited}
        later = [item for item in self._matcher.movements if item.metric not in known and item.start >= began]
        self._total += _FOLLOWS * min(len(later), 3)

    def _order(self) -> float:
        """Return how well the order in which metrics began to change fits the cause, as log odds; 0 if unknown.

        The cause's signature says which metric changes first. A positive number speaks for the cause.
        """
        signature, onsets = self._signature, self._matcher.onsets
        if signature.first is None or len(onsets) < 2:
            return 0.0
        patterns = parse_patterns(signature.first)
        semantics = self._matcher.semantics
        own = [s for metric, s in onsets.items() if any(p.fits(metric, semantics[metric]) for p in patterns)]
        if not own:
            return 0.0
        # Onsets are known as ranges only: a metric is behind if its range begins after another metric's range ends.
        first = min(latest for _, latest in onsets.values())
        span = self._matcher.latest - first
        behind = min(earliest for earliest, _ in own) - first
        if behind <= max(3_000, 0.02 * span):
            return _IN_ORDER
        return _OUT_OF_ORDER if behind > max(20_000, 0.1 * span) else 0.0

    def _signs(self) -> int:
        """Return how many independent symptoms were observed. Those of related quantities count as one."""
        semantics = self._matcher.semantics
        shown = (e for e in self._cited if e.kind in _SHOWN or (e.kind in _STATES and e in self._needed))
        # A balance compares a level with two flow meters, so it is a sign apart from the level.
        return len({(e.kind == "unbalanced", *independent_sign(semantics[e.metric])) for e in shown if e.metric})


_STATES = ("idle", "running")
_SHOWN = (
    "onset", "step", "changed", "stays_on", "stays_off", "stuck", "level", "contradicted", "silent", "gateway", "mode",
    "over_limit", "at_end", "unbalanced", "hunting", "cycling",
)  # fmt: skip


def _ids(found: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.id for e in found))
