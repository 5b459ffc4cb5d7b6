"""The JSON of the servers of models."""

from __future__ import annotations

from typing import Literal

from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.responses import WriterShape


class SpentShape(ApiObject):
    """Of today, by UTC."""

    calls: int
    tokens: int
    money: float


class SpendLimits(TypedDict):
    """Of a day, for all servers together; null is no limit."""

    calls: int | None
    tokens: int | None
    money: float | None


class ModelServerShape(ApiObject):
    """``has_key`` is all that is told of its key. ``changed``: set on the page, not in the settings file.
    ``fault``: why it is not used although it is set."""

    name: str
    kind: Literal["openai", "ollama"]
    model: str
    base_url: str | None
    api: Literal["chat", "responses"]
    vision_model: str | None
    transcription_model: str | None
    price_in: float | None
    price_out: float | None
    has_key: bool
    changed: bool
    fault: str | None
    spent: SpentShape


class RoleShape(TypedDict):
    """``servers`` as set, empty for what the mode finds; ``order`` who is asked. ``resting``: who is left alone for
    how many more seconds. ``fault``: which server of the role is not asked, and why."""

    role: Literal["chat", "diagnosis", "vision", "transcription"]
    servers: list[str]
    order: list[WriterShape]
    resting: dict[str, float]
    fault: str | None


class ModelsShape(TypedDict):
    servers: list[ModelServerShape]
    roles: list[RoleShape]
    limits: SpendLimits
    spent: SpentShape


class ModelTest(TypedDict):
    """``message`` says what is wrong and what to do."""

    ok: bool
    message: str | None
