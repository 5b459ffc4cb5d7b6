"""An entry of the activity log: what happened to which device, and when."""

from __future__ import annotations

from typing import Any

import msgspec

from hub.model.alert import Severity


class Activity(msgspec.Struct, frozen=True):
    """Entry of the activity log: what happened to a device or to the hub.

    ``kind`` is one of ``discovered``, ``presence``, ``raised``, ``changed``, ``acknowledged``, ``handled``,
    ``confirmed``, ``cleared``, ``diagnosed``, ``command``, ``rejected``, ``deleted``, ``settings``, ``silence``,
    ``gap`` and ``broker``.
    """

    ts: int  # by the hub's clock
    kind: str
    device: str | None
    text: str  # one sentence
    severity: Severity = "ok"
    message_key: str | None = None  # with message_params, ``text`` can be written in any language
    message_params: dict[str, Any] = {}  # unformatted
