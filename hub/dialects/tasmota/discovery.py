"""Parse the announcements of a Tasmota device (``tasmota/discovery/MAC/config`` and ``…/sensors``).

Source: Tasmota's ``xdrv_12_discovery.ino`` and the documentation's "MQTT" and "Commands".
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import msgspec
from msgspec.structs import replace

from hub.dialects.repair import UNREADABLE
from hub.dialects.tasmota import names
from hub.dialects.tasmota.readings import RECEIVED, scales_of, sensors
from hub.errors import Rejected
from hub.model import Info, Reporting

STATES = ("OFF", "ON", "TOGGLE", "HOLD")
MAC = re.compile(r"[0-9A-F]{12}")
MAX_TEXT = 200
MAX_RELAYS = 32
MAX_SLEEP = 604_800
"""The longest accepted sleep: one week, in seconds. Tasmota itself sleeps for a day at most."""
REPORTS_MISSED = 3
"""A sleeping device is stale when it misses this many reports."""
RELAY, LIGHT, SHUTTER = 1, 2, 3
_TEMPERATURE, _RGB = (2, 5), (3, 4, 5)
"""Subtypes of a light (``lt_st``): those with a colour temperature, and those with a colour."""


class TasmotaDevice(msgspec.Struct, frozen=True, omit_defaults=True):
    """Description of one device."""

    id: str
    native_id: str
    # Beginnings of its topics, each with a slash at the end.
    stat: str
    tele: str
    cmnd: str
    mac: bool = False  # native_id is its MAC, else its topic
    announced: bool = False  # its announcement is retained
    name: str | None = None
    model: str | None = None
    firmware: str | None = None
    via: str | None = None
    online: str = "Online"
    offline: str = "Offline"
    states: tuple[str, ...] = STATES
    sleeps: bool = False  # it goes offline between its messages (deep sleep)
    wakes: int = 0  # duration of its sleep in seconds
    scales: dict[str, str] = {}  # the units of all its temperatures, pressures and speeds
    units: dict[str, str] = {}  # by metric
    numbers: frozenset[str] = frozenset()  # metrics announced as numbers
    metrics: frozenset[str] = frozenset()  # names of all metrics that it has reported
    relays: tuple[str, ...] = ()  # the names that a person gave its relays
    commands: dict[str, dict[str, Any]] = {}

    @property
    def key(self) -> str:
        """The key of the device's stored state: the MAC, or the telemetry topic, which cannot look like a MAC."""
        return self.native_id if self.mac else self.tele

    @property
    def bases(self) -> tuple[str, ...]:
        return tuple(base for base in (self.tele, self.stat, self.cmnd) if base)

    def info(self) -> Info:
        return Info(
            name=self.name,
            manufacturer="Tasmota",
            model=self.model,
            firmware=self.firmware,
            via=self.via,
            units=self.units,
            commands=self.commands,
            titles=names.titles(self.metrics, self.relays),
            classes=names.classes(self.metrics),
            categories=names.categories(self.metrics),
            max_silence=REPORTS_MISSED * self.wakes if self.sleeps and self.wakes else None,
            reports=self._reports(),
        )

    def _reports(self) -> Reporting | None:
        """Return the pattern of the device's reports.

        - ``rarely``: the device sleeps most of the time.
        - ``events``: the device passes on what it receives, whenever it receives something.
        - None: the device reports every few minutes.
        """
        if self.sleeps:
            return "rarely"
        return "events" if any(name.startswith(RECEIVED) for name in self.metrics) else None


