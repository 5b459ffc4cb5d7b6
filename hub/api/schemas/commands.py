"""The JSON of commands and of what became of them."""

from __future__ import annotations

from typing import Any

from typing_extensions import TypedDict

from hub.model import Command, CommandState


class CommandShape(TypedDict):
    """``settled_at`` is null while something may still happen; ``detail`` says what the device answered, or why not."""

    id: str
    device_id: str
    name: str
    value: Any
    by: str
    state: CommandState
    created_at: int
    expires_at: int
    attempts: int
    sent_at: int | None
    settled_at: int | None
    detail: str | None


class CommandList(TypedDict):
    items: list[CommandShape]


def shape(found: Command) -> CommandShape:
    return {
        "id": found.id,
        "device_id": found.device,
        "name": found.name,
        "value": found.value,
        "by": found.by,
        "state": found.state,
        "created_at": found.created_at,
        "expires_at": found.expires_at,
        "attempts": found.attempts,
        "sent_at": found.sent_at,
        "settled_at": found.settled_at,
        "detail": found.detail,
    }
