"""Evaluate rules on late readings: readings that a device has buffered and sends later.

Late readings raise no alert. If they show a condition that is over by now, it is recorded as a cleared alert, with the
device's own times.

Each watch keeps the state of its late readings in a :class:`LateRun`, apart from the state of its current readings. The
run ends with a late reading within the limit, or :data:`SETTLE_MS` after the last late reading. If the current reading
still exceeds the limit, the condition counts from the begin of the run, so that the alert starts when the condition
did.
"""

from __future__ import annotations

from hub.model import LateRun, Rule, Value, Watch
from hub.rules.plan import MetricRule
from hub.rules.weekly_windows import within

SETTLE_MS = 60_000
"""If no late reading arrives for this time in ms, the device is taken to have sent all that it buffered."""


def known_already(watch: Watch, open_since: int | None, ts: int) -> bool:
    """Return True if a late reading, measured at ``ts``, belongs to an alert that the watch already has or had.

    That is the open alert, which began at ``open_since`` (None without an open alert), or the last alert that ended.
    The reading must not be recorded as another alert.
    """
    if open_since is not None and ts >= open_since:
        return True
    return watch.last is not None and watch.last[0] <= ts <= watch.last[1]


def follow(run: LateRun, each: MetricRule, value: Value, ts: int) -> tuple[int, int] | None:
    """Evaluate a rule on one late reading.

    Args:
        run: The state of the rule for late readings, which is updated.
        each: The rule, for one metric.
        value: The value of the reading.
        ts: The time of the reading, in epoch ms.

    Returns:
        When the rule's condition began and ended (ms), if this reading ends it and it had held for the rule's ``for``;
            otherwise None.
    """
    if ts < run.until:
        return None  # out of order
    amount = each.condition.measure(run.points, value, ts)
    if amount is None:
        return None
    held = run.since is not None and run.until - run.since >= each.rule.for_ms
    if not each.condition.exceeded(amount, raised=held) or not within(each.rule.schedule, ts):
        run.over = ts if run.over is None else run.over
        if held and ts - run.over < each.rule.clear_for_ms:
            return None
        return close(run, each.rule, run.over)
    run.over = None
    if run.since is None:
        run.since = ts
    if not held:
        run.value = value
    run.until = ts
    return None


def close(run: LateRun, rule: Rule, ended: int) -> tuple[int, int] | None:
    """End the condition that the late readings in ``run`` have met. ``ended`` is when it ended (ms).

    Return when the condition began and ended if it lasted for the rule's ``for``. Return None if it did not.
    """
    since, run.since, run.over, run.until = run.since, None, None, 0
    if since is None or ended - since < rule.for_ms:
        return None
    return since, ended