def parse_config(mac: str, body: dict[str, Any]) -> TasmotaDevice:
    """Parse a ``config`` message. Raises Rejected (``bad_value``) if its topics are missing or invalid."""
    topic, full, prefixes = body.get("t"), body.get("ft"), body.get("tp")
    if not isinstance(topic, str) or not isinstance(full, str):
        raise Rejected("bad_value", 'A Tasmota config must have a topic ("t") and a full topic ("ft").')
    if not isinstance(prefixes, list) or len(prefixes) != 3 or not all(isinstance(p, str) for p in prefixes):
        raise Rejected("bad_value", 'A Tasmota config must have three prefixes ("tp").')
    cmnd, stat, tele = (_base(full, prefix, topic, body) for prefix in prefixes)
    if len({cmnd, stat, tele}) < 3:
        problem = "Commands, states and telemetry have the same topics"
        raise Rejected("bad_value", f"{problem}: the full topic must contain %prefix%.")
    states = tuple(s[:32] for s in _texts(body.get("state"))) or STATES
    return TasmotaDevice(
        id=mac,
        native_id=mac,
        stat=stat,
        tele=tele,
        cmnd=cmnd,
        mac=True,
        announced=True,
        name=_text(body.get("dn")),
        model=_text(body.get("md")),
        firmware=_text(body.get("sw")),
        online=_text(body.get("onln")) or "Online",
        offline=_text(body.get("ofln")) or "Offline",
        states=states,
        sleeps=body.get("dslp") == 1,
        relays=_relay_names(body),
        commands=_commands(cmnd, body, states),
    )


def _base(full: str, prefix: str, topic: str, body: dict[str, Any]) -> str:
    """Return the beginning of the device's topics. Raises Rejected (``bad_value``) if it is not a valid topic.

    Args:
        full: The setting ``FullTopic`` of the device, a pattern with placeholders such as ``%topic%``.
        prefix: The text for ``%prefix%``.
        topic: The text for ``%topic%``.
        body: The announcement, which has the texts for the other placeholders.
    """
    mac = str(body.get("mac", ""))
    base = full.replace("%prefix%", prefix).replace("%topic%", topic)
    base = base.replace("%hostname%", str(body.get("hn", ""))).replace("%id%", mac[-6:])
    base = base.strip("/") + "/"
    if base == "/" or len(base) > MAX_TEXT or not base.isprintable() or any(c in base for c in "#+%$"):
        raise Rejected("bad_value", f"The full topic {full[:60]!r} does not give a valid MQTT topic.")
    return base


def with_sensors(known: TasmotaDevice, body: dict[str, Any]) -> TasmotaDevice:
    """Return the device with the contents of a ``sensors`` message: the units, and which metrics are numbers."""
    sn = body.get("sn")
    if not isinstance(sn, dict):
        return known
    numbers = (m for m, value, _ in sensors(sn, {}) if isinstance(value, int | float) and not isinstance(value, bool))
    limited = frozenset(m for m, _ in zip(numbers, range(256), strict=False) if len(m) <= 128)
    return replace(known, scales=scales_of(sn, known.scales), numbers=limited)


def with_status(known: TasmotaDevice, body: Mapping[str, Any]) -> TasmotaDevice:
    """Return the device, updated with what a message tells about it: deep sleep, model and firmware."""
    wifi = body.get("Wifi")
    info = body.get("Info1")
    wakes = body.get("DeepSleepTime")
    if "DeepSleep" in body or (isinstance(wifi, dict) and wifi.get("DeepSleep")):
        return known if known.sleeps else replace(known, sleeps=True)
    if known.sleeps and wakes == 0:
        return replace(known, sleeps=False, wakes=0)
    if isinstance(wakes, int) and 0 < wakes <= MAX_SLEEP and wakes != known.wakes:
        return replace(known, sleeps=True, wakes=wakes)
    return with_description(known, info.get("Module"), info.get("Version")) if isinstance(info, dict) else known


