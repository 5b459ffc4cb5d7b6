"""Reactions without a hub: the file, schedules, conditions, limits, and what is decided."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from msgspec.structs import replace

from hub.errors import ConfigError
from hub.model import Alert, AlertEntry, AlertEntryKind, Device, Info, Latest, Scope, Severity, SilencedBy
from hub.model.reaction import AlertStepTaken, ReactionRun, RunOutcome
from hub.reactions import (
    Agenda,
    Decider,
    Occasion,
    RunLimiter,
    describe_action,
    describe_condition,
    describe_trigger,
    next_due,
    occasions_between,
    parse,
    parse_usable,
)
from hub.reactions.past import PastAlerts, PastDevice
from hub.rules.scopes import ScopeMatcher
from hub.services.run_counts import RunCounts

T0 = 1_700_000_000_000
MINUTE = 60_000
VALVE = """
[[reaction]]
id = "valve"
name = "Close the valve"

[reaction.alert]
rules = ["leak-*"]
severities = ["critical"]
labels = ["cellar"]

[reaction.command]
device = "valve-1"
name = "state"
value = "OFF"
"""
LAMPS = """
[[reaction]]
id = "lamps"

[reaction.schedule]
times = ["daily 22:00"]
time_zone = "Europe/Berlin"

[reaction.condition]
kind = "equals"
metric = "state"
value = "ON"

