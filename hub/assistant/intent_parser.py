"""What is being asked? Patterns over English questions; pure. What fits none of them is not guessed at."""

from __future__ import annotations

import re
from typing import Literal

import msgspec

from hub.assistant.time_parser import DAY, TimeRange, parse_time_range
from hub.tools.lookup import folded

Kind = Literal[
    "act",
    "manual",
    "failing",
    "compare",
    "extreme",
    "happened",
    "why",
    "alarming",
    "count",
    "presence",
    "history",
    "average",
    "status",
    "unknown",
]

_PLEASE = r"^\W*((please|can you|could you|would you|will you|now)\s+)*"
_PATTERNS: tuple[tuple[Kind, tuple[str, ...]], ...] = (
    # The first that fits decides, so the more specific ones stand first.
    (
        "act",
        (
            _PLEASE + r"(switch|turn|set|start|stop|open|close|shut)\b",
            _PLEASE + r"(restart|reboot|reset|delete|remove|send)\b",
            _PLEASE + r"(acknowledge|ack|mute|silence|rename|change)\b",
            _PLEASE + r"(increase|decrease|raise|lower|enable|disable)\b",
            _PLEASE + r"(unlock|lock)\b",
        ),
    ),
    ("manual", (r"\b(manuals?|handbooks?|data ?sheets?|documents?|documentation)\b",)),
    (
        "failing",
        (
            r"(about|going) to (fail|break|alarm|trip|run)",
            r"(will|might|could|may) .{0,30}(fail|break|alarm)",
            r"fail(ing)? soon|next to fail|at risk|predict|approach\w*|maintenance (due|needed)",
            r"(near(ing)?|close to|reach\w*) (its |their |a |the )?limit|heading (for|to)",
        ),
    ),
    (
        "compare",
        (r"\bcompar", r"\bpeers?\b", r"\b(versus|vs)\b", r"differ\w* from|like the others|unusual (among|for)"),
    ),
    (
        "extreme",
        (
            r"\b(hot|warm|cold|cool|high|low|large|small|big|strong|weak)(t?est|er)\b",
            r"\b(wet|dry|full|empty|loud|bright|dark)(t?est|er)\b|\b(driest|emptiest)\b",
            r"\b(highest|lowest|maximum|minimum|most|least|top|worst)\b",
        ),
    ),
    (
        "happened",
        (
            r"happen\w*|what('s| has| is)? (going on|gone on|went on|changed|new)",
            r"last night|overnight|anything new|\b(events|log|activity|summary of|summari[sz]e|recap)\b",
        ),
    ),
    (
        "why",
        (
            r"\bwhy\b|\bcauses?d?\b|\bexplain\b|\bdiagnos|\breason\b",
            r"what('s| is) wrong|what is the matter",
            r"what (should|can|must|do) (i|we) do\b|how (do|can|should) (i|we) (fix|repair)|what to do\b",
        ),
    ),
    (
        "alarming",
        (
            r"\b(alarm\w*|alerts?|warnings?|critical|problems?|issues?|wrong|trouble|fault\w*)\b|needs? attention",
            r"\b(unusual|strange|odd|abnormal\w*|anomal\w*)\b",
            r"everything (ok|okay|fine|alright|good|all right)|is all (well|ok|good|fine)",
        ),
    ),
    ("count", (r"how many|\bnumber of\b|\bcount\b|\btotal\b",)),
    (
        "presence",
        (
            r"\b(off-?line|on-?line|silent|stale|disconnected|unreachable|dead)\b",
            r"not (responding|reporting|answering)",
        ),
    ),
    ("average", (r"\b(average|mean|typical)\b",)),
    (
        "history",
        (
            r"\b(trend\w*|history|since|develop\w*|changed?)\b",
            r"\bover the (last|past)\b|(in|during|for) the (last|past)",
        ),
    ),
    (
        "status",
        (
            r"\b(status|state|show|doing|now|current(ly)?|value|reading|list)\b",
            r"how (is|are|was|were)|what('s| is| was| were| are)|tell me|which .{1,40} (are|is) in\b",
        ),
    ),
)
_COMPILED = tuple((kind, re.compile("|".join(patterns), re.I)) for kind, patterns in _PATTERNS)
_PAST = re.compile(
    r"how often|\b(did|had|were|was)\b|\blast (alarm|alert|fault|problem)|(has|have) .{0,40}(alarmed|had)\b",
    re.I,
)
"""Of an alarm: it is asked what was, not what is."""
_LOWEST = re.compile(
    r"\b(cold|cool|low|small|weak|dry|empt|dark)(i?est|er)\b|\b(lowest|minimum|least|coldest|coolest|driest|emptiest)\b",
    re.I,
)
_ADJECTIVES = {
    "temp": r"\b(hot|warm|cold|cool)(t?er|t?est)?\b(?![ _-](room|store|storage|water|chain))|temperature|degrees",
    "humid": r"\b(wet|damp|humid)(t?est)?\b|humidity",
    "level": r"\bfull(est)?\b|\bempt(y|iest)\b",
    "light": r"\b(bright|dark)(est)?\b",
    "charge": r"\bbatter(y|ies)\b",
}


class Intent(msgspec.Struct, frozen=True):
    """``metric`` is a part of a metric's name; ``lowest`` turns a superlative round; ``since`` asks since when."""

    kind: Kind
    text: str
    metric: str | None
    lowest: bool
    since: bool
    span: TimeRange | None


def parse_intent(text: str, metrics: set[str], now: int) -> Intent:
    """``metrics`` are the names there are; ``now`` in ms. All times are UTC."""
    kind: Kind = next((kind for kind, pattern in _COMPILED if pattern.search(text)), "unknown")
    metric = _metric(text, metrics)
    span = parse_time_range(text, now)
    if kind == "unknown" and metric is not None:
        kind = "status"
    if kind in ("status", "average") and span is not None:
        kind = "history"
    if kind == "alarming" and (span is not None or _PAST.search(text)):
        kind = "happened"
        span = span or TimeRange(now - 7 * DAY, now, "the last 7 days")
    since = bool(re.search(r"since when|how long|for how", text, re.I))
    return Intent(kind, text, metric, bool(_LOWEST.search(text)), since, span)


def _metric(text: str, metrics: set[str]) -> str | None:
    """The metric a question names: a whole name first, then an adjective, then the word that most metrics' names
    share."""
    words = f" {folded(text)} "
    whole = [m for m in metrics if f" {folded(m)} " in words]
    if whole:
        return max(whole, key=len)
    for part, pattern in _ADJECTIVES.items():
        if re.search(pattern, text, re.I) and any(part in m.casefold() for m in metrics):
            return part
    parts = {part for m in metrics for part in folded(m).split() if len(part) > 2}
    named = [part for part in parts if f" {part} " in words]
    return max(named, key=len) if named else None
