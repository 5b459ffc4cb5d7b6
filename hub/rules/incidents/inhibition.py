"""Inhibition by topology: no-data alerts of devices behind a gateway that is down.

One open alert, the leader, is notified for each gateway that is down: the gateway's own no-data alert, or else the
first one of a device behind it. The no-data alerts of all other devices behind it are suppressed while the leader is
open. When it ends, they are withdrawn and the silence of their devices counts from then on: a device that stays silent
raises an alert by itself, after its own time. So nothing is suppressed without an open alert that people are notified
of.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping
from typing import NamedTuple

from hub.model import Alert, Device
from hub.rules.incidents.relations import device_is_silent
from hub.rules.last_heard import silent_together

Find = Callable[[str], Device | None]


class DownGateway(NamedTuple):
    """A gateway that is the cause of an alert. ``leader`` is None if no alert is notified for it yet."""

    gateway: str
    leader: str | None


class Inhibition:
    """The gateways that are down, their leaders, and the alerts that they suppress."""

    def __init__(self, gateways: Callable[[str], Collection[str]]) -> None:
        self._gateways = gateways
        self._silent: dict[str, dict[str, None]] = {}  # open alerts that nothing arrives from the device, by device
        self._leaders: dict[str, str] = {}  # by gateway
        self._led: dict[str, dict[str, None]] = {}  # gateways by leader
        self._suppressed: dict[str, dict[str, None]] = {}  # ids of alerts by gateway

    def cause(self, device: Device, find: Find) -> DownGateway | None:
        """Return the gateway that explains the silence of a device, the topmost if several are down."""
        above = self._gateways(device.info.via) if device.info.via else ()
        for gateway in reversed([*above]):
            if gateway == device.id:
                continue
            if own := self._silent.get(gateway):
                return DownGateway(gateway, next(iter(own)))
            if _is_down(gateway, find(gateway), device):
                return DownGateway(gateway, self._leaders.get(gateway))
        return None

    def add(self, alert: Alert) -> None:
        """Note an open alert."""
        if device_is_silent(alert):
            self._silent.setdefault(alert.device, {})[alert.id] = None
        if alert.suppressed_by is not None:
            self._suppressed.setdefault(alert.suppressed_by, {})[alert.id] = None

    def lead(self, gateway: str, alert_id: str) -> str | None:
        """Make an alert the leader for a gateway. Return the leader before, if there was another one."""
        before = self._leaders.get(gateway)
        if before is not None:
            del self._led[before][gateway]
        self._leaders[gateway] = alert_id
        self._led.setdefault(alert_id, {})[gateway] = None
        return before if before != alert_id else None

    def end(self, alert: Alert) -> list[str]:
        """Note the end of an alert. Return the ids of those that are not suppressed any more."""
        if alert.id in (own := self._silent.get(alert.device, {})):
            del own[alert.id]
            if not own:
                del self._silent[alert.device]
        released: list[str] = []
        for gateway in self.leads(alert.id):
            released += self._release(gateway)
        above = alert.suppressed_by
        if above is not None and alert.id in (behind := self._suppressed.get(above, {})):
            del behind[alert.id]
            if not alert.withdrawn and above not in self._silent:
                released += self._release(above)  # the device was heard through the gateway
        return released

    def returned(self, find: Find, alerts: Mapping[str, Alert]) -> list[str]:
        """Return the ids of the alerts behind gateways without an own alert that were heard again."""
        released: list[str] = []
        for gateway, leader in list(self._leaders.items()):
            if gateway in self._silent or not self._suppressed.get(gateway):
                continue
            found = find(gateway)
            if found is not None and found.presence != "offline" and (found.last_seen or 0) > alerts[leader].raised_at:
                released += self._release(gateway)
        return released

    def orphans(self, alerts: Iterable[Alert]) -> list[str]:
        """Return the ids of the suppressed alerts among these whose gateway has no leader."""
        return [alert.id for alert in alerts if alert.suppressed_by and alert.suppressed_by not in self._leaders]

    def leader(self, gateway: str) -> str | None:
        """Return the leader for a gateway."""
        return self._leaders.get(gateway)

    def leads(self, alert_id: str) -> list[str]:
        """Return the gateways that the alert is the leader for."""
        return list(self._led.get(alert_id, ()))

    def _release(self, gateway: str) -> list[str]:
        leader = self._leaders.pop(gateway, None)
        if leader is not None:
            del self._led[leader][gateway]
            if not self._led[leader]:
                del self._led[leader]
        return list(self._suppressed.pop(gateway, ()))


def _is_down(gateway_id: str, gateway: Device | None, device: Device) -> bool:
    """Return whether a gateway was reported offline, or fell silent together with the device."""
    if gateway_id == device.info.via and device.presence == "offline" and device.presence_before_gateway is not None:
        return True
    return gateway is not None and (gateway.presence == "offline" or silent_together(device, gateway) is not None)