[reaction.command]
labels = ["lamp"]
name = "state"
value = "OFF"
max_devices = 3
"""
MATCHER = ScopeMatcher({}, lambda gateway: [gateway])


def alert(rule: str = "leak-1", device: str = "sensor", **fields: Any) -> Alert:
    plain = Alert("a1", rule, device, "water", "critical", "raised", "wet", 1.0, None, None, T0, T0)
    return replace(plain, **fields)


def device(name: str, *labels: str, presence: str = "online", **values: Any) -> Device:
    metrics = {key: Latest(value, T0, "good") for key, value in values.items()}
    return Device(name, name, "native", T0, info=Info(labels=labels), presence=presence, metrics=metrics)


class Site:
    """Devices and open alerts, with a decider."""

    def __init__(self, *devices: Device) -> None:
        self.devices = {each.id: each for each in devices}
        self.opened: list[str] = []
        self.limiter = RunLimiter()
        self.decider = Decider(
            self.devices.get,
            self.devices.values,
            MATCHER.selects,
            lambda taken: taken.alert.id in self.opened,
            self.limiter,
            lambda topic: "native" if topic.startswith("devices/") else None,
        )

    def decide(self, reaction: Any, at: int = T0, by: Alert | None = None, due: int | None = None) -> ReactionRun:
        taken = None if by is None else AlertStepTaken("raised", by, at)
        run = self.decider.decide(Occasion(reaction, at if due is None else due, taken), at)
        assert run is not None
        self.limiter.add(reaction, run)
        return run


# -- the file ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("old", "new", "says"),
    [
        ('name = "state"', 'title = "state"', "line 13, reaction 'valve': command.title = 'state' is not valid."),
        ('id = "valve"', 'id = "a b"', "line 3, reaction 'a b': id = 'a b' is not valid."),
        (
            '"critical"',
            '"high"',
            "line 8, reaction 'valve': alert.severities = 'high' is not valid. Allowed: a list of",
        ),
        (
            "[reaction.alert]",
            "[reaction.alert]\ndevices = []",
            "alert.devices = [] is not valid. Allowed: a list",
        ),
        ("[reaction.alert]", "[reaction.alarm]", "line 6, reaction 'valve': alarm = "),
        ('device = "valve-1"', "device = 3", "line 12, reaction 'valve': command.device = 3 is not valid."),
        ('value = "OFF"', "max_devices = 0", "command.max_devices = 0 is not valid. Allowed: a whole number from 1"),
        ("[reaction.command]", "[reaction.webhook]", "webhook.device = 'valve-1' is not valid. Allowed: only url"),
        (
            'name = "Close the valve"',
            'mode = "test"',
            "line 4, reaction 'valve': mode = 'test' is not valid. Allowed: \"l",
        ),
        ('name = "Close the valve"', 'grace = "2h"', "line 4, reaction 'valve': grace = '2h' is not valid."),
    ],
)
def test_error_names_line_key_and_what_is_allowed(old: str, new: str, says: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse(VALVE.replace(old, new))
    assert says in f"{caught.value.message} {caught.value.hint}"


@pytest.mark.parametrize(
    ("condition", "says"),
    [
        ('kind = "stuck"\nmetric = "t"', "line 12, reaction 'lamps': condition.kind = 'stuck' is not valid."),
        ('metric = "t"\nabove = 1\nfor = "5m"', "line 14, reaction 'lamps': condition.for = '5m' is not valid."),
        ('metric = "t*"\nabove = 1', "condition.metric = 't*' is not valid. Allowed: one metric"),
        (
            'kind = "any"\n[[reaction.condition.conditions]]\nmetric = "a"\nabove = 1\n'
            '[[reaction.condition.conditions]]\nmetric = "b"\nabove = "x"',
            "line 18, reaction 'lamps': condition 2: above = 'x' is not valid.",
        ),
    ],
)
def test_error_in_condition_names_its_line(condition: str, says: str) -> None:
    text = LAMPS.replace('kind = "equals"\nmetric = "state"\nvalue = "ON"', condition, 1)
    with pytest.raises(ConfigError) as caught:
        parse(text.replace("\nid", "\n\n\nid", 1))
    assert says in f"{caught.value.message} {caught.value.hint}"


def test_schedule_has_to_name_devices() -> None:
    with pytest.raises(ConfigError, match=r"command\.device is missing"):
        parse(LAMPS.replace('labels = ["lamp"]\n', ""))
    hook = LAMPS[: LAMPS.index("[reaction.command]")] + '[reaction.webhook]\nurl = "https://example.org"\n'
    with pytest.raises(ConfigError, match=r"condition\.device is missing"):
        parse(hook)


def test_other_reactions_stay_usable() -> None:
    found, faults = parse_usable(VALVE + LAMPS.replace("daily", "sometimes") + LAMPS)
    assert [each.id for each in found] == ["valve", "lamps"]
    assert len(faults) == 1
    assert "schedule.times = 'sometimes 22:00'" in faults[0].message


def test_reaction_is_described_in_words() -> None:
    (valve, lamps) = parse(VALVE + LAMPS)
    assert describe_trigger(valve) == "an alert of severity critical of the rule leak-* on label cellar is raised"
    assert describe_action(valve) == "send state = OFF to valve-1"
    assert describe_trigger(lamps) == "at daily 22:00 (Europe/Berlin)"
    assert describe_action(lamps) == "send state = OFF to each of label lamp"
    assert lamps.condition is not None
    assert describe_condition(lamps.condition) == "state is ON"
    (hook,) = parse(
        '[[reaction]]\nid = "x"\nalert = {}\nwebhook = { url = "https://user:pass@example.org:8443/secret?key=1" }\n'
    )
    assert describe_action(hook) == "call the webhook https://example.org:8443/…"


# -- schedules -----------------------------------------------------------------------------------------------


def berlin(text: str, fold: int = 0) -> int:
    moment = datetime.fromisoformat(text).replace(tzinfo=ZoneInfo("Europe/Berlin"), fold=fold)
    return round(moment.timestamp() * 1_000)


@pytest.mark.parametrize(
    ("times", "start", "end", "expected"),
    [
        # The clock goes from 2:00 to 3:00: a time in between is moved by the hour, and the day has 23 hours.
        ("daily 02:30", "2027-03-27T12:00", "2027-03-29T12:00", ["2027-03-28T03:30", "2027-03-29T02:30"]),
        ("daily 12:00", "2027-03-27T12:00", "2027-03-28T12:00", ["2027-03-28T12:00"]),
        # The clock goes from 3:00 back to 2:00: 2:30 comes twice and counts once, the first time.
        ("daily 02:30", "2026-10-24T12:00", "2026-10-26T12:00", ["2026-10-25T02:30", "2026-10-26T02:30"]),
        ("sat,sun 09:00", "2026-11-25T00:00", "2026-12-02T00:00", ["2026-11-28T09:00", "2026-11-29T09:00"]),
        ("fri-mon 00:00", "2026-11-26T23:59", "2026-11-28T00:00", ["2026-11-27T00:00", "2026-11-28T00:00"]),
    ],
)
def test_schedule_is_due_at_its_times(times: str, start: str, end: str, expected: list[str]) -> None:
    (lamps,) = parse(LAMPS.replace("daily 22:00", times))
    found = occasions_between(lamps.schedule, berlin(start), berlin(end))
    assert found == [berlin(each) for each in expected]
    assert next_due(lamps.schedule, berlin(start)) == found[0]


def test_days_of_clock_changes_have_23_and_25_hours() -> None:
    (lamps,) = parse(LAMPS)
    spring = occasions_between(lamps.schedule, berlin("2027-03-27T00:00"), berlin("2027-03-29T00:00"))
    autumn = occasions_between(lamps.schedule, berlin("2026-10-24T00:00"), berlin("2026-10-26T00:00"))
    assert [(each[1] - each[0]) / 3_600_000 for each in (spring, autumn)] == [23, 25]


# -- what starts a reaction ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "starts"),
    [
        ({}, True),
        ({"rule": "hot"}, False),
        ({"severity": "warning"}, False),
        ({"device": "other"}, False),
        ({"late": True}, False),
        ({"silenced_by": (SilencedBy("s", "Maintenance"),)}, False),
        ({"suppressed_by": "gateway"}, False),
    ],
)
def test_matching_alert_starts_a_reaction(changes: dict[str, Any], starts: bool) -> None:
    devices = {"sensor": device("sensor", "cellar"), "other": device("other")}
    agenda = Agenda(devices.get, MATCHER.selects)
    taken = AlertStepTaken("raised", alert(**changes), T0)
    assert agenda.take(1, taken, parse(VALVE)) == int(starts)
    assert (agenda.next_due == T0) is starts


def test_reaction_waits_and_checks_the_state_of_the_alert() -> None:
    (waiting,) = parse(VALVE.replace("[reaction.alert]", '[reaction.alert]\nfor = "5m"'))
    site = Site(device("sensor", "cellar"), device("valve-1"))
    agenda = Agenda(site.devices.get, MATCHER.selects)
    agenda.take(7, AlertStepTaken("raised", alert(), T0), [waiting])
    assert agenda.first(T0 + 299_999) is None
    item = agenda.first(T0 + 300_000)
    assert item is not None
    number, occasion = item
    assert number == 7
    assert site.decider.decide(occasion, T0 + 300_000) is None, "it has cleared since"
    site.opened.append("a1")
    run = site.decider.decide(occasion, T0 + 300_000)
    assert run is not None
    assert run.outcome == "running"


def test_key_is_the_same_after_a_restart() -> None:
    (valve, lamps) = parse(VALVE + LAMPS)
    taken = AlertStepTaken("raised", alert(), T0)
    keys = [Occasion(valve, T0, taken).key, Occasion(replace(valve, name="Other"), T0 + 5, taken).key]
    assert keys[0] == keys[1]
    later = AlertStepTaken("raised", alert(id="a2"), T0)
    others = {Occasion(valve, T0, later).key, Occasion(lamps, T0).key, Occasion(lamps, T0 + 1).key}
    assert len(others | {keys[0]}) == 4


# -- conditions ------------------------------------------------------------------------------------------------


def test_condition_is_judged_for_each_device_of_a_schedule() -> None:
    (lamps,) = parse(LAMPS)
    on, off = device("l1", "lamp", state="ON"), device("l2", "lamp", state="OFF")
    site = Site(on, off, device("heater", state="ON"))
    run = site.decide(lamps)
    assert (run.outcome, [each.device for each in run.commands]) == ("running", ["l1"])


@pytest.mark.parametrize(
    ("lamp", "outcome", "detail"),
    [
        (device("l1", "lamp", state="OFF"), "condition_false", None),
        (device("l1", "lamp"), "condition_unknown", "Not known: state of l1: no value."),
        (
            device("l1", "lamp", presence="stale", state="ON"),
            "condition_unknown",
            "Not known: state of l1: the device is not online.",
        ),
    ],
)
def test_condition_that_does_not_hold_stops_the_reaction(lamp: Device, outcome: str, detail: str | None) -> None:
    run = Site(lamp).decide(parse(LAMPS)[0])
    assert (run.outcome, run.detail, run.commands) == (outcome, detail, ())


def test_condition_tree_is_evaluated_with_unknown_values() -> None:
    tree = """
