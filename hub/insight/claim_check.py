"""Is a writer's sentence borne out by the evidence it cites? Every number, time, metric, direction and order in it is
looked up.

The check is strict: what it cannot find is unsupported, even where it may be true. It knows nothing of who wrote.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from hub import text_format as fmt
from hub.insight import quantities
from hub.insight.quantities import Quantity
from hub.model import Evidence

_CLOCK = re.compile(r"\b(\d{1,2}):(\d{2})(?::(\d{2}))?(?!\d)")
_DATE = re.compile(r"\b\d{4}-\d{2}-\d{2}\b")
_ID = re.compile(r"[\[(]?\be\d{1,3}\b[\])]?(?:\s*[,;]\s*[\[(]?\be\d{1,3}\b[\])]?)*")
_RISE = re.compile(r"\b(rise[sn]?|rose|rising|increas\w*|climb\w*|went up|goes up)\b", re.I)
_FALL = re.compile(
    r"\b(falls?|fell|fallen|falling|decreas\w*|drop(?:s|ped|ping)?|declin\w*|sank|sinks?|went down|goes down)\b", re.I
)
_NOT = re.compile(r"\b(not|no|never|without|neither|nor|unchanged|steady|didn't|doesn't|isn't)\b", re.I)
_FIRST = re.compile(r"\b(first|earliest|initially|led|leads)\b", re.I)
_BEFORE = re.compile(r"\b(before|ahead of|preced\w+|followed by)\b", re.I)
_AFTER = re.compile(r"\b(after|follow(?:s|ed|ing)?(?! by))\b", re.I)
_CLAUSE = re.compile(r"[;:.]\s|,?\s(?:and|but|while|whereas)\s|,\s")
_OTHER_WORDS = re.compile(r"\b(?!the\b|its\b|both\b)[a-z]\w*", re.I)
_MOVED = ("onset", "step", "stays_on", "stays_off", "stuck")


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """``metrics`` of the device and their ``titles``; ``names`` may hold digits that are not numbers: ids, models,
    areas."""

    metrics: tuple[str, ...] = ()
    names: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)

    def forms(self, metric: str) -> list[str]:
        """Return what a sentence may call a metric: its title, its id, its id as words."""
        title = fmt.in_sentence(self.titles.get(metric, ""))
        called = [title] if any(letter.isalpha() for letter in title) else []
        return [*called, metric, fmt.spoken(metric), metric.replace("_", " ")]


def check(text: str, cited: Sequence[str], evidence: Sequence[Evidence], vocabulary: Vocabulary) -> bool:
    """Whether ``text`` is supported by the evidence with the ids ``cited``: all known, at least one."""
    by_id = {e.id: e for e in evidence}
    if not cited or any(i not in by_id for i in cited):
        return False
    base = [by_id[i] for i in cited]
    plain = _without_names(_ID.sub(" ", text), vocabulary.names)
    mentioned, bare = _metrics(plain, vocabulary)
    return (
        _times_hold(bare, base)
        and _numbers_hold(_CLOCK.sub(" ", _DATE.sub(" ", bare)), base)
        and _known(mentioned, base, vocabulary)
        and all(_directions_hold(part, base, vocabulary) for part in _clauses(plain, vocabulary))
        and _order_holds(plain, base, evidence, vocabulary)
    )


def sentences(text: str) -> list[str]:
    """Cut a text into sentences; a point within a number or time does not end a sentence."""
    return [part.strip() for part in re.split(r"(?<=[.!?])\s+(?=[A-Z“\"(])|\n+", text) if part.strip()]


def _without_names(text: str, names: Iterable[str]) -> str:
    for name in sorted(filter(None, names), key=len, reverse=True):
        if any(char.isdigit() for char in name):
            text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", " ", text, flags=re.I)
    return text


def _metrics(text: str, vocabulary: Vocabulary) -> tuple[list[tuple[int, str]], str]:
    """Return the metrics a text names, with their places, and the text without them. The longest name wins."""
    found: list[tuple[int, str]] = []
    forms = {form: metric for metric in vocabulary.metrics for form in vocabulary.forms(metric)}
    for form in sorted(forms, key=len, reverse=True):
        pattern = re.compile(rf"(?<!\w){re.escape(form)}(?!\w)", re.I)
        found += [(match.start(), forms[form]) for match in pattern.finditer(text)]
        text = pattern.sub(lambda match: "\0" * len(match.group()), text)
    return sorted(found), text.replace("\0", " ")


def _known(mentioned: Sequence[tuple[int, str]], base: Sequence[Evidence], vocabulary: Vocabulary) -> bool:
    """Return whether every metric named is one that the cited evidence is about."""
    about = {e.metric for e in base}
    told = " ".join(e.finding for e in base)
    return all(metric in about or any(form in told for form in vocabulary.forms(metric)) for _, metric in mentioned)


def _times_hold(text: str, base: Sequence[Evidence]) -> bool:
    told = " ".join(e.finding for e in base)
    clocks = {(int(h), int(m), int(s) if s else None) for h, m, s in _CLOCK.findall(told)}
    dates = set(_DATE.findall(told))
    for e in base:
        for stamp in (e.start, e.end):
            clocks.add(fmt.time_of_day(stamp))
            dates.add(fmt.date(stamp))
    for hour, minute, second in _CLOCK.findall(text):
        wanted = (int(hour), int(minute))
        if second and (*wanted, int(second)) not in clocks:
            return False
        if not second and wanted not in {(h, m) for h, m, _ in clocks}:
            return False
    return all(date in dates for date in _DATE.findall(text))


def _numbers_hold(text: str, base: Sequence[Evidence]) -> bool:
    known: list[Quantity] = []
    for e in base:
        known += quantities.read(_CLOCK.sub(" ", _DATE.sub(" ", e.finding)))
        if isinstance(e.value, float):
            known.append(Quantity(e.value, 6, quantities.unit(e.unit)))
            if e.kind in ("onset", "step", "level", "jump", "stays_on", "stays_off"):
                known.append(Quantity(abs(e.value), 6, quantities.unit(e.unit)))
    counts = {len(base), len({e.metric for e in base}), sum(1 for e in base if e.kind in _MOVED)}
    return all(
        quantities.supported(wanted, known) or (wanted.unit is None and wanted.word and wanted.value in counts)
        for wanted in quantities.read(text)
    )


def _clauses(text: str, vocabulary: Vocabulary) -> Iterator[str]:
    """A sentence cut where another metric may begin. What stands before it in a list is said of it too: "flow and
    pressure fell" is "flow fell", "pressure fell"."""
    parts = _CLAUSE.split(text)
    for part, following in zip(parts, [*parts[1:], ""], strict=True):
        named, rest = _metrics(part, vocabulary)
        listed = bool(named) and not _OTHER_WORDS.search(rest)
        follows = _metrics(following, vocabulary)[1] if listed else ""
        move = _RISE.search(follows) or _FALL.search(follows)
        yield f"{part} {move.group()}" if move else part


