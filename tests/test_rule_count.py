"""Rules that count: a condition that values meet several times within a window."""

from __future__ import annotations

import pytest

from hub.errors import ConfigError
from hub.model import CloseAlert, Info
from hub.rules import describe, parse
from rule_plant import T0, Plant


def count(more: str, metric: str = "door") -> str:
    return f'[[rule]]\nid = "r"\nkind = "count"\nmetric = "{metric}"\n{more}\n'


OFTEN = count('value = true\ntimes = 3\nwithin = "10m"')


def test_door_that_opens_three_times_raises_until_the_window_has_passed():
    plant = Plant(OFTEN)
    for second in (0, 60):
        assert plant.reading(second, True, metric="door") == []
        assert plant.reading(second + 5, True, metric="door") == [], "it is still open: that is no second time"
        assert plant.reading(second + 10, False, metric="door") == []
    assert plant.reading(120, True, metric="door") == ["raised"]
    assert (plant.alert().message, plant.alert().since) == ("door is open, 3 times within 10 min", T0 + 120_000)
    assert plant.reading(130, False, metric="door") == []
    assert plant.tick(599) == []
    assert plant.tick(600) == ["cleared"], "no reading is needed: the first time has left the window"
    assert plant.reading(650, True, metric="door") == ["raised"], "at 60 s, 120 s and 650 s"
    assert plant.tick(660) == ["cleared"]


def test_each_value_counts_if_the_rule_says_so():
    plant = Plant(count('value = "single"\ntimes = 3\nwithin = "10s"\neach_value = true', "button"))
    seen = [plant.reading(second, "single", metric="button") for second in (0, 8, 11, 12, 13)]
    assert seen == [[], [], [], ["raised"], []]
    assert plant.alert().message == "button is single, in 3 values within 10 s"
    assert plant.tick(22) == ["cleared"]


def test_excursions_above_a_limit_count_with_hysteresis():
    plant = Plant(count('above = 80\nclear = 78\ntimes = 2\nwithin = "1h"', "t"), info=Info(units={"t": "°C"}))
    assert describe(plant.engine.rules[0]) == "t above 80, 2 times within 1 h, counts again below 78"
    seen = [plant.reading(second, value) for second, value in enumerate((81.0, 79.0, 81.0, 77.0, 82.0))]
    assert seen == [[], [], [], [], ["raised"]]
    assert plant.alert().message == "T 82 °C, above 80 °C, 2 times within 1 h"


def test_count_survives_restarts():
    plant = Plant(OFTEN)
    for second in (0, 60):
        plant.reading(second, True, metric="door")
        plant.reading(second + 1, False, metric="door")
        assert plant.restart(second + 2, OFTEN) == []
    assert plant.reading(120, True, metric="door") == ["raised"]
    assert plant.restart(130, OFTEN) == []
    assert plant.restart(500, OFTEN) == []
    assert plant.tick(600) == ["cleared"]


def test_edit_keeps_the_times_that_were_counted_by_the_same_condition():
    plant = Plant(OFTEN)
    for second in (0, 60):
        plant.reading(second, True, metric="door")
        plant.reading(second + 1, False, metric="door")
    assert plant.reload(70, OFTEN.replace("3", "2")) == ["raised"]
    assert plant.reading(80, True, metric="door") == []
    assert plant.reload(90, OFTEN.replace("3", "5")) == ["cleared"]
    rate = '[[rule]]\nid = "r"\nkind = "rate"\nmetric = "door"\nby = 0.5\nwithin = "10m"\n'
    assert plant.reload(100, rate) == []
    assert plant.reading(101, True, metric="door") == [], "counted times are no readings of the rate rule"
    assert plant.reload(110, OFTEN) == []
    assert plant.reading(111, False, metric="door") == []


def test_alert_closed_by_hand_needs_as_many_times_again():
    plant = Plant(OFTEN)
    for second in (0, 20, 40):
        plant.reading(second, True, metric="door")
        plant.reading(second + 1, False, metric="door")
    plant.handle(CloseAlert(plant.alert().id, "ada", T0 + 50_000))
    for second in (60, 80):
        assert plant.reading(second, True, metric="door") + plant.reading(second + 1, False, metric="door") == []
    assert plant.reading(100, True, metric="door") == ["raised"]


def test_memory_is_bounded_and_a_watch_at_rest_is_calm():
    plant = Plant(count('above = 80\ntimes = 100\nwithin = "7d"\neach_value = true', "t"))
    plant.reading(0, 20.0)
    device = plant.registry.require(plant.device)
    assert plant.engine.calm(device, ["t"])[:2] == ([-float("inf")], [80.0])
    for second in range(1, 300):
        plant.reading(second, 90.0)
    assert len(device.watches["r/t"].points) == 100
    assert plant.engine.calm(device, ["t"]) is None


@pytest.mark.parametrize(
    ("more", "key", "hint"),
    [
        ('value = true\ntimes = 0\nwithin = "1m"', "times", "a whole number from 1 to 100"),
        ('value = true\ntimes = 2.5\nwithin = "1m"', "times", "a whole number"),
        ("value = true\ntimes = 2", "within", "a duration"),
        ('value = true\nabove = 5\ntimes = 2\nwithin = "1m"', "above", "just one of above, below and value"),
        ('times = 2\nwithin = "1m"', "above", "just one of above and below"),
        ('value = true\ntimes = 2\nwithin = "1m"\nfor = "5s"', "for", "nothing: the alert is raised with"),
    ],
)
def test_wrong_keys_are_refused(more: str, key: str, hint: str):
    with pytest.raises(ConfigError) as caught:
        parse(count(more))
    assert f": {key} " in caught.value.message
    assert caught.value.hint is not None
    assert hint in caught.value.hint
