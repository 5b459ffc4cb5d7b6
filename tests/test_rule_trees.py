"""Conditions on several metrics of a device, joined by all, any and not, with values that are not known."""

from __future__ import annotations

import math
from itertools import product

import pytest

from hub.errors import ConfigError
from hub.model import Acknowledge, CloseAlert, Info, ValueExpired
from hub.rules import describe, parse
from hub.rules.truth import Truth, all_of, any_of, none_of
from hub.services.open_reason import open_reason
from rule_plant import T0, Plant

VALUES: dict[Truth, float | None] = {True: 90.0, False: 20.0, None: None}
AND = {
    (True, True): True, (True, False): False, (True, None): None,
    (False, True): False, (False, False): False, (False, None): False,
    (None, True): None, (None, False): False, (None, None): None,
}  # fmt: skip
OR = {
    (True, True): True, (True, False): True, (True, None): True,
    (False, True): True, (False, False): False, (False, None): None,
    (None, True): True, (None, False): None, (None, None): None,
}  # fmt: skip
NOT = {True: False, False: True, None: None}


def tree(kind: str, *conditions: str, more: str = "") -> str:
    parts = "".join(f"[[rule.conditions]]\n{each}\n" for each in conditions)
    return f'[[rule]]\nid = "r"\nkind = "{kind}"\n{more}\n{parts}'


ABOVE_5, ABOVE_10 = math.nextafter(5, math.inf), math.nextafter(10, math.inf)
HOT, OPEN = 'metric = "t"\nabove = 80', 'metric = "u"\nabove = 80'


def test_joined_conditions_follow_three_valued_truth_tables():
    for pair in product((True, False, None), repeat=2):
        assert all_of(pair) is AND[pair]
        assert any_of(pair) is OR[pair]
    for value, expected in NOT.items():
        assert none_of([value]) is expected


@pytest.mark.parametrize("pair", list(AND), ids=str)
@pytest.mark.parametrize("kind", ["all", "any"])
def test_unknown_value_neither_raises_nor_clears(kind: str, pair: tuple[Truth, Truth]):
    """``None`` is a metric that expired while an alert was open, or was never reported."""
    expected = (AND if kind == "all" else OR)[pair]
    known = {name: VALUES[truth] for name, truth in zip("tu", pair, strict=True) if truth is not None}
    fresh = Plant(tree(kind, HOT, OPEN))
    assert fresh.readings(1, {**known, "other": 1.0}) == (["raised"] if expected else [])
    plant = Plant(tree(kind, HOT, OPEN))
    assert plant.readings(0, {"t": 90.0, "u": 90.0}) == ["raised"]
    for name in {"t", "u"} - known.keys():
        plant.registry.expire_value(ValueExpired(plant.device, name, T0 + 500))
    if known:
        assert plant.readings(1, known) == (["cleared"] if expected is False else [])


@pytest.mark.parametrize("truth", [True, False, None], ids=str)
def test_not_of_an_unknown_value_is_unknown(truth: Truth):
    known = {} if truth is None else {"t": VALUES[truth]}
    assert Plant(tree("not", HOT)).readings(0, {**known, "other": 1.0}) == (["raised"] if truth is False else [])
    nested = tree("any", 'kind = "not"\n[[rule.conditions.conditions]]\n' + HOT, OPEN)
    assert Plant(nested).readings(0, {**known, "u": 20.0}) == (["raised"] if truth is False else [])


def test_values_that_arrive_one_after_another_are_joined():
    rules = tree("all", HOT + "\nclear = 78", 'kind = "equals"\nmetric = "door"\nvalue = true')
    plant = Plant(rules, info=Info(units={"t": "°C"}))
    assert describe(plant.engine.rules[0]) == "t above 80 (clears below 78) and door is true"
    assert plant.reading(0, 85.0) == []
    assert plant.reading(1, True, metric="door") == ["raised"]
    alert = plant.alert()
    assert (alert.metric, alert.value, alert.unit, alert.message_key) == ("t", 85.0, "°C", "all")
    assert alert.message == "T above 80 (clears below 78) and door is true"
    assert plant.reading(2, 79.0) == [], "hysteresis of the condition"
    assert plant.restart(3, rules) == []
    assert plant.reading(4, 79.5) == []
    assert plant.reading(5, False, metric="door") == ["cleared"]
    assert plant.reading(6, True, metric="door") == ["raised"], "79.5 is still above the clear value"
    assert plant.reading(7, 77.0) == ["cleared"]


def test_condition_counts_when_it_has_held_for_its_own_time():
    rules = tree("all", HOT + '\nfor = "60s"', 'kind = "equals"\nmetric = "on"\nvalue = true', more='clear_for = "10s"')
    plant = Plant(rules)
    assert plant.readings(0, {"t": 85.0, "on": True}) == []
    assert plant.reading(30, 86.0) == []
    assert plant.tick(59) == []
    assert plant.restart(59.5, rules) == []
    assert plant.reading(59.7, True, metric="on") == []
    assert plant.tick(60) == ["raised"]
    assert plant.reading(70, False, metric="on") == []
    assert plant.tick(79) == []
    assert plant.tick(80) == ["cleared"]
    assert plant.reading(90, True, metric="on") == ["raised"], "t has been above 80 all the time"


