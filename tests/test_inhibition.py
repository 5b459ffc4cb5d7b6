"""A gateway that is down suppresses the no-data alerts behind it, and nothing is suppressed for longer than that."""

from __future__ import annotations

import pytest

from hub.events import AlertCleared, AlertHandled, AlertRaised
from hub.model import Acknowledge, CloseAlert
from incident_plant import HOT, SILENT, IncidentPlant, cleared, steps, suppressed, told

CHILDREN = [f"child-{n:03}" for n in range(200)]
NO_RULE_FOR_GATEWAYS = SILENT + 'labels = ["sensor"]\n'


def plant_of(children: list[str], rules: str = SILENT + HOT, **more: object) -> IncidentPlant:
    plant = IncidentPlant(rules)
    plant.add("gateway")
    plant.add(*children, via="gateway", labels=("sensor",), area="Hall")
    plant.run(60, children)
    return plant


def test_dead_gateway_of_200_children_is_one_incident_three_alert_afterwards() -> None:
    """Uptime Kuma 1089: one dead parent sent thirty messages."""
    plant = plant_of(CHILDREN)
    events = plant.run(200)
    assert told(events) == ["gateway"]
    assert sorted(suppressed(events)) == CHILDREN
    (incident,) = plant.incidents()
    assert (incident.kind, incident.alerts, incident.open, incident.suppressed) == ("gateway", 201, 201, 200)
    assert (incident.title, incident.first.device) == ("Nothing is received through gateway", "gateway")
    assert {alert.suppressed_by for alert in plant.open().values()} == {None, "gateway"}
    back = plant.run(230, CHILDREN[3:])
    assert told(back) == []
    assert plant.open() == {}
    assert plant.incidents() == []
    after = plant.run(300, CHILDREN[3:])
    assert sorted(told(after)) == CHILDREN[:3]
    assert suppressed(after) == []


def test_devices_that_stay_silent_alert_only_after_their_own_silence() -> None:
    plant = plant_of(CHILDREN[:5])
    plant.run(200)
    returned = plant.now
    events: list = []
    while not told(events):
        events = plant.run(plant.now + 1, CHILDREN[1:5])
    assert 60 <= plant.now - returned <= 75


def test_child_that_had_an_alert_before_keeps_it() -> None:
    plant = plant_of(CHILDREN[:5])
    plant.run(150, CHILDREN[1:5])
    before = plant.open()["child-000"]
    plant.handle(Acknowledge(before.id, "ada", 5))
    plant.say("child-001", 90)
    events = plant.run(300)
    assert told(events) == ["gateway"]
    assert plant.notified() == ["child-000", "child-001", "gateway"]
    assert plant.open()["child-000"].state == "acknowledged"
    assert plant.open()["child-001/t"].suppressed_by is None, "only silence is explained by a gateway"
    plant.run(330, CHILDREN[1:5])
    assert "child-000" in plant.open()


def test_last_will_of_a_bridge_without_a_rule_is_one_alert() -> None:
    plant = plant_of(CHILDREN[:20], NO_RULE_FOR_GATEWAYS)
    plant.offline("gateway", *CHILDREN[:20])
    events = plant.run(200)
    assert len(told(events)) == 1
    assert len(suppressed(events)) == 19
    (incident,) = plant.incidents()
    assert (incident.kind, incident.first.device, incident.first.alert) == ("gateway", "gateway", None)
    plant.offline("gateway", *CHILDREN[:20], online=True)
    events = plant.run(360, CHILDREN[3:20])
    assert plant.notified() == CHILDREN[:3], "the first one kept its alert, the others have their own now"


def test_gateway_that_nobody_knows_as_a_device_is_one_alert() -> None:
    plant = IncidentPlant()
    plant.add(*CHILDREN[:10], via="bridge")
    plant.run(60, CHILDREN[:10])
    for name in CHILDREN[:10]:
        plant.registry.require(name).presence_before_gateway = "online"
        plant.registry.require(name).presence = "offline"
    events = plant.run(200)
    assert (len(told(events)), len(suppressed(events))) == (1, 9)
    plant.say("child-009")
    assert plant.notified() == told(events)
    plant.run(300)
    assert "child-009" not in plant.open() or plant.now > 260


