"""Report earlier alerts of the same rule: how many there were, their confirmed causes, and what fixed them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from hub import text_format as fmt
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput, Past
from hub.model import Evidence

_MAX_CHARS = 120
"""Maximum length of a note or a fix in a finding, in characters. The rest is cut off."""


def past(case: InvestigationInput) -> Iterator[Evidence]:
    """Yield a finding on earlier alerts like the present one: how many there were, their causes, and the last fix."""
    if not case.past:
        return
    newest = max(case.past, key=lambda p: p.alert.since)
    own = sum(1 for p in case.past if p.alert.device == case.device)
    confirmed = Counter(p.confirmed.title for p in case.past if p.confirmed)
    causes = Counter(fmt.spoken(p.cause) for p in case.past if p.cause and not p.confirmed)
    sentence = (
        f"the same alert was raised {len(case.past)} times before ({own} of them on this device), "
        f"last at {fmt.date_time(newest.alert.since)}"
    )
    if len(case.past) == 1:
        when = fmt.date_time(newest.alert.since)
        sentence = f"the same alert was raised once before, on {newest.alert.device}, at {when}"
    fixed_cause, fix = _last_fixed(case.past)
    if confirmed:
        sentence += f"; confirmed as its cause: {fmt.join([_times(*each) for each in confirmed.most_common(2)])}"
    if fix:
        sentence += f"; what fixed it last: “{fix}”"
    if causes and not confirmed:
        cause, count = causes.most_common(1)[0]
        sentence += f"; {cause} was named as its cause {count} {'time' if count == 1 else 'times'}"
    note = next((p.note for p in sorted(case.past, key=lambda p: -p.alert.raised_at) if p.note), None)
    if note:
        sentence += f"; the last note on it says: “{' '.join(note.split())[:_MAX_CHARS]}”"
    yield finding(
        case,
        "past",
        case.alert.metric if case.alert else None,
        sentence,
        value=float(len(case.past)),
        unit=None,
        start=newest.alert.since,
        end=newest.alert.ended_at or newest.alert.cleared_at or newest.alert.raised_at,
        weight=0.3,
        own=own,
        last_at=newest.alert.since,
        last_device=newest.alert.device,
        causes=dict(causes.most_common(1)),
        note=note and " ".join(note.split())[:_MAX_CHARS],
        confirmed=dict(confirmed.most_common(2)),
        fix=fix,
        fixed_cause=fixed_cause,
    )


def proven_actions(evidence: Sequence[Evidence]) -> tuple[str, ...]:
    """Return an action that recommends the fix of the last confirmed case; empty if no fix was recorded."""
    known = next((item.params for item in evidence if item.kind == "past" and item.params.get("fix")), None)
    if known is None:
        return ()
    return (f"Check first what fixed it last time ({known['fixed_cause']}): {known['fix']}",)


def _last_fixed(past: Sequence[Past]) -> tuple[str | None, str | None]:
    """Return the cause and the fix of the newest confirmed case that has a fix. Both are None if there is none."""
    fixed = [p.confirmed for p in past if p.confirmed and p.confirmed.fix]
    if not fixed:
        return None, None
    last = max(fixed, key=lambda confirmed: confirmed.at)
    return last.title, " ".join((last.fix or "").split())[:_MAX_CHARS]


def _times(what: str, count: int) -> str:
    return what if count == 1 else f"{what} ({count} times)"
