"""The labelled day: its scores worked out by hand, its labels, its messages, and its rules in both forms."""

from __future__ import annotations

import itertools
import json
import math
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from benchmarks.labelled_day.day import QuietHour, labelled_day
from benchmarks.labelled_day.devices import Device, Values
from benchmarks.labelled_day.disturbances import Disturbance
from benchmarks.labelled_day.exporter import Exporter
from benchmarks.labelled_day.faults import Fault, FaultKind, Shape, met_at
from benchmarks.labelled_day.gateway import CHILDREN, DEAD, GatewayOutage, GatewayOutcome
from benchmarks.labelled_day.hub_side import HubRecorder
from benchmarks.labelled_day.prometheus import (
    AlertKey,
    PrometheusRecorder,
    alertmanager_config,
    prometheus_config,
)
from benchmarks.labelled_day.report import table
from benchmarks.labelled_day.rules import RULES, hub_rules, prometheus_rules
from benchmarks.labelled_day.score import RaisedAlert, middle, ninth_decile, score
from hub.rules import parse

HOT = Fault("hot", ("pump-1",), ("hot",), (), "warning", onset=100, met=400, end=2_000)
LEAK = Fault("leak", ("tank-1",), ("falling",), ("low",), "warning", onset=5_000, met=5_600, end=7_000)
DEAD_GATEWAY = Fault("dead", ("g", "a", "b"), ("gateway",), ("silent",), "critical", onset=9_000, met=9_180, end=10_000)


# -- scores ------------------------------------------------------------------------------------------------------------


def test_delay_is_counted_from_the_label_to_the_first_alert_of_the_fault() -> None:
    alerts = [
        RaisedAlert("pump-1", "hot", raised=430, notified=500, incident="1"),
        RaisedAlert("pump-1", "hot", raised=1_400, notified=1_410, incident="1"),  # again
        RaisedAlert("tank-1", "falling", raised=5_580, notified=None),  # noise: 20 s early, and nobody was notified
    ]
    found = score([HOT, LEAK], [], 2, alerts, messages=2)
    assert found.delays == {HOT: 30, LEAK: -20}
    assert found.notice_delays == {HOT: 100}
    assert (found.missed, found.false, found.rate) == ([], [], 1.0)
    assert (found.alerts, found.messages) == (3, 2)


def test_fault_is_missed_if_only_a_consequence_was_noticed() -> None:
    found = score([LEAK, HOT], [], 2, [RaisedAlert("tank-1", "low", 6_000)], 0)
    assert found.missed == [LEAK, HOT]
    assert found.false == []  # the tank was low
    assert found.rate == 0


@pytest.mark.parametrize(
    "alert",
    [
        RaisedAlert("pump-2", "hot", 430),  # another device
        RaisedAlert("pump-1", "cold", 430),  # another rule
        RaisedAlert("pump-1", "hot", 99),  # before the onset
        RaisedAlert("pump-1", "hot", 2_601),  # ten minutes and a second after the end
    ],
)
def test_alert_of_another_device_rule_or_time_is_false(alert: RaisedAlert) -> None:
    found = score([HOT], [], 4, [alert], 1)
    assert (found.missed, found.false) == ([HOT], [alert])
    assert found.false_an_hour == 0.25


def test_false_alarms_in_quiet_hours_are_counted() -> None:
    quiet = [QuietHour("door-1", 3_600, Disturbance("late", 4_000, 150))]
    alerts = [RaisedAlert("door-1", "open", at) for at in (3_599, 3_600, 7_199, 7_200)]
    alerts.append(RaisedAlert("door-2", "open", 4_000))
    found = score([], quiet, 2, alerts, 0)
    assert (len(found.false), found.in_quiet_hours, found.false_an_hour) == (5, 2, 2.5)


def test_alerts_before_and_after_the_day_do_not_count() -> None:
    found = score([], [], 2, [RaisedAlert("door-1", "open", at) for at in (-1, 0, 7_800, 7_801)], 0)
    assert (found.alerts, [each.raised for each in found.false]) == (2, [0, 7_800])


