"""What rules make of readings that arrive late, from a device's buffer: they raise nothing, but an alarm that lies
within them is written down with the device's own times.

Each rule follows late readings in a :class:`LateRun` of its own, apart from the present. The run ends with a late
reading that no longer breaks the limit, or when none has come for a while; a present reading that still breaks the
limit takes the run over, so that the alert it raises begins when the condition did.
"""

from __future__ import annotations

from hub.model import LateRun, Rule, Value, Watch
from hub.rules.plan import MetricRule

SETTLE_MS = 60_000
"""No late reading for so long: the buffer has been delivered."""


def known_already(watch: Watch, open_since: int | None, ts: int) -> bool:
    """Return whether ``ts`` lies within the open alert or the last one: a repeated delivery is not a new alarm."""
    if open_since is not None and ts >= open_since:
        return True
    return watch.last is not None and watch.last[0] <= ts <= watch.last[1]


def follow(run: LateRun, each: MetricRule, value: Value, ts: int) -> tuple[int, int] | None:
    """Add one late reading to the run.

    Returns:
        When the condition began and ended, if this reading ends it and it had held for the rule's time.
    """
    if ts < run.until:
        return None  # out of order
    amount = each.condition.measure(run.points, value, ts)
    if amount is None:
        return None
    held = run.since is not None and run.until - run.since >= each.rule.for_ms
    if not each.condition.exceeded(amount, raised=held):
        return close(run, each.rule, ts)
    if run.since is None:
        run.since = ts
    if not held:
        run.value = value
    run.until = ts
    return None


def close(run: LateRun, rule: Rule, ended: int) -> tuple[int, int] | None:
    """End the run's condition at ``ended``; as :func:`follow`."""
    since, run.since, run.until = run.since, None, 0
    if since is None or ended - since < rule.for_ms:
        return None
    return since, ended
