"""Incidents: which alerts belong to one incident, and for how long it accepts alerts. Flapping alerts."""

from __future__ import annotations

import pytest

from hub.events import AlertCleared, AlertRaised
from hub.model import Acknowledge, AlertSilence, CloseAlert, IncidentLimits, PutSilence, Scope
from hub.rules.incidents.incident_table import MAX_KEYS
from incident_plant import HOT, SILENT, T0, IncidentPlant, steps

RULES = HOT + '[[rule]]\nid = "shaking"\nmetric = "v"\nabove = 5\nseverity = "warning"\n'
LIMITS = IncidentLimits()
TOGETHER_S = LIMITS.group_ms // 1000


@pytest.fixture
def plant() -> IncidentPlant:
    return IncidentPlant(HOT)


def test_single_alert_is_one_incident_until_it_clears(plant: IncidentPlant) -> None:
    plant.add("pump")
    raised = plant.say("pump", 90)
    (incident,) = plant.incidents()
    alert = plant.open()["pump/t"]
    assert steps(raised) == ["opened"]
    assert (alert.incident, incident.alerts, incident.open) == (incident.id, 1, 1)
    assert (incident.kind, incident.severity, incident.title) == ("device", "critical", "pump: T 90, above 80")
    assert (incident.first.device, incident.first.metric, incident.first.alert) == ("pump", "t", alert.id)
    plant.now += 5
    assert steps(plant.say("pump", 70)) == ["resolved"]
    assert plant.incidents() == []
    (ended,) = plant.engine.incidents.by_id.values()
    assert (ended.state, ended.open, ended.severity, ended.ended_at) == ("resolved", 0, "critical", T0 + 5_000)


def test_incident_is_acknowledged_when_all_its_alerts_are(plant: IncidentPlant) -> None:
    plant.add("pump")
    plant.add("fan", "mill", via="pump")
    plant.say("pump", 90)
    plant.say("fan", 90)
    for name, state in (("pump/t", "open"), ("fan/t", "acknowledged")):
        plant.handle(Acknowledge(plant.open()[name].id, "ada", T0))
        (incident,) = plant.incidents()
        assert incident.state == state
    plant.say("mill", 90)
    assert plant.incidents()[0].state == "open", "an alert that nobody has seen is in it"


@pytest.mark.parametrize(
    ("first", "second", "kind"),
    [
        ({"area": "Hall"}, {"area": "Hall"}, None),
        ({"labels": ("freezer",)}, {"labels": ("cold", "freezer")}, None),
        ({"via": "line", "area": "Hall"}, {"via": "line", "area": "Hall"}, None),
        ({"via": "second"}, {}, "device"),
        ({}, {"via": "first"}, "device"),
        ({"area": "Hall"}, {"area": "Yard"}, None),
        ({"via": "line"}, {"via": "line"}, None),
        ({}, {}, None),
    ],
)
def test_alerts_that_share_a_cause_are_one_incident(
    plant: IncidentPlant, first: dict, second: dict, kind: str | None
) -> None:
    plant.add("line")
    plant.add("first", **first)
    plant.add("second", **second)
    plant.say("first", 90)
    plant.now += TOGETHER_S
    plant.say("second", 90)
    found = plant.incidents()
    assert [each.kind for each in found] == ([kind] if kind else ["device", "device"])
    assert sum(each.alerts for each in found) == 2
    if kind:
        assert found[0].first.device == "first"


@pytest.mark.parametrize("shared", [{"area": "Hall"}, {"labels": ("freezer",)}])
def test_rule_on_many_devices_is_a_storm(plant: IncidentPlant, shared: dict) -> None:
    names = [f"pump-{n}" for n in range(LIMITS.storm_devices + 2)]
    plant.add(*names, **shared)
    for name in names[:3]:
        plant.say(name, 90)
        plant.now += 1
    plant.restart()
    for name in names[3:]:
        plant.say(name, 90)
        plant.now += 1
    found = plant.incidents()
    assert [each.kind for each in found] == ["device"] * (LIMITS.storm_devices - 2) + ["rule"]
    assert found[-1].alerts == 4
    explaining = {each.device: plant.engine.explaining(each) for each in plant.open().values()}
    assert explaining["pump-6"] == explaining["pump-3"], "one diagnosis for a storm"
    assert len({ids for name, ids in explaining.items() if name <= "pump-3"}) == 4


