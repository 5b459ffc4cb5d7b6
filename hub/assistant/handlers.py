"""Map each kind of question to the function that answers it, and to the parts of the question that it uses."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from hub.assistant.answers import (
    alert_ages,
    alerts,
    alerts_absent,
    areas,
    batteries,
    changes,
    comparison,
    current,
    events_in_time,
    facts,
    filters,
    forecast,
    gateways,
    handover,
    hub_contents,
    hub_status,
    limit_check,
    manuals,
    meanings,
    outages,
    ranking,
    requests,
    rule_counts,
    set_points,
    statistics,
    totals,
    unusual,
)
from hub.assistant.answers.context import ComputedAnswer, Context
from hub.assistant.question import Kind


class Handler(msgspec.Struct, frozen=True):
    """The function that answers a kind of question, and the parts of the question that it uses, such as ``time``.

    The answer notes each part of the question that is not used.
    """

    answer: Callable[[Context], Awaitable[ComputedAnswer]]
    uses: frozenset[str] = frozenset()


def _handler(answer: Callable[[Context], Awaitable[ComputedAnswer]], uses: str = "") -> Handler:
    return Handler(answer, frozenset(uses.split()))


HANDLERS: dict[Kind, Handler] = {
    "acknowledged": _handler(alerts.acknowledged, "time"),
    "add_device": _handler(requests.add_device, "words"),
    "act": _handler(requests.command, "metrics amounts words"),
    "alert_longest": _handler(alert_ages.longest),
    "alert_count": _handler(alerts.count, "time metrics"),
    "without_alert": _handler(alerts_absent.without, "time"),
    "alert_when": _handler(alerts.when, "time metrics"),
    "alerts": _handler(alerts.open_alerts, "time metrics"),
    "audit": _handler(requests.audit, "words time"),
    "areas": _handler(areas.by_area, "time metrics"),
    "battery": _handler(batteries.battery, "metrics"),
    "behind": _handler(gateways.behind),
    "change": _handler(changes.change, "time metrics"),
    "commands": _handler(facts.commands),
    "compare": _handler(comparison.compare, "time metrics"),
    "correlation": _handler(ranking.correlation, "time metrics"),
    "count": _handler(filters.count, "time metrics amounts"),
    "deviation": _handler(statistics.deviation, "time metrics"),
    "episodes": _handler(events_in_time.occurrences, "time metrics amounts"),
    "failing": _handler(forecast.failing, "ahead"),
    "filter": _handler(filters.filtered, "time metrics amounts"),
    "firmware": _handler(facts.firmware, "versions"),
    "first": _handler(changes.first, "time metrics"),
    "forecast": _handler(forecast.reaching, "metrics amounts ahead"),
    "happened": _handler(alerts.happened, "time metrics"),
    "hub_page": _handler(hub_contents.hub_page, "words time metrics amounts"),
    "hub_status": _handler(hub_status.hub_status, "words"),
    "help": _handler(requests.help_),
    "last": _handler(changes.latest, "time metrics"),
    "last_seen": _handler(facts.last_seen),
    "limit_check": _handler(limit_check.limit_check, "metrics"),
    "limits": _handler(facts.limits, "metrics"),
    "list": _handler(current.listing),
    "manual": _handler(manuals.manual, "time metrics amounts words"),
    "mean": _handler(statistics.mean, "time metrics"),
    "meaning": _handler(meanings.meaning, "metrics amounts"),
    "median": _handler(statistics.median, "time metrics"),
    "model": _handler(facts.model),
    "notify": _handler(requests.notify, "time metrics amounts words"),
    "now": _handler(current.now, "time metrics"),
    "nothing_to_explain": _handler(requests.nothing_to_explain),
    "person": _handler(hub_contents.person, "words time metrics amounts"),
    "outages": _handler(outages.outages, "time"),
    "offline": _handler(facts.offline),
    "range": _handler(statistics.extent, "time metrics"),
    "rank": _handler(ranking.rank, "time metrics"),
    "rate": _handler(changes.rate, "time metrics"),
    "rule_counts": _handler(rule_counts.by_rule, "time"),
    "rules": _handler(facts.rules, "metrics"),
    "run_on": _handler(forecast.run_on, "ahead"),
    "since_limit": _handler(alert_ages.since, "metrics"),
    "setpoint": _handler(set_points.setpoint, "metrics"),
    "silenced": _handler(hub_contents.silenced),
    "state": _handler(current.state, "time metrics"),
    "statistics": _handler(statistics.statistics, "time metrics"),
    "status": _handler(current.status),
    "summary": _handler(handover.summary, "time"),
    "thanks": _handler(requests.thanks),
    "total": _handler(totals.total, "time metrics"),
    "trend": _handler(changes.rate, "time metrics"),
    "unusual": _handler(unusual.unusual_readings, "metrics"),
    "when_extreme": _handler(ranking.when_extreme, "time metrics"),
    "unheard": _handler(outages.unheard, "time"),
    "where": _handler(facts.where),
    "why": _handler(alerts.why, "metrics"),
}
