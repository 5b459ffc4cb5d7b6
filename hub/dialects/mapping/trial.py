"""Try mappings on a message without applying the mappings. This helps a person who is writing a mapping."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub.dialects.base import Result
from hub.dialects.mapping.dialect import MappingDialect
from hub.errors import Rejected
from hub.model import Info, Latest, Mapping, RawMessage, Value


class TrialReading(msgspec.Struct, frozen=True):
    """The values of one device at one time. A value that the device does not know is None.

    ``ts`` is in epoch ms; None if no value is known.
    """

    device: str
    info: Info
    ts: int | None
    values: dict[str, Value | None]


class Trial(msgspec.Struct, frozen=True):
    """The result of a trial.

    ``problem`` says why the message would be rejected, or that no mapping matches its topic; None if there is no
    problem.
    """

    readings: Sequence[TrialReading] = ()
    problem: str | None = None


class _EmptyRegistry:
    """A registry without devices, so that the dialect takes each device for new and returns its description."""

    def known(self, device: str) -> bool:
        return False

    def latest(self, device: str, metric: str) -> Latest | None:
        return None


def try_out(mappings: Sequence[Mapping], message: RawMessage) -> Trial:
    """Decode a message by these mappings. Nothing is stored or changed."""
    dialect = MappingDialect(mappings)
    if not dialect.owns(message.topic):
        return Trial(problem="No mapping matches this topic.")
    try:
        return Trial(_readings(dialect.decode(message, _EmptyRegistry())))
    except Rejected as error:
        return Trial(problem=error.message)


def _readings(result: Result) -> list[TrialReading]:
    infos = {identity.device: identity.info or Info() for identity in result.identities}
    known = [
        TrialReading(each.device, infos.get(each.device, Info()), each.ts, dict(each.values)) for each in result.records
    ]
    unknown: dict[str, dict[str, Value | None]] = {}
    for expiration in result.expirations:
        unknown.setdefault(expiration.device, {})[expiration.metric] = None
    return known + [TrialReading(device, infos.get(device, Info()), None, names) for device, names in unknown.items()]
