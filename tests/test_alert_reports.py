"""The figures of ISA-18.2, and the weekly digest: alert rates and floods, noise, drifting metrics, advice on rules."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest

from api_hub import RULES, running_hub
from hub.insight.alert_digest import drift, rule_advice, rule_weeks
from hub.insight.alert_statistics import alert_statistics
from hub.insight.series import MetricSeries
from hub.model import Alert, Limit, SilencedBy
from hub.rules import parse
from rule_plant import T0

MINUTE, HOUR, DAY = 60_000, 3_600_000, 86_400_000
WEEK = 7 * DAY


def alert(at: int, lasts: int | None = HOUR, device: str = "a", rule: str = "hot", **more) -> Alert:
    return Alert(
        id=f"{rule}{device}{at}",
        rule=rule,
        device=device,
        metric="t",
        severity=more.pop("severity", "warning"),
        state="raised" if lasts is None else "cleared",
        message="",
        value=1.0,
        threshold=0.0,
        unit=None,
        since=T0 + at,
        raised_at=T0 + at,
        cleared_at=None if lasts is None else T0 + at + lasts,
        **more,
    )


def figures(*alerts: Alert, end: int = DAY):
    return alert_statistics(alerts, T0, T0 + end)


def test_rates_and_floods_are_compared_with_the_targets():
    calm = figures(*(alert(n * HOUR, device=str(n)) for n in range(24)))
    assert (calm.count, calm.per_hour.value, calm.per_hour.met, calm.floods) == (24, 1.0, True, 0)
    burst = [alert(5 * HOUR + n * 1000, device=str(n)) for n in range(40)]
    after = [alert(5 * HOUR + 10 * MINUTE + n * MINUTE, device=f"b{n}") for n in range(6)]
    flood = figures(*burst, *after)
    assert (flood.floods, flood.most_in_10_minutes.value, flood.most_in_10_minutes.met) == (1, 40, False)
    assert flood.in_flood.value == pytest.approx(2 / 144)
    assert flood.hours_over_30.value == pytest.approx(1 / 24)
    assert not flood.in_flood.met


def test_chattering_fleeting_and_stale_conditions_are_found():
    chatter = [alert(n * 20_000, lasts=5_000, device="c") for n in range(4)]
    slow = [alert(n * 40_000 + HOUR, lasts=5_000, device="d") for n in range(4)]
    old = alert(-2 * DAY, lasts=None, device="e")
    found = figures(*chatter, *slow, old)
    assert [(each.device, each.count) for each in found.chattering] == [("c", 4)]
    assert {each.device for each in found.fleeting} == {"c", "d"}
    assert (found.stale.value, found.count) == (1, 8)


def test_top_ten_counts_only_where_there_are_many_sources():
    many = [alert(n * MINUTE, device=str(n)) for n in range(30)] + [alert(n * HOUR, device="bad") for n in range(1, 21)]
    found = figures(*many)
    assert (found.top[0].device, found.top[0].count) == ("bad", 20)
    assert found.from_top.value == pytest.approx(29 / 50)
    assert figures(*many[:5]).from_top.met


def test_time_to_acknowledge_and_alerts_without_notification():
    acknowledged = [alert(n * HOUR, device=str(n), acknowledged_at=T0 + n * HOUR + (n + 1) * MINUTE) for n in range(10)]
    unsent = alert(0, silenced_by=(SilencedBy("s", "why"),)), alert(1, late=True), alert(2, suppressed_by="gw")
    found = figures(*acknowledged, alert(3, device="n"), *unsent)
    assert (found.count, found.hidden) == (11, 3)
    assert found.acknowledged == pytest.approx(10 / 11)
    assert (found.median_to_acknowledge_ms, found.slow_to_acknowledge_ms) == (6 * MINUTE, 10 * MINUTE)
    assert figures().median_to_acknowledge_ms is None


RULE = {rule.id: rule for rule in parse(RULES)}


def test_advice_for_fleeting_alerts_names_a_duration_that_avoids_them():
    short = [alert(n * HOUR, lasts=20_000) for n in range(6)]
    (advice,) = rule_advice([*short, alert(10 * HOUR, lasts=HOUR)], RULE, T0 + DAY)
    assert (advice.problem, advice.for_ms, advice.count) == ("fleeting", 30_000, 7)
    assert 'for = "30s" would have avoided 6' in advice.text
    assert rule_advice([alert(n * HOUR) for n in range(3)], RULE, T0 + DAY) == []


def test_chattering_stale_and_unacknowledged_rules_get_advice():
    chatter = [alert(n * 20_000, lasts=90_000) for n in range(4)]
    assert rule_advice(chatter, RULE, T0 + DAY)[0].problem == "chattering"
    assert rule_advice([alert(-2 * DAY, lasts=None)], RULE, T0 + DAY)[0].problem == "stale"
    assert rule_advice([alert(n * HOUR) for n in range(10)], RULE, T0 + DAY)[0].problem == "unacknowledged"
    seen = [alert(n * HOUR, acknowledged_at=T0) for n in range(10)]
    assert rule_advice(seen, RULE, T0 + DAY) == []
    assert rule_advice([alert(n, lasts=1000, rule="gone") for n in range(9)], RULE, T0 + DAY) == []


def test_rules_are_listed_with_devices_and_time_open():
    (week,) = rule_weeks([alert(0), alert(0, device="b"), alert(DAY - HOUR, lasts=None, device="b")], RULE, T0 + DAY)
    assert (week.name, week.count, week.devices, week.open_ms) == ("Too hot", 3, 2, 3 * HOUR)


def hourly(values) -> MetricSeries:
    points = [(T0 + n * HOUR, float(v), float(v), float(v), 60) for n, v in enumerate(values)]
    return MetricSeries.of_means("t", "°C", ((points, HOUR),), T0 + WEEK)


def test_drift_towards_a_limit_is_found_through_a_daily_course():
    hours = np.arange(168)
    course = 5 * np.sin(2 * np.pi * hours / 24)
    found = drift("a", hourly(50 + course + hours / 24 * 2), Limit(max=70))
    assert found is not None
    assert found.per_day == pytest.approx(2, rel=0.05)
    assert 3 < found.days < 5
    assert drift("a", hourly(50 + course), Limit(max=70)) is None
    assert drift("a", hourly(50 + course + hours / 24 * 2), Limit(min=10)) is None
    assert drift("a", hourly(50 + hours / 24 * 0.1), Limit(max=70)) is None


async def test_reports_are_served_over_http(tmp_path: Path):
    (tmp_path / "rules.toml").write_text(RULES)
    async with running_hub(tmp_path) as hub:
        now = int(time.time() * 1000)
        for n in range(8):
            for value, second in ((90, 0), (20, 10)):
                at = now - HOUR + n * 5 * MINUTE + second * 1000
                hub.publish("devices/a/telemetry", {"temperature": value}, at=at)
        await hub.settled()
        health = (await hub.http.get("/api/alert-health")).json()
        assert (health["count"], health["fleeting"][0]["device_id"]) == (8, "a")
        assert health["fleeting"][0]["rule_name"] == "Too hot"
        assert health["start"] == now - HOUR, "the hub has known its first device for an hour"
        assert health["per_hour"]["value"] == pytest.approx(8, rel=0.3)
        found = (await hub.http.get("/api/alert-digest")).json()
        assert (found["count"], found["before"], found["rules"][0]["rule_id"]) == (8, 0, "hot")
        assert found["advice"][0]["for_ms"] == 15_000
        assert (await hub.http.get("/api/alert-health", params={"days": 0})).status_code == 422
