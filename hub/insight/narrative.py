"""The built-in analyst's words: a diagnosis written from the findings alone, by templates. Not a language model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub import text_format as fmt
from hub.insight.causes import DECIDED, decide
from hub.model import CauseMatch, Evidence


class Statement(msgspec.Struct, frozen=True):
    """A sentence and the ids of the evidence it cites."""

    text: str
    evidence: tuple[str, ...]


class Narrative(msgspec.Struct, frozen=True):
    """What a writer (the built-in analyst or a model) makes of the evidence, before it is checked."""

    summary: str
    cause: str | None
    claims: tuple[Statement, ...]
    actions: tuple[str, ...]
    confirm_by: tuple[str, ...]


_TOLD = (
    "over_limit",
    "silent",
    "gateway",
    "alone",
    "step",
    "onset",
    "stuck",
    "stays_on",
    "stays_off",
    "jump",
    "history",
)
_CLAIMED = (
    *_TOLD,
    "level",
    "order",
    "slope",
    "deviation",
    "contradicted",
    "moved_with",
    "peers",
    "gap",
    "clock",
    "past",
)
_MOVED = ("step", "onset", "stuck", "stays_on", "stays_off")
_UNDECIDED_ACTIONS = (
    "Look at the device and compare the reading with a second measurement.",
    "Ask again when the condition has lasted longer: more of its consequences will show.",
)


def narrate(
    evidence: Sequence[Evidence], matches: Sequence[CauseMatch], titles: Mapping[str, str] | None = None
) -> Narrative:
    """Return summary, claims and next steps. ``titles`` are the titles of the metrics.

    The device is not named: whoever shows them shows it."""
    names = _Names(titles or {})
    chosen = decide(matches)
    told = [e for e in evidence if e.kind in _TOLD]
    if chosen is not None:
        summary = f"{_title(chosen)}: {_course(evidence, chosen, names)}. {_now(told)}".strip()
    elif told:
        summary = f"The evidence does not suffice to name a cause. {_known(told)}{_candidates(matches)}"
    else:
        summary = _nothing(evidence, names)
    claims = [Statement(_sentence(e.finding), (e.id,)) for e in evidence if e.kind in _CLAIMED]
    if chosen is not None:
        claims += _pro_and_contra(chosen, evidence, names)
        return Narrative(summary, chosen.cause, tuple(claims), chosen.actions, chosen.confirm_by)
    likely = [m for m in matches[:2] if m.score >= 0.3]
    confirm = tuple(step for m in likely for step in m.confirm_by[:1])
    return Narrative(summary, None, tuple(claims), _UNDECIDED_ACTIONS if told else (), confirm)


def _title(chosen: CauseMatch) -> str:
    whose = chosen.cause in ("sensor_drift", "stuck_sensor") and chosen.component not in (None, "sensor")
    return f"{chosen.title} of the {chosen.component}" if whose else chosen.title


def _course(evidence: Sequence[Evidence], chosen: CauseMatch, names: _Names) -> str:
    """Return what moved first, what followed, and what stayed as it was although it might have moved."""
    supporting = [e for e in evidence if e.id in chosen.supporting]
    moved = [e for e in supporting if e.kind in _MOVED]
    if not moved:
        return fmt.join(list(dict.fromkeys(_short(e, names) for e in supporting))[:3]) or "its findings fit"
    first = moved[0]
    text = f"{_short(first, names)}{' first' if len(moved) > 1 else ''}, from {fmt.clock(first.start)} on"
    later = [f"{names.of(e)} {fmt.duration(e.start - first.start)} later" for e in moved[1:4] if e.start > first.start]
    usual = [names.of(e) for e in supporting if e.kind == "steady"][:3]
    text += f", {fmt.join(later)}" if later else ""
    return text + (f", while {fmt.join(usual)} {'stay' if len(usual) > 1 else 'stays'} normal" if usual else "")


def _now(told: Sequence[Evidence]) -> str:
    """What matters at the moment: the limit that is broken, and by how much."""
    over = [e for e in told if e.kind in ("over_limit", "silent", "gateway", "alone")]
    return _sentence(over[0].finding.split(" (peak")[0]) if over else ""


def _known(told: Sequence[Evidence]) -> str:
    """The two findings that say most, where no cause can be named."""
    over = [e for e in told if e.kind in ("over_limit", "silent", "gateway", "alone")]
    moved = [e for e in told if e.kind in _MOVED]
    chosen = list({e.id: e for e in (*over[:1], *moved[:1])}.values()) or list(told[:2])
    return " ".join(_sentence(e.finding.split(" (peak")[0].rstrip(".")) for e in chosen)


def _candidates(matches: Sequence[CauseMatch]) -> str:
    possible = [fmt.in_sentence(m.title) for m in matches[:2] if m.score >= 0.3]
    if not possible:
        return " Nothing known fits it well."
    tie = len(possible) == 2 and matches[1].score >= DECIDED
    return f" {'Two causes fit about equally' if tie else 'Possible, but weakly supported'}: {' or '.join(possible)}."


def _nothing(evidence: Sequence[Evidence], names: _Names) -> str:
    usual = [e for e in evidence if e.kind in ("steady", "idle", "running")]
    if not usual:
        return "There is no telemetry to judge by."
    listed = fmt.join([names.of(e) for e in usual[:6]])
    return f"Nothing unusual was found; {listed} {'are' if len(usual) > 1 else 'is'} as usual for this device."


def _pro_and_contra(chosen: CauseMatch, evidence: Sequence[Evidence], names: _Names) -> list[Statement]:
    by_id = {e.id: e for e in evidence}
    pro = list(dict.fromkeys(_short(by_id[i], names) for i in chosen.supporting if i in by_id))
    contra = list(dict.fromkeys(_short(by_id[i], names) for i in chosen.against if i in by_id))
    claims = [Statement(f"In favour of {fmt.in_sentence(chosen.title)}: {fmt.join(pro)}.", chosen.supporting)]
    if contra:
        claims.append(Statement(f"Against it, or not explained by it: {fmt.join(contra)}.", chosen.against))
    return claims


class _Names(NamedTuple):
    """What sentences call the metrics."""

    titles: Mapping[str, str]

    def of(self, e: Evidence) -> str:
        """Return what a sentence calls the metric of an evidence."""
        if e.metric is None:
            return "the device"
        return fmt.in_sentence(self.titles.get(e.metric) or fmt.spoken(e.metric))


def _short(e: Evidence, names: _Names) -> str:
    """Return a finding in a few words."""
    metric = names.of(e)
    falls = isinstance(e.value, float) and e.value < 0
    told = {
        "onset": f"{metric} {'falls' if falls else 'rises'}",
        "step": f"{metric} stepped {'down' if falls else 'up'}",
        "stuck": f"{metric} repeats one value",
        "stays_on": f"{metric} stays {'open' if 'open' in e.finding else 'on'}",
        "stays_off": f"{metric} stays {'closed' if 'closed' in e.finding else 'off'}",
        "level": f"{metric} runs {'below' if falls else 'above'} its usual level",
        "idle": f"{metric} is off",
        "running": f"{metric} is {'open' if 'open' in e.finding else 'on'}",
        "contradicted": f"{metric} differs from what the metrics that usually move with it lead to expect",
        "silent": "the device sends nothing",
        "gateway": "most devices behind its gateway fell silent with it",
    }
    return told.get(e.kind, f"{metric} goes on as usual")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
