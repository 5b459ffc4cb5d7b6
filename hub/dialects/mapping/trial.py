"""What one message would say by mappings that are not in force: for a person who writes one."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.dialects.base import Result
from hub.dialects.mapping.dialect import MappingDialect
from hub.errors import Rejected
from hub.model import Info, Latest, Mapping, RawMessage, Value


class TrialReading(msgspec.Struct, frozen=True):
    """One device at one time; ``values`` holds None for what it says is not known."""

    device: str
    info: Info
    ts: int | None
    values: dict[str, Value | None]


class Trial(msgspec.Struct, frozen=True):
    readings: Sequence[TrialReading] = ()
    problem: str | None = None


class _Nobody:
    """A registry in which every device is new, so that all is told of it."""

    def known(self, device: str) -> bool:
        return False

    def latest(self, device: str, metric: str) -> Latest | None:
        return None


def try_out(mappings: Sequence[Mapping], message: RawMessage) -> Trial:
    """``problem`` says why the message would be rejected, or that no mapping fits its topic."""
    dialect = MappingDialect(mappings)
    if not dialect.owns(message.topic):
        return Trial(problem="No mapping fits this topic.")
    try:
        return Trial(_said(dialect.decode(message, _Nobody())))
    except Rejected as error:
        return Trial(problem=error.message)


def _said(result: Result) -> list[TrialReading]:
    infos = {identity.device: identity.info or Info() for identity in result.identities}
    said = [
        TrialReading(each.device, infos.get(each.device, Info()), each.ts, dict(each.values)) for each in result.records
    ]
    unknown: dict[str, dict[str, Value | None]] = {}
    for expiration in result.expirations:
        unknown.setdefault(expiration.device, {})[expiration.metric] = None
    return said + [TrialReading(device, infos.get(device, Info()), None, names) for device, names in unknown.items()]
