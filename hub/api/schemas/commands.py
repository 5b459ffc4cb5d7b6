"""Objects of commands that the API returns."""

from __future__ import annotations

from typing import Any

from hub.api.schemas.api_object import ApiObject
from hub.model import CommandState


class CommandShape(ApiObject, rename={"device": "device_id"}):
    """A command. `settled_at` is null while the command is in progress.

    `detail` is the answer of the device, or the reason why the command failed.
    """

    id: str
    device: str
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


class CommandList(ApiObject):
    items: list[CommandShape]
