"""Determine the kind of a question, such as ``rank`` or ``forecast``.

A table has a condition on the question for each kind. The first condition that is true determines the kind.
"""

from __future__ import annotations

from collections.abc import Callable

from hub.assistant.question import Kind, ParsedQuestion

STATES = ("open", "closed", "on", "off", "running", "locked", "unlocked", "wet", "motion", "on_battery")
PAGES = (
    "page_reactions", "page_notifications", "page_dashboards", "page_accounts", "page_backups", "page_topics",
    "page_calculated",
)  # fmt: skip
"""Concepts of the parts of the hub that a page shows but the built-in analyst cannot read."""
_STATISTICS = ("mean", "median", "deviation", "range")
_DOUBTFUL_VERBS = ("open", "close", "change", "start", "stop", "put", "make", "set")
"""Verbs of commands that may also be nouns or adjectives, as in "open alerts" and "change of the level"."""


def kind_of(question: ParsedQuestion) -> Kind:
    """Return the kind of the question, such as ``rank`` or ``forecast``; ``unknown`` if no kind fits the question."""
    return next((kind for kind, fits in _TABLE if fits(question)), "unknown")


def _is_request(q: ParsedQuestion) -> bool:
    if "act" not in q.concepts:
        return False
    doubtful = any(q.has(f"act:{verb}") for verb in _DOUBTFUL_VERBS)
    return not doubtful or not (
        q.has_any("alert", "failing", "when", "how_many", "trend") or (q.has("change") and q.time)
    )


def _mentions_metric(q: ParsedQuestion) -> bool:
    hints = (hint for hint in (q.hint, q.comparative) if hint is not None)
    return bool(q.metrics or q.quantity or any(hint.quantity for hint in hints))


def _is_forecast(q: ParsedQuestion) -> bool:
    if q.has("past"):
        return False
    if q.has("endure") and q.has_any("how_long", "future", "can"):
        return True
    if q.has("how_long", "until") and _mentions_metric(q):
        return True
    asks = q.has_any("when", "how_long", "future", "can") or (q.time is not None and q.time.kind == "ahead")
    return asks and (q.has_any("runs_out", "reach") or (q.has("future") and q.compares is not None))


def _asks_whether_to_stop(q: ParsedQuestion) -> bool:
    asks = q.has("stop_advice") or (q.has("should") and q.has_any("off", "running", "run_on"))
    return asks and not q.scope.is_all


def _is_episode(q: ParsedQuestion) -> bool:
    """Return True if the question asks when, how often or how long a condition was met."""
    condition = q.compares is not None or q.has_any(*STATES)
    if q.has_any("how_often", "how_long", "since_when") and condition and not q.hint:
        return True
    if q.compares is not None and q.time is not None and q.time.kind == "range" and not q.has("how_many"):
        return True
    if q.compares is not None and q.has("not", "never"):
        return True
    if q.has_any(*STATES) and not q.compares and q.time is not None and q.time.kind == "range":
        return not q.has_any("alert", "how_many")
    return condition and (q.has("when") or (q.has("last") and q.has("past")))


def _is_comparison(q: ParsedQuestion) -> bool:
    many = len(q.scope.devices) > 1 and (q.scope.named or len(q.scope.groups) > 1)
    if q.has("peers") and q.scope.named:
        return True
    if q.has("difference") and len(q.metrics) > 1 and not q.scope.is_all:
        return True
    if q.has("compare") and not q.scope.is_all:
        return True
    return (many or len(q.times) > 1) and (q.comparative is not None or q.has("difference"))


def _counts_alerts(q: ParsedQuestion) -> bool:
    return q.has("alert") and (q.has_any("how_many", "how_often", "total") or q.hint is not None)


def _asks_for_areas(q: ParsedQuestion) -> bool:
    return q.has("by_area") and _mentions_metric(q) and not (q.scope.named or q.has("alert") or q.compares)


def _asks_for_no_alert(q: ParsedQuestion) -> bool:
    asks = q.has_any("which", "how_many", "list") or not q.scope.named
    return q.has("alert", "not") and asks and not q.has_any("limit", "why")


