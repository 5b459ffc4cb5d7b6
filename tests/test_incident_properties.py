"""Properties of incidents under any order of readings, silence, restarts, edits, silences, requests and time."""

from __future__ import annotations

from collections import Counter
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from hub.events import AlertRaised
from hub.model import Acknowledge, AlertSilence, CloseAlert, EndSilence, PutSilence, Scope
from incident_plant import HOT, SILENT, T0, IncidentPlant, told

CHILDREN = ["a", "b", "c"]
DEVICES = ["router", "gateway", *CHILDREN, "alone"]
RULES = (
    SILENT + HOT,
    SILENT + 'labels = ["sensor"]\n' + HOT,
    HOT,
    SILENT.replace('"60s"', '"90s"'),
)
SPEAKING = st.sampled_from([[], ["alone"], ["router"], ["router", "gateway"], ["a"], ["a", "b"], DEVICES])
RUN = st.tuples(st.just("run"), st.sampled_from([10, 65, 130]), SPEAKING)
ACTIONS = st.lists(
    st.one_of(
        RUN,
        RUN,
        RUN,
        st.tuples(st.just("hot"), st.sampled_from(DEVICES), st.booleans()),
        st.tuples(st.just("will"), st.booleans()),
        st.tuples(st.just("restart")),
        st.tuples(st.just("rules"), st.integers(0, len(RULES) - 1)),
        st.tuples(st.just("broker"), st.booleans()),
        st.tuples(st.just("acknowledge"), st.integers(0, 9)),
        st.tuples(st.just("close"), st.integers(0, 9)),
        st.tuples(st.just("silence"), st.booleans()),
        st.tuples(st.just("delete"), st.sampled_from(DEVICES)),
    ),
    min_size=4,
    max_size=12,
)


def plant_of_all(rules: str) -> IncidentPlant:
    plant = IncidentPlant(rules)
    plant.add("router")
    plant.add("gateway", via="router", area="Hall")
    plant.add(*CHILDREN, via="gateway", area="Hall", labels=("sensor",))
    plant.add("alone", area="Hall")
    plant.run(40, DEVICES)
    return plant


def take(plant: IncidentPlant, action: tuple[Any, ...]) -> None:
    known = [device.id for device in plant.registry.devices()]
    match action:
        case "run", seconds, speaking:
            plant.run(plant.now + seconds, [name for name in DEVICES if name in speaking and name in known])
        case "hot", name, hot if name in known:
            plant.say(name, 90 if hot else 20)
        case "will", online if "gateway" in known:
            plant.offline("gateway", *(name for name in CHILDREN if name in known), online=online)
        case ("restart",):
            check_restart(plant)
        case "rules", number:
            plant.replace_rules(RULES[number])
        case "broker", connected:
            plant.connected_since = T0 + round(plant.now * 1000) if connected else None
        case "acknowledge" | "close", number if plant.open():
            chosen = sorted(plant.engine.open)[number % len(plant.engine.open)]
            kind = Acknowledge if action[0] == "acknowledge" else CloseAlert
            plant.handle(kind(chosen, "ada", T0 + round(plant.now * 1000)))
        case "silence", on:
            silence(plant, on=on)
        case "delete", name if name in known:
            plant.delete(name)


def silence(plant: IncidentPlant, *, on: bool) -> None:
    now = T0 + round(plant.now * 1000)
    wanted = AlertSilence("s1", "Service", "ada", now, now, now + 3_600_000, Scope(devices=("*",)))
    if on != plant.silenced:
        change = PutSilence(wanted, "ada", now) if on else EndSilence("s1", "ada", now)
        plant.change_silence(change)


def check_restart(plant: IncidentPlant) -> None:
    """Check that a restart raises nothing and keeps the incident of each alert that stays open."""
    before = {alert.id: (alert.incident, alert.suppressed_by) for alert in plant.engine.open.values()}
    events = plant.restart()
    assert not [event for event in events if isinstance(event, AlertRaised) and event.alert.id in before]
    assert told(events) == []
    after = {alert.id: (alert.incident, alert.suppressed_by) for alert in plant.engine.open.values()}
    assert after == {key: before[key] for key in after}


def check(plant: IncidentPlant) -> None:
    alerts = plant.engine.open
    incidents = {incident.id: incident for incident in plant.incidents()}
    counts = Counter(alert.incident for alert in alerts.values())
    suppressed = Counter(alert.incident for alert in alerts.values() if alert.suppressed_by)
    assert counts.keys() <= incidents.keys(), "each open alert is in an open incident"
    for incident in incidents.values():
        assert (incident.open, incident.suppressed) == (counts[incident.id], suppressed[incident.id])
        assert incident.open or incident.flapping, "an open incident has an open alert"
        assert incident.open > incident.suppressed or incident.flapping, "one alert of it is not suppressed"
        assert incident == plant.stored_incidents()[incident.id], "what is committed is the present state"
    for alert in alerts.values():
        assert plant.stored()[alert.id].incident == alert.incident
        if alert.suppressed_by is not None:
            leader = alerts.get(incidents[str(alert.incident)].leaders[alert.suppressed_by])
            assert leader is not None, "the cause of a suppressed alert is open"
            gateway = plant.registry.get(alert.suppressed_by)
            if gateway is not None and gateway.presence != "offline":
                assert (gateway.last_seen or 0) <= leader.raised_at, "its gateway was not heard since"


@settings(max_examples=examples(240), deadline=None)
@given(st.sampled_from(RULES), ACTIONS)
def test_alerts_and_incidents_agree_in_any_order_of_events(rules: str, actions: list[tuple[Any, ...]]) -> None:
    plant = plant_of_all(rules)
    for action in actions:
        take(plant, action)
        plant.tick()
        check(plant)
