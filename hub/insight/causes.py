"""Rank the known causes by how well they fit the findings.

Each cause is compared with the hypothesis that the cause is unknown. A finding is more or less likely under either
hypothesis. The logarithms of these likelihood ratios (Good's weight of evidence) are added to the prior log odds. So
each symptom that the cause predicts raises the sum, and each missing symptom, contradiction or unexplained movement
lowers it. Acts of people, changes of the process and normal operation are causes as well, with their own priors. All
causes are data (``signatures/*.toml``).

The score is the logistic function of the sum. It is a match strength from 0 to 1 and not a probability, since findings
are not independent of each other. ``docs/ai.md`` says how the words strong, medium and weak were calibrated.

I. J. Good, "Weight of evidence: a brief survey", Bayesian Statistics 2, 1985.
"""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence

from hub.insight import machine_kinds
from hub.insight.counted_movements import independent_sign, is_of_room, unexplained
from hub.insight.decision import BORDER, SLOPE, log_odds
from hub.insight.metric_semantics import MetricSemantics
from hub.insight.signature import Signature, built_in
from hub.insight.symptom_matching import FULL, Symptom, SymptomMatcher, parse_alternatives, parse_patterns
from hub.model import CauseMatch, Evidence

_CEILING = {"strong": 1.0, "medium": 0.74, "weak": 0.61}
_ONE_SIGN = 0.4
"""Highest score of a cause for which only one symptom was observed.

If its signature sets ``one_sign``, the limit is higher, and the cause can be listed as a weak match.
"""

# Log odds of a finding: the logarithm of its likelihood with the cause divided by that with an unknown cause.
_NEEDED = math.log(0.9 / 0.2)
_SUPPORTED = math.log(0.6 / 0.2)
_CALM_AS_EXPECTED = math.log(0.85 / 0.6)
_STATE = math.log(0.95 / 0.45)  # a machine is off (or on), as the cause predicts
_MISSING = math.log(0.35 / 0.6)
_CONTRADICTED = math.log(0.04 / 0.2)
_UNEXPLAINED = math.log(0.06 / 0.2)
_ABSENT = math.log(0.15 / 0.6)  # a needed symptom was not observed
_UNMEASURED = 0.7  # factor on _ABSENT if no metric could show the symptom
_MOVES = frozenset(("rises", "falls", "climbs", "sinks", "ramps"))
_OBSERVED = math.log(0.95 / 0.05)  # an act that a metric shows directly, such as an open door
_FOLLOWS = math.log(0.4 / 0.2)
_IN_ORDER, _OUT_OF_ORDER = 0.3, -1.2
_KNOWN = math.log(0.25)
"""Prior log odds of a known cause against an unknown cause, before the cause's own ``prior`` is added."""
_CALM = math.log(0.5)
"""Added to the log odds of every cause if no alert is open and no limit is exceeded: a fault is less likely then."""


def rank(
    evidence: Sequence[Evidence],
    signatures: Iterable[Signature] | None = None,
    semantics: Mapping[str, MetricSemantics] | None = None,
    kinds: Collection[str] | None = None,
    *,
    alarmed: bool = True,
    alert_metric: str | None = None,
) -> list[CauseMatch]:
    """Return at most six causes that fit the findings at least a little, best first. Each cause occurs once.

    Args:
        evidence: The findings of one case.
        signatures: Known causes; by default the built-in ones.
        semantics: What each metric measures; by default inferred from its name.
        kinds: The kinds of machine that the device may be; by default inferred from its metrics.
        alarmed: Whether an alert is open or a limit is exceeded.
        alert_metric: The metric of the alert; None if there is no alert, or if it has no metric.
    """
    matcher = SymptomMatcher(evidence, semantics)
    # An exceeded limit can be a symptom of a fault. Other causes, such as an act of a person, must show as a change.
    of_changes = SymptomMatcher(evidence, semantics, limits=False)
    of_kinds = machine_kinds.machine_kinds((), matcher.semantics.items()) if kinds is None else kinds
    best: dict[str, CauseMatch] = {}
    for signature in built_in() if signatures is None else signatures:
        if signature.kinds and not set(signature.kinds) & set(of_kinds):
            continue
        chosen = matcher if signature.nature == "fault" else of_changes
        comparison = _Comparison(signature, chosen, is_of_room=is_of_room(of_kinds), alert_metric=alert_metric)
        match = comparison.match((0.0 if alarmed else _CALM) + _of_kind(signature, of_kinds))
        if match is None or match.score <= _LEAST:
            continue
        known = best.get(match.cause)
        if known is None or log_odds(match) > log_odds(known):
            best[match.cause] = match
    return sorted(best.values(), key=lambda match: (-log_odds(match), match.cause))[:6]


_LEAST = 0.1


