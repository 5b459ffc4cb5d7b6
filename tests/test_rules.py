"""Rules from text to alerts: validation, conditions, the alert's lifecycle, timers, restarts."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.errors import ConfigError, Conflict, NotFound
from hub.model import Acknowledge, EditDevice, Identity, Info
from hub.rules import TRANSITIONS, after, describe, parse
from rule_plant import T0, Plant, words

HOT = """
[[rule]]
id = "hot"
metric = "t"
above = 80
clear = 78
for = "2s"
severity = "critical"
devices = ["sensor_*"]
"""


def test_threshold_must_be_exceeded_for_duration():
    plant = Plant(HOT)
    assert plant.reading(0, 85.0) == []
    assert plant.reading(1, 85.0) == []
    assert plant.reading(2, 86.0) == ["raised"]
    assert plant.reading(3, 90.0) == []
    assert plant.alert().value == 86.0
    assert plant.alert().since == T0
    assert plant.engine.severity("sensor_9") == "critical"


def test_dip_below_threshold_restarts_duration():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.reading(1, 79.0)
    assert plant.reading(2, 85.0) == []
    assert plant.tick(3.9) == []
    assert plant.tick(4.1) == ["raised"]


def test_tick_raises_without_further_readings():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    assert plant.tick(1.9) == []
    assert plant.tick(2.0) == ["raised"]
    assert plant.tick(2.25) == []


def test_wrong_device_clock_does_not_shift_duration():
    plant = Plant(HOT)
    assert plant.reading(0, 85.0, ts=-200) == []
    assert plant.tick(0.25) == []
    assert plant.reading(1.5, 85.0, ts=-198.5) == []
    assert plant.reading(2.0, 85.0, ts=-198) == ["raised"]


def test_hysteresis_keeps_alert_until_past_clear():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.tick(2)
    assert plant.reading(3, 79.0) == []
    assert plant.reading(4, 78.0) == []
    assert plant.reading(5, 77.9) == ["cleared"]
    assert plant.engine.open == {}
    assert plant.engine.severity("sensor_9") == "ok"


def test_below_rule_clears_above_its_clear_value():
    plant = Plant('[[rule]]\nid="low"\nmetric="t"\nbelow=5\nclear=6')
    assert plant.reading(0, 5.0) == []
    assert plant.reading(1, 4.9) == ["raised"]
    assert plant.reading(2, 5.9) == []
    assert plant.reading(3, 6.1) == ["cleared"]


def test_equals_distinguishes_true_from_one():
    plant = Plant('[[rule]]\nid="door"\nkind="equals"\nmetric="t"\nvalue=true')
    assert plant.reading(0, 1.0) == []
    assert plant.reading(1, True) == ["raised"]
    assert plant.reading(2, False) == ["cleared"]


def test_rate_rule_compares_within_window():
    plant = Plant('[[rule]]\nid="fast"\nkind="rate"\nmetric="t"\nby=5\nwithin="10s"\nfalling=true')
    for second in range(20):
        assert plant.reading(second, 100.0 - 0.4 * second) == []
    assert plant.reading(20, 85.0) == ["raised"]
    assert plant.reading(40, 85.0) == ["cleared"]


def test_silence_raises_and_any_reading_clears():
    plant = Plant('[[rule]]\nid="quiet"\nkind="no_data"\nsilence="1m"')
    plant.reading(0, 1.0)
    plant.reading(30, 1.0)
    assert plant.tick(89) == []
    assert plant.tick(90.5) == ["raised"]
    assert plant.reading(100, 1.0) == ["cleared"]
    assert plant.tick(161) == ["raised"]


def test_silence_is_not_counted_while_hub_is_disconnected():
    plant = Plant('[[rule]]\nid="quiet"\nkind="no_data"\nsilence="1m"')
    plant.reading(0, 1.0)
    assert plant.tick(100, connected_since=None) == []
    assert plant.tick(170, connected_since=T0 + 165_000) == []
    assert plant.tick(226, connected_since=T0 + 165_000) == ["raised"]


def test_late_retained_and_older_readings_raise_nothing():
    plant = Plant('[[rule]]\nid="hot"\nmetric="t"\nabove=80')
    assert plant.reading(0, 99.0, quality="late") == []
    assert plant.reading(1, 99.0, quality="retained") == []
    plant.reading(10, 20.0)
    assert plant.reading(11, 99.0, ts=5) == []


def test_text_value_does_not_change_threshold_alert():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.tick(2)
    assert plant.reading(3, "error") == []
    assert len(plant.engine.open) == 1


def test_rule_applies_to_matching_models_and_labels():
    rules = '[[rule]]\nid="m"\nmetric="t"\nabove=1\nmodels=["CP-*"]\nlabels=["line-2"]'
    assert Plant(rules, info=Info(model="CP-80", labels=("line-2",))).reading(0, 2.0) == ["raised"]
    assert Plant(rules, info=Info(model="CP-80")).reading(0, 2.0) == []
    assert Plant(rules, info=Info(labels=("line-2",))).reading(0, 2.0) == []


def test_removed_label_withdraws_alert():
    plant = Plant('[[rule]]\nid="m"\nmetric="t"\nabove=1\nlabels=["x"]', info=Info(labels=("x",)))
    plant.reading(0, 2.0)
    plant.registry.edit(EditDevice("sensor_9", T0, labels=()))
    assert words(plant.engine.judge(plant.registry.require("sensor_9"), T0)) == ["cleared"]


def test_rule_change_is_evaluated_in_slices():
    plant = Plant("")
    names = [f"d{number}" for number in range(5)]
    for plant.device in names:
        plant.registry.identify(Identity(plant.device, plant.device, "native"), T0)
        plant.reading(0, 85.0)
    plant.engine.replace(parse('[[rule]]\nid="hot"\nmetric="t"\nabove=80'), names)
    assert plant.reading(1, 85.0) == ["raised"], "d4 is evaluated by its own reading"
    assert words(plant.engine.judge_next(3, plant.registry.get, T0)) == ["raised"] * 3
    assert plant.engine.unjudged == 1
    assert words(plant.engine.judge_next(3, plant.registry.get, T0)) == ["raised"]
    assert plant.engine.judge_next(3, plant.registry.get, T0) == []


def test_alert_is_acknowledged_once_and_clears():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.tick(2)
    alert, _ = plant.handle(Acknowledge(plant.alert().id, "anna", T0 + 3000, "on my way"))
    assert (alert.state, alert.acknowledged_by, alert.note) == ("acknowledged", "anna", "on my way")
    again, events = plant.handle(Acknowledge(alert.id, "ben", T0 + 4000))
    assert (again, events) == (alert, [])
    assert plant.reading(5, 70.0) == ["cleared"]
    with pytest.raises(NotFound):
        plant.handle(Acknowledge(alert.id, "anna", T0))


def test_open_alert_survives_restart_without_second_raise():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.tick(2)
    alert = plant.alert()
    assert plant.restart(10, HOT) == []
    assert plant.reading(11, 85.0) == []
    assert plant.alert() == alert
    assert plant.reading(12, 70.0) == ["cleared"]


def test_pending_condition_survives_restart():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    assert plant.restart(0, HOT) == []
    assert plant.tick(2.1) == ["raised"]


def test_alerts_of_removed_rule_are_withdrawn_at_start():
    plant = Plant(HOT)
    plant.reading(0, 85.0)
    plant.tick(2)
    assert plant.restart(3, "") == ["cleared"]


@given(st.lists(st.tuples(st.sampled_from([60.0, 77.9, 78.0, 79.0, 80.0, 85.0]), st.integers(0, 4000)), max_size=60))
def test_raised_and_cleared_always_alternate(steps):
    """For any values and gaps: raised, cleared, raised, …"""
    plant, now, events = Plant(HOT), 0, []
    for value, gap in steps:
        now += gap + 1
        events += [("tick", w) for w in plant.tick(now / 1000)]
        events += [("say", w) for w in plant.reading(now / 1000, value)]
    happened = [word for _, word in events]
    assert happened == ["raised", "cleared"] * (len(happened) // 2) + ["raised"] * (len(happened) % 2)
    assert len(plant.engine.open) == len(happened) % 2


@given(st.lists(st.sampled_from(["recover", "acknowledge", "unacknowledge", "withdraw"]), max_size=30))
def test_cleared_alert_stays_cleared(inputs):
    state = "raised"
    for event in inputs:
        try:
            next_state = after(state, event)
        except Conflict:
            assert (state, event) not in TRANSITIONS
            assert state == "cleared"
            continue
        assert not (state == "acknowledged" and next_state == "raised") or event == "unacknowledge"
        assert state != "cleared"
        state = next_state


def test_default_rules_are_valid_and_described():
    rules = parse((Path(__file__).parent.parent / "config/rules.toml").read_text("utf-8"))
    hot = next(rule for rule in rules if rule.id == "sensor-hot")
    assert describe(hot) == "temperature above 80 for 2 s, clears below 78"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ('[[rule]]\nid="x"', "metric"),
        ('[[rule]]\nid="x"\nmetric="t"', "just one of above and below"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nbelow=2', "just one of above and below"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove="hot"', "a number"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nclear=2', "at most above"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nfor="soon"', "a duration"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nseverity="bad"', "info, warning, critical"),
        ('[[rule]]\nid="x"\nkind="no_data"\nsilence="4s"\nfor="20s"', "line 5, rule 'x': for = '20s'"),
        ('[[rule]]\nid="x"\nkind="no_data"\nsilence="4s"\nclear=1', "for a no_data rule"),
        ('[[rule]]\nid="x"\nkind="equals"\nmetric="t"\nvalue=1\nclear=0', "for an equals rule"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nwithin="1m"', "for a threshold rule"),
        ('[[rule]]\nid="x"\nkind="rate"\nmetric="t"\nby=1\nwithin="1m"\nfalling="yes"', "true or false"),
        ('[[rule]]\nid="x"\nkind="rate"\nmetric="t"\nby=1\nwithin="0s"', "within = '0s'"),
        ('[[rule]]\nid="x"\nkind="equals"\nmetric="t"\nvalue=""', "not empty"),
        ('[[rule]]\nid="x"\nkind="equals"\nmetric="t"\nvalue=nan', "not finite"),
        ('[[rule]]\nid="x"\nkind="equals"\nmetric="t"', "value is missing"),
        ('[[rule]]\nid="x"\nname=" "\nmetric="t"\nabove=1', "name = ' '"),
        ('[[rule]]\nid="x"\nname=5\nmetric="t"\nabove=1', "name = 5"),
        ('[[rule]]\nid="x"\nmetric="  "\nabove=1', "metric = '  '"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nlabels=[""]', "labels = ''"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nfor="9999999999d"', "a duration"),
        (f'[[rule]]\nid="x"\nmetric="t"\nabove={"9" * 400}', "64 bits"),
        ('[[rule]]\nid="x"\nkind=["equals"]\nmetric="t"', "kind"),
        ('interval = "5s"\n[[rule]]\nid="x"\nmetric="t"\nabove=1', "'interval' is not known"),
        ('[[rules]]\nid="x"\nmetric="t"\nabove=1', "'rules' is not known"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nthreshold=3', "threshold"),
        (
            '[[rule]]\nid="x"\nkind="magic"',
            "threshold, range, compare, equals, rate, count, stuck, anomaly, no_data, all, any, not",
        ),
        ('[[rule]]\nid="x"\nkind="rate"\nmetric="t"\nby=1\nwithin="1m"\nfalling=true\ncounter=true', "only rises"),
        ('[[rule]]\nid="x"\nkind="range"\nmetric="t"\noutside=[1,2]\ninside=[1,2]', "just one of outside and inside"),
        ('[[rule]]\nid="x"\nkind="range"\nmetric="t"\noutside=[1]', "line 5, rule 'x': outside = [1]"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=80\ncritical=90', "limits such as { above = 90, clear = 87 }"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=80\n\ncritical={above=80}', "line 6, rule 'x': critical = {'above': 80}"),
        ('[[rule]]\nid="x"\nmetric="t"\nbelow=5\nwarning={below=1}', "above the rule's own, warning"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=80\ncritical={above=90, clear=91}', "at most above (90)"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=80\ncritical={below=9}', "limits such as"),
        ('[[rule]]\nid="x"\nkind="compare"\nmetric="t"\nwith="u"\nabove=1\ncritical={above=2}', "for a compare rule"),
        ('[[rule]]\nid="x"\nkind="range"\nmetric="t"\ninside=[2, 1]', "first the lower bound"),
        ('[[rule]]\nid="x"\nkind="range"\nmetric="t"\noutside=[1, 3]\nhysteresis=1', "less than half of the range (1)"),
        ('[[rule]]\nid="x"\nkind="stuck"\nmetric="t"', "for is missing"),
        ('[[rule]]\nid="x"\nkind="stuck"\nmetric="t"\nfor=0', "more than 0"),
        ('[[rule]]\nid="x"\nkind="stuck"\nmetric="t"\nfor="1h"\nclear_for="1h"', "the first value that differs"),
        ('[[rule]]\nid="x"\nkind="compare"\nmetric="t"\nabove=1', "with is missing"),
        ('[[rule]]\nid="x"\nkind="compare"\nmetric="t"\nwith="t"\nabove=1', "differs from metric"),
        ('[[rule]]\nid="x"\nkind="compare"\nmetric="t"\nwith="u*"\nabove=1', "no pattern"),
        ('[[rule]]\nid="x"\nkind="no_data"\nmissed=3\nmetric="t"', "only devices have an expected interval"),
        ('[[rule]]\nid="x"\nkind="no_data"\nmissed=3\nsilence="5m"', "just one of silence and missed"),
        ('[[rule]]\nid="x"\nkind="no_data"\nmissed=1', "2 or more expected intervals"),
        ('[[rule]]\nid="x"\nkind="no_data"\nsilence="5m"\nclear_for="1m"', "clears with the next message"),
        ('[[rule]]\nid="x y"\nmetric="t"\nabove=1', "letters"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\n[[rule]]\nid="x"\nmetric="t"\nabove=1', "twice"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\ndevices=[]', "line 5, rule 'x': devices = [] is not valid. Allowed"),
        ('[[rule]]\nid="x"\nmetric="t"\nabove=1\nvia=[]', "leave via out to select all"),
        ("rule = 3", "[[rule]]"),
        ("[[rule]", "TOML"),
    ],
)
def test_invalid_rule_is_refused_with_reason(text, expected):
    with pytest.raises(ConfigError) as caught:
        parse(text)
    assert expected in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "value", "expected"),
    [
        (
            'metric="bearing_temperature"\nabove=85\nfor="5s"',
            89.21,
            "bearing temperature 89.2 °C, above 85 °C for 5 s",
        ),
        (
            'metric="bearing_temperature"\nabove=85',
            85.04,
            "bearing temperature 85.04 °C, above 85 °C",
        ),
        ('metric="bearing_temperature"\nbelow=-18', -21.5, "bearing temperature −21.5 °C, below −18 °C"),
        ('kind="equals"\nmetric="bearing_temperature"\nvalue="fault"', "fault", "bearing temperature is fault"),
    ],
)
def test_alert_message_describes_the_condition(rule, value, expected):
    info = Info(units={"bearing_temperature": "°C"})
    plant = Plant(f'[[rule]]\nid="r"\n{rule}', info=info)
    plant.reading(0, value, metric="bearing_temperature")
    plant.tick(10)
    assert plant.alert().message == expected


@pytest.mark.parametrize("held", [5, 1])
def test_condition_that_holds_when_hub_starts_raises_alert(held: float):
    """Home Assistant 59812: a condition that was true already at start never fired."""
    plant = Plant("")
    plant.reading(0, 85.0)
    assert plant.restart(held, HOT) == (["raised"] if held >= 2 else [])
    plant.tick(max(held, 2))
    assert plant.alert().since == T0
    assert plant.restart(9, HOT) == [], "nor is it raised again"
