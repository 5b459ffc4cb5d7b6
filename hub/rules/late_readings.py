"""Evaluate rules on late readings, which a device has buffered.

Late readings raise no alert. A condition that they show and that is over is recorded as a cleared alert, with the
device's own times.

Each watch keeps the late readings' state in a :class:`LateRun`, separate from the current one. The run ends with a late
reading within the limit, or :data:`SETTLE_MS` after the last late reading. If the current reading still exceeds the
limit, the watch begins where the run began, so that the alert starts when the condition did.
"""

from __future__ import annotations

from hub.model import LateRun, Rule, Value, Watch
from hub.rules.plan import MetricRule
from hub.rules.weekly_windows import within

SETTLE_MS = 60_000
"""After this time without a late reading, the device's buffer counts as delivered."""


def known_already(watch: Watch, open_since: int | None, ts: int) -> bool:
    """Return True if ``ts`` is within the open or the last alert, which a repeated delivery must not record again."""
    if open_since is not None and ts >= open_since:
        return True
    return watch.last is not None and watch.last[0] <= ts <= watch.last[1]


def follow(run: LateRun, each: MetricRule, value: Value, ts: int) -> tuple[int, int] | None:
    """Add one late reading to the run.

    Returns:
        Begin and end of the condition (ms), if this reading ends a condition that lasted at least the rule's duration.
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
    """End the run's condition at ``ended`` and return its begin and end, as :func:`follow` does."""
    since, run.since, run.over, run.until = run.since, None, None, 0
    if since is None or ended - since < rule.for_ms:
        return None
    return since, ended
