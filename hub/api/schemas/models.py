"""Objects of model servers that the API returns."""

from __future__ import annotations

from typing import Literal

from hub.ai.base import PersonRole
from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.diagnoses import WriterShape


class SpentShape(ApiObject):
    """The use of models since midnight (UTC)."""

    calls: int
    tokens: int
    money: float


class SpendLimits(ApiObject):
    """Limits on the use of models a day, for all servers together and for each person. Null means no limit."""

    calls: int | None
    tokens: int | None
    money: float | None
    person_calls: int | None
    person_tokens: int | None
    person_money: float | None


class PersonUsageShape(ApiObject):
    """How much a person has used models today, and the person's limits a day (null: no limit).

    `resets_at` is the end of the day in UTC (epoch milliseconds). `cloud` is true if the person's role may use models
    outside this machine and its network.
    """

    calls: int
    tokens: int
    money: float
    calls_limit: int | None
    tokens_limit: int | None
    money_limit: float | None
    resets_at: int
    cloud: bool


class ModelServerShape(ApiObject):
    """A model server. The API key is never returned; `has_key` says whether there is one.

    `changed` is true if the server was set through the API, not in the settings file. `fault` says why the server is
    not used; it is null if the server is used.
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
    """A task that models are used for, and the models for it.

    `servers` are the configured servers; empty if `ai.mode` selects them. `order` are the models in the order in which
    they are tried. `resting` maps a failed server to the seconds until it is used again. `fault` says which server is
    not used, and why.
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
    """The result of testing a model server. `message` says what is wrong and what to do."""

    ok: bool
    message: str | None