def with_deep_sleep(known: TasmotaDevice, body: Mapping[str, Any], received: int) -> TasmotaDevice:
    """Return the device, updated with the duration of its sleep.

    ``body`` is a ``DEEPSLEEP`` message, which has the time when the device wakes up. ``received`` is in ms.
    """
    until = body.get("DeepSleep")
    epoch = until.get("Epoch") if isinstance(until, dict) else None
    if not isinstance(epoch, int) or not 0 < (left := epoch - received // 1000) <= MAX_SLEEP:
        return known
    # A device wakes up at multiples of its interval, so the first sleep may be shorter.
    return replace(known, wakes=left) if left > 1.1 * known.wakes else known


def with_description(known: TasmotaDevice, model: Any, firmware: Any) -> TasmotaDevice:
    """Fill in the model and the firmware version of a device, and return the changed device.

    A model that is known already is kept, and so is a firmware version that the device announced itself. Values that
    are not texts are ignored.
    """
    model = model[:MAX_TEXT] if isinstance(model, str) and known.model is None else known.model
    firmware = firmware[:MAX_TEXT] if isinstance(firmware, str) and not known.announced else known.firmware
    if (model, firmware) == (known.model, known.firmware):
        return known
    return replace(known, model=model, firmware=firmware)


def _commands(cmnd: str, body: dict[str, Any], states: tuple[str, ...]) -> dict[str, dict[str, Any]]:
    """Return the commands for relays, lights, shutters and the fan, by name. Their payloads are plain texts.

    ``cmnd`` is the beginning of the command topics, ``states`` the texts for off and on.
    """
    relays = [kind for kind in _list(body.get("rl"))[:MAX_RELAYS] if kind in (RELAY, LIGHT, SHUTTER)]
    off, on = states[0], states[1] if len(states) > 1 else "ON"
    commands: dict[str, dict[str, Any]] = {}

    def add(name: str, confirm_by: str | None, **schema: Any) -> None:
        commands[name] = {"topic": cmnd + name, "encoding": "text", "confirm_by": confirm_by, **schema}

    for index, kind in enumerate(relays, 1):
        if kind != SHUTTER:
            name = "POWER" if len(relays) == 1 else f"POWER{index}"
            add(name, name, type="boolean", on=on, off=off)
    for number in range(1, relays.count(SHUTTER) // 2 + 1):  # a shutter has two relays
        add(f"ShutterPosition{number}", f"Shutter{number}.Position", type="number", minimum=0, maximum=100)
        add(f"ShutterStop{number}", None, type="none")
    lights, kind = relays.count(LIGHT), body.get("lt_st")
    if lights and kind:
        for name, confirm_by in _dimmers(lights, body):
            add(name, confirm_by, type="number", minimum=0, maximum=100)
        if kind in _TEMPERATURE:
            add("CT", "CT", type="number", minimum=153, maximum=500)
        if kind in _RGB:
            add("HSBColor", "HSBColor", type="text")
    if body.get("if") == 1:
        add("FanSpeed", "FanSpeed", type="number", minimum=0, maximum=3, step=1)
    return commands


def _dimmers(lights: int, body: dict[str, Any]) -> list[tuple[str, str]]:
    """Return the commands for brightness, each with the metric that confirms it.

    There is one command for all lights, one per channel (SetOption68), or one for colour and one for white.
    """
    options = body.get("so")
    if isinstance(options, dict) and options.get("68") == 1:
        return [(f"Channel{number}", f"Channel.{number - 1}") for number in range(1, lights + 1)]
    if lights > 1 and body.get("lk") == 0:
        return [("Dimmer1", "Dimmer1"), ("Dimmer2", "Dimmer2")]
    return [("Dimmer", "Dimmer")]


def _relay_names(body: dict[str, Any]) -> tuple[str, ...]:
    """Return the names that a person gave the relays, in their order; an empty tuple if no relay has such a name.

    A default name, which begins with the device's name or with ``Tasmota``, is returned as an empty text.
    """
    friendly = [_text(name) or "" for name in _list(body.get("fn"))[:MAX_RELAYS]]
    device = str(body.get("dn", ""))
    own = ["" if not name or name.startswith(device) or name.startswith("Tasmota") else name for name in friendly]
    return tuple(own) if any(own) else ()


def _texts(value: Any) -> list[str]:
    return [item for item in _list(value) if isinstance(item, str)]


def _list(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def _text(value: Any) -> str | None:
    return value[:MAX_TEXT] or None if isinstance(value, str) and value != UNREADABLE else None
