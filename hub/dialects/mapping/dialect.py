"""Decode topics by mappings: plain values, any JSON, collectd, SenML.

This dialect owns the topics that match a mapping and that no other dialect owns. It keeps the description of each
device (units, name), so that a message with only some of the metrics does not remove the units of the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from hub.dialects.base import Action, DialectState, Result, Subscribe, Unsubscribe, View, expired_values
from hub.dialects.mapping.collectd import read_collectd
from hub.dialects.mapping.pattern import MISSING, Pattern, TextTemplate, at_path, path_of
from hub.dialects.mapping.reading import MAX_METRICS, MappedValues, NamePatterns, pick, read_plain, read_tree
from hub.dialects.mapping.senml import read_senml
from hub.dialects.payload import metric_name, parse_telemetry
from hub.dialects.rejections import reject_all, rejections
from hub.dialects.times import when
from hub.dialects.units import spell
from hub.errors import Rejected
from hub.model import Availability, Identity, Info, Mapping, Pick, RawMessage, Record
from hub.topics import covers, slug

MAX_CACHED = 100_000
_NOT_ABOUT_PHONE = frozenset(
    ("beacon", "card", "cmd", "configuration", "dump", "encrypted", "lwt", "request", "waypoint", "waypoints")
)
"""Types of OwnTracks messages (``_type``) that have no readings of the phone, but describe for example a region.