def test_incidents_are_averaged_over_the_detected_faults() -> None:
    alerts = [
        RaisedAlert("g", "gateway", 9_190, 9_200, "1"),
        RaisedAlert("a", "silent", 9_300, 9_310, "2"),
        RaisedAlert("b", "silent", 9_300),  # suppressed
        RaisedAlert("pump-1", "hot", 410, 420, "3"),
        RaisedAlert("pump-1", "hot", 900, 920, "3"),
    ]
    found = score([HOT, LEAK, DEAD_GATEWAY], [], 3, alerts, 3)
    assert found.incidents == {HOT: 1, DEAD_GATEWAY: 2}
    assert found.incidents_a_fault == 1.5


def test_severity_is_right_if_the_highest_one_of_the_detecting_alerts_is() -> None:
    warning, low, gateway = (
        RaisedAlert("pump-1", "hot", 430),
        RaisedAlert("tank-1", "low", 6_000, severity="critical"),  # a consequence
        RaisedAlert("g", "gateway", 9_190, severity="critical"),
    )
    leak = RaisedAlert("tank-1", "falling", 5_700)
    assert score([HOT, LEAK, DEAD_GATEWAY], [], 3, [warning, low, leak, gateway], 0).severities_right == 3
    critical = RaisedAlert("pump-1", "hot", 900, severity="critical")
    assert score([HOT], [], 3, [warning, critical], 0).severities_right == 0


def test_median_and_ninth_decile_are_computed() -> None:
    delays = [10.0, 20, 30, 40, 50, 60, 70, 80, 90, 100, 110]
    assert (middle(delays), ninth_decile(delays)) == (60, 100)
    assert (middle([7.0]), ninth_decile([7.0])) == (7, 7)
    assert middle([]) != middle([])  # NaN


# -- labels ------------------------------------------------------------------------------------------------------------


def ramp(onset: float, kind: FaultKind, change_to: Callable[[float], float]) -> float | None:
    """Return the labelled moment of a fault that sets the only value to ``change_to(seconds since the onset)``."""

    def ideal(t: float) -> Values:
        return {"value": change_to(t - onset)}

    return met_at(kind, [Device("d", "m", None, phase=17, spread=0)], onset, onset + 3_600, ideal)


ABOVE = FaultKind("above", "m", ("r",), Shape("value", (0, 0)), lambda ideal, t: ideal(t)["value"] > 50, hold=3)


def test_condition_of_a_slow_rise_is_met_when_it_has_held() -> None:
    # 0 to 100 in 1,000 s: beyond 50 after 500 s, first seen at the step of 505 s; three minutes later it has held.
    assert ramp(1_000, ABOVE, lambda since: since / 10) == 1_685


def test_condition_that_is_interrupted_counts_from_its_last_beginning() -> None:
    # Above for 100 s, below until 200 s, then above for good.
    assert ramp(0, ABOVE, lambda since: 0 if 100 <= since < 200 else 60) == 380


def test_condition_that_never_holds_has_no_label() -> None:
    assert ramp(0, ABOVE, lambda since: 60 if since % 200 < 150 else 0) is None


def test_silence_counts_from_the_last_report() -> None:
    # Reports at 17, 77, … 977: the last one before 1,000 was at 977.
    silent = FaultKind("silent", "m", ("r",), hold=5, stops="silent")
    assert ramp(1_000, silent, lambda since: 0) == 977 + 300


def test_day_has_all_faults_and_quiet_hours_without_overlap() -> None:
    day = labelled_day(24, 200, 200, seed=3)
    assert (len(day.faults), len(day.quiet)) == (200, 200)
    assert len({fault.kind for fault in day.faults}) == 25
    assert all(fault.onset < fault.met < fault.end <= 24 * 3_600 for fault in day.faults)
    spans: dict[str, list[tuple[float, float]]] = {}
    for fault in day.faults:
        for device in fault.devices:
            spans.setdefault(device, []).append((fault.onset, fault.end))
    for hour in day.quiet:
        spans.setdefault(hour.device, []).append((hour.start, hour.end))
    for own in spans.values():
        assert all(one[1] + 1_800 <= two[0] for one, two in itertools.pairwise(sorted(own)))


