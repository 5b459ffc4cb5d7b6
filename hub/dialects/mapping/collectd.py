"""Decode messages of collectd's ``write_mqtt``: ``PREFIX/HOST/PLUGIN/TYPE`` with ``EPOCH:VALUE[:VALUE…]`` and a NUL.

The names and units of common values are taken from collectd's types.db.
"""

from __future__ import annotations

from hub.dialects.mapping.reading import MappedValues
from hub.dialects.payload import excerpt
from hub.errors import Rejected

_READ_WRITE, _BOTH_WAYS = ("read", "write"), ("rx", "tx")
_SOURCES: dict[str, tuple[str, ...]] = {
    "load": ("shortterm", "midterm", "longterm"),
    "if_octets": _BOTH_WAYS, "if_packets": _BOTH_WAYS, "if_errors": _BOTH_WAYS, "if_dropped": _BOTH_WAYS,
    "disk_octets": _READ_WRITE, "disk_ops": _READ_WRITE, "disk_time": _READ_WRITE, "disk_merged": _READ_WRITE,
    "disk_io_time": ("io_time", "weighted_io_time"), "ps_count": ("processes", "threads"),
    "ps_cputime": ("user", "syst"), "ps_disk_octets": _READ_WRITE, "ps_disk_ops": _READ_WRITE,
    "ps_pagefaults": ("minflt", "majflt"), "vmpage_io": ("in", "out"), "vmpage_faults": ("minflt", "majflt"),
    "df": ("used", "free"), "io_octets": _BOTH_WAYS, "io_packets": _BOTH_WAYS, "serial_octets": _BOTH_WAYS,
}  # fmt: skip
_UNITS = {
    "temperature": "°C", "humidity": "%", "percent": "%", "voltage": "V", "current": "A", "power": "W",
    "frequency": "Hz", "memory": "B", "bytes": "B", "df_complex": "B", "if_octets": "B/s", "disk_octets": "B/s",
    "uptime": "s", "pressure": "Pa", "swap": "B", "ps_rss": "B", "ps_vm": "B", "fanspeed": "rpm",
}  # fmt: skip

_UNKNOWN = frozenset(("u", "nan", "-nan"))
"""Words for an unknown value, in lower case. collectd writes ``U``."""


def read_collectd(payload: bytes, plugin: str, kind: str) -> MappedValues:
    """Return the values of a message. Raises Rejected if it is not a message of collectd.

    ``plugin`` and ``kind`` are the last two levels of the topic (``cpu-0``, ``cpu-idle``).
    """
    text = payload.rstrip(b"\0\n ").decode("utf-8", "replace")
    time, *values = text.split(":")
    if not values:
        expected = "A payload of collectd must be EPOCH:VALUE, with more values after further colons"
        raise Rejected("bad_value", f"{expected}; the payload is {excerpt(payload)}.")
    family = kind.partition("-")[0]
    metric = kind if kind == plugin or kind.startswith(plugin + "-") else f"{plugin}.{kind}"
    sources = _SOURCES.get(family, ())
    if len(values) == 1:
        names = [metric]
    else:
        ends = sources if len(sources) == len(values) else [str(i) for i in range(len(values))]
        names = [f"{metric}.{end}" for end in ends]
    reading = MappedValues(time=_float(time, "time"))
    for name, value in zip(names, values, strict=True):
        try:
            reading.take(name, None if value.lower() in _UNKNOWN else _float(value, name))
        except Rejected as error:
            reading.faults.append((name, value, error))
        if name in reading.values and family in _UNITS:
            reading.units[name] = _UNITS[family]
    return reading


def _float(text: str, what: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise Rejected("bad_value", f"collectd's {what[:60]!r} is not a number: {text[:40]!r}.") from None
