"""Rules without a limit: what is unusual is learned from the metric itself."""

from __future__ import annotations

import math
import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from hub.backtest import replay
from hub.errors import ConfigError
from hub.model import CloseAlert, Identity, Info, Record
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, describe, parse
from hub.rules.learned_metrics import learned_limit
from hub.services.backtests import Backtests
from hub.services.rule_warnings import learning_warnings
from hub.store.base import Delta
from hub.store.sqlite import SqliteStore
from rule_plant import T0, Plant
from test_rules_timing import FastPathPlant

RULE = '[[rule]]\nid = "r"\nkind = "anomaly"\nmetric = "t"\n'
STEP = 600
HOUR = 3_600
DAY = 24 * HOUR


def usual(second: int) -> float:
    """Return a value with a daily course between 20 and 30 and some noise."""
    noise = random.Random(second).uniform(-1, 1)
    return round(25 + 4 * math.sin(2 * math.pi * second / DAY) + noise, 2)


def run(plant: Plant, begin: int, end: int, value=usual) -> list[str]:
    """Send a reading every ten minutes. Return what happened."""
    return [each for second in range(begin, end, STEP) for each in plant.reading(second, value(second))]


def test_unusual_value_raises_after_a_day_and_says_why():
    plant = Plant(RULE, info=Info(units={"t": "°C"}))
    assert describe(plant.engine.rules[0]) == "t unusual (medium sensitivity)"
    assert run(plant, 0, 20 * HOUR) == []
    assert plant.reading(20 * HOUR, 60.0) == [], "too little has been learned"
    plant = Plant(RULE, info=Info(units={"t": "°C"}))
    assert run(plant, 0, 3 * DAY) == []
    assert plant.reading(3 * DAY, 33.0) == [], "a little beyond"
    assert plant.reading(3 * DAY + 10, 45.0) == ["raised"]
    alert = plant.alert()
    assert (alert.metric, alert.value, alert.threshold) == ("t", 45.0, None)
    assert alert.message.startswith("T 45 °C, beyond its values of the last 4 days by ")
    assert alert.message.endswith(" % of their range")
    assert plant.reading(3 * DAY + 20, 35.0) == [], "it has to return to what is usual"
    assert plant.reading(3 * DAY + 30, 25.0) == ["cleared"]
    assert plant.reading(3 * DAY + 40, 45.0) == ["raised"], "what was unusual was not learned"


@pytest.mark.parametrize(("sensitivity", "value", "raised"), [("low", 36.0, []), ("high", 33.5, ["raised"])])
def test_sensitivity_is_the_distance_in_ranges(sensitivity: str, value: float, raised: list[str]):
    plant = Plant(RULE + f'sensitivity = "{sensitivity}"\n')
    assert run(plant, 0, 2 * DAY) == []
    assert plant.reading(2 * DAY, value) == raised


def test_value_at_the_end_of_the_number_range_has_a_message():
    plant = Plant(RULE)
    assert run(plant, 0, 2 * DAY, lambda second: usual(second) * 1e-300) == []
    assert plant.reading(2 * DAY, 1e308) == ["raised"]
    assert plant.alert().message.endswith("by 1000000 % of their range")


def test_new_level_is_normal_after_a_day():
    plant = Plant(RULE)
    assert run(plant, 0, 2 * DAY) == []
    assert run(plant, 2 * DAY, 3 * DAY, lambda second: usual(second) + 40) == ["raised"]
    assert run(plant, 3 * DAY, 5 * DAY, lambda second: usual(second) + 40) == ["cleared"]
    assert plant.reading(5 * DAY, 25.0) == ["raised"], "the old level is unusual now"


def test_metric_that_hardly_changes_or_only_rises_is_never_unusual():
    set_point = Plant(RULE)
    assert run(set_point, 0, 4 * DAY, lambda second: 21.0 if second < 3 * DAY else 60.0) == []
    counter = Plant(RULE.replace("\nmetric", '\nsensitivity = "high"\nmetric'))
    assert run(counter, 0, 6 * DAY, lambda second: second / 10) == []
    state = FastPathPlant(RULE)
    assert run(state, 0, 2 * DAY, lambda second: second % 1_200 == 0) == []
    assert state.skipped > 200


def test_learned_range_survives_restart_and_edit():
    plant = Plant(RULE)
    assert run(plant, 0, 2 * DAY) == []
    assert plant.restart(2 * DAY, RULE) == []
    assert plant.reading(2 * DAY + 1, 45.0) == ["raised"]
    alert = plant.alert()
    assert plant.restart(2 * DAY + 2, RULE) == []
    assert plant.alert() == alert
    assert plant.reload(2 * DAY + 3, RULE + 'severity = "critical"\n') == ["changed"]
    assert plant.alert().message == alert.message
    assert plant.reload(2 * DAY + 4, RULE + 'sensitivity = "low"\n') != []
    assert plant.reading(2 * DAY + 5, 25.0) in ([], ["cleared"])
    assert plant.reading(2 * DAY + 6, 60.0) == ["raised"]


def test_metric_is_learned_again_after_its_alert_is_closed():
    plant = Plant(RULE)
    run(plant, 0, 2 * DAY)
    plant.reading(2 * DAY, 45.0)
    plant.handle(CloseAlert(plant.alert().id, "ada", T0 + (2 * DAY + 1) * 1_000))
    assert run(plant, 2 * DAY + STEP, 3 * DAY, lambda second: usual(second) + 20) == []


