"""Signs: the ``METRIC VERB`` phrases of the signatures, and how far a set of findings shows each."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fnmatch import fnmatchcase
from functools import cache

import msgspec

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
    "silent": (("silent", 0),),
}
_MOVEMENTS = {"onset", "step", "stuck", "stays_on", "stays_off"}
_FULL = 0.45
"""The strength (about five sigmas) from which a sign counts in full."""


class Symptom(msgspec.Struct, frozen=True):
    """``patterns`` over metric names, or ``device`` and ``gateway``; ``only``: nothing else may have moved."""

    patterns: tuple[str, ...]
    verbs: tuple[str, ...]
    only: bool = False

    def fits(self, metric: str) -> bool:
        return any(fnmatchcase(metric.lower(), pattern) for pattern in self.patterns)


@cache
def parse_symptom(text: str) -> Symptom:
    """Raises ValueError that says which part is not understood."""
    parts = text.split()
    only = len(parts) == 3 and parts[0] == "only"
    if len(parts) != 2 + only:
        raise ValueError(f"a sign is 'METRIC VERB' or 'only METRIC VERB', not {text!r}")
    verbs = tuple(parts[-1].split("|"))
    for verb in verbs:
        if verb not in _VERBS:
            raise ValueError(f"{verb!r} in {text!r} is no verb of signs: {', '.join(_VERBS)}")
    return Symptom(tuple(parts[-2].split("|")), verbs, only)


class SymptomMatcher:
    """The findings of one case, ready to be asked for signs."""

    def __init__(self, evidence: Sequence[Evidence]) -> None:
        self._by_kind: dict[str, list[Evidence]] = {}
        for item in evidence:
            self._by_kind.setdefault(item.kind, []).append(item)
        self._metrics = {item.metric for item in evidence if item.metric}
        self.movements = [item for item in evidence if item.kind in _MOVEMENTS]
        self.onsets = {item.metric: item.start for item in self.movements if item.metric and item.kind != "stuck"}

    def watched(self, sign: Symptom) -> bool:
        """Whether the device has a metric that could show the sign."""
        return any(sign.fits(metric) for metric in self._metrics)

    def seen(self, sign: Symptom) -> tuple[float, list[Evidence]]:
        """The degree to which the sign is seen, 0 to 1, and the findings that show it."""
        found = list(self._findings(sign))
        if sign.patterns == ("others",):
            return min((min(1.0, e.strength / _FULL) for e in found), default=0.0), found
        if sign.only and len({e.metric for e in self.movements}) != 1:
            return 0.0, []
        return max((min(1.0, e.strength / _FULL) for e in found), default=0.0), found

    def _findings(self, sign: Symptom) -> Iterable[Evidence]:
        if sign.patterns in (("device",), ("gateway",)):
            kind = "silent" if sign.patterns == ("device",) else "gateway"
            return self._by_kind.get(kind, [])
        return (
            item
            for verb in sign.verbs
            for kind, direction in _VERBS[verb]
            for item in self._by_kind.get(kind, ())
            if item.metric and (sign.fits(item.metric) or sign.patterns == ("others",)) and _points(item, direction)
        )


def _points(item: Evidence, direction: int) -> bool:
    if direction == 0:
        return True
    if isinstance(item.value, bool):
        return item.value is (direction > 0)
    return isinstance(item.value, float) and item.value * direction > 0
