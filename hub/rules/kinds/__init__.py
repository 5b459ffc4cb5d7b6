"""The kinds of rules, one file each.

To add a kind, write its file, add its class to KINDS, and add a form to the dashboard.
"""

from hub.model import Condition
from hub.rules.kinds.anomaly import Anomaly
from hub.rules.kinds.base import MetricCondition, Points, Rest, SilenceCondition, ValueSource
from hub.rules.kinds.compare import Compare
from hub.rules.kinds.count import Count
from hub.rules.kinds.equals import Equals
from hub.rules.kinds.joined import All, Any, Joined, Not, Part
from hub.rules.kinds.no_data import NoData
from hub.rules.kinds.range import Range
from hub.rules.kinds.rate_of_change import RateOfChange
from hub.rules.kinds.stuck import Stuck
from hub.rules.kinds.threshold import Threshold

KINDS: dict[str, type[Condition]] = {
    condition.kind: condition
    for condition in (
        Threshold,
        Range,
        Compare,
        Equals,
        RateOfChange,
        Count,
        Stuck,
        Anomaly,
        NoData,
        All,
        Any,
        Not,
    )
}
"""Each kind by its name. A rule that names no kind has the first one."""

__all__ = [
    "KINDS",
    "All",
    "Anomaly",
    "Any",
    "Compare",
    "Count",
    "Equals",
    "Joined",
    "MetricCondition",
    "NoData",
    "Not",
    "Part",
    "Points",
    "Range",
    "RateOfChange",
    "Rest",
    "SilenceCondition",
    "Stuck",
    "Threshold",
    "ValueSource",
]
