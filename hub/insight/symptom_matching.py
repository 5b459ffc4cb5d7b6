"""Match the ``METRIC VERB`` phrases of signatures with the findings of a case.

``METRIC`` says what a metric measures (``flow@discharge``, ``temperature:setpoint``; see
:mod:`hub.insight.metric_semantics`). It may also be a pattern for the name (``*flow*``), in a signature for one
particular machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from fnmatch import fnmatchcase
from functools import cache
from glob import escape

import msgspec

from hub.insight.lexicon import meanings
from hub.insight.metric_semantics import MetricSemantics, metric_semantics
from hub.model import Evidence

_VERBS: dict[str, tuple[tuple[str, int], ...]] = {
    # for each verb, the kinds of finding that show it, and the sign that their value must have (0: any)
    "rises": (("onset", 1), ("step", 1), ("stays_on", 1), ("changed", 1), ("over_limit", 1)),
    "falls": (("onset", -1), ("step", -1), ("stays_off", -1), ("changed", -1), ("over_limit", -1)),
    "climbs": (("onset", 1), ("step", 1), ("over_limit", 1)),
    "sinks": (("onset", -1), ("step", -1), ("over_limit", -1)),
    "ramps": (("onset", 0),),
    "steps": (("step", 0), ("changed", 0)),
    "steady": (("steady", 0), ("idle", 0), ("running", 0)),
    "stuck": (("stuck", 0),),
    "on": (("stays_on", 0), ("changed", 1)),
    "off": (("stays_off", 0), ("changed", -1)),
    "idle": (("idle", 0),),
    "running": (("running", 0),),
    "above": (("level", 1),),
    "below": (("level", -1),),
    "contradicted": (("contradicted", 0),),
    "changes": (("mode", 0), ("step", 0), ("onset", 0), ("stays_on", 0), ("stays_off", 0), ("changed", 0)),
    "silent": (("silent", 0),),
    "hunts": (("hunting", 0),),
    "cycles": (("cycling", 0),),
    "unbalanced": (("unbalanced", 0),),
    "zero": (("at_end", -1),),
    "full": (("at_end", 1),),
}
_CALM = ("steady", "idle", "running")
_ROLES = ("measured", "setpoint", "command", "status", "limit", "statistic")
MOVEMENTS = frozenset(("onset", "step", "stuck", "stays_on", "stays_off", "mode", "hunting", "cycling"))
"""Kinds of finding which say that a metric does something unusual."""
FULL = 0.45
"""A symptom counts in full if the finding's strength is at least this (about five sigmas)."""
_PLACE_UNKNOWN = 0.6
"""Weight of a symptom at a place if no metric is known to be at this place.

The symptom may then be shown by the only metric of its quantity, if this metric has no known place.
"""
_SWITCHING = 0.5
"""How certain it is (0 to 1) that a metric which switches as usual has not moved."""
_DIRECT_KINDS = ("silent", "gateway", "mode", "stuck", "hunting", "cycling")
_DIRECT_QUANTITIES = ("contact", "leak", "smoke", "alarm", "mode", "occupancy", "motion")
_SUBJECTS = ("others", "device", "gateway")


class MetricPattern(msgspec.Struct, frozen=True):
    """Pattern for metrics: by ``quantity``, all of ``places``, and ``role``, or by name (``glob``)."""

    quantity: str | None = None
    places: frozenset[str] = frozenset()
    role: str | None = None
    glob: str | None = None

    def fits(self, metric: str, semantics: MetricSemantics) -> bool:
        """Return whether the pattern matches this metric.

        Set points and limits are matched only by patterns that have this role.
        """
        if self.glob is not None:
            return fnmatchcase(metric.lower(), self.glob)
        if semantics.role != self.role if self.role else semantics.role in ("setpoint", "limit"):
            return False
        return self.quantity in (None, semantics.quantity) and self.places <= semantics.places


