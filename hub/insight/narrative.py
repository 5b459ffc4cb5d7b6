"""Write a diagnosis from the findings by templates, without a language model: the text of the built-in analyst.

The summary has three to five sentences. They say what happened and since when, why it indicates the cause, which limit
is exceeded now, which other causes are possible, and what to check first.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import msgspec

from hub import text_format as fmt
from hub.insight.decision import decide, match_word
from hub.insight.differential import Alternative, deciding_check, differential
from hub.insight.findings import state_text
from hub.insight.outcome import MOVED, NOTABLE, URGENT, outcome
from hub.model import CauseMatch, Evidence


class Statement(msgspec.Struct, frozen=True):
    """A sentence, and the ids of the evidence that it cites."""

    text: str
    evidence: tuple[str, ...]


class Narrative(msgspec.Struct, frozen=True):
    """The text of a diagnosis, written by the built-in analyst or a model, before the hub checks it."""

    summary: str
    cause: str | None
    claims: tuple[Statement, ...]
    actions: tuple[str, ...]
    confirm_by: tuple[str, ...]


_CLAIMED = (
    *NOTABLE,
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
    "incident",
)
_UNDECIDED_ACTIONS = (
    "Look at the device and compare the reading with a second measurement.",
    "Ask again when the condition has lasted longer: more of its consequences will show.",
)


def narrate(
    evidence: Sequence[Evidence],
    matches: Sequence[CauseMatch],
    titles: Mapping[str, str] | None = None,
    *,
    alerted: bool = False,
) -> Narrative:
    """Return the built-in analyst's text: summary, claims, recommended actions and checks.

    Args:
        evidence: The findings.
        matches: The causes that fit the findings, best first.
        titles: The titles of the metrics. (The text does not name the device, because the dashboard shows its name.)
        alerted: Whether the diagnosis explains an alert.
    """
    names = _Names(titles or {})
    chosen = decide(matches)
    notable = [e for e in evidence if e.kind in NOTABLE]
    claims = [Statement(_sentence(e.finding), (e.id,)) for e in evidence if e.kind in _CLAIMED]
    if chosen is not None:
        claims += _pro_and_contra(chosen, evidence, names)
        summary = " ".join(filter(None, _cause_sentences(chosen, matches, evidence, names)))
        return Narrative(summary, chosen.cause, tuple(claims), _actions(chosen), chosen.confirm_by)
    result = outcome(None, matches, evidence, alerted=alerted)
    if result == "normal" or not evidence:
        return Narrative(_nothing_unusual(evidence, names), None, tuple(claims), (), ())
    others = differential(matches, None) if result == "possible" else ()
    known = _main_findings(notable) or "Beside the alert, nothing unusual was found."
    summary = " ".join(
        filter(None, ("The evidence does not suffice to name a cause.", known, _possible_causes(others)))
    )
    confirm = tuple(dict.fromkeys(each.check for each in others if each.check))
    return Narrative(summary, None, tuple(claims), _UNDECIDED_ACTIONS, confirm)


def _cause_sentences(
    chosen: CauseMatch, matches: Sequence[CauseMatch], evidence: Sequence[Evidence], names: _Names
) -> tuple[str, ...]:
    """Return the sentences of a summary that names the cause ``chosen``.

    They are, in this order: the cause and the course of events, the explanation, an exceeded limit or silence, the
    likeliest alternative, and what to check first. A sentence is empty if there is nothing to say.
    """
    others = differential(matches, chosen.cause)
    weak = match_word(chosen.score) == "weak"
    check = next((each for each in chosen.confirm_by if not others or each != others[0].check), None)
    return (
        f"{_title(chosen)}{' (a weak match)' if weak else ''}: {_course(evidence, chosen, names)}.",
        chosen.explain,
        _present_state([e for e in evidence if e.kind in URGENT]),
        _alternative(others[0]) if others else "",
        f"Check first: {_within_sentence(check)}" if check and (weak or not others) else "",
    )


def _actions(chosen: CauseMatch) -> tuple[str, ...]:
    """Return the recommended actions for the named cause.

    For a fault that is a weak match, the first action is to confirm the cause.
    """
    if match_word(chosen.score) != "weak" or chosen.nature != "fault":
        return chosen.actions
    return (f"Confirm the cause before you act: {_within_sentence(chosen.confirm_by[0])}", *_UNDECIDED_ACTIONS[1:])


def _title(chosen: CauseMatch) -> str:
    whose = chosen.cause in ("sensor_drift", "stuck_sensor") and chosen.component not in (None, "sensor")
    return f"{chosen.title} of the {chosen.component}" if whose else chosen.title


def _course(evidence: Sequence[Evidence], chosen: CauseMatch, names: _Names) -> str:
    """Return a phrase on the course of events: the first change, its value now, later changes, and steady metrics."""
    supporting = [e for e in evidence if e.id in chosen.supporting]
    moved = sorted((e for e in supporting if e.kind in MOVED or _is_switched(e)), key=lambda e: e.start)
    urgent = {e.metric for e in evidence if e.kind in URGENT}  # a sentence of its own tells their readings
    if not moved:
        return fmt.join(list(dict.fromkeys(_short(e, names) for e in supporting))[:3]) or "its findings fit"
    if chosen.nature == "act" and (done := next((e for e in moved if _is_switched(e) or e.kind == "mode"), None)):
        with_it = [names.of(e) for e in moved if e is not done][:3]
        followed = f", and {fmt.join(with_it)} moved with it" if with_it else ""
        return f"{_short(done, names)}, from {fmt.clock(done.start)} on{followed}"
    first = moved[0]
    reading = "" if first.metric in urgent else _reading(first)
    text = f"{_short(first, names)}{' first' if len(moved) > 1 else ''}, from {fmt.clock(first.start)} on{reading}"
    later = [f"{names.of(e)} {fmt.duration(e.start - first.start)} later" for e in moved[1:4] if e.start > first.start]
    text += f", {fmt.join(later)}" if later else ""
    kept = _unchanged([e for e in supporting if e.kind == "steady"][:3], names)
    return text + (f", while {fmt.join(kept)}" if kept else "")


def _unchanged(steady: Sequence[Evidence], names: _Names) -> list[str]:
    """Return phrases on the metrics that did not change. ``steady`` are the findings on these metrics.

    One phrase names all metrics with numbers ("… stay normal"). Each contact or relay has its own phrase, with its
    state.
    """
    usual = [names.of(e) for e in steady if not isinstance(e.value, bool)]
    phrases = [f"{fmt.join(usual)} {'stay' if len(usual) > 1 else 'stays'} normal"] if usual else []
    return phrases + [_short(e, names) for e in steady if isinstance(e.value, bool)]


def _is_switched(e: Evidence) -> bool:
    """Return whether a finding says that a contact or a relay is in an unusual or rare state."""
    return e.kind in ("running", "idle", "stays_on", "stays_off") and isinstance(e.value, bool)


def _reading(e: Evidence) -> str:
    """Return the newest reading in a finding and its time, as in " (5.2 bar at 10:02)"; empty if it has no reading."""
    reading, read_at = e.params.get("reading"), e.params.get("read_at")
    if not isinstance(reading, float) or not isinstance(read_at, int):
        return ""
    return f" ({fmt.quantity(reading, e.unit)} at {fmt.clock(read_at)})"


def _present_state(urgent: Sequence[Evidence]) -> str:
    """Return a sentence on the first of ``urgent``, the findings on exceeded limits and silence; empty if none."""
    return _sentence(_without_extreme(urgent[0].finding)) if urgent else ""


def _without_extreme(found: str) -> str:
    """Return the sentence of a finding without the peak or lowest value, which it has in parentheses at its end."""
    return re.split(r" \((?:peak|lowest) ", found, maxsplit=1)[0]


def _alternative(other: Alternative) -> str:
    """Return sentences on the likeliest alternative cause and, if there is one, on the check that tells it apart."""
    text = f"Also possible: {_called(other)}."
    return f"{text} To tell them apart: {_within_sentence(other.check)}" if other.check else text


def _within_sentence(check: str) -> str:
    """Return the text of a check for use within a sentence, beginning with a lower-case letter."""
    return check[0].lower() + check[1:] if check.startswith("A ") else fmt.in_sentence(check)


def _called(other: Alternative) -> str:
    return fmt.in_sentence(other.title).split(":")[0]


def _main_findings(notable: Sequence[Evidence]) -> str:
    """Return the sentences of the one or two most informative findings."""
    over = [e for e in notable if e.kind in URGENT]
    moved = [e for e in notable if e.kind in MOVED]
    chosen = list({e.id: e for e in (*over[:1], *moved[:1])}.values()) or list(notable[:2])
    return " ".join(_sentence(_without_extreme(e.finding).rstrip(".")) for e in chosen)


def _possible_causes(others: Sequence[Alternative]) -> str:
    """Return sentences on the possible causes, and on the check that decides between them."""
    if not others:
        return "No known cause fits it well."
    text = f"Possible: {fmt.join([_called(each) for each in others], 'or')}."
    check = deciding_check(others, named=False)
    return (
        f"{text} {'To tell them apart' if len(others) > 1 else 'To confirm it'}: {_within_sentence(check)}"
        if check
        else text
    )


def _nothing_unusual(evidence: Sequence[Evidence], names: _Names) -> str:
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
    """Provides the names of metrics for use in sentences. ``titles`` has the title of each metric."""

    titles: Mapping[str, str]

    def of(self, e: Evidence) -> str:
        """Return the name of a finding's metric for use in a sentence; "the device" if the finding has no metric."""
        if e.metric is None:
            return "the device"
        return fmt.in_sentence(self.titles.get(e.metric) or fmt.spoken(e.metric))