def test_each_device_of_an_incident_has_its_own_diagnosis(plant: IncidentPlant) -> None:
    plant.add("pump")
    plant.add("fan", via="pump")
    plant.say("pump", 90)
    plant.say("fan", 90)
    assert len(plant.incidents()) == 1
    opened = plant.open().values()
    assert {plant.engine.explaining(each) for each in opened} == {(each.id,) for each in opened}
    plant.restart()
    assert {plant.engine.explaining(each) for each in opened} == {(each.id,) for each in opened}


def test_alerts_of_one_device_are_one_incident_with_the_first_change_first() -> None:
    plant = IncidentPlant(RULES.replace("above = 80\n", 'above = 80\nfor = "30s"\n'))
    plant.add("pump")
    plant.run(1)
    record_at = plant.now
    plant.say("pump", 90)
    plant.run(40, ["pump"], 90)
    (hot,) = plant.open().values()
    assert hot.since == T0 + round(record_at * 1000)
    (incident,) = plant.incidents()
    assert incident.first.metric == "t"


def test_alert_after_the_window_is_another_incident(plant: IncidentPlant) -> None:
    plant.add("pump", "fan", area="Hall")
    plant.say("pump", 90)
    plant.now += TOGETHER_S + 1
    plant.say("fan", 90)
    assert len(plant.incidents()) == 2


def test_incident_does_not_grow_for_ever() -> None:
    plant = IncidentPlant(HOT, IncidentLimits(storm_devices=2))
    plant.add(*(f"pump-{n}" for n in range(40)), area="Hall")
    for n in range(40):
        plant.say(f"pump-{n}", 90)
        plant.now += TOGETHER_S - 1
    found = plant.incidents()
    assert len(found) == 2
    assert found[0].changed_at - found[0].started_at <= LIMITS.max_age_ms


def test_alert_that_comes_back_reopens_its_incident(plant: IncidentPlant) -> None:
    plant.add("pump")
    plant.say("pump", 90)
    plant.now += 1
    plant.say("pump", 70)
    plant.now += 60
    assert steps(plant.say("pump", 90)) == ["reopened"]
    (incident,) = plant.incidents()
    assert (incident.alerts, incident.open, incident.ended_at) == (2, 1, None)


def test_alert_that_was_open_for_long_reopens_its_incident(plant: IncidentPlant) -> None:
    plant.add("pump")
    plant.say("pump", 90)
    plant.now += 3 * TOGETHER_S
    plant.say("pump", 70)
    plant.now += TOGETHER_S - 1
    assert steps(plant.say("pump", 90)) == ["reopened"]
    plant.now += 3 * TOGETHER_S
    plant.say("pump", 70)
    plant.now += TOGETHER_S + 1
    plant.say("pump", 90)
    assert [each.alerts for each in plant.incidents()] == [1]


def test_large_incident_stays_small_in_memory(plant: IncidentPlant) -> None:
    names = [f"pump-{n}" for n in range(200)]
    plant.add(*names, area="Hall")
    for name in names:
        plant.say(name, 90)
    incident = plant.incidents()[-1]
    assert incident.alerts == 200 - (LIMITS.storm_devices - 2)
    assert len(incident.keys) <= MAX_KEYS


# -- flapping -------------------------------------------------------------------------------------------------


def flap(plant: IncidentPlant, times: int) -> None:
    for _ in range(times):
        plant.now += 20
        plant.say("pump", 90)
        plant.now += 20
        plant.say("pump", 70)