class Symptom(msgspec.Struct, frozen=True):
    """A symptom of a cause: a metric that ``patterns`` select does what one of ``verbs`` says, such as "rises".

    A symptom without patterns is about its ``subject``: "others" (any metric), "device" or "gateway". With ``only``,
    the symptom is present only if no other metric has moved.
    """

    patterns: tuple[MetricPattern, ...]
    verbs: tuple[str, ...]
    only: bool = False
    subject: str | None = None

    @property
    def expects_calm(self) -> bool:
        """Return whether the symptom says that a metric stays calm."""
        return all(verb in _CALM for verb in self.verbs)

    def fits(self, metric: str, semantics: MetricSemantics) -> bool:
        """Return whether any pattern of the symptom matches the metric."""
        return any(pattern.fits(metric, semantics) for pattern in self.patterns)

    @property
    def any_metric(self) -> bool:
        """Return whether the symptom's pattern is ``*``, which matches every metric."""
        return self.patterns == (MetricPattern(glob="*"),)


@cache
def parse_patterns(text: str) -> tuple[MetricPattern, ...]:
    """Parse patterns that are separated by ``|``. Raises ValueError for an unknown quantity, place or role."""
    return tuple(map(_pattern, text.split("|")))


def _pattern(text: str) -> MetricPattern:
    if "*" in text:
        return MetricPattern(glob=text.lower())
    meaning, colon, role = text.partition(":")
    if colon and role not in _ROLES:
        raise ValueError(f"{role!r} in {text!r} is not a role. Allowed: {', '.join(_ROLES)}")
    quantity, at, places = meaning.partition("@")
    known_quantities, known_places = meanings()
    if quantity and quantity not in known_quantities:
        raise ValueError(f"{quantity!r} is not a quantity; for a metric name write a pattern such as '*{quantity}*'")
    named = frozenset(places.split("+")) if at else frozenset()
    if unknown := sorted(named - known_places):
        raise ValueError(f"{unknown[0]!r} in {text!r} is not a place. Allowed: {', '.join(sorted(known_places))}")
    return MetricPattern(quantity or None, named, role or None)


@cache
def parse_symptom(text: str) -> Symptom:
    """Parse one symptom. Raises ValueError, which names the invalid part."""
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


@cache
def parse_alternatives(text: str) -> tuple[Symptom, ...]:
    """Parse symptoms that are separated by " or ". Raises ValueError, which names the invalid part."""
    return tuple(map(parse_symptom, text.split(" or ")))