def _asks_for_several_conditions(q: ParsedQuestion) -> bool:
    """Return True if the question combines alerts with another condition.

    Examples: "devices without alerts that are offline", "devices with an alert and a battery below 20".
    """
    asks = q.has_any("which", "how_many", "list", "overall_fleet") and not q.scope.named
    others = q.has_any("online", "offline") or q.compares is not None
    timed = q.time is not None or q.has_any("when", "how_long", "how_often", "past", "limit", "longest")
    return q.has("alert") and asks and others and not timed and q.hint is None


def _asks_about_the_hub(q: ParsedQuestion) -> bool:
    others = q.has_any("which", "list", "alert", "rule", "notify", "overall_fleet", "via")
    others = others or any(mention.names for mention in q.metrics)
    return q.has("hub") and q.scope.is_all and "act" not in q.concepts and not others


def _counts_rules(q: ParsedQuestion) -> bool:
    counts = q.has("fires") or (q.hint is not None and q.hint.quantity is None)
    return q.has("rule") and counts and not q.has("limit")


def _asks_since_when_beyond(q: ParsedQuestion) -> bool:
    """Return True for questions such as "since when is pump 3 vibrating" and "how long has it been above its limit"."""
    asks = q.has_any("since_when", "how_long") and not q.scope.is_all
    is_plain = not q.compares and not q.hint and not q.has_any(*STATES, "future", "can", "until", "endure", "offline")
    return asks and is_plain and (q.has("limit") or (q.has("since_when") and _mentions_metric(q)))


def _asks_when_offline(q: ParsedQuestion) -> bool:
    asks = q.has_any("when", "how_long", "how_often", "past", "since_when") or q.time is not None
    return q.has("offline") and asks and not q.has_any("how_many", "not", "alert")


def _asks_whether_on_battery(q: ParsedQuestion) -> bool:
    return q.has("on_battery") and q.compares is None and not q.has_any("when", "how_long", "how_often", "how_many")


def _limits_by_presence(q: ParsedQuestion) -> bool:
    """Return True if "offline" only limits the devices, as in "highest temperature of the offline devices"."""
    asks = q.has_any(*_STATISTICS) or (q.hint is not None and _mentions_metric(q))
    return q.compares is not None or asks


def _asks_for_a_page(q: ParsedQuestion) -> bool:
    """Return True if the question is about a part of the hub that only a page shows, such as reactions or accounts."""
    return q.has_any(*PAGES)


def _asks_whether_all_works(q: ParsedQuestion) -> bool:
    return q.has("running", "overall_fleet") and q.scope.is_all and not q.has_any("how_many", "which", "list")