def _of_kind(signature: Signature, kinds: Collection[str]) -> float:
    """Return the log probability that the device is a kind of machine that can have the cause of ``signature``.

    ``kinds`` are the kinds of machine that the device may be; all are equally likely. Return 0 if the signature has no
    kinds, because any machine can have its cause.
    """
    return math.log(len(set(signature.kinds) & set(kinds)) / len(kinds)) if signature.kinds else 0.0


class _Comparison:
    """Measures how well the findings fit the cause that ``signature`` describes.

    It adds up the log odds of the findings, and collects those that support the cause and those that contradict it.
    """

    def __init__(
        self, signature: Signature, matcher: SymptomMatcher, *, is_of_room: bool, alert_metric: str | None
    ) -> None:
        self._signature, self._matcher, self._is_of_room = signature, matcher, is_of_room
        self._alert_metric = alert_metric
        self._total = _KNOWN + math.log(signature.prior)
        self._cited: list[Evidence] = []
        self._against: list[Evidence] = []
        self._needed: tuple[Evidence, ...] = ()
        self._observed = (
            False  # True if a finding shows the cause directly: a contact, a mode, silence, a contradiction
        )

    def match(self, circumstances: float) -> CauseMatch | None:
        """Return how well the evidence matches the cause; None if too many of the symptoms that it needs are missing.

        ``circumstances`` are log odds that do not come from findings: whether there is an alert, and whether the device
        is a kind of machine that can have the cause.
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
        """Return whether a finding shows the cause itself, as a door contact shows an open door.

        A contradiction between sensors does this only if it is strong.
        """
        return item.strength >= FULL if item.kind == "contradicted" else self._matcher.is_direct(item)

    def _may_miss(self, symptom: Sequence[Symptom]) -> bool:
        """Return whether the cause is possible although a symptom that its signature needs was not observed.

        This is so for a fault whose symptom is a movement, since a controller or a coarse sensor may hide a movement.
        It is not so if a metric moves in the opposite direction, or if the signature has a ``witness``.
        """
        if self._signature.nature != "fault" or self._signature.witness:
            return False
        moves = all(set(each.verbs) <= _MOVES and each.subject is None and not each.only for each in symptom)
        return moves and not self._matcher.opposed(symptom)

    def _witnesses(self) -> None:
        """Add log odds for each witness of the signature that stayed calm.

        A witness is a metric that a real change of the machine would have moved. If it stayed calm, the cause (such as
        a faulty sensor) is likelier.
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
        """Return the log odds of a needed symptom that the findings in ``found`` show."""
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
        """Subtract log odds for each movement (change of a metric) that the cause does not explain.

        A movement counts twice if the metric is beyond its limit.
        """
        explained = {item.metric for item in (*self._cited, *self._against)}
        for movement, times in unexplained(
            self._signature.allows,
            self._matcher,
            explained,
            is_of_room=self._is_of_room,
            alert_metric=self._alert_metric,
        ):
            self._total += _UNEXPLAINED * times * min(1.0, movement.strength / FULL)
            self._against.append(movement)

    def _followers(self) -> None:
        """Add log odds for up to three movements that began after the act of a person that is the cause.

        The act explains these movements.
        """
        began = min((item.start for item in self._needed), default=0)
        known = {item.metric for item in self._cited}
        later = [item for item in self._matcher.movements if item.metric not in known and item.start >= began]
        self._total += _FOLLOWS * min(len(later), 3)

    def _order(self) -> float:
        """Return log odds for the order in which metrics began to change: positive if it fits the cause; 0 if unknown.

        The signature says which metric changes first.
        """
        signature, onsets = self._signature, self._matcher.onsets
        if signature.first is None or len(onsets) < 2:
            return 0.0
        patterns = parse_patterns(signature.first)
        semantics = self._matcher.semantics
        own = [s for metric, s in onsets.items() if any(p.fits(metric, semantics[metric]) for p in patterns)]
        if not own:
            return 0.0
        # An onset is only known as a range: a metric is later if its range begins after another metric's range ends.
        first = min(latest for _, latest in onsets.values())
        span = self._matcher.latest - first
        behind = min(earliest for earliest, _ in own) - first
        if behind <= max(3_000, 0.02 * span):
            return _IN_ORDER
        return _OUT_OF_ORDER if behind > max(20_000, 0.1 * span) else 0.0

    def _signs(self) -> int:
        """Return the number of independent symptoms that were observed. Symptoms of related quantities count as one."""
        semantics = self._matcher.semantics
        shown = (e for e in self._cited if e.kind in _SHOWN or (e.kind in _STATES and e in self._needed))
        # A mass balance compares a level with two flow meters, so it is independent of the level alone.
        return len({(e.kind == "unbalanced", *independent_sign(semantics[e.metric])) for e in shown if e.metric})


_STATES = ("idle", "running")
_SHOWN = (
    "onset", "step", "changed", "stays_on", "stays_off", "stuck", "level", "contradicted", "silent", "gateway", "mode",
    "over_limit", "at_end", "unbalanced", "hunting", "cycling",
)  # fmt: skip


def _ids(found: Iterable[Evidence]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(e.id for e in found))