def test_equal_seeds_give_equal_messages() -> None:
    one, two, other = (list(labelled_day(2, 17, 17, seed).reports(600)) for seed in (5, 5, 6))
    assert one == two != other
    assert [report.at for report in one] == sorted(report.at for report in one)


def test_too_many_faults_are_refused() -> None:
    with pytest.raises(ValueError, match="no room for 900 faults in 2 hours"):
        labelled_day(2, 900, 0, seed=1)


def test_messages_of_what_stops_stop() -> None:
    day = labelled_day(4, 40, 20, seed=2)
    reports = list(day.reports(4 * 3_600))
    checked = set()
    for fault in day.faults:
        values = [one.values for one in reports if one.device in fault.devices and fault.onset <= one.at < fault.end]
        if "silent" in fault.kind or "gateway" in fault.kind:
            assert not values
        elif fault.kind == "level sensor stuck":
            assert len({one["level"] for one in values}) == 1
        elif fault.kind == "meter's counter stops":
            assert len({one["energy"] for one in values}) == 1
            assert len({one["power"] for one in values}) > 1
        else:
            continue
        checked.add(fault.kind)
    assert len(checked) > 4


def test_late_reports_come_together_with_their_own_times() -> None:
    day = labelled_day(4, 0, 60, seed=2)
    late = {hour.device: hour.disturbance for hour in day.quiet if hour.disturbance.kind == "late"}
    held = [one for one in day.reports(4 * 3_600) if one.at > one.measured]
    assert {one.device for one in held} == set(late)
    assert all(late[one.device].at <= one.measured < one.at <= one.measured + 240 for one in held)


def test_gateway_returns_with_three_devices_dead() -> None:
    outage = GatewayOutage(1_000)
    reports = list(outage.reports())
    before = {one.device for one in reports if one.at < outage.down}
    after = {one.device for one in reports if one.at >= outage.returns}
    assert (len(before), len(after)) == (CHILDREN + 1, CHILDREN + 1 - DEAD)
    assert not [one for one in reports if outage.down <= one.at < outage.returns]


# -- rules -------------------------------------------------------------------------------------------------------------


def test_hub_accepts_all_rules_with_scaled_times() -> None:
    found = {rule.id: rule for rule in parse(hub_rules(24))}
    assert set(found) == {rule.id for rule in RULES}
    assert found["cold-room-warm"].for_ms == 25_000  # ten minutes
    assert found["air-filter"].clear_for_ms == 12_500  # five minutes


def test_both_systems_have_each_rule_with_the_same_times() -> None:
    other: dict[str, Any] = {}
    for alerting in prometheus_rules(24)["groups"][0]["rules"]:
        other.setdefault(alerting["alert"], []).append(alerting)
    for rule in parse(hub_rules(24)):
        for alerting in other.pop(rule.id):
            if "changes(" not in alerting["expr"]:  # the time of a stuck value is in its expression
                assert alerting.get("for", "0ms") == f"{rule.for_ms}ms"
            assert alerting.get("keep_firing_for", "0ms") == f"{rule.clear_for_ms}ms"
    assert other == {}


@pytest.mark.integration
def test_prometheus_and_alertmanager_accept_their_configuration(tmp_path: Path) -> None:
    (tmp_path / "rules.yml").write_text(json.dumps(prometheus_rules(24)))
    (tmp_path / "prometheus.yml").write_text(json.dumps(prometheus_config(1, ["127.0.0.1:2"], 24)))
    (tmp_path / "alertmanager.yml").write_text(json.dumps(alertmanager_config("http://127.0.0.1:3", 24)))
    subprocess.run(["promtool", "check", "config", tmp_path / "prometheus.yml"], check=True)
    subprocess.run(["amtool", "check-config", tmp_path / "alertmanager.yml"], check=True)


# -- what both systems send --------------------------------------------------------------------------------------------