def _short(e: Evidence, names: _Names) -> str:
    """Return a finding in a few words."""
    metric = names.of(e)
    if e.kind == "steady" and isinstance(e.value, bool):
        return f"{metric} stays {state_text(e.metric or '', e.value)}"
    falls = isinstance(e.value, float) and e.value < 0
    phrases = {
        "onset": f"{metric} {'falls' if falls else 'rises'}",
        "step": f"{metric} stepped {'down' if falls else 'up'}",
        "mode": f"{metric} changed",
        "changed": f"{metric} was changed",
        "contradicted": f"other readings contradict {metric}",
        "stuck": f"{metric} repeats one value",
        "stays_on": f"{metric} stays {'open' if 'open' in e.finding else 'on'}",
        "stays_off": f"{metric} stays {'closed' if 'closed' in e.finding else 'off'}",
        "level": f"{metric} runs {'below' if falls else 'above'} its usual level",
        "idle": f"{metric} is off",
        "running": f"{metric} is {'open' if 'open' in e.finding else 'on'}",
        "silent": "the device sends nothing",
        "over_limit": f"{metric} is {'above' if e.params.get('is_above') else 'below'} its limit",
        "at_end": f"{metric} is at an end of its range",
        "unbalanced": f"{metric} contradicts the balance of the flows",
        "hunting": f"{metric} swings up and down",
        "cycling": f"{metric} switches more often than before",
        "gateway": "most devices behind its gateway fell silent with it",
    }
    return phrases.get(e.kind, f"{metric} goes on as usual")


def _sentence(text: str) -> str:
    return text[:1].upper() + text[1:] + "."