Messages of the other types have readings: ``location`` and ``transition`` the phone's position, ``steps`` and
``status`` data about the phone.
"""
_INFO = ("name", "manufacturer", "model", "area", "via")


class _Reader:
    """A mapping with its topic pattern, templates and paths already parsed."""

    def __init__(self, mapping: Mapping) -> None:
        self.mapping = mapping
        self.pattern = Pattern(mapping.topic)
        names = self.pattern.names
        template = partial(TextTemplate, names=names)
        metric = mapping.metric or ("{metric}" if "metric" in names else None)
        self.metric = None if metric is None else template(metric, key="metric")
        has_device = mapping.device != "{device}" or "device" in names
        self.device = template(mapping.device, key="device") if has_device else None  # None: see MappedValues.device
        self.info = [(key, template(text, key=key)) for key in _INFO if (text := getattr(mapping, key))]
        self.time = None if mapping.time is None else path_of(mapping.time)
        self.values = None if mapping.values is None else path_of(mapping.values)
        self.zone = None if mapping.zone is None else ZoneInfo(mapping.zone)
        picks = {name: Pick(pick) if isinstance(pick, str) else pick for name, pick in mapping.metrics.items()}
        self.picks = {name: (path_of(pick.path), pick.kind) for name, pick in picks.items()}
        self._selects = bool(self.picks) or self.values is not None
        self.units = NamePatterns({name: pick.unit for name, pick in picks.items() if pick.unit} | mapping.units)
        self._kinds = NamePatterns(mapping.kinds)
        self._ignored = NamePatterns(dict.fromkeys(mapping.ignore, True))

    def read(self, message: RawMessage, levels: dict[str, str]) -> tuple[Any, list[MappedValues]]:
        """Read a message. Return its JSON, and its values as one item for each device and time. Raises Rejected.

        The JSON is None for the forms plain, collectd and SenML. ``levels`` has the text of each named level of the
        topic, such as ``{"room": "kitchen"}``.
        """
        form, payload = self.mapping.form, message.payload
        if form == "collectd":
            return None, [read_collectd(payload, levels["plugin"], levels["type"])]
        if form == "senml":
            return None, read_senml(parse_telemetry(payload), message.received)
        if form == "plain" or (form == "auto" and payload.lstrip()[:1] not in (b"{", b"[") and not self._selects):
            name = metric_name(self._prefix(levels, None) or "value")
            return None, [
                MappedValues() if self._ignored.get(name) else read_plain(name, payload, self._kinds.get(name))
            ]
        body = parse_telemetry(payload)
        if isinstance(body, dict) and isinstance(sort := body.get("_type"), str) and sort in _NOT_ABOUT_PHONE:
            return body, [MappedValues()]
        if not self._selects:
            return body, [read_tree(body, self._prefix(levels, body), self._ignored, self._kinds, self.time)]
        part = MISSING if self.values is None else at_path(body, self.values)
        reading = MappedValues()
        if isinstance(part, dict):
            reading = read_tree(part, self._prefix(levels, body), self._ignored, self._kinds)
        pick(reading, body, self.picks)
        if self.time is not None and (time := at_path(body, self.time)) is not MISSING:
            reading.time = time
        return body, [reading]

    def availability(self, message: RawMessage) -> tuple[bool, Any] | None:
        """Return ``(online, JSON)`` if the message says whether the device is online; else None.

        Raises:
            Rejected: The topic is only for presence, and the payload is neither a word for online nor one for offline.
        """
        words, payload = self.mapping.presence, message.payload
        if words is None:
            # OwnTracks: the last will of the phone app.
            body = parse_telemetry(payload) if b'"lwt"' in payload and b'"_type"' in payload else None
            return (False, body) if isinstance(body, dict) and body.get("_type") == "lwt" else None
        body = parse_telemetry(payload) if payload.lstrip()[:1] == b"{" else None
        if words.path is None:
            word = payload[:64].decode("utf-8", "replace").strip()
        else:
            word = str(at_path(body, path_of(words.path)))
        for online in (True, False):
            if word.lower() in map(str.lower, words.online if online else words.offline):
                return online, body
        if words.path is not None:
            return None
        allowed = ", ".join((*words.online, *words.offline))
        raise Rejected("bad_value", f"presence = {word[:40]!r} is invalid. Allowed: {allowed}.")

    def _prefix(self, levels: dict[str, str], body: Any) -> str | None:
        return None if self.metric is None else self.metric.fill(levels, body)


class MappingDialect:
    """Dialect of the mappings. The first mapping that matches a topic decodes it.

    ``mappings`` were checked by ``parse_mappings``.
    """

    name = "mapping"

    def __init__(self, mappings: Sequence[Mapping] = ()) -> None:
        self._readers = [_Reader(mapping) for mapping in mappings]
        self._matches: dict[str, tuple[_Reader, dict[str, str]] | None] = {}  # cache by topic: reader, named levels
        self._known: dict[str, Info] = {}  # descriptions by device

    @property
    def filters(self) -> Sequence[str]:
        """The filters of the mappings. A filter that another filter covers is left out.

        Otherwise a broker might deliver a message once for each of them.
        """
        filters = dict.fromkeys(reader.pattern.filter for reader in self._readers)
        return [one for one in filters if not any(one != other and covers(other, one) for other in filters)]

    def replace(self, mappings: Sequence[Mapping]) -> Sequence[Action]:
        """Replace all mappings. Return the actions that subscribe and unsubscribe."""
        before = set(self.filters)
        self._readers = [_Reader(mapping) for mapping in mappings]
        self._matches.clear()
        after = self.filters
        effects: list[Action] = []
        if gone := tuple(sorted(before.difference(after))):
            effects.append(Unsubscribe(gone))
        if new := tuple(one for one in after if one not in before):
            effects.append(Subscribe(new))
        return effects

    def owns(self, topic: str) -> bool:
        return self._match(topic) is not None

    def _match(self, topic: str) -> tuple[_Reader, dict[str, str]] | None:
        if topic in self._matches:
            return self._matches[topic]
        if len(self._matches) >= MAX_CACHED:
            self._matches.clear()
        matches = ((reader, levels) for reader in self._readers if (levels := reader.pattern.match(topic)) is not None)
        found = self._matches[topic] = next(matches, None)
        return found

    def decode(self, message: RawMessage, view: View) -> Result:
        match = self._match(message.topic)
        if match is None:
            raise Rejected("no_dialect", "No mapping matches this topic now.")
        if not message.payload:  # deletes a retained message
            return Result()
        reader, levels = match
        if (presence := reader.availability(message)) is not None:
            return self._available(message, reader, levels, *presence, view)
        body, readings = reader.read(message, levels)
        results = [self._result(message, reader, levels, body, reading, view) for reading in readings]
        return results[0] if len(results) == 1 else _combined(results)

    def _result(
        self, message: RawMessage, reader: _Reader, levels: dict[str, str], body: Any, reading: MappedValues, view: View
    ) -> Result:
        native_id = self._native_id(reader, levels, body, reading.device, view)
        device = slug(native_id)
        known = view.known(device)
        try:
            ts, quality = when(reading.time, message.received, retained=message.retained, zone=reader.zone)
        except Rejected as error:
            ts, quality = message.received, "retained" if message.retained else "clock"
            reading.faults.append(("time", reading.time, error))
        # A message without values creates no device. Nulls in a retained message do not mean that a value is unknown
        # now.
        if not reading.values and (message.retained or not reading.unknown):
            heard = (device,) if known and not reading.faults else ()
            return Result(rejections=reject_all(message, reading.faults), heard=heard)
        rejected = rejections(message, reading.faults)
        record = Record(device, ts, message.received, reading.values, quality)
        records, heard = ((record,), ()) if reading.values else ((), (device,))
        expired = expired_values(record, reading.unknown, view)
        info = self._info(reader, levels, body, reading, device)
        if known and (device not in self._known or info == self._known[device]):
            return Result(records=records, expirations=expired, rejections=rejected, heard=heard)
        return Result(
            records=records,
            heard=heard,
            expirations=expired,
            identities=(Identity(device, native_id, self.name, info),),
            changes=(DialectState(device, msgspec.json.encode(info)),),
            rejections=rejected,
        )

    def _native_id(self, reader: _Reader, levels: dict[str, str], body: Any, named: str | None, view: View) -> str:
        """Return the native id of the message's device. ``named`` is the id in the payload, if the format has one.

        Raises Rejected if the message names no device, or the payload names a device of another dialect.
        """
        native_id = named or (reader.device.fill(levels, body) if reader.device else None)
        if native_id is None:
            problem = "The message does not name its device: the fields that the mapping uses for it are missing."
            raise Rejected("no_device", problem)
        from_payload = named is not None or (reader.device is not None and reader.device.uses_payload)
        device = slug(native_id)
        if from_payload and view.known(device) and device not in self._known:
            problem = f"The payload names the device {native_id[:60]!r}, which belongs to another dialect"
            raise Rejected("wrong_device", f"{problem}. A mapping cannot write its readings.")
        return native_id

    def _available(
        self, message: RawMessage, reader: _Reader, levels: dict[str, str], online: bool, body: Any, view: View
    ) -> Result:
        """Return the result of a presence message.

        An unknown device is created only if it is online, so that a last will creates no device.
        """
        native_id = self._native_id(reader, levels, body, None, view)
        device = slug(native_id)
        if not view.known(device) and not online:
            return Result()
        availability = Availability(device, online, message.retained, message.received)
        if device in self._known:
            return Result(availability=(availability,))
        info = self._info(reader, levels, body, MappedValues({}, [], {}), device)
        change = DialectState(device, msgspec.json.encode(info))
        identity = Identity(device, native_id, self.name, info)
        return Result(availability=(availability,), identities=(identity,), changes=(change,))

    def _info(self, reader: _Reader, levels: dict[str, str], body: Any, reading: MappedValues, device: str) -> Info:
        """Return the description of a device, with the units and texts in this message added to the stored one."""
        before = self._known.get(device, Info())
        units = before.units
        for name in reading.values:
            unit = reader.units.get(name) or reading.units.get(name)
            if unit and len(units) < MAX_METRICS and units.get(name) != (spelt := spell(unit[:40])):
                units = units | {name: spelt}
        texts = {key: text[:200] for key, template in reader.info if (text := template.fill(levels, body))}
        reports = reader.mapping.reports or before.reports
        if not texts and units is before.units and reports == before.reports:
            return before
        if "via" in texts:
            texts["via"] = slug(texts["via"])
        return msgspec.structs.replace(before, units=units, reports=reports, **texts)

    def apply(self, change: DialectState) -> Sequence[Action]:
        self._known.pop(change.key, None)
        if change.value is not None:
            self._known[change.key] = msgspec.json.decode(change.value, type=Info)
        return ()

    def tick(self, view: View, now: int) -> Result:
        return Result()


def _combined(results: Sequence[Result]) -> Result:
    """Combine several results of one message into one result that describes each device only once."""
    identities: dict[str, Identity] = {}
    changes: dict[str, DialectState] = {}
    for result in results:
        identities |= {
            identity.device: _merged(identities.get(identity.device), identity) for identity in result.identities
        }
    for device, identity in identities.items():
        changes[device] = DialectState(device, msgspec.json.encode(identity.info))
    return Result(
        records=[record for result in results for record in result.records],
        expirations=[expiration for result in results for expiration in result.expirations],
        identities=list(identities.values()),
        changes=list(changes.values()),
        rejections=[rejected for result in results for rejected in result.rejections],
        heard=[device for result in results for device in result.heard],
    )


def _merged(before: Identity | None, identity: Identity) -> Identity:
    if before is None or before.info is None or identity.info is None:
        return identity
    units = before.info.units | identity.info.units
    return msgspec.structs.replace(identity, info=msgspec.structs.replace(identity.info, units=units))
