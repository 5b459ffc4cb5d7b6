"""Conditions on silence that are joined with others: no data of a device or of a metric of it."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import CloseAlert
from hub.rules import describe
from rule_plant import T0, Plant
from test_rule_trees import HOT, tree
from test_rules_timing import FastPathPlant

SILENT = 'kind = "no_data"\nsilence = "60s"'
NO_FLOW = 'kind = "no_data"\nmetric = "flow"\nsilence = "30s"'
RUNS = 'kind = "equals"\nmetric = "on"\nvalue = true'


def test_device_that_is_silent_or_hot_has_one_alert():
    plant = Plant(tree("any", SILENT, HOT))
    assert describe(plant.engine.rules[0]) == "no data for 1 min or t above 80"
    assert plant.reading(0, 20.0) == []
    assert plant.tick(59) == []
    assert plant.tick(60) == ["raised"]
    assert (plant.alert().metric, plant.alert().message) == ("t", "no data for 1 min or T above 80")
    assert plant.reading(70, 90.0) == [], "it is hot now"
    assert plant.reading(80, 20.0) == ["cleared"]
    assert plant.tick(139) == []
    assert plant.tick(140) == ["raised"]
    assert plant.readings(150, {"other": 1.0}) == ["cleared"], "any message ends the silence"


def test_metric_that_a_running_machine_stops_reporting_raises():
    plant = Plant(tree("all", NO_FLOW, RUNS))
    assert plant.readings(0, {"flow": 5.0, "on": True}) == []
    for second in (10, 20, 29):
        assert plant.reading(second, True, metric="on") == []
    assert plant.tick(29.9) == []
    assert plant.tick(30) == ["raised"]
    assert plant.alert().message == "flow not reported for 30 s and on is true"
    assert plant.reading(31, True, metric="on") == []
    assert plant.reading(32, False, metric="on") == ["cleared"]
    assert plant.reading(33, True, metric="on") == ["raised"]
    assert plant.reading(34, 5.0, metric="flow") == ["cleared"]


def test_silence_counts_only_while_the_hub_is_connected():
    plant = Plant(tree("any", SILENT, HOT))
    plant.reading(0, 20.0)
    assert plant.tick(100, None) == []
    assert plant.tick(200, None) == []
    assert plant.tick(201, T0 + 201_000) == []
    assert plant.tick(260, T0 + 201_000) == []
    assert plant.tick(261, T0 + 201_000) == ["raised"]
    assert plant.tick(300, None) == [], "what was silent stays so"
    assert plant.reading(301, 20.0) == ["cleared"]


def test_tree_of_silences_alone_watches_the_device():
    rules = tree("all", SILENT, 'kind = "not"\n[[rule.conditions.conditions]]\n' + SILENT.replace("60s", "120s"))
    plant = Plant(rules)
    plant.reading(0, 1.0)
    assert plant.tick(60) == ["raised"]
    assert (plant.alert().metric, plant.alert().value) == (None, None)
    assert plant.tick(119) == []
    assert plant.tick(120) == ["cleared"]


def test_silence_of_a_device_that_never_reported_the_metric_is_unknown():
    plant = Plant(
        tree("any", NO_FLOW, HOT) + '\n[[rule.conditions]]\nkind = "no_data"\nquantity = "pressure"\nsilence = "9s"'
    )
    plant.reading(0, 20.0)
    assert plant.tick(100) == []
    assert plant.readings(101, {"t": 20.0, "flow": 5.0}) == []
    assert plant.tick(131) == ["raised"]


def test_alert_of_a_silent_tree_survives_restart_and_edit():
    rules = tree("any", SILENT, HOT)
    plant = Plant(rules)
    plant.reading(0, 20.0)
    assert plant.restart(30, rules) == []
    assert plant.tick(60) == ["raised"]
    alert = plant.alert()
    assert plant.restart(70, rules) == []
    assert plant.tick(100) == []
    assert plant.alert() == alert
    assert plant.reload(110, tree("any", SILENT, HOT.replace("80", "85"))) == ["changed"]
    assert plant.alert().message == "no data for 1 min or T above 85"
    assert plant.reload(111, tree("any", SILENT.replace("60s", "1h"), HOT)) == ["cleared"]


def test_silence_that_a_person_closed_raises_nothing_until_the_device_is_heard():
    rules = tree("any", NO_FLOW, HOT)
    plant = Plant(rules)
    plant.reading(0, 5.0, metric="flow")
    assert plant.tick(30) == ["raised"]
    plant.handle(CloseAlert(plant.alert().id, "ada", T0 + 40_000))
    plant.commit()
    assert plant.tick(50) == []
    assert plant.restart(51, rules) == []
    assert plant.tick(60) == []
    assert plant.reading(70, 5.0, metric="flow") == []
    assert plant.tick(99) == []
    assert plant.tick(100) == ["raised"]


def test_device_that_is_withdrawn_is_not_silent():
    plant = Plant(tree("any", SILENT, HOT))
    plant.reading(0, 20.0)
    plant.engine.judge(plant.registry.withdraw(plant.device), T0 + 1_000)
    assert plant.tick(100) == []


@pytest.mark.parametrize("rules", [tree("any", SILENT, HOT), tree("all", NO_FLOW, HOT), tree("any", HOT, NO_FLOW)])
@given(
    st.lists(st.tuples(st.integers(1, 40), st.sampled_from([20.0, 85.0]), st.sampled_from(["", "restart", "reload"])))
)
def test_restarts_and_skipped_readings_change_nothing(rules: str, steps: list[tuple[int, float, str]]):
    steady, shaken, fast, now = Plant(rules), Plant(rules), FastPathPlant(rules), 0
    start = {"t": 20.0, "flow": 5.0}
    for plant in (steady, shaken, fast):
        plant.readings(0, start)
        plant.tick(0)
    for gap, value, upset in steps:
        for _ in range(gap):
            now += 1
            assert steady.tick(now) == shaken.tick(now) == fast.tick(now)
        seen = steady.reading(now, value)
        assert seen == shaken.reading(now, value) == fast.reading(now, value)
        assert steady.engine.open == shaken.engine.open == fast.engine.open
        if upset:
            assert getattr(shaken, upset)(now, rules) == []


def test_fast_path_skips_the_readings_of_a_device_that_is_heard():
    plant = FastPathPlant(tree("any", SILENT, HOT))
    for second in range(10):
        assert plant.tick(second) == []
        assert plant.reading(second, 20.0) == []
    assert plant.skipped >= 7
    assert plant.tick(69) == ["raised"]
    unknown = FastPathPlant(tree("any", NO_FLOW, HOT))
    for second in range(10):
        assert unknown.tick(second) + unknown.reading(second, 20.0) == []
    assert unknown.skipped >= 7, "the flow was never reported"
    assert unknown.readings(10, {"t": 20.0, "flow": 5.0}) == []
    assert unknown.tick(39) == []
    assert unknown.tick(40) == ["raised"]