def test_rule_waits_for_its_own_time_as_well():
    rules = tree("any", HOT, OPEN, more='for = "20s"')
    plant = Plant(rules)
    assert plant.readings(0, {"t": 85.0, "u": 20.0}) == []
    assert plant.readings(10, {"t": 20.0, "u": 85.0}) == [], "one of them holds without a break"
    assert plant.tick(19) == []
    assert plant.tick(20) == ["raised"]
    assert plant.alert().since == T0


def test_counting_and_stuck_conditions_end_with_time():
    often = 'kind = "count"\nmetric = "door"\nvalue = true\ntimes = 2\nwithin = "60s"'
    plant = Plant(tree("all", often, HOT))
    plant.readings(0, {"t": 85.0, "door": True})
    plant.reading(10, False, metric="door")
    assert plant.reading(20, True, metric="door") == ["raised"]
    assert plant.tick(59) == []
    assert plant.tick(60) == ["cleared"]
    stuck = Plant(tree("all", 'kind = "stuck"\nmetric = "flow"\nfor = "30s"', HOT))
    stuck.readings(0, {"flow": 5.0, "t": 85.0})
    assert stuck.tick(29) == []
    assert stuck.tick(30) == ["raised"]
    assert stuck.reading(31, 6.0, metric="flow") == ["cleared"]
    assert stuck.reading(61, 6.0, metric="flow") == ["raised"]


@pytest.mark.parametrize(
    ("rules", "since"),
    [(tree("all", HOT + '\nfor = "2h"', OPEN), 14_510), (tree("all", HOT, OPEN, more='for = "2h"'), 7_310)],
)
def test_stale_device_raises_nothing_and_its_time_begins_again(rules: str, since: int):
    plant = Plant(rules)
    for second in range(0, 100, 10):
        assert plant.readings(second, {"t": 85.0, "u": 85.0}) == []
    assert plant.tick(3_600) == []
    assert plant.registry.require(plant.device).presence == "stale"
    assert plant.tick(7_300) == []
    seen = [plant.readings(second, {"t": 85.0, "u": 85.0}) for second in range(7_310, 14_520, 10)]
    assert (seen[:-1], seen[-1]) == ([[]] * 720, ["raised"])
    assert plant.alert().since == T0 + since * 1_000


def test_edit_of_a_tree_keeps_withdraws_or_raises_alerts():
    plant = Plant(tree("all", HOT, OPEN))
    assert plant.readings(0, {"t": 85.0, "u": 85.0}) == ["raised"]
    acknowledged, _ = plant.handle(Acknowledge(plant.alert().id, "ada", T0))
    assert plant.reload(1, tree("all", HOT.replace("80", "81"), OPEN)) == ["changed"]
    assert (plant.alert().id, plant.alert().state) == (acknowledged.id, "acknowledged")
    assert plant.alert().message == "T above 81 and u above 80"
    assert plant.reload(2, tree("all", HOT.replace("80", "90"), OPEN)) == ["cleared"]
    assert plant.reload(3, tree("any", HOT.replace("80", "90"), OPEN)) == ["raised"]
    assert plant.reload(4, '[[rule]]\nid = "r"\nmetric = "t"\nabove = 80\n') == ["changed"]
    assert plant.reload(5, tree("not", HOT)) == ["cleared"]
    assert plant.reload(6, "") == []
    assert plant.registry.require(plant.device).watches == {}


def test_alert_of_a_tree_closed_by_hand_needs_a_reading_to_come_back():
    rules = tree("any", HOT, OPEN)
    plant = Plant(rules)
    plant.readings(0, {"t": 20.0})
    plant.readings(10, {"u": 90.0})
    plant.handle(CloseAlert(plant.alert().id, "ada", T0 + 11_000))
    plant.commit()
    assert plant.restart(12, rules) == []
    assert plant.reload(13, rules) == []
    assert plant.reading(14, 20.0) == ["raised"]


def test_alert_of_a_tree_stays_open_only_because_of_the_device():
    """Another metric than the one that the alert shows may clear it."""
    plant = Plant(tree("any", HOT, OPEN))
    plant.reading(0, 90.0, metric="u")
    device = plant.registry.require(plant.device)
    assert open_reason(plant.alert(), device, None) is None
    device.presence = "stale"
    found = open_reason(plant.alert(), device, None)
    assert found is not None
    assert found.key == "device_stale"


def test_late_and_retained_readings_raise_nothing():
    plant = Plant(tree("all", HOT, OPEN))
    plant.readings(1_000, {"t": 20.0, "u": 90.0})
    assert plant.reading(1_001, 90.0, ts=500, quality="late") == []
    assert plant.reading(1_002, 90.0, quality="retained") == []
    assert plant.reading(1_003, 90.0) == ["raised"]


