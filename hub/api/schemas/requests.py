"""Request bodies of the API, validated by pydantic. Times are epoch milliseconds."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, StringConstraints, model_validator

from hub import model
from hub.ai.base import PERSON_ROLES, PersonRole
from hub.bounds import check
from hub.errors import Rejected

# Names and labels have to fit on one line, also in logs.
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ONE_LINE)]
Note = Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=ONE_LINE)]


def _bounded(data: Any) -> Any:
    """Return ``data`` unchanged, or raise if it exceeds the limits of :mod:`hub.bounds`.

    This check runs before the rest of the validation.
    """
    try:
        check(data, "The body")
    except Rejected as error:
        raise ValueError(error.message) from None
    return data


class Incoming(BaseModel):
    """Base class of request bodies. Unknown keys are refused.

    The validation of a list stops at the first invalid item (``fail_fast``), because errors for all items of a long
    list would block the event loop.
    """

    model_config = ConfigDict(extra="forbid")

    _bounds = model_validator(mode="before")(_bounded)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        """Raise an error that names the allowed keys if ``data`` has an unknown key. Otherwise, return ``data``."""
        allowed = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = next((key for key in data if key not in allowed), None) if isinstance(data, dict) else None
        if unknown is not None:
            raise ValueError(f"unknown key {str(unknown)[:64]!r}. Allowed: {', '.join(allowed)}")
        return data


TermId = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=ONE_LINE)]


class MetricEdit(Incoming):
    """Overrides of a metric's properties. An absent or null key keeps the device's own property.

    `unit` replaces the name of the unit; values are not converted. `quantity`, `places` and `role` correct what the
    metric measures; `GET /api/terms` lists the known ones.
    """

    title: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=ONE_LINE)] | None
    ) = None
    unit: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=ONE_LINE)] | None
    ) = None
    hidden: bool = False
    quantity: TermId | None = None
    places: Annotated[list[TermId], Field(max_length=8, fail_fast=True)] | None = None
    role: TermId | None = None

    def given(self) -> model.MetricOverride:
        """Return the overrides as the class :class:`hub.model.MetricOverride`."""
        places = None if self.places is None else tuple(dict.fromkeys(self.places))
        return model.MetricOverride(self.title, self.unit, self.hidden, self.quantity, places, self.role)


class DeviceEdit(Incoming):
    """An edit of a device. Absent keys stay unchanged; null restores the device's own value.

    `metrics` replaces the overrides of the metrics that it contains. `kinds` are the kinds of machine that the device
    is; an empty list means that it is none of the known kinds.
    """

    name: Text | None = None
    area: Text | None = None
    labels: Annotated[list[Label], Field(max_length=32, fail_fast=True)] | None = None
    metrics: Annotated[dict[str, MetricEdit | None], Field(max_length=256)] = {}
    kinds: Annotated[list[TermId], Field(max_length=8, fail_fast=True)] | None = None


class Desired(RootModel[dict[Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=ONE_LINE)], Any]]):
    """The desired state of a device: keys with JSON values. Null removes a key."""

    _bounds = model_validator(mode="before")(_bounded)


class CommandWanted(Incoming):
    """A command to a device. `value` has to match the device's description of the command.

    `value` is null if the command takes no value.
    """

    name: str = Field(min_length=1, max_length=128)
    value: Any = Field(None, json_schema_extra={"type": ["null", "boolean", "number", "string", "object"]})
    expires_in_s: int = Field(60, ge=1, le=7 * 86_400)


class AnalysisEdit(Incoming):
    """What an uploaded file belongs to. If the file is a manual, `models` are the device models that it describes."""

    device_id: Annotated[str, Field(max_length=128)] | None = None
    models: Annotated[list[Text], Field(max_length=32, fail_fast=True)] = []


class DocumentQuestion(Incoming):
    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ONE_LINE)]
ServerNames = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]], Field(max_length=16, fail_fast=True)
]


class ModelServerWanted(Incoming):
    """A model server. If `api_key` is absent or null, the stored key is kept; an empty one removes it."""

    kind: Literal["openai", "ollama"]
    model: ModelName
    base_url: Annotated[str, Field(max_length=500)] | None = None
    api: Literal["chat", "responses"] = "chat"
    vision_model: ModelName | None = None
    transcription_model: ModelName | None = None
    api_key: Annotated[SecretStr, Field(max_length=500)] | None = None
    price_in: Annotated[float, Field(ge=0, le=100_000)] | None = None
    price_out: Annotated[float, Field(ge=0, le=100_000)] | None = None


class ModelPlan(Incoming):
    """The model servers for each task, the daily limits, and the roles that may use models outside this network.

    If the list of servers for a task is empty, `ai.mode` selects them. If a limit is null, there is no limit.
    """

    chat: ServerNames = []
    diagnosis: ServerNames = []
    vision: ServerNames = []
    transcription: ServerNames = []
    daily_calls: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    daily_tokens: Annotated[int, Field(ge=0, le=1_000_000_000_000)] | None = None
    daily_money: Annotated[float, Field(ge=0, le=1_000_000_000)] | None = None
    person_daily_calls: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    person_daily_tokens: Annotated[int, Field(ge=0, le=1_000_000_000_000)] | None = None
    person_daily_money: Annotated[float, Field(ge=0, le=1_000_000_000)] | None = None
    cloud_roles: Annotated[list[PersonRole], Field(max_length=3)] = list(PERSON_ROLES)


class SeriesWanted(Incoming):
    device_id: str = Field(max_length=128)
    metric: str = Field(max_length=256)


class HistoryQuery(Incoming):
    """A query of the history of several metrics. `from` is inclusive.

    `to` is inclusive if readings are returned, and exclusive if buckets are returned.
    """

    start: int = Field(alias="from", ge=0, le=2**53)
    end: int = Field(alias="to", ge=0, le=2**53)
    buckets: int | None = Field(None, ge=1, le=5_000)
    shape: Literal["buckets", "lttb", "minmax", "states"] = "buckets"
    series: list[SeriesWanted] = Field(min_length=1, max_length=500, fail_fast=True)

    @model_validator(mode="after")
    def _in_order(self) -> HistoryQuery:
        if self.start > self.end:
            raise ValueError('"from" must not be later than "to"')
        return self


class TextCheck(Incoming):
    """The draft of a whole settings file, such as ``rules.toml`` or ``mappings.toml``."""

    text: str = Field(max_length=200_000)


class TextChange(TextCheck):
    """A new text for a settings file. `revision` is the revision of the file that the edit started from."""

    revision: str = Field(max_length=64)


class MessageTried(Incoming):
    """An MQTT message to decode. `payload` is text or hexadecimal, as `/api/topics/last` returns it."""

    topic: str = Field(min_length=1, max_length=1_024)
    payload: str = Field(max_length=16_384)
    encoding: Literal["utf-8", "hex"] = "utf-8"

    @model_validator(mode="after")
    def _readable(self) -> MessageTried:
        self.bytes()
        return self

    def bytes(self) -> bytes:
        return bytes.fromhex(self.payload) if self.encoding == "hex" else self.payload.encode()


class MappingsTrial(Incoming):
    """Messages to decode with a draft of mappings, which is given in one of three ways.

    - `text`: the whole text of `mappings.toml`
    - `mapping`: the keys of one mapping as in the file; a key with the value null is omitted. `topic` is the topic of
      the stored mapping that it replaces; it is absent for a new mapping
    - only `topic`: the stored mapping of this topic
    """

    text: str | None = Field(None, max_length=200_000)
    mapping: Annotated[dict[str, Any], Field(max_length=64)] | None = None
    topic: str | None = Field(None, max_length=1_024)
    messages: list[MessageTried] = Field(min_length=1, max_length=20, fail_fast=True)

    @model_validator(mode="after")
    def _one_draft(self) -> MappingsTrial:
        if (self.text is None) == (self.mapping is None and self.topic is None):
            raise ValueError("give either text, or mapping, topic or both")
        return self


class Question(Incoming):
    question: str = Field(min_length=10, max_length=500)


class FollowUp(Incoming):
    """A question in a conversation. It may be as short as `Why?`, because the earlier questions are known."""

    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500)]


class Repeat(Incoming):
    model: str | None = Field(None, max_length=200)
