"""Planning of messages without a hub: grouping, escalation, repeats, and what is left out."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from hub.accounts.scope import EVERYTHING, DeviceScope
from hub.model import (
    Alert,
    Device,
    Message,
    Mute,
    NotificationDelivery,
    NotificationReceiver,
    PendingNotice,
    WeeklyWindow,
)
from hub.notifications.messages import MessageStyle
from hub.notifications.planner import NotificationPlanner
from hub.notifications.receivers import AccountDirectory, NotificationTarget, quiet_until
from hub.notifications.routes import NotificationRoute, RouteStep
from hub.notifications.settings import NotificationChannel, NotificationSettings

MINUTE = 60_000
ALERT = Alert("a-1", "hot", "pump-1", None, "warning", "raised", "hot", 95, 80, None, 0, 0, incident="i-1")
CHANNELS = tuple(NotificationChannel(name, "webhook", name, {}) for name in ("first", "second"))
ROUTE = NotificationRoute(
    "All",
    steps=(RouteStep(0, channels=("first",)), RouteStep(900, channels=("second",))),
    group_wait_s=10,
    diagnosis_wait_s=0,
    group_interval_s=300,
    repeat_s=3_600,
)


def compose(kind: Any, alerts: Sequence[Alert], now: int, style: MessageStyle) -> Message:
    return Message(kind, ",".join(each.id for each in alerts), "", alerts[0].severity, now)


class Plan:
    """A planner and the time."""

    def __init__(self, route: NotificationRoute = ROUTE) -> None:
        settings = NotificationSettings(CHANNELS, (route,))
        self.now = 0
        self.planner = NotificationPlanner(
            lambda: settings,
            AccountDirectory(),
            lambda name: Device(name, name, "native", 0),
            lambda scope, device: True,
            compose,
            lambda alert: False,
            10 * MINUTE,
        )

    def after(self, minutes: float, *alerts: Alert) -> list[tuple[str, str, str]]:
        """Let time pass, then take alerts. Return the messages: channel, kind and ids of the alerts."""
        until, found = self.now + round(minutes * MINUTE), list[NotificationDelivery]()
        while (due := self.planner.due_at) is not None and due <= until:
            self.now = max(due, self.now)
            self.planner.tick(self.now)
            found += self.planner.take_plan().deliveries
        self.now = until
        for alert in alerts:
            self.planner.take(PendingNotice(alert, self.now))
        found += self.planner.take_plan().deliveries
        return [(each.receiver.channel, each.message.kind, each.message.title) for each in found]


def test_escalation_goes_on_until_somebody_acknowledges() -> None:
    plan = Plan()
    assert plan.after(0, ALERT) == []
    assert plan.after(1) == [("first", "firing", "a-1")]
    assert plan.after(15) == [("second", "firing", "a-1")]
    acknowledged = Plan()
    assert acknowledged.after(0, ALERT) == []
    assert acknowledged.after(5, replace(ALERT, state="acknowledged")) == [("first", "firing", "a-1")]
    assert acknowledged.after(600) == []
    assert acknowledged.after(0, replace(ALERT, state="cleared")) == [("first", "resolved", "a-1")]


def test_message_is_repeated_to_everybody_until_the_alert_clears() -> None:
    plan = Plan()
    plan.after(0, ALERT)
    assert len(plan.after(20)) == 2
    assert plan.after(45) == [("first", "firing", "a-1"), ("second", "firing", "a-1")]
    assert plan.after(0, replace(ALERT, state="cleared")) == [
        ("first", "resolved", "a-1"),
        ("second", "resolved", "a-1"),
    ]
    assert plan.after(600) == []
    assert plan.planner.due_at is None


def test_alerts_of_one_incident_share_messages_and_suppressed_ones_are_left_out() -> None:
    plan = Plan()
    more = [replace(ALERT, id=f"a-{number}") for number in (2, 3)]
    suppressed = [replace(ALERT, id=f"c-{number}", suppressed_by="gateway-1") for number in range(200)]
    assert plan.after(0, ALERT, more[0], *suppressed) == []
    assert plan.after(1) == [("first", "firing", "a-1,a-2")]
    assert plan.after(0, more[1]) == []
    assert plan.after(6) == [("first", "firing", "a-1,a-2,a-3")]
    assert plan.after(0, *(replace(each, state="cleared") for each in suppressed)) == []
    assert plan.after(0, replace(ALERT, state="cleared"), replace(more[0], state="cleared")) == []
    assert plan.after(0, replace(more[1], state="cleared")) == [("first", "resolved", "a-1,a-2,a-3")]


def test_more_severe_alert_is_sent_at_once_and_a_less_severe_one_is_not() -> None:
    plan = Plan()
    plan.after(0, ALERT)
    plan.after(1)
    assert plan.after(0.1, replace(ALERT, severity="critical")) == []
    assert plan.after(0) == [("first", "firing", "a-1")]
    assert plan.after(0.1, ALERT) == []
    assert plan.after(1) == []


FLAPPING = replace(ALERT, flapping=True)


def flap(plan: Plan, number: int, alert: Alert = FLAPPING) -> list[tuple[str, str, str]]:
    """Raise an alert and clear it a minute later. Return the messages."""
    alert = replace(alert, id=f"f-{number}")
    return plan.after(1, alert) + plan.after(1, replace(alert, state="cleared"))


def test_flapping_alert_is_sent_at_once_and_then_when_its_severity_rises() -> None:
    plan = Plan(replace(ROUTE, group_wait_s=900, diagnosis_wait_s=900, group_interval_s=3_600))
    for number in range(4):
        assert plan.after(1, replace(ALERT, id=f"early-{number}")) == []
        assert plan.after(1, replace(ALERT, id=f"early-{number}", state="cleared", flapping=number == 3)) == []
    assert flap(plan, 1) == [("first", "firing", "f-1")]
    assert flap(plan, 2) == []
    critical = replace(FLAPPING, severity="critical")
    assert flap(plan, 3, critical) == [("first", "firing", "f-3")]
    assert flap(plan, 4, critical) == []
    assert flap(plan, 5) == []
    assert plan.after(9.9) == []
    assert plan.after(0.1) == [("first", "resolved", "f-5")]
    assert plan.planner.due_at is None


def test_flapping_alert_that_becomes_critical_while_it_is_open_is_sent() -> None:
    plan = Plan()
    flap(plan, 1)
    held = replace(FLAPPING, id="f-2")
    assert plan.after(1, held) == []
    assert plan.after(1, replace(held, severity="critical")) == [("first", "firing", "f-2")]


def test_flapping_alert_that_stays_open_is_sent_again_once_it_is_stable() -> None:
    plan = Plan()
    flap(plan, 1)
    last = replace(ALERT, id="f-2")
    assert plan.after(1, replace(last, flapping=True)) == []
    assert plan.after(10, last) == []
    assert plan.after(0) == [("first", "firing", "f-2")]
    assert plan.after(0, replace(last, state="cleared")) == [("first", "resolved", "f-1,f-2")]


def test_flapping_alert_escalates_while_nobody_acknowledges() -> None:
    plan = Plan()
    assert flap(plan, 1) == [("first", "firing", "f-1")]
    assert [each for number in range(2, 7) for each in flap(plan, number)] == []
    assert plan.after(3) == []
    assert plan.after(1, replace(FLAPPING, id="f-7")) == [("second", "firing", "f-7")]


def test_muted_alert_of_a_flapping_series_does_not_delay_the_next_one() -> None:
    plan = Plan()
    assert flap(plan, 1, replace(FLAPPING, muted=Mute("p-1", 0))) == []
    assert flap(plan, 2) == [("first", "firing", "f-2")]


def test_flapping_alert_that_a_person_closed_is_resolved_at_once() -> None:
    plan = Plan()
    assert plan.after(1, FLAPPING) == [("first", "firing", "a-1")]
    assert plan.after(0, replace(FLAPPING, state="cleared", closed_by="p-1")) == [("first", "resolved", "a-1")]
    assert plan.planner.due_at is None


def test_groups_of_flapping_alerts_survive_a_restart() -> None:
    plan, after = Plan(), Plan()
    flap(plan, 1)
    after.now = plan.now
    after.planner.load(plan.planner._groups.values(), lambda alert: None)
    assert flap(after, 2) == []
    assert after.after(11) == [("first", "resolved", "f-2")]


DAY = 24 * 60


@given(
    st.lists(
        st.builds(
            lambda days, start, end: WeeklyWindow(tuple(sorted(days)), start * 60, end * 60, "UTC"),
            st.sets(st.integers(0, 6), min_size=1),
            st.integers(0, 23),
            st.integers(0, 23),
        ),
        max_size=4,
    ),
    st.integers(0, 7 * 24),
)
def test_quiet_hours_end_at_the_first_hour_that_no_window_covers(windows: list[WeeklyWindow], hour: int) -> None:
    def is_quiet(hour: int) -> bool:
        """Return whether an hour after Monday 2026-01-05 00:00 UTC is in a window."""
        day, minute = hour // 24 % 7, hour % 24 * 60
        return any(
            (day in each.days and each.start <= minute < (each.end if each.start < each.end else DAY))
            or (each.start >= each.end and (day - 1) % 7 in each.days and minute < each.end)
            for each in windows
        )

    monday = 1_767_571_200_000
    first = next((each for each in range(hour, hour + 7 * 24) if not is_quiet(each)), None)
    found = quiet_until(tuple(windows), monday + hour * 60 * MINUTE)
    if first is None:
        assert found is not None
        assert found - monday - hour * 60 * MINUTE >= 7 * DAY * MINUTE
    else:
        assert found == (None if first == hour else monday + first * 60 * MINUTE)


def test_message_to_a_person_with_limits_names_no_device_outside() -> None:
    named = replace(
        ALERT,
        message="T 9 °C, minus that of pump-2 above 5 °C",
        message_params={"condition": {"device": "pump-2", "above": 5}},
    )
    sites = {"pump-1": "hall-a", "pump-2": "hall-b"}
    devices = {name: Device(name, name, "native", 0, area_id=area) for name, area in sites.items()}
    receiver = NotificationReceiver("first", "ada")
    limited = NotificationTarget(receiver, DeviceScope(((frozenset({"hall-a"}), frozenset()),)))
    (seen,) = limited.seen([named, replace(named, device="pump-2")], devices.get)
    assert seen.message == "T 9 °C, minus that of another device above 5 °C"
    assert seen.message_params == {"condition": {"device": "", "above": 5}}
    assert NotificationTarget(receiver, EVERYTHING).seen([named], devices.get) == [named]