def _directions_hold(part: str, base: Sequence[Evidence], vocabulary: Vocabulary) -> bool:
    """A clause about one metric that says it rises or falls must agree with how that metric moved."""
    named, part = _metrics(part, vocabulary)  # "pressure drop" falls no more than another
    mentioned = {metric for _, metric in named}
    rise, fall = bool(_RISE.search(part)), bool(_FALL.search(part))
    if len(mentioned) != 1 or rise == fall:
        return True
    own = [e for e in base if e.metric in mentioned]
    moves = [e.value for e in own if e.kind in ("onset", "step", "slope", "jump") and isinstance(e.value, float)]
    agrees = any((value > 0) == rise for value in moves)
    if _NOT.search(part):
        return not agrees
    return agrees if moves or any(e.kind in ("steady", "idle", "running", "stuck") for e in own) else True


def _order_holds(text: str, base: Sequence[Evidence], evidence: Sequence[Evidence], vocabulary: Vocabulary) -> bool:
    """ "A rose before B", "B followed A" and "A moved first" against the onsets."""
    onsets = {e.metric: e.start for e in evidence if e.kind in ("onset", "step", "stays_on", "stays_off") and e.metric}
    for part in re.split(r"[;.]\s", text):
        named = [(place, metric) for place, metric in _metrics(part, vocabulary)[0] if metric in onsets]
        if _FIRST.search(part) and named and onsets[named[0][1]] > min(onsets.values()) + 1000:
            return False
        if len(named) != 2 or named[0][1] == named[1][1]:
            continue
        between = part[named[0][0] : named[1][0]]
        first, second = onsets[named[0][1]], onsets[named[1][1]]
        if _BEFORE.search(between) and first > second:
            return False
        if not _BEFORE.search(between) and _AFTER.search(between) and first < second:
            return False
    return True