def test_gateway_alert_takes_over_from_the_child_that_alerted_first() -> None:
    slow = SILENT.replace('"60s"', '"90s"').replace('"silent"', '"silent-gateway"') + 'devices = ["gateway"]\n'
    plant = plant_of(CHILDREN[:10], NO_RULE_FOR_GATEWAYS + slow)
    events = plant.run(300)
    first, last = told(events)
    assert (first in CHILDREN, last) == (True, "gateway")
    assert [event.alert.device for event in events if isinstance(event, AlertHandled)] == [first]
    assert plant.notified() == ["gateway"]
    assert steps(events).count("opened") == 1


def test_nested_gateways_are_one_incident() -> None:
    plant = IncidentPlant()
    plant.add("router")
    plant.add("gateway", via="router")
    plant.add(*CHILDREN[:5], via="gateway")
    plant.run(60, CHILDREN[:5])
    events = plant.run(200)
    assert told(events) == ["router"]
    assert len(plant.incidents()) == 1
    plant.say("router")
    after = plant.run(300, ["router"])
    assert told(after) == ["gateway"], "the router is back, the gateway is not"
    assert sorted(suppressed(after)) == CHILDREN[:5]


@pytest.mark.parametrize("ending", ["closed", "deleted", "rule"])
def test_nothing_stays_suppressed_when_its_cause_is_gone(ending: str) -> None:
    """Keep 5257: alerts stayed suppressed for ever after a window."""
    plant = plant_of(CHILDREN[:5])
    plant.run(200)
    if ending == "closed":
        plant.handle(CloseAlert(plant.open()["gateway"].id, "ada", 5))
    elif ending == "deleted":
        plant.delete("gateway")
    else:
        plant.replace_rules(NO_RULE_FOR_GATEWAYS)
    assert not any(alert.suppressed_by for alert in plant.open().values())
    plant.run(300)
    assert len(plant.notified()) == (5 if ending == "deleted" else 1)


def test_inhibited_alerts_do_not_fire_at_restart_or_reload() -> None:
    """Alertmanager 4064: inhibited alerts fired when the configuration was reloaded."""
    plant = plant_of(CHILDREN[:20])
    plant.run(200)
    before = plant.open()
    incident = plant.incidents()
    assert not [event for event in plant.restart() if isinstance(event, AlertRaised | AlertCleared)]
    assert (plant.open(), plant.incidents()) == (before, incident)
    assert not plant.replace_rules(SILENT + HOT + "# edited\n")
    assert told(plant.run(400)) == []
    assert (plant.open(), plant.incidents()) == (before, incident)


def test_nothing_stays_suppressed_by_a_rule_changed_while_the_hub_is_down() -> None:
    plant = plant_of(CHILDREN[:5])
    plant.run(200)
    rules = NO_RULE_FOR_GATEWAYS
    events = plant.restart(rules)
    assert sorted(cleared(events)) == [*CHILDREN[:5], "gateway"]
    assert told(plant.run(220)) == []
    assert len(told(plant.run(300))) == 1


def test_outage_of_the_broker_notifies_of_nothing_twice() -> None:
    """Grafana 58386: everything that was firing notified again after an outage."""
    plant = plant_of(CHILDREN[:10])
    plant.run(200, CHILDREN[:9])
    assert plant.notified() == ["child-009"]
    plant.connected_since = None
    events = plant.run(600)
    assert told(events) == suppressed(events) == []
    plant.connected_since = plant._ms
    events = plant.run(700, CHILDREN[:9])
    assert told(events) == cleared(events) == []
    assert plant.notified() == ["child-009"]


def test_second_outage_notifies_although_a_child_stayed_dead() -> None:
    plant = plant_of(CHILDREN[:10], NO_RULE_FOR_GATEWAYS)
    (first,) = told(plant.run(200))
    living = [name for name in CHILDREN[:10] if name != first]
    plant.run(300, living)
    assert plant.notified() == [first]
    assert plant.incidents()[0].title.startswith(f"{first}: no data"), "the gateway is not down any more"
    plant.restart()
    events = plant.run(500)
    assert len(told(events)) == 1
    assert len(suppressed(events)) == 8
