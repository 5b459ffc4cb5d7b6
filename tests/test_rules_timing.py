"""Delays of rules, and every kind over restarts and reloads."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hub.model import Record
from hub.rules import describe, parse
from hub.rules.plan import Calm, MetricRule
from rule_plant import CONNECTED, T0, Plant

CALM = '[[rule]]\nid="r"\nmetric="t"\nabove=80\nclear=78\nclear_for="10s"'
PART = "\n[[rule.conditions]]\n"
JOIN = '[[rule]]\nid="r"\nkind="{}"\nfor="2s"\nclear_for="3s"' + PART + 'metric="t"\n'
KINDS = (
    '[[rule]]\nid="r"\nmetric="t"\nabove=76\nseverity="info"\nwarning={above=78}\ncritical={above=84, clear=82}',
    f'{CALM}\nfor="3s"',
    '[[rule]]\nid="r"\nmetric="t"\nabove=80\nclear_for="5s"',
    '[[rule]]\nid="r"\nkind="equals"\nmetric="t"\nvalue=85\nfor="2s"\nclear_for="2s"',
    '[[rule]]\nid="r"\nkind="rate"\nmetric="t"\nby=5\nwithin="6s"\nclear_for="4s"',
    '[[rule]]\nid="r"\nkind="rate"\nmetric="t"\nby=5\nwithin="6s"\ncounter=true',
    '[[rule]]\nid="r"\nkind="range"\nmetric="t"\noutside=[65, 82]\nhysteresis=2\nfor="3s"',
    '[[rule]]\nid="r"\nkind="range"\nmetric="t"\ninside=[78, 84]\nclear_for="3s"',
    '[[rule]]\nid="r"\nkind="stuck"\nmetric="t"\nfor="6s"\ntolerance=2',
    '[[rule]]\nid="r"\nkind="compare"\nmetric="t"\nwith="u"\nabove=3\nclear=1\nfor="3s"',
    '[[rule]]\nid="r"\nkind="count"\nmetric="t"\nabove=80\nclear=78\ntimes=2\nwithin="20s"',
    '[[rule]]\nid="r"\nkind="count"\nmetric="t"\nvalue=85\ntimes=3\nwithin="15s"\neach_value=true',
    '[[rule]]\nid="r"\nmetric="t"\nabove=80\nfor="2s"\nschedule=["daily 22:21-22:22"]\ntime_zone="UTC"',
    f'{JOIN.format("all")}above=80\nclear=78\nfor="4s"\n{PART}kind="equals"\nmetric="u"\nvalue=80',
    f'{JOIN.format("any")}kind="count"\nvalue=85\ntimes=2\nwithin="9s"\n{PART}kind="stuck"\nmetric="t"\nfor="6s"',
    f'{JOIN.format("not")}inside=[70, 84]\nkind="range"\nhysteresis=2',
)


def test_alert_clears_when_its_condition_has_been_over_for_long_enough():
    plant = Plant(CALM)
    assert plant.reading(0, 85.0) == ["raised"]
    assert plant.reading(1, 70.0) == []
    assert plant.reading(8, 70.0) == []
    assert plant.reading(9, 79.0) == [], "between clear and the limit it is not over"
    assert plant.reading(10, 70.0) == []
    assert plant.reading(19.9, 60.0) == []
    assert plant.reading(20, 60.0) == ["cleared"]
    assert plant.reading(21, 85.0) == ["raised"]


def test_standing_value_clears_without_further_readings():
    plant = Plant(CALM)
    plant.reading(0, 85.0)
    plant.reading(1, 70.0)
    assert plant.tick(10.9) == []
    alert = plant.alert()
    assert plant.tick(11) == ["cleared"]
    assert plant.engine.open == {}
    assert plant.registry.require(plant.device).watches["r/t"].last == (alert.since, T0 + 1_000)
    assert plant.tick(30) == []


def test_alert_that_is_about_to_clear_survives_restart_and_reload():
    plant = Plant(CALM)
    plant.reading(0, 85.0)
    alert = plant.alert()
    plant.reading(1, 70.0)
    assert plant.restart(5, CALM) == []
    assert plant.reload(6, CALM.replace("10s", "20s")) == []
    assert plant.tick(20) == []
    assert plant.alert() == alert
    assert plant.tick(21) == ["cleared"]


def test_alert_clears_at_once_when_its_delay_is_removed():
    plant = Plant(CALM)
    plant.reading(0, 85.0)
    plant.reading(1, 70.0)
    assert plant.reload(2, CALM.replace("10s", "0s")) == ["cleared"]


def test_alert_of_a_rule_that_measures_something_else_now_clears():
    plant = Plant(CALM)
    plant.reading(0, 85.0)
    assert plant.reload(1, '[[rule]]\nid="r"\nkind="equals"\nmetric="t"\nvalue=85') == ["changed"]
    assert plant.reading(2, 20.0) == ["cleared"]


def test_late_readings_show_one_alert_across_a_short_recovery():
    plant = Plant(CALM)
    plant.reading(1000, 20.0)
    for second, value, seen in ((0, 85.0, []), (5, 70.0, []), (9, 85.0, []), (20, 70.0, []), (30, 70.0, ["cleared"])):
        assert plant.reading(1001, value, ts=second, quality="late") == seen
    assert plant.registry.require(plant.device).watches["r/t"].last == (T0, T0 + 20_000)


def test_rule_is_described_with_its_delays():
    assert [describe(parse(rule)[0]) for rule in KINDS[1:3]] == [
        "t above 80 for 3 s, clears below 78 for 10 s",
        "t above 80, clears when over for 5 s",
    ]


@pytest.mark.parametrize("rule", KINDS)
@given(
    st.lists(
        st.tuples(
            st.integers(1, 7_000),
            st.sampled_from([60.0, 77.0, 79.0, 83.0, 85.0, None]),
            st.sampled_from(["", "", "restart", "reload"]),
        ),
        max_size=40,
    )
)
def test_restarts_and_reloads_neither_lose_nor_double_an_alert(rule, steps):
    """Compare a hub that is restarted and reloaded many times with one that keeps running."""
    steady, shaken, now = Plant(rule), Plant(rule), 0.0
    seen: list[str] = []
    for gap, value, upset in steps:
        now += gap / 1000
        values = {} if value is None else {"t": value, "u": 80.0}
        happened = steady.tick(now) + (steady.readings(now, values) if values else [])
        assert happened == shaken.tick(now) + (shaken.readings(now, values) if values else [])
        assert shaken.engine.open == steady.engine.open
        if upset:
            assert getattr(shaken, upset)(now, rule) == []
        seen += happened
    seen = [each for each in seen if each != "changed"]
    assert seen == ["raised", "cleared"] * (len(seen) // 2) + ["raised"] * (len(seen) % 2)


FAST = (
    KINDS[0],
    '[[rule]]\nid="r"\nkind="range"\nmetric="t"\noutside=[65, 82]\nhysteresis=2\nfor="3s"',
    '[[rule]]\nid="r"\nkind="count"\nmetric="t"\nabove=80\nclear=78\ntimes=2\nwithin="20s"',
    f'{JOIN.format("all")}above=80\n{PART}metric="u"\nabove=75',
    f'{JOIN.format("any")}above=80\nclear=78\nfor="2s"\n{PART}metric="u"\nbelow=70',
    f"{JOIN.format('not')}below=78",
    '[[rule]]\nid="r"\nkind="range"\nmetric="t"\ninside=[78, 82]\nfor="3s"',
    '[[rule]]\nid="r"\nkind="equals"\nmetric="t"\nvalue=83\nfor="2s"',
    '[[rule]]\nid="r"\nkind="count"\nmetric="t"\nvalue=83\ntimes=2\nwithin="20s"',
    '[[rule]]\nid="r"\nkind="compare"\nmetric="t"\nwith="u"\nabove=4\nclear=2',
    '[[rule]]\nid="r"\nkind="rate"\nmetric="t"\nby=18\nwithin="20s"',
    '[[rule]]\nid="r"\nkind="rate"\nmetric="t"\nby=20\nwithin="9s"\nfalling=true\nfor="2s"',
    '[[rule]]\nid="r"\nkind="stuck"\nmetric="t"\nfor="8s"\ntolerance=2',
)
"""Rules of which the fast path skips some values."""


class FastPathPlant(Plant):
    """Does not evaluate the rules on values that cannot change their state, as the fast path of the registry."""

    skipped = 0

    def __init__(self, rules: str) -> None:
        super().__init__(rules)
        self._metrics: list[str] = []  # of the present promotion, with its bounds and the readings that rules keep
        self._calm: Calm | None = None
        self._rules: Sequence[tuple[int, MetricRule]] = ()
        self._kept: list[tuple[int, int, list[float]]] = []

    def readings(self, second: float, values: dict, *, ts=None, quality="good") -> list[str]:
        device, at = self.registry.require(self.device), T0 + int(second * 1000)
        if self._calm is None or self._metrics != list(values):  # promoted
            self._follow()
            self._metrics = list(values)
            self._calm = self.engine.calm(device, self._metrics) if device.metrics.keys() >= values.keys() else None
        calm = self._calm
        self._rules = calm.follows if calm else ()
        ranges = zip(calm.least, values.values(), calm.most, strict=True) if calm else ()
        if calm is None or at >= calm.until or not all(low <= value <= high for low, value, high in ranges):
            self._follow()
            self._calm = None
            return super().readings(second, values, ts=ts, quality=quality)
        self.registry.observe(Record(self.device, at, at, values, "good"))
        self._kept.append((at, at, list(values.values())))
        self.skipped += 1
        return []

    def tick(self, second: float, connected_since: int | None = CONNECTED) -> list[str]:
        self._follow()
        found = super().tick(second, connected_since)
        self._calm = None if found else self._calm
        return found

    def _follow(self) -> None:
        """Pass the readings that were skipped to the rules."""
        if self._kept:
            self.engine.follow(self.registry.require(self.device), self._rules, self._kept)
        self._kept = []


@pytest.mark.parametrize("rule", FAST)
@given(st.lists(st.tuples(st.integers(1, 7_000), st.sampled_from([60.0, 77.0, 79.0, 83.0, 85.0]), st.booleans())))
def test_values_that_the_fast_path_skips_change_nothing(rule, steps):
    full, fast, now = Plant(rule), FastPathPlant(rule), 0.0
    for values in ({"t": 70.0, "u": 72.0}, {"t": 70.0, "u": 72.0}):
        assert full.readings(0, values) == fast.readings(0, values) == []
    assert fast.skipped
    for gap, value, both in steps:
        now += gap / 1000
        values = {"t": value, "u": 80.0} if both else {"t": value}
        assert full.tick(now) == fast.tick(now)
        assert full.readings(now, values) == fast.readings(now, values)
        assert full.engine.open == fast.engine.open
