"""Devices behind gateways, with registry, rule engine and incidents, driven as the pipeline drives them."""

from __future__ import annotations

from collections.abc import Iterable

from hub.events import AlertCleared, AlertEvent, AlertRaised, Event, IncidentChanged
from hub.model import (
    Alert,
    AlertRequest,
    Availability,
    DeleteDevice,
    EndSilence,
    Identity,
    Incident,
    IncidentLimits,
    Info,
    PutSilence,
    Record,
)
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, parse

T0 = 1_795_386_000_000
SILENT = '[[rule]]\nid = "silent"\nkind = "no_data"\nsilence = "60s"\nseverity = "warning"\n'
HOT = '[[rule]]\nid = "hot"\nmetric = "t"\nabove = 80\nseverity = "critical"\n'
INTERVAL = 10
"""Seconds between the readings of a device."""


class IncidentPlant:
    """Devices, registry and rule engine. Times are seconds after T0. Committed state survives :meth:`restart`."""

    def __init__(self, rules: str = SILENT + HOT, limits: IncidentLimits | None = None) -> None:
        self.rules = rules
        self._limits = limits
        self.now = 0.0
        self.told: list[Event] = []  # all events, as the bus publishes them
        self.connected_since: int | None = 0
        self.silenced = False  # until the next restart, which does not keep silences
        self._states: dict[str, bytes] = {}
        self._alerts: dict[str, Alert] = {}
        self._incidents: dict[str, Incident] = {}
        self._new_hub()

    def _new_hub(self) -> None:
        self.registry = DeviceRegistry()
        self.engine = Engine(
            parse(self.rules),
            lambda device, silence_ms: self.registry.tolerated_silence(device, silence_ms),
            {},
            lambda gateway: self.registry.presence.gateways(gateway),
            self._limits,
        )

    def add(self, *names: str, via: str | None = None, area: str | None = None, labels: tuple[str, ...] = ()) -> None:
        for name in names:
            info = Info(via=via, area=area, labels=labels)
            self._take(self.registry.identify(Identity(name, name, "native", info), self._ms))

    @property
    def _ms(self) -> int:
        return T0 + round(self.now * 1000)

    def say(self, name: str, value: float = 20.0) -> list[Event]:
        """Let a device send a reading."""
        record = Record(name, self._ms, self._ms, {"t": value}, "good")
        events = list(self.registry.observe(record))
        events += self.engine.observe(self.registry.require(name), record)
        self.registry.presence.mark_gateway_seen(name, self._ms)
        for gateway, at in self.registry.presence.take_seen_gateways().items():
            if self.registry.get(gateway) is not None:
                events += self.registry.hear(gateway, at)
                events += self.engine.hear(self.registry.require(gateway), at)
        return self._take(events)

    def offline(self, gateway: str, *children: str, online: bool = False) -> list[Event]:
        """Let a bridge's last will (or its return) arrive."""
        events: list[Event] = []
        for name in (gateway, *children):
            through = name != gateway
            events += self.registry.available(Availability(name, online, False, self._ms, through=through))
            events += self.engine.judge(self.registry.require(name), self._ms)
        return self._take(events)

    def run(self, until: float, speaking: Iterable[str] = (), value: float = 20.0) -> list[Event]:
        """Let time pass. Devices send readings one after the other, each every ten seconds."""
        names, events = list(speaking), list[Event]()
        while self.now < until:
            self.now += 1
            for place, name in enumerate(names):
                if int(self.now) % INTERVAL == place % INTERVAL:
                    events += self.say(name, value)
            events += self.tick()
        return events

    def tick(self) -> list[Event]:
        events = list(self.registry.tick(self._ms, self.connected_since))
        events += self.engine.tick(self._ms, self.connected_since, self.registry.get)
        return self._take(events + self.engine.incidents.tick(self._ms, self.registry.get))

    def handle(self, request: AlertRequest) -> list[Event]:
        return self._take(self.engine.handle(request, self.registry.require)[1])

    def change_silence(self, request: PutSilence | EndSilence) -> list[Event]:
        self.silenced = isinstance(request, PutSilence)
        return self._take(self.engine.silencing.change(request, self.registry.get)[1])

    def delete(self, name: str) -> list[Event]:
        item = DeleteDevice(name, self._ms)
        self.registry.delete(item.device)
        self._states.pop(name, None)
        return self._take(self.engine.forget(item.device, item.at))

    def replace_rules(self, rules: str) -> list[Event]:
        self.rules = rules
        names = [device.id for device in self.registry.devices()]
        self.engine.replace(parse(rules), names)
        return self._take(self.engine.judge_next(len(names), self.registry.get, self._ms))

    def restart(self, rules: str | None = None) -> list[Event]:
        """Stop the hub, and start it from the committed state."""
        self.rules, self.silenced = rules or self.rules, False
        for device in self.registry.devices():
            self.registry.touch(device.id)
        self._commit([])
        self._new_hub()
        self.registry.restore(self._states, self._ms)
        self.engine.load(alert for alert in self._alerts.values() if alert.open)
        self.engine.incidents.load(self._incidents.values())
        events = self.engine.restore(self.registry.with_latest_values(), self._ms)
        return self._commit(self.engine.incidents.restore(events, self.registry.get, self._ms))

    def _take(self, events: Iterable[Event]) -> list[Event]:
        return self._commit(self.engine.incidents.apply(events, self.registry.get))

    def _commit(self, events: list[Event]) -> list[Event]:
        for name in self.engine.take_changed():
            self.registry.touch(name)
        self._states |= self.registry.take_states(0, 0)[0]
        for event in events:
            if isinstance(event, AlertEvent):
                self._alerts[event.alert.id] = event.alert
            elif isinstance(event, IncidentChanged):
                self._incidents[event.incident.id] = event.incident
        self.told += events
        return events

    # -- the present state ------------------------------------------------------------------------------------

    def open(self) -> dict[str, Alert]:
        """Return the open alerts by ``device`` or ``device/metric``."""
        return {f"{each.device}/{each.metric}" if each.metric else each.device: each for each in self._open()}

    def notified(self) -> list[str]:
        """Return the devices of the open alerts that are not suppressed."""
        return sorted(alert.device for alert in self._open() if alert.suppressed_by is None)

    def _open(self) -> list[Alert]:
        return list(self.engine.open.values())

    def incidents(self) -> list[Incident]:
        """Return the open incidents, oldest first."""
        found = (each for each in self.engine.incidents.by_id.values() if each.ended_at is None)
        return sorted(found, key=lambda each: (each.started_at, each.id))

    def stored(self) -> dict[str, Alert]:
        """Return the committed alerts by id."""
        return dict(self._alerts)

    def stored_incidents(self) -> dict[str, Incident]:
        """Return the committed incidents by id."""
        return dict(self._incidents)


def told(events: Iterable[Event]) -> list[str]:
    """Return the devices of the raised alerts among ``events`` of which people are notified."""
    return [event.alert.device for event in events if isinstance(event, AlertRaised) and not event.alert.suppressed_by]


def suppressed(events: Iterable[Event]) -> list[str]:
    """Return the devices of the raised alerts among ``events`` that are suppressed."""
    return [event.alert.device for event in events if isinstance(event, AlertRaised) and event.alert.suppressed_by]


def cleared(events: Iterable[Event]) -> list[str]:
    return [event.alert.device for event in events if isinstance(event, AlertCleared)]


def steps(events: Iterable[Event]) -> list[str]:
    return [event.step for event in events if isinstance(event, IncidentChanged)]
