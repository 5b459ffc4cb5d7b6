"""The states of an alert, under any order of readings, requests, restarts, rule edits and time."""

from __future__ import annotations

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from hub.model import Acknowledge, Alert, CloseAlert, MuteAlert, Unacknowledge, UnmuteAlert
from rule_plant import T0, Plant

HOT = '[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80\nseverity = "critical"\n'
EDITED = HOT.replace("critical", "warning").replace("80", "79")
SPANS = st.integers(1, 90)


class AlertStates(RuleBasedStateMachine):
    """One device with one rule. ``second`` is the hub's clock."""

    def __init__(self) -> None:
        super().__init__()
        self.plant, self.second, self.rules = Plant(HOT), 0, HOT
        self.ended: set[str] = set()  # ids of the alerts that are not open any more
        self.open: dict[str, Alert] = {}

    @property
    def now(self) -> int:
        return T0 + self.second * 1_000

    def note_ended(self) -> None:
        present = dict(self.plant.engine.open)
        self.ended |= self.open.keys() - present.keys()
        self.open = present

    @rule(value=st.sampled_from([20.0, 85.0, 95.0]))
    def reading(self, value: float) -> None:
        self.second += 1
        self.plant.reading(self.second, value)
        self.note_ended()
        assert bool(self.open) == (value > 80)

    @rule(seconds=SPANS)
    def time(self, seconds: int) -> None:
        before = dict(self.plant.engine.open)
        self.second += seconds
        self.plant.tick(self.second)
        self.note_ended()
        assert self.open.keys() == before.keys(), "time alone ends no alert and raises none"
        for alert in self.open.values():
            assert alert.acknowledged_until is None or alert.acknowledged_until > self.now
            assert alert.muted is None or alert.muted.until is None or alert.muted.until > self.now

    @rule(seconds=st.none() | SPANS)
    def acknowledge(self, seconds: int | None) -> None:
        until = None if seconds is None else self.now + seconds * 1_000
        for alert in list(self.open.values()):
            changed, _ = self.plant.handle(Acknowledge(alert.id, "ada", self.now, "note", until))
            assert (changed.state, changed.acknowledged_until, changed.note) == ("acknowledged", until, "note")
        self.note_ended()

    @rule(seconds=st.none() | SPANS)
    def mute(self, seconds: int | None) -> None:
        until = None if seconds is None else self.now + seconds * 1_000
        for alert in list(self.open.values()):
            changed, _ = self.plant.handle(MuteAlert(alert.id, "ada", self.now, until))
            assert (changed.state, changed.muted and changed.muted.until) == (alert.state, until)
        self.note_ended()

    @rule()
    def undo(self) -> None:
        for alert in list(self.open.values()):
            self.plant.handle(UnmuteAlert(alert.id, "ada", self.now))
            changed, _ = self.plant.handle(Unacknowledge(alert.id, "ada", self.now))
            assert (changed.state, changed.muted) == ("raised", None)
        self.note_ended()

    @rule()
    def close(self) -> None:
        for alert in list(self.open.values()):
            changed, _ = self.plant.handle(CloseAlert(alert.id, "ada", self.now))
            assert (changed.state, changed.closed_by) == ("cleared", "ada")
        self.plant.commit()
        self.note_ended()

    @rule()
    def restart(self) -> None:
        before = dict(self.plant.engine.open)
        self.plant.restart(self.second, self.rules)
        assert self.plant.engine.open == before

    @rule()
    def edit(self) -> None:
        before = dict(self.plant.engine.open)
        self.rules = EDITED if self.rules == HOT else HOT
        self.plant.reload(self.second, self.rules)
        self.note_ended()
        for alert in self.open.values():
            kept = before[alert.id]
            assert (alert.state, alert.muted, alert.note) == (kept.state, kept.muted, kept.note)

    @invariant()
    def no_alert_comes_back(self) -> None:
        assert len(self.open) <= 1
        assert not self.ended & self.open.keys()
        assert all(alert.state in ("raised", "acknowledged") for alert in self.open.values())


TestAlertStates = AlertStates.TestCase
TestAlertStates.settings = settings(max_examples=30, stateful_step_count=25, deadline=None)