[reaction.condition]
kind = "any"
[[reaction.condition.conditions]]
metric = "flow"
device = "meter"
above = 5
[[reaction.condition.conditions]]
kind = "not"
[[reaction.condition.conditions.conditions]]
metric = "water"
kind = "compare"
with = "limit"
above = 0
"""
    (valve,) = parse(VALVE + tree)
    assert valve.condition is not None
    text = describe_condition(valve.condition)
    assert text.startswith("flow of meter above 5 or (not (")
    dry = device("sensor", "cellar", water=1.0, limit=2.0)
    assert Site(dry).decide(valve, by=alert()).outcome == "running", "one true suffices, the meter is unknown"
    wet = device("sensor", "cellar", water=3.0, limit=2.0)
    run = Site(wet).decide(valve, by=alert())
    assert run.outcome == "condition_unknown"
    assert Site(wet, device("meter", flow=6.0)).decide(valve, by=alert()).outcome == "running"
    assert Site(wet, device("meter", flow=4.0)).decide(valve, by=alert()).outcome == "condition_false"


# -- limits ----------------------------------------------------------------------------------------------------


def test_scope_with_too_many_devices_sends_nothing() -> None:
    (lamps,) = parse(LAMPS)
    run = Site(*(device(f"l{number}", "lamp", state="ON") for number in range(4))).decide(lamps)
    assert (run.outcome, run.commands) == ("failed", ())
    assert run.detail == "The scope of the command has 4 devices; max_devices is 3."
    assert Site(device("heater")).decide(lamps).detail == "No device is in the scope of the command."


def test_rate_limit_allows_a_burst() -> None:
    (hook,) = parse('[[reaction]]\nid = "x"\nalert = {}\nwebhook = { url = "http://h" }\nlimit = { burst = 3 }\n')
    site = Site()
    runs = [site.decide(hook, T0 + n, by=alert(device=f"d{n}")).outcome for n in range(5)]
    assert runs == ["ran"] * 3 + ["rate_limited"] * 2
    later = [site.decide(hook, T0 + MINUTE + n, by=alert(device=f"d{n}x")).outcome for n in range(2)]
    assert later == ["ran", "rate_limited"], "one more after a minute"
    assert site.decide(hook, T0 - 3_600_000, by=alert(device="y")).outcome == "rate_limited"
    assert site.decide(hook, T0 - 3_600_000 + 5 * MINUTE, by=alert(device="y")).outcome == "rate_limited"


def test_rate_limit_applies_to_each_device() -> None:
    (valve,) = parse(VALVE)
    site = Site(device("valve-1"))
    assert site.decide(valve, by=alert()).outcome == "running"
    again = site.decide(valve, T0 + 1_000, by=alert())
    assert again.outcome == "rate_limited"
    assert again.detail == "More than 1 a minute for valve-1."
    assert site.decide(valve, T0 + MINUTE, by=alert()).outcome == "running"


def test_loop_pauses_the_reaction() -> None:
    limit = "[reaction.limit]\nper_minute = 60\nburst = 9\ndevice_per_minute = 600\nloop_runs = 3\nloop_within = '1m'\n"
    (valve,) = parse(VALVE + limit)
    site = Site(device("valve-1"))
    runs = [site.decide(valve, T0 + 1_000 * n, by=alert()).outcome for n in range(4)]
    assert runs == ["running"] * 3 + ["paused"]
    assert site.decide(valve, T0 + 4_000, by=alert(device="other")).outcome == "running", "another device"
    slow = Site(device("valve-1"))
    assert {slow.decide(valve, T0 + 30_000 * n, by=alert()).outcome for n in range(9)} == {"running"}


def test_late_run_is_skipped() -> None:
    (valve,) = parse(VALVE)
    site = Site(device("valve-1"))
    run = site.decide(valve, T0 + 61_000, by=alert(), due=T0)
    assert (run.outcome, run.detail) == ("missed", "It was due 1 min 1 s ago.")
    assert site.decide(valve, T0 + 60_000, by=alert(), due=T0).outcome == "running"
    (hook,) = parse('[[reaction]]\nid = "x"\nalert = {}\nwebhook = { url = "http://h" }\n')
    assert site.decide(hook, T0 + 3_600_000, by=alert(), due=T0).outcome == "ran", "webhooks are called at least once"


def test_scope_of_default_is_the_alerts_device() -> None:
    (own,) = parse('[[reaction]]\nid = "x"\nalert = {}\ncommand = { name = "stop" }\nmode = "dry_run"\n')
    run = Site().decide(own, by=alert())
    assert (run.outcome, [each.device for each in run.commands]) == ("dry_run", ["sensor"])
    assert own.alert is not None
    assert own.alert.scope == Scope()


# -- the past --------------------------------------------------------------------------------------------------


def entry(kind: AlertEntryKind, second: int, severity: Severity = "critical", of: str = "a1") -> AlertEntry:
    return AlertEntry(of, "sensor", T0 + 1_000 * second, kind, severity)


def test_steps_of_the_past_have_the_state_of_their_time() -> None:
    history = [
        *(entry("raised", 0, "warning"), entry("severity_changed", 10), entry("silenced", 20)),
        *(entry("acknowledged", 30), entry("unsilenced", 40), entry("unacknowledged", 50), entry("cleared", 60)),
    ]
    other = [entry("raised", 70, of="a2"), entry("silenced", 70, of="a2"), entry("withdrawn", 90, of="a2")]
    past = PastAlerts([(alert(), history), (alert(id="a2", raised_at=T0 + 70_000), other)])
    steps = {(each.alert.id, each.step): each for each in past.steps()}
    assert {key: (each.alert.severity, bool(each.alert.silenced_by)) for key, each in steps.items()} == {
        ("a1", "raised"): ("warning", False),
        ("a1", "acknowledged"): ("critical", True),
        ("a1", "cleared"): ("critical", False),
        ("a2", "raised"): ("critical", True),
    }
    ends = {("a1", "raised"): 60, ("a1", "acknowledged"): 50, ("a1", "cleared"): 70, ("a2", "raised"): 90}
    for key, second in ends.items():
        assert past.holds(steps[key], T0 + 1_000 * second - 1), key
        assert not past.holds(steps[key], T0 + 1_000 * second), key
    assert past.holds(steps["a1", "cleared"], T0 + 90_000), "the next alert was withdrawn"


def test_device_of_the_past_has_the_values_of_its_time() -> None:
    meter = PastDevice(
        device("meter", flow=9.0), 60_000, {"flow": [(T0, 1.0, "good"), (T0 + 90_000, 2.0, "late")]}, [T0 + 50_000]
    )
    assert [meter.at(T0 + second * 1_000).presence for second in (-1, 0, 110, 111, 150, 151)] == [
        *("stale", "online", "online", "online", "online", "stale"),
    ]
    assert "flow" not in meter.at(T0 - 1).metrics
    assert [meter.at(T0 + 1_000 * second).metrics["flow"].value for second in (0, 89, 90)] == [1.0, 1.0, 2.0]


def test_example_of_the_documentation_is_valid() -> None:
    text = (Path(__file__).parents[1] / "docs" / "reactions.md").read_text("utf-8")
    found = parse(text.partition("```toml\n")[2].partition("```")[0])
    assert [each.id for each in found] == ["close-valve", "lamps-off"]


def test_storm_of_runs_that_send_nothing_is_counted() -> None:
    counts = RunCounts()

    def run(number: int, outcome: RunOutcome, at: int = T0) -> bool:
        return counts.take(ReactionRun(f"k{number}", "valve", at, at, outcome))

    assert [run(number, "rate_limited") for number in range(3)] == [False, True, True]
    assert [run(number, "condition_false") for number in range(12)] == [False] * 10 + [True] * 2
    assert not run(20, "ran")
    assert {each.key: each.count for each in counts.changed()} == {"k0": 3, "k9": 3}
    assert counts.changed() == []
    assert not run(30, "rate_limited", T0 + 60_000)


@pytest.mark.parametrize(
    "url",
    ["http://é..b/x", "http://169.254.169.254/", "http://0xA9FEA9FE/", "http://[::ffff:a9fe:a9fe]/", "http://0.0.0.0/"],
)
def test_webhook_that_can_never_be_called_is_refused(url: str) -> None:
    text = f'[[reaction]]\nid = "x"\n[reaction.alert]\n[reaction.webhook]\nurl = "{url}"\n'
    with pytest.raises(ConfigError, match=r"url = .* is not valid"):
        parse(text)
