"""Objects of model servers that the API returns."""

from __future__ import annotations

from typing import Literal

from hub.ai.base import PersonRole
from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.diagnoses import WriterShape


class SpentShape(ApiObject):
    """Usage of today (UTC)."""

    calls: int
    tokens: int
    money: float


class SpendLimits(ApiObject):
    """Limits a day for all servers together, and for each person. Null means no limit."""

    calls: int | None
    tokens: int | None
    money: float | None
    person_calls: int | None
    person_tokens: int | None


class PersonUsageShape(ApiObject):
    """What a person has used today, and may use a day. `resets_at` is when the day (UTC) ends, in epoch milliseconds.

    `cloud`: the role may use models outside this machine and its network.
    """

    calls: int
    tokens: int
    calls_limit: int | None
    tokens_limit: int | None
    resets_at: int
    cloud: bool


class ModelServerShape(ApiObject):
    """A model server. The API key is never returned, only `has_key`.

    `changed`: it was set through the API, not in the settings file. `fault` is why it is not used.
    """

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


class RoleShape(ApiObject):
    """A role of models.

    `servers` are the configured ones; empty if the mode selects them. `order` are the models in order of use. `resting`
    has the seconds until a failed server is used again. `fault` says which server is not used, and why.
    """

    role: Literal["chat", "diagnosis", "vision", "transcription"]
    servers: list[str]
    order: list[WriterShape]
    resting: dict[str, float]
    fault: str | None


class ModelsShape(ApiObject):
    servers: list[ModelServerShape]
    roles: list[RoleShape]
    limits: SpendLimits
    cloud_roles: list[PersonRole]
    spent: SpentShape


class ModelTest(ApiObject):
    """Result of a test. `message` says what is wrong and what to do."""

    ok: bool
    message: str | None
