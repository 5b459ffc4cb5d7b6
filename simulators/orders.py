"""Execute commands of a device: once each, before they expire, and with a reply."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Callable
from typing import Any

REMEMBERED = 64

Take = Callable[[str, Any], dict[str, Any]]
"""Executes a command, given its name and arguments; returns the state to report, or raises ValueError if refused."""


class Orders:
    """Calls ``take`` for each command that is new and has not expired."""

    def __init__(self, take: Take) -> None:
        self._take = take
        self._done: deque[str] = deque(maxlen=REMEMBERED)

    def answer(self, name: str, payload: bytes, now: int) -> tuple[dict[str, Any] | None, dict[str, Any]]:
        """Return the reply and the state to report; None as the reply to an unreadable or repeated command.

        ``now`` is epoch ms.
        """
        try:
            body = json.loads(payload)
            order = str(body["id"])
        except (ValueError, KeyError, TypeError):
            return None, {}
        if order in self._done:
            return None, {}
        self._done.append(order)
        if now > body.get("expires", now):
            return {"id": order, "status": "failed", "error": "The command had expired."}, {}
        try:
            reported = self._take(name, body.get("arguments"))
        except ValueError as error:
            return {"id": order, "status": "failed", "error": str(error)}, {}
        return {"id": order, "status": "done"}, reported
