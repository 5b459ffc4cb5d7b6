"""One line of the hub's log for people: what happened to which device, and when."""

from __future__ import annotations

import msgspec

from hub.model.alert import Severity


class Activity(msgspec.Struct, frozen=True):
    """``kind`` is a stable word: ``discovered``, ``presence``, ``raised``, ``changed``, ``acknowledged``,
    ``cleared``, ``diagnosed``, ``command``, ``rejected``, ``deleted``, ``settings`` or ``gap``. ``text`` is a
    sentence, ``ts`` the hub's time."""

    ts: int
    kind: str
    device: str | None
    text: str
    severity: Severity = "ok"
