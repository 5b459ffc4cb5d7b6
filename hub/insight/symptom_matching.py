"""Match the ``METRIC VERB`` phrases of signatures with the findings of a case.

A metric is named by what it measures (``flow@discharge``, see :mod:`hub.insight.metric_semantics`), or by a pattern
over its name (``*flow*``), as a person may write who knows only one machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache

import msgspec

from hub.insight.lexicon import meanings
from hub.insight.metric_semantics import MetricSemantics, metric_semantics
from hub.model import Evidence

_VERBS: dict[str, tuple[tuple[str, int], ...]] = {
    # verb: the kinds of finding that show it, with the sign their value must have (0: any)
    "rises": (("onset", 1), ("step", 1), ("stays_on", 1)),
    "falls": (("onset", -1), ("step", -1), ("stays_off", -1)),
    "ramps": (("onset", 0),),
    "steps": (("step", 0),),
    "steady": (("steady", 0), ("idle", 0), ("running", 0)),
    "stuck": (("stuck", 0),),
    "on": (("stays_on", 0),),
    "off": (("stays_off", 0),),
    "idle": (("idle", 0),),
    "running": (("running", 0),),
    "above": (("level", 1),),
    "below": (("level", -1),),
    "contradicted": (("contradicted", 0),),
    "silent": (("silent", 0),),
}
_MOVEMENTS = {"onset", "step", "stuck", "stays_on", "stays_off"}
_FULL = 0.45
"""The strength (about five sigmas) from which a symptom counts in full."""
_SUBJECTS = ("others", "device", "gateway")


class MetricPattern(msgspec.Struct, frozen=True):
    """Metrics by meaning, ``quantity`` and ``places`` of which all must fit, or by ``glob`` over the name."""

    quantity: str | None = None
    places: frozenset[str] = frozenset()
    glob: str | None = None

    def fits(self, metric: str, semantics: MetricSemantics) -> bool:
        """Return whether a metric is meant. A set point or a limit is meant only by a glob."""
        if self.glob is not None:
            return fnmatchcase(metric.lower(), self.glob)
        if semantics.role in ("setpoint", "limit"):
            return False
        return self.quantity in (None, semantics.quantity) and self.places <= semantics.places


class Symptom(msgspec.Struct, frozen=True):
    """What some metrics do. ``subject`` is "others", "device" or "gateway" where no metric is named; ``only``: nothing
    else may have moved."""

    patterns: tuple[MetricPattern, ...]
    verbs: tuple[str, ...]
    only: bool = False
    subject: str | None = None

    def fits(self, metric: str, semantics: MetricSemantics) -> bool:
        """Return whether any pattern means the metric."""
        return any(pattern.fits(metric, semantics) for pattern in self.patterns)

    @property
    def any_metric(self) -> bool:
        """Return whether every metric is meant."""
        return self.patterns == (MetricPattern(glob="*"),)


@cache
def parse_patterns(text: str) -> tuple[MetricPattern, ...]:
    """Return the patterns of ``text``, divided by |. Raises ValueError for a quantity or place that does not exist."""
    return tuple(map(_pattern, text.split("|")))


def _pattern(text: str) -> MetricPattern:
    if "*" in text:
        return MetricPattern(glob=text.lower())
    quantity, at, places = text.partition("@")
    known_quantities, known_places = meanings()
    if quantity and quantity not in known_quantities:
        raise ValueError(f"{quantity!r} is not a quantity; for a metric name write a pattern such as '*{quantity}*'")
    named = frozenset(places.split("+")) if at else frozenset()
    if unknown := sorted(named - known_places):
        raise ValueError(f"{unknown[0]!r} in {text!r} is not a place; allowed: {', '.join(sorted(known_places))}")
    return MetricPattern(quantity or None, named)


@cache
def parse_symptom(text: str) -> Symptom:
    """Return the symptom that ``text`` describes. Raises ValueError that says which part is not understood."""
    parts = text.split()
    only = len(parts) == 3 and parts[0] == "only"
    if len(parts) != 2 + only:
        raise ValueError(f"a symptom is 'METRIC VERB' or 'only METRIC VERB', not {text!r}")
    verbs = tuple(parts[-1].split("|"))
    for verb in verbs:
        if verb not in _VERBS:
            raise ValueError(f"unknown verb {verb!r} in {text!r}. Allowed: {', '.join(_VERBS)}")
    if (subject := parts[-2]) in _SUBJECTS:
        return Symptom((), verbs, only, subject)
    return Symptom(parse_patterns(subject), verbs, only)


class SymptomMatcher:
    """The findings of one case, to be searched for symptoms. Metrics without given semantics are read by name."""

    def __init__(self, evidence: Sequence[Evidence], semantics: Mapping[str, MetricSemantics] | None = None) -> None:
        self._by_kind: dict[str, list[Evidence]] = {}
        for item in evidence:
            self._by_kind.setdefault(item.kind, []).append(item)
        names = {item.metric for item in evidence if item.metric}
        self.semantics = {name: (semantics or {}).get(name) or metric_semantics(name) for name in names}
        self.movements = [item for item in evidence if item.kind in _MOVEMENTS]
        self.onsets = {item.metric: item.start for item in self.movements if item.metric and item.kind != "stuck"}

    def watched(self, symptom: Symptom) -> bool:
        """Return whether the device has a metric that could show the symptom."""
        return any(symptom.fits(metric, meaning) for metric, meaning in self.semantics.items())

    def seen(self, symptom: Symptom) -> tuple[float, list[Evidence]]:
        """Return the degree to which the symptom is seen, 0 to 1, and the findings that show it."""
        found = list(self._findings(symptom))
        if symptom.subject == "others":
            return min((min(1.0, e.strength / _FULL) for e in found), default=0.0), found
        if symptom.only and len({e.metric for e in self.movements}) != 1:
            return 0.0, []
        return max((min(1.0, e.strength / _FULL) for e in found), default=0.0), found

    def _findings(self, symptom: Symptom) -> Iterable[Evidence]:
        if symptom.subject in ("device", "gateway"):
            return self._by_kind.get("silent" if symptom.subject == "device" else "gateway", [])
        return (
            item
            for verb in symptom.verbs
            for kind, direction in _VERBS[verb]
            for item in self._by_kind.get(kind, ())
            if item.metric and self._means(symptom, item.metric) and _points(item, direction)
        )

    def _means(self, symptom: Symptom, metric: str) -> bool:
        return symptom.subject == "others" or symptom.fits(metric, self.semantics[metric])


def _points(item: Evidence, direction: int) -> bool:
    if direction == 0:
        return True
    if isinstance(item.value, bool):
        return item.value is (direction > 0)
    return isinstance(item.value, float) and item.value * direction > 0
