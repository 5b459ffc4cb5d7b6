"""What a device does with a command: once, in time, and with an answer. It knows no machine and no connection."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

REMEMBERED = 64

Take = Callable[[str, Any], dict[str, Any]]
"""Does what a command says, by name and arguments, and returns what the device reports from then on. Raises ValueError
that says why not."""


class Orders:
    """``take`` is asked for each command that is new and not too late."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._done: deque[str] = deque(maxlen=REMEMBERED)

    def answer(self, name: str, payload: bytes, now: int) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """The reply (None where there is nobody to answer, or it was done before), and what is reported. ``now`` is
        epoch ms."""
        try:
            body = json.loads(payload)
            order = str(body["id"])
        except (ValueError, KeyError, TypeError):
            return None, {}
        if order in self._done:
            return None, {}
        self._done.append(order)
        if now > body.get("expires", now):
            return {"id": order, "status": "failed", "error": "It came too late."}, {}
        try:
            reported = self._take(name, body.get("arguments"))
        except ValueError as error:
            return {"id": order, "status": "failed", "error": str(error)}, {}
        return {"id": order, "status": "done"}, reported
