"""Report the other open alerts of the same incident, and when they began."""

from __future__ import annotations

from collections.abc import Iterator

from hub import text_format as fmt
from hub.insight.findings import finding
from hub.insight.investigation_input import InvestigationInput
from hub.model import Evidence

_MAX_NAMED = 3


def same_incident(case: InvestigationInput) -> Iterator[Evidence]:
    """Yield a finding on the other alerts of the incident: how many there are, and the earliest of them."""
    if case.alert is None or not case.together:
        return
    count, suppressed = len(case.together), sum(1 for each in case.together if each.alert.suppressed_by)
    others = "1 other alert belongs" if count == 1 else f"{count} other alerts belong"
    first = case.together[:_MAX_NAMED]
    named = "; ".join(f"{each.name}: {each.alert.message}, since {fmt.clock(each.alert.since)}" for each in first)
    sentence = f"{others} to the same incident" + (f", {suppressed} of them suppressed" if suppressed else "")
    yield finding(
        case,
        "incident",
        None,
        f"{sentence}: {named}{'; …' if count > len(first) else ''}",
        value=float(count),
        unit=None,
        start=min(each.alert.since for each in case.together),
        end=case.now,
        weight=0.4,
        suppressed=suppressed,
        alerts=[
            {
                "name": each.name,
                "since_at": each.alert.since,
                "message_key": each.alert.message_key,
                "message_params": each.alert.message_params,
            }
            for each in first
        ],
    )