def test_flapping_alert_is_one_open_incident_until_it_is_quiet(plant: IncidentPlant) -> None:
    plant.add("pump")
    flap(plant, 6)
    raised = [event.alert.flapping for event in plant.told if isinstance(event, AlertRaised)]
    assert raised == [False, False, False, False, True, True]
    assert steps(plant.told).count("opened") == 1
    (incident,) = plant.incidents()
    assert (incident.flapping, incident.open, incident.state) == (True, 0, "open")
    last = plant.now
    plant.restart()
    plant.run(last + LIMITS.flapping_ms // 1000 - 1)
    assert plant.incidents(), "it may begin again any moment"
    assert steps(plant.run(plant.now + 2)) == ["resolved"]


def test_flapping_ends_while_the_alert_stays_open(plant: IncidentPlant) -> None:
    plant.add("pump")
    flap(plant, 5)
    plant.say("pump", 90)
    assert plant.open()["pump/t"].flapping
    events = plant.run(plant.now + LIMITS.flapping_ms // 1000 + 1)
    assert not plant.open()["pump/t"].flapping
    assert [getattr(event, "what", None) for event in events if hasattr(event, "what")] == ["flapping_ended"]
    assert not plant.incidents()[0].flapping


def test_alert_that_returns_rarely_is_not_flapping(plant: IncidentPlant) -> None:
    plant.add("pump")
    for _ in range(5):
        plant.now += LIMITS.flapping_ms / 1000
        plant.say("pump", 90)
        plant.now += 20
        plant.say("pump", 70)
    assert not any(event.alert.flapping for event in plant.told if isinstance(event, AlertRaised | AlertCleared))


def test_settings_say_when_an_alert_is_flapping() -> None:
    plant = IncidentPlant(HOT, IncidentLimits(flapping_recoveries=2, flapping_ms=200_000))
    plant.add("pump")
    flap(plant, 6)
    raised = [event.alert.flapping for event in plant.told if isinstance(event, AlertRaised)]
    assert raised == [False, False, True, True, True, True]
    last = plant.now
    plant.run(last + 199)
    assert plant.incidents()[0].flapping
    assert steps(plant.run(last + 201)) == ["resolved"]


def test_settings_say_how_long_alerts_join_an_incident() -> None:
    plant = IncidentPlant(HOT, IncidentLimits(group_ms=60_000, max_age_ms=90_000, storm_devices=2))
    plant.add("pump", "fan", "saw", "mill", area="Hall")
    for name, after, incidents in (("pump", 0, 1), ("fan", 60, 1), ("saw", 31, 2), ("mill", 61, 3)):
        plant.now += after
        plant.say(name, 90)
        assert len(plant.incidents()) == incidents, name


def test_alerts_withdrawn_by_edits_do_not_count_as_flapping(plant: IncidentPlant) -> None:
    plant.add("pump")
    plant.say("pump", 90)
    for _ in range(4):
        plant.replace_rules(SILENT)
        plant.replace_rules(HOT)
    assert not plant.open()["pump/t"].flapping


def test_alert_that_recovers_under_a_silence_is_resolved(plant: IncidentPlant) -> None:
    """Alertmanager 226: nobody learnt that an alert was resolved while it was silenced."""
    plant.add("pump")
    plant.say("pump", 90)
    silence = AlertSilence("s1", "Service", "ada", T0, T0, T0 + 60_000, Scope(devices=("pump",)))
    plant.change_silence(PutSilence(silence, "ada", T0))
    plant.now += 1
    events = plant.say("pump", 70)
    (ended,) = [event.alert for event in events if isinstance(event, AlertCleared)]
    assert [each.id for each in ended.silenced_by] == ["s1"]
    assert steps(events) == ["resolved"]


def test_closed_alert_ends_its_incident(plant: IncidentPlant) -> None:
    plant.add("pump")
    plant.say("pump", 90)
    assert steps(plant.handle(CloseAlert(plant.open()["pump/t"].id, "ada", T0 + 5))) == ["resolved"]
