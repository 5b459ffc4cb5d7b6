"""Flapping: alerts of one rule on one metric of a device that are raised and recover again and again."""

from __future__ import annotations

from hub.model import IncidentLimits, RecentRecoveries

MAX_SERIES = 32
"""Maximum alert series of one incident whose recoveries are kept. Series that recovered longest ago are dropped.

An alert series is the alerts of one rule on one metric of one device.
"""


def recovered(
    before: dict[str, RecentRecoveries], series: str, at: int, limits: IncidentLimits
) -> dict[str, RecentRecoveries]:
    """Return the recent recoveries of an incident's alerts, with one more recovery added.

    Args:
        before: The recoveries until now, by series. A series is all alerts of one rule on one metric of one device.
        series: The key of the series that has now recovered.
        at: When it recovered, in epoch ms.
        limits: How often a series must recover, within which time, to be marked as flapping.
    """
    own, needed = before.get(series, RecentRecoveries(())), limits.flapping_recoveries
    times = (*(each for each in own.times if at - limits.flapping_ms < each <= at), at)[-needed:]
    rest = {key: each for key, each in before.items() if key != series}
    for key in [key for key, each in rest.items() if not each.flapping][: max(0, len(rest) + 1 - MAX_SERIES)]:
        del rest[key]
    flapping = own.flapping or (len(times) >= needed and len(rest) < MAX_SERIES)
    return rest | {series: RecentRecoveries(times, flapping)}


def quiet_at(recoveries: RecentRecoveries, limits: IncidentLimits) -> int:
    """Return when a series of alerts stops flapping, in epoch ms, if no alert of it recovers before then.

    A series is all alerts of one rule on one metric of one device.
    """
    return recoveries.times[-1] + limits.flapping_ms