_TABLE: tuple[tuple[Kind, Callable[[ParsedQuestion], bool]], ...] = (
    ("notify", lambda q: q.has("notify")),
    ("hub_status", _asks_about_the_hub),
    ("add_device", lambda q: q.has("add_device") and q.scope.is_all),
    ("run_on", _asks_whether_to_stop),
    ("hub_page", _asks_for_a_page),
    ("person", lambda q: q.person is not None),
    ("help", lambda q: q.has("help") and q.scope.is_all),
    ("act", _is_request),
    ("behind", lambda q: q.has("via") and not q.scope.is_all),
    ("silenced", lambda q: q.has_any("silenced", "suppressed", "assigned")),
    ("acknowledged", lambda q: q.has_any("acknowledged", "note")),
    ("run_on", lambda q: q.has("run_on") and q.has_any("can", "future") and not q.has("how_many")),
    ("forecast", _is_forecast),
    ("failing", lambda q: q.has("failing")),
    ("alert_when", lambda q: q.has("since_when") and q.has_any("why", "alert", "attention")),
    ("alert_when", lambda q: q.has("too") and q.has_any("how_long", "since_when", "when", "last")),
    ("why", lambda q: q.has_any("why", "todo")),
    ("manual", lambda q: q.has("manual")),
    ("limit_check", lambda q: q.has("nearest_limit") or (q.has("too") and not q.has("why"))),
    ("audit", lambda q: q.has("who_changed")),
    ("rule_counts", _counts_rules),
    ("rules", lambda q: q.has("rule")),
    ("filter", _asks_for_several_conditions),
    ("without_alert", _asks_for_no_alert),
    ("meaning", lambda q: q.has("what_does", "mean")),
    ("meaning", lambda q: q.has("meaning") or (bool(q.amounts) and not q.compares and q.has("attention"))),
    ("alert_longest", lambda q: q.has("alert", "longest") and q.time is None),
    ("alert_count", _counts_alerts),
    ("since_limit", _asks_since_when_beyond),
    ("limits", lambda q: q.has("alert", "limit") and not q.compares),
    ("alert_when", lambda q: q.has("alert", "past") and not q.scope.is_all and not q.times),
    ("alert_when", lambda q: q.has("alert") and (q.has_any("when", "how_long", "last", "first", "since_when"))),
    ("firmware", lambda q: q.has("firmware")),
    ("commands", lambda q: q.has("commands")),
    ("last_seen", lambda q: q.has("last_seen")),
    ("setpoint", lambda q: q.has("setpoint")),
    ("areas", _asks_for_areas),
    ("correlation", lambda q: q.has("correlation")),
    ("state", _asks_whether_on_battery),
    ("battery", lambda q: q.has("battery") and not q.metrics and q.compares is None),
    ("unheard", lambda q: q.has("unheard") and not q.has_any("when", "how_often")),
    ("outages", _asks_when_offline),
    ("offline", lambda q: q.has("offline") and not q.has("how_many") and not _limits_by_presence(q)),
    ("summary", lambda q: q.has("summary")),
    ("compare", _is_comparison),
    ("episodes", _is_episode),
    ("rank", lambda q: q.has("since_when") and q.hint is not None),
    ("happened", lambda q: q.has("happened")),
    ("limits", lambda q: q.has("limit") and not q.compares),
    ("when_extreme", lambda q: q.has("when") and q.hint is not None),
    ("unusual", lambda q: q.has("unusual") and not q.times and not q.has("how_many")),
    ("alerts", lambda q: q.has_any("alert", "attention", "critical") and not q.has("how_many") and not q.compares),
    ("rate", lambda q: q.has("how_fast")),
    ("statistics", lambda q: sum(q.has(each) for each in _STATISTICS) + (q.hint is not None) > 1),
    ("total", lambda q: q.has("total") or (q.has_any("energy_used", "flowed") and q.has("how_much") and bool(q.times))),
    ("last", lambda q: q.has("last") and bool(q.top) and not q.scope.is_all and not q.has("alert")),
    ("count", lambda q: q.has("how_many")),
    ("mean", lambda q: q.has("mean")),
    ("median", lambda q: q.has("median")),
    ("deviation", lambda q: q.has("deviation")),
    ("range", lambda q: q.has("range")),
    ("change", lambda q: q.has("change") and (q.time is not None or q.has_any("how_much", "past"))),
    ("trend", lambda q: q.has("trend")),
    ("trend", lambda q: q.comparative is not None and len(q.scope.devices) == 1 and not q.scope.is_all and not q.times),
    ("change", lambda q: q.has("change") and _mentions_metric(q)),
    ("rank", lambda q: q.hint is not None or q.comparative is not None),
    ("filter", lambda q: q.compares is not None),
    ("status", _asks_whether_all_works),
    ("state", lambda q: q.has_any(*STATES)),
    ("filter", lambda q: q.has("online")),
    ("first", lambda q: q.has("first") and _mentions_metric(q)),
    ("statistics", lambda q: (_mentions_metric(q) or q.has("history")) and q.time is not None and not q.time.is_point),
    ("last", lambda q: q.has("last") and _mentions_metric(q) and q.time is None),
    ("now", lambda q: _mentions_metric(q) or q.has("energy_used")),
    ("model", lambda q: q.has("model")),
    ("where", lambda q: q.has("where") and not q.scope.is_all),
    ("happened", lambda q: q.time is not None and not q.time.is_point and not q.scope.named and q.time.kind != "ahead"),
    ("statistics", lambda q: q.time is not None and q.time.kind != "ahead" and not q.scope.is_all),
    ("list", lambda q: q.has_any("list", "which") and not q.scope.named),
    ("status", lambda q: not q.scope.is_all or q.has("status", "overall_fleet")),
    ("status", lambda q: q.has("status")),
    ("thanks", lambda q: q.has("gentle") and len(q.words) < 5),
)  # fmt: skip