@pytest.mark.parametrize(
    ("rules", "bounds"),
    [
        (tree("any", HOT, OPEN), ([-1e9, -1e9], [80.0, 80.0])),
        (tree("all", HOT, OPEN), ([-1e9, -1e9], [80.0, 1e9])),
        (tree("all", OPEN.replace("above = 80", "above = 10"), HOT), ([-1e9, -1e9], [80.0, 1e9])),
        (tree("all", 'kind = "equals"\nmetric = "u"\nvalue = 5', HOT), ([-1e9, ABOVE_5], [1e9, 1e9])),
        (tree("all", HOT + "\nclear = 70", OPEN), ([-1e9, -1e9], [80.0, 80.0])),
        (tree("any", HOT, 'kind = "equals"\nmetric = "u"\nvalue = 5'), ([-1e9, ABOVE_5], [80.0, 1e9])),
        (tree("not", HOT.replace("80", "10")), ([ABOVE_10, -1e9], [1e9, 1e9])),
        (tree("not", HOT), None),
        (
            tree("any", 'kind = "not"\n[[rule.conditions.conditions]]\n' + HOT.replace("80", "10"), OPEN),
            ([ABOVE_10, -1e9], [1e9, 80.0]),
        ),
        (tree("any", HOT, 'kind = "rate"\nmetric = "u"\nby = 5\nwithin = "1m"'), None),
        (
            tree("all", 'kind = "not"\n[[rule.conditions.conditions]]\n' + HOT.replace("80", "10"), OPEN),
            ([-1e9, -1e9], [1e9, 80.0]),
        ),
    ],
)
def test_fast_path_skips_values_that_cannot_make_the_tree_true(rules: str, bounds: tuple | None):
    plant = Plant(rules)
    plant.readings(0, {"t": 50.0, "u": 20.0})
    if bounds is not None:
        assert plant.engine.open == {}
    calm = plant.engine.calm(plant.registry.require(plant.device), ["t", "u"])
    limited = calm and tuple([max(-1e9, min(1e9, each)) for each in side] for side in calm[:2])
    assert limited == bounds


@pytest.mark.parametrize(
    ("text", "line", "problem", "hint"),
    [
        (tree("all", HOT, 'metric = "u"\nabove = "x"'), 10, "condition 2: above = 'x'", "a number"),
        (tree("all", HOT, 'metric = "u"'), 8, "condition 2: above is missing", "just one of above and below"),
        (tree("all"), 1, "conditions is missing", "1 to 20 conditions"),
        (tree("not", HOT, OPEN), 1, "conditions =", "1 condition, each a table [[rule.conditions]]"),
        (tree("any", 'kind = "no_data"\nsilence = "0s"'), 7, "condition 1: silence = '0s'", "at least 1s"),
        (tree("any", 'kind = "no_data"\nsilence = "5m"\nfor = "1m"'), 8, "condition 1: for", "after its silence"),
        (tree("any", HOT + '\ndevice = "b*"'), 8, "condition 1: device = 'b*'", "the id of one device"),
        (tree("any", HOT + '\nmax_age = "1m"'), 8, "condition 1: max_age", "only together with device"),
        (tree("any", 'metric = "t*"\nabove = 1\ndevice = "b"'), 6, "condition 1: metric = 't*'", "another device"),
        (tree("any", 'kind = "stuck"\nmetric = "t"\nfor = "1m"\ndevice = "b"'), 9, "condition 1: device", "tolerance"),
        (
            tree("any", 'kind = "compare"\nmetric = "t*"\nwith = "u"\nabove = 1'),
            7,
            "condition 1: metric = 't*'",
            "no pattern",
        ),
        (tree("any", HOT + '\nclear_for = "5s"'), 8, "condition 1: clear_for", "for a threshold rule: above"),
        (tree("any", HOT, more='metric = "t"'), 4, "metric = 't'", "each of the conditions has its own metric"),
        (
            tree("any", HOT, 'kind = "not"\n[[rule.conditions.conditions]]\nmetric = "u"\nbelow = true'),
            12,
            "condition 2.1: below = True",
            "a number",
        ),
        (tree("any", *[HOT] * 21), 1, "conditions =", "1 to 20 conditions"),
    ],
)
def test_error_names_the_line_and_the_condition(text: str, line: int, problem: str, hint: str):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert caught.value.message.startswith(f"rules.toml, line {line}, rule 'r': {problem}"), caught.value.message
    assert caught.value.hint is not None
    assert hint in caught.value.hint


def test_conditions_are_at_most_four_levels_deep():
    inner, header = "", "rule"
    for _ in range(5):
        header += ".conditions"
        inner += f'[[{header}]]\nkind = "not"\n'
    with pytest.raises(ConfigError, match="condition") as caught:
        parse('[[rule]]\nid = "r"\nkind = "all"\n' + inner + f"[[{header}.conditions]]\n{HOT}")
    assert caught.value.hint is not None
    assert "at most 4 levels deep" in caught.value.hint