def test_anomaly_is_joined_with_a_state():
    rules = '[[rule]]\nid = "r"\nkind = "all"\n[[rule.conditions]]\nkind = "anomaly"\nmetric = "t"\n'
    plant = Plant(rules + '[[rule.conditions]]\nkind = "equals"\nmetric = "on"\nvalue = true\n')
    assert run(plant, 0, 2 * DAY) == []
    assert plant.reading(2 * DAY, 45.0) == []
    assert plant.reading(2 * DAY + 1, True, metric="on") == ["raised"]
    assert plant.alert().message == "T unusual (medium sensitivity) and on is true"


@settings(max_examples=20)
@given(st.lists(st.tuples(st.integers(60, 5 * HOUR), st.sampled_from([None, None, None, 32.0, 45.0])), max_size=60))
def test_values_that_the_fast_path_skips_are_learned(steps: list[tuple[int, float | None]]):
    full, fast = Plant(RULE), FastPathPlant(RULE)
    now = 2 * DAY
    assert run(full, 0, now) == run(fast, 0, now) == []
    assert fast.skipped > 200
    for gap, value in steps:
        now += gap
        assert full.tick(now) == fast.tick(now)
        found = usual(now) if value is None else value
        assert full.reading(now, found) == fast.reading(now, found)
        assert full.engine.open == fast.engine.open


async def test_backtest_learns_before_its_period(tmp_path: Path):
    store, registry = SqliteStore.open(tmp_path), DeviceRegistry()
    begin, end = T0 + 3 * DAY * 1_000, T0 + 4 * DAY * 1_000
    records = [
        Record("d", ts, ts, {"t": 45.0 if begin + HOUR * 1_000 <= ts < begin + 2 * HOUR * 1_000 else usual(second)})
        for second in range(0, 4 * DAY, STEP)
        if (ts := T0 + second * 1_000)
    ]
    await store.commit(1, Delta(len(records), records))
    registry.identify(Identity("d", "d", "native"), T0)
    registry.observe(Record("d", T0, T0, {"t": 20.0}))
    (rule,) = parse(RULE)
    backtests = Backtests(Engine([]).applies, registry, store)
    found = await backtests.run(rule, None, begin, end)
    assert [(each.start, each.end) for each in found.rule.firings] == [(begin + HOUR * 1_000, begin + 2 * HOUR * 1_000)]
    assert found.data_from == begin
    (limit,) = parse('[[rule]]\nid = "r"\nmetric = "t"\nabove = 24\nfor = "7h"\n')
    both = await backtests.run(rule, limit, begin, end)
    alone = await backtests.run(limit, None, begin, end)
    assert both.old is not None
    assert both.old.firings == alone.rule.firings != []
    points = [(record.ts, record.values["t"], "good") for record in records]
    (firing,) = replay(rule, registry.require("d"), {"t": points}, T0, end)
    assert firing.start == found.rule.firings[0].start
    await store.close()


def test_wrong_sensitivity_is_refused():
    with pytest.raises(ConfigError) as caught:
        parse(RULE + 'sensitivity = "extreme"\n')
    assert "sensitivity = 'extreme'" in caught.value.message
    assert caught.value.hint == "Allowed: low, medium, high."


def test_metrics_beyond_the_limit_are_not_learned_and_are_reported(caplog: pytest.LogCaptureFixture):
    plant = Plant('[[rule]]\nid = "r"\nkind = "anomaly"\nmetric = "*"\n')
    learned = plant.engine.learned
    learned.limit = 2
    for second in range(0, 3 * DAY, STEP):
        for metric in ("a", "b", "c", "d"):
            plant.reading(second, usual(second), metric=metric)
    keys = {key for key, watch in plant.registry.require(plant.device).watches.items() if watch.points}
    assert keys == {"r/a", "r/b"}
    assert learned.full
    assert learned.not_watched("r") == 2
    (warning,) = learning_warnings(plant.engine.rules[0], learned)
    assert warning.startswith("2 metrics of this rule cannot be watched: rules without a limit learn at most 2 metrics")
    assert len([each for each in caplog.messages if "is not watched" in each]) == 1
    assert plant.reading(3 * DAY, 60.0, metric="a") == ["raised"]
    assert plant.reading(3 * DAY, 60.0, metric="c") == [], "it is not watched"


def test_count_of_learned_metrics_follows_rules_and_deleted_devices():
    plant = Plant('[[rule]]\nid = "r"\nkind = "anomaly"\nmetric = "*"\n')
    learned = plant.engine.learned
    learned.limit = 1
    plant.reading(0, 1.0, metric="a")
    plant.reading(0, 1.0, metric="b")
    assert (learned.full, learned.not_watched("r")) == (True, 1)
    plant.reload(60, RULE.replace('"t"', '"b"'))
    assert (learned.full, learned.not_watched("r")) == (False, 0)
    plant.reading(120, 1.0, metric="b")
    assert learned.full
    plant.engine.forget(plant.device, T0 + 180_000)
    assert not learned.full


def test_limit_follows_the_memory():
    assert [learned_limit(total) for total in (20_000, 1_000_000, 50_000_000)] == [500, 10_000, 500_000]
