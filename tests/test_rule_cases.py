"""Faults of other alert systems that their users have reported, each as a test of this one."""

from __future__ import annotations

from rule_plant import T0, Plant

LIMIT = '[[rule]]\nid = "r"\nmetric = "t"\n'
GRADED = LIMIT + "above = 70\nclear = 65\ncritical = { above = 90, clear = 85 }\n"


def test_value_within_the_hysteresis_neither_clears_nor_raises():
    """ThingsBoard 7943: an alarm without hysteresis flaps around its limit."""
    plant = Plant(LIMIT + "above = 70\nclear = 65\n")
    values = (69.0, 71.0, 69.0, 70.5, 66.0, 64.9, 69.0, 70.0, 70.1)
    words = [word for second, value in enumerate(values) for word in plant.reading(second, value)]
    assert words == ["raised", "cleared", "raised"]


def test_severity_goes_down_with_the_value():
    """ThingsBoard 11803: an alarm kept its highest severity until it was cleared."""
    plant = Plant(GRADED)
    plant.reading(0, 95.0)
    alert = plant.alert()
    assert alert.severity == "critical"
    assert plant.reading(1, 80.0) == ["changed"]
    assert (plant.alert().id, plant.alert().severity) == (alert.id, "warning")


def test_each_severity_clears_at_its_own_limit():
    """ThingsBoard 12560: one clear condition ended the alarm whatever its severity was."""
    plant = Plant(GRADED)
    plant.reading(0, 95.0)
    seen = []
    for second, value in enumerate((86.0, 84.0, 89.0, 66.0, 64.0), 1):
        plant.reading(second, value)
        seen.append(next((alert.severity for alert in plant.engine.open.values()), None))
    assert seen == ["critical", "warning", "warning", "warning", None]


def test_alert_clears_after_a_quiet_time_without_a_further_reading():
    """ThingsBoard 10979: an alarm of a device that only reports events stayed active for ever."""
    plant = Plant('[[rule]]\nid = "r"\nkind = "count"\nmetric = "t"\nvalue = "leak"\ntimes = 1\nwithin = "10m"\n')
    assert plant.reading(0, "leak") == ["raised"]
    assert plant.tick(599) == []
    assert plant.tick(600) == ["cleared"]
    delayed = Plant(LIMIT + 'above = 70\nclear_for = "10m"\n')
    assert delayed.reading(0, 75.0) == ["raised"]
    assert delayed.reading(60, 20.0) + delayed.tick(659) == []
    assert delayed.tick(660) == ["cleared"]


def test_each_series_has_its_own_no_data_alert():
    """Grafana 106073: one series without data was hidden by the others of its rule."""
    plant = Plant('[[rule]]\nid = "r"\nkind = "no_data"\nmetric = "*"\nsilence = "60s"\n')
    plant.readings(0, {"t": 1.0, "u": 1.0, "v": 1.0})
    for second in range(10, 60, 10):
        plant.readings(second, {"v": 1.0})
        assert plant.tick(second) == []
    plant.readings(59, {"v": 1.0})
    assert plant.tick(60) == ["raised", "raised"]
    assert {alert.metric for alert in plant.engine.open.values()} == {"t", "u"}
    assert plant.readings(61, {"t": 1.0}) == ["cleared"]
    assert plant.alert().metric == "u"


def test_short_gap_is_no_alert_and_silence_counts_from_the_last_value():
    """Grafana 16290: no data fired at once and ignored the time for which it had to last."""
    plant = Plant('[[rule]]\nid = "r"\nkind = "no_data"\nmetric = "t"\nsilence = "5m"\n')
    plant.reading(0, 1.0)
    assert plant.tick(299) == []
    assert plant.reading(299.5, 1.0) == []
    assert plant.tick(300) + plant.tick(599) == []
    assert plant.tick(600) == ["raised"]
    assert plant.alert().since == T0 + 299_500