def alertmanager_body(status: str, *alerts: tuple[str, str]) -> Any:
    items = [
        {"status": own, "labels": {"alertname": "hot", "device": "pump-1", "severity": "warning"}, "startsAt": starts}
        for own, starts in alerts
    ]
    return {"status": status, "groupKey": "{}:{device=pump-1}", "alerts": items}


def test_group_that_fires_again_after_it_was_resolved_is_another_incident() -> None:
    recorder, first, second = PrometheusRecorder(), "2026-11-30T10:00:00Z", "2026-11-30T10:05:00.250Z"
    recorder.sent(alertmanager_body("firing", ("firing", first)))
    recorder.sent(alertmanager_body("firing", ("firing", first)))  # sent again
    recorder.sent(alertmanager_body("resolved", ("resolved", first)))
    recorder.sent(alertmanager_body("firing", ("firing", second)))
    assert len({group for _, group in recorder.notified.values()}) == 2
    assert recorder.messages.between(0, math.inf) == ["pump-1", "pump-1"]
    assert [key.starts % 1_000 for key in recorder.notified] == [0, 250]


def test_alert_that_prometheus_sends_again_is_one_until_it_ends() -> None:
    recorder = PrometheusRecorder()
    alert = alertmanager_body("firing", ("firing", "2026-11-30T10:00:00Z"))["alerts"][0]
    for ends in ("2100-01-01T00:00:00Z", "2100-01-01T00:01:00Z"):
        recorder.fired([{**alert, "endsAt": ends}])
    key = AlertKey("hot", "pump-1", "warning", 1_796_032_800_000)
    assert recorder.raised == {key: None}
    recorder.fired([{**alert, "endsAt": "2026-11-30T10:07:00Z"}])
    assert recorder.raised == {key: 1_796_033_220_000}


def test_hub_message_is_counted_once_for_its_new_alerts() -> None:
    recorder = HubRecorder()
    alerts = [
        {"id": name, "device": "pump-1", "severity": severity}
        for name, severity in (("a", "warning"), ("b", "critical"))
    ]
    recorder.sent({"status": "firing", "alerts": alerts[:1]})
    recorder.sent({"status": "firing", "alerts": alerts})
    recorder.sent({"status": "firing", "alerts": alerts})
    recorder.sent({"status": "resolved", "alerts": alerts})
    assert recorder.messages.between(0, math.inf) == ["pump-1", "pump-1"]
    assert set(recorder.notified) == {"a", "b"}
    assert recorder.critical == {"b"}


def test_exporter_shows_the_newest_reading_and_counts_a_message_for_the_gateway() -> None:
    exporter = Exporter()
    exporter.take("devices/g/info", b'{"model": "gateway"}')
    exporter.take("devices/p/info", b'{"model": "pump", "via": "g"}')
    exporter.take("devices/p/telemetry", b'{"ts": 2000, "metrics": {"flow": 3.5, "running": true}}')
    exporter.take("devices/p/telemetry", b'{"ts": 1000, "metrics": {"flow": 9}}')  # late
    samples = {one.name: {s.labels["device"]: s for s in one.samples} for one in exporter.collect()}
    assert samples["flow"]["p"].value == 3.5
    assert samples["running"]["p"].value == 1
    assert samples["flow"]["p"].labels == {"device": "p", "model": "pump", "gateway": "g"}
    assert set(samples["last_seen_timestamp_seconds"]) == {"g", "p"}


def test_table_says_where_the_hub_does_worse() -> None:
    detected = [RaisedAlert("pump-1", "hot", 430, 500, "1")]
    one, two = (score([HOT], [], 1, alerts, 0) for alerts in ([], detected))
    outcome = GatewayOutcome(201, 200, 1, 1, 1, 3)
    text = table(one, two, outcome, outcome._replace(diagnoses=None))
    assert "NO  no fault missed that Prometheus finds (missed: hot)" in text
    assert "| detected | 0 of 1 (0.000) | 1 of 1 (1.000) |" in text
    assert "| gateway of 200: incidents, messages, diagnoses | 1, 1, 1 | 1, 1, – |" in text
