"""Inhibition by topology: suppress the no-data alerts of devices behind a gateway that is down.

For each gateway that is down, people are notified of one open alert, the leader. The leader is the no-data alert of the
gateway itself. If no rule watches the gateway, it is the first no-data alert of a device behind the gateway.

While the leader is open, the no-data alerts of all other devices behind the gateway are suppressed. When the leader
ends, the suppressed alerts are withdrawn, and the silence of their devices is measured from then on: a device that
stays silent raises a new alert. So an alert is suppressed only while people are notified of another open alert.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import NamedTuple

from hub.model import Alert, Device
from hub.rules.incidents.relations import device_is_silent
from hub.rules.last_heard import silent_together

Find = Callable[[str], Device | None]


class DownGateway(NamedTuple):
    """A gateway that is down, which explains why the devices behind it are silent.

    ``leader`` is the id of the one open alert of which people are notified during the outage; None if there is no such
    alert yet.
    """

    gateway: str
    leader: str | None


class Inhibition:
    """The gateways that are down, and the alerts that are suppressed because of each gateway.

    Each gateway that is down has a leader: the one open alert of which people are notified.
    """

    def __init__(self, gateways: Callable[[str], Collection[str]]) -> None:
        self._gateways = gateways
        self._silent: dict[str, dict[str, None]] = {}  # open alerts that nothing arrives from the device, by device
        self._leaders: dict[str, Alert] = {}  # by gateway, as they were when they became leader
        self._led: dict[str, dict[str, None]] = {}  # gateways by leader
        self._suppressed: dict[str, dict[str, None]] = {}  # ids of alerts by gateway

    def cause(self, device: Device, find: Find, now: int) -> DownGateway | None:
        """Return the gateway whose outage explains the silence of a device; None if no gateway above it is down.

        A gateway can be connected through another gateway. If several gateways above the device are down, the topmost
        of them is returned.
        """
        above = self._gateways(device.info.via) if device.info.via else ()
        for gateway in reversed([*above]):
            if gateway == device.id:
                continue
            if own := self._silent.get(gateway):
                return DownGateway(gateway, next(iter(own)))
            if _is_down(gateway, find(gateway), device, now):
                return DownGateway(gateway, self.leader(gateway))
        return None

    def add(self, alert: Alert) -> None:
        """Add an open alert. Alerts that are neither suppressed nor about the silence of a device are ignored."""
        if device_is_silent(alert):
            self._silent.setdefault(alert.device, {})[alert.id] = None
        if alert.suppressed_by is not None:
            self._suppressed.setdefault(alert.suppressed_by, {})[alert.id] = None

    def leader(self, gateway: str) -> str | None:
        """Return the id of the leader for a gateway, the alert of which people are notified. None without a leader."""
        leader = self._leaders.get(gateway)
        return None if leader is None else leader.id

    def lead(self, gateway: str, alert: Alert) -> None:
        """Make an alert the leader for a gateway that is down, in place of an earlier leader.

        People are notified of the leader, and not of the other alerts that the gateway's outage explains.
        """
        if (before := self.leader(gateway)) is not None:
            self._led[before].pop(gateway)
        self._leaders[gateway] = alert
        self._led.setdefault(alert.id, {})[gateway] = None

    def end(self, alert: Alert) -> list[str]:
        """Remove an alert that has ended. Return the ids of the gateways that no longer suppress any alerts.

        This is so for a gateway if people were notified of this alert in place of the others (it was the leader), or if
        the alert ended because a device behind the gateway was heard. The caller passes the ids to :meth:`lift`.
        """
        if alert.id in (own := self._silent.get(alert.device, {})):
            del own[alert.id]
            if not own:
                del self._silent[alert.device]
        above = alert.suppressed_by
        if above is None:
            return list(self._led.get(alert.id, ()))
        self._suppressed.get(above, {}).pop(alert.id, None)
        heard = not alert.withdrawn and above not in self._silent and above in self._leaders
        return [*self._led.get(alert.id, ()), *([above] if heard else ())]

    def returned(self, find: Find) -> list[str]:
        """Return the ids of the gateways that are up again, and whose leader is an alert of a device behind them.

        Gateways with an open no-data alert of their own are left out, because the end of that alert reports the same.
        """
        led_by_others = [gateway for gateway in self._leaders if gateway not in self._silent]
        return [each for each in led_by_others if _is_back(find(each), self._leaders[each], find)]

    def lift(self, gateway: str) -> tuple[Alert, list[str]]:
        """End the suppression of alerts by a gateway.

        Return the gateway's leader (the alert of which people are notified in place of the suppressed ones), and the
        ids of the suppressed alerts.
        """
        leader = self._leaders.pop(gateway)
        self._led[leader.id].pop(gateway)
        if not self._led[leader.id]:
            del self._led[leader.id]
        return leader, list(self._suppressed.pop(gateway, ()))

    def orphans(self, alerts: Iterable[Alert]) -> list[str]:
        """Return the ids of those ``alerts`` that are suppressed by a gateway without a leader.

        Such an alert must be withdrawn, because people are notified of no other alert for this gateway.
        """
        return [alert.id for alert in alerts if alert.suppressed_by and alert.suppressed_by not in self._leaders]


def _is_back(gateway: Device | None, leader: Alert, find: Find) -> bool:
    """Return whether a gateway that was down is up again.

    If the gateway itself is known as a device, it must have sent a message after the alert ``leader`` was raised. If
    ``gateway`` is None, the device of this alert must no longer count as offline because of its gateway.
    """
    if gateway is not None:
        return gateway.presence != "offline" and (gateway.last_seen or 0) > leader.raised_at
    behind = find(leader.device)
    return behind is not None and behind.presence_before_gateway is None


def _is_down(gateway_id: str, gateway: Device | None, device: Device, now: int) -> bool:
    """Return whether a gateway was reported offline, or fell silent together with the device."""
    if gateway_id == device.info.via and device.presence == "offline" and device.presence_before_gateway is not None:
        return True
    if gateway is None or gateway.presence == "offline":
        return gateway is not None
    half = (now - (device.last_seen or now)) // 2
    return silent_together(device, gateway, half) is not None