class SymptomMatcher:
    """Searches findings for symptoms. The quantity of a metric that is not in ``semantics`` is inferred from its name.

    If ``limits`` is True, a metric beyond its limit counts as risen or fallen, even if it has not moved lately.
    """

    def __init__(
        self,
        evidence: Sequence[Evidence],
        semantics: Mapping[str, MetricSemantics] | None = None,
        *,
        limits: bool = True,
    ) -> None:
        self.over_limit = {item.metric for item in evidence if item.kind == "over_limit"}
        self._by_kind: dict[str, list[Evidence]] = {}
        for item in evidence:
            # A metric that is steady beyond its limit is not in its usual state.
            is_steady = item.kind == "steady" and item.metric in self.over_limit
            # If a metric was often or always beyond its limit before, the limit is probably wrong.
            is_known = item.params.get("is_lasting") or item.params.get("is_usual")
            is_no_news = item.kind == "over_limit" and (not limits or is_known)
            if not is_steady and not is_no_news:
                self._by_kind.setdefault(item.kind, []).append(item)
        self.exceeded = self._by_kind.get("over_limit", [])
        names = {item.metric for item in evidence if item.metric}
        self.semantics = {name: (semantics or {}).get(name) or metric_semantics(name) for name in names}
        self.movements = [item for item in evidence if item.kind in MOVEMENTS]
        self.latest = max((item.end for item in evidence), default=0)
        self.onsets = _onsets(evidence)

    def calm(self, alternatives: Sequence[Symptom]) -> float:
        """Return how certain it is (0 to 1) that a metric which could show one of the symptoms is steady."""
        return max(
            (
                min(1.0, item.strength / FULL) * (1.0 if kind == "steady" else _SWITCHING)
                for kind in _CALM
                for item in self._by_kind.get(kind, ())
                if item.metric and any(s.fits(item.metric, self.semantics[item.metric]) for s in alternatives)
            ),
            default=0.0,
        )

    def opposed(self, alternatives: Sequence[Symptom]) -> bool:
        """Return whether any metric that could show one of the symptoms in ``alternatives`` has moved, up or down."""
        return any(
            item.metric is not None and any(s.fits(item.metric, self.semantics[item.metric]) for s in alternatives)
            for item in self.movements
        )

    def is_direct(self, item: Evidence) -> bool:
        """Return whether the finding directly shows a cause, as a door contact, a changed set point or silence does."""
        if item.kind in _DIRECT_KINDS:
            return True
        if item.metric is None or item.kind not in (*MOVEMENTS, "changed", "running", "idle"):
            return False
        meaning = self.semantics[item.metric]
        return (
            (meaning.role == "setpoint" and item.kind in ("step", "changed"))
            or meaning.quantity in _DIRECT_QUANTITIES
            or isinstance(item.value, bool)
        )

    def seen(self, alternatives: Sequence[Symptom], *, guess: bool = True) -> tuple[float, list[Evidence]]:
        """Return the strength (0 to 1) of the clearest of the symptoms, and the findings that show it.

        With ``guess``, a symptom at a place ("temperature of the bearing") may be shown by a metric without a known
        place, if the device has no other such metric of this quantity.
        """
        return max((self._seen(each, guess) for each in alternatives), key=lambda each: each[0])

    def _seen(self, symptom: Symptom, guess: bool) -> tuple[float, list[Evidence]]:
        found = list(self._findings(symptom))
        if not found and guess and (loose := self._without_place(symptom)) is not None:
            found = list(self._findings(loose))
            return _PLACE_UNKNOWN * max((min(1.0, e.strength / FULL) for e in found), default=0.0), found
        if symptom.subject == "others":
            return min((min(1.0, e.strength / FULL) for e in found), default=0.0), found
        if symptom.only and len({e.metric for e in self.movements}) != 1:
            return 0.0, []
        return max((min(1.0, e.strength / FULL) for e in found), default=0.0), found

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

    def _without_place(self, symptom: Symptom) -> Symptom | None:
        """Return ``symptom`` for a metric whose place is unknown, but which may be at the place of the symptom.

        An example is "temperature of the bearing" on a device with a single temperature. Return None if the place of a
        matching metric is known, or if there is not exactly one metric of the quantity without a place.
        """
        if symptom.subject is not None or symptom.only:
            return None
        placed = [each for each in symptom.patterns if each.quantity and each.places]
        if not placed or any(symptom.fits(metric, meaning) for metric, meaning in self.semantics.items()):
            return None
        wanted = {each.quantity for each in placed}
        unplaced = [
            metric
            for metric, meaning in self.semantics.items()
            if meaning.quantity in wanted and not meaning.places and meaning.role == "measured"
        ]
        if len(unplaced) != 1:
            return None
        return Symptom((MetricPattern(glob=escape(unplaced[0].lower())),), symptom.verbs)

    def _means(self, symptom: Symptom, metric: str) -> bool:
        return symptom.subject == "others" or symptom.fits(metric, self.semantics[metric])


def _onsets(evidence: Iterable[Evidence]) -> dict[str, tuple[int, int]]:
    """Return the earliest and the latest time (epoch ms) at which each metric may have begun to change, by metric."""
    found: dict[str, tuple[int, int]] = {}
    for item in evidence:
        if item.metric and item.kind in (*MOVEMENTS, "changed") and item.kind != "stuck":
            earliest, latest = item.params.get("earliest_at"), item.params.get("latest_at")
            low = earliest if isinstance(earliest, int) else item.start
            high = latest if isinstance(latest, int) else item.start
            known = found.get(item.metric, (low, high))
            found[item.metric] = min(low, known[0]), max(high, known[1])
    return found


def _points(item: Evidence, direction: int) -> bool:
    if direction == 0:
        return True
    if isinstance(item.value, bool):
        return item.value is (direction > 0)
    if item.kind in ("over_limit", "at_end"):
        return item.params.get("is_above") is (direction > 0)
    before = (
        item.params.get("before", 0.0) if item.kind == "changed" else 0.0
    )  # other kinds of finding have the change itself as their value
    return isinstance(item.value, float) and isinstance(before, float | int) and (item.value - before) * direction > 0
