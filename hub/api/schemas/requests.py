"""The JSON that comes in, validated. The only place that knows pydantic; what goes out stands in ``shapes.py``.

Times are epoch milliseconds.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel, SecretStr, StringConstraints, model_validator

from hub import model
from hub.bounds import check
from hub.errors import Rejected

# Names and labels stand on one line, also in logs.
ONE_LINE = r"^[^\x00-\x1f\x7f]*$"
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ONE_LINE)]
Label = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=64, pattern=ONE_LINE)]


def _bounded(data: Any) -> Any:
    """Refuse a body that is out of the bounds of :mod:`hub.bounds`, before anything else looks at it."""
    try:
        check(data, "The body")
    except Rejected as error:
        raise ValueError(error.message) from None
    return data


class Incoming(BaseModel):
    """An unknown key is a mistake worth telling. Lists stop at their first fault: one for each item of a long list
    would take longer to describe than the hub may be busy."""

    model_config = ConfigDict(extra="forbid")

    _bounds = model_validator(mode="before")(_bounded)

    @model_validator(mode="before")
    @classmethod
    def _known(cls, data: Any) -> Any:
        """Refuse an unknown key, naming those that are known."""
        allowed = [field.alias or name for name, field in cls.model_fields.items()]
        unknown = next((key for key in data if key not in allowed), None) if isinstance(data, dict) else None
        if unknown is not None:
            raise ValueError(f"{str(unknown)[:64]!r} is not known here; allowed: {', '.join(allowed)}")
        return data


class MetricEdit(Incoming):
    """What is set wins over the device's own; null or absent is the device's own. ``unit`` relabels, it converts
    nothing."""

    title: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=128, pattern=ONE_LINE)] | None
    ) = None
    unit: (
        Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=32, pattern=ONE_LINE)] | None
    ) = None
    hidden: bool = False

    def given(self) -> model.MetricOverride:
        return model.MetricOverride(self.title, self.unit, self.hidden)


class DeviceEdit(Incoming):
    """A key that is absent leaves its field; null gives it back to what the device says of itself. ``metrics`` replaces
    the edits of the metrics that it names."""

    name: Text | None = None
    area: Text | None = None
    labels: Annotated[list[Label], Field(max_length=32, fail_fast=True)] | None = None
    metrics: Annotated[dict[str, MetricEdit | None], Field(max_length=256)] = {}


class Desired(RootModel[dict[Annotated[str, StringConstraints(min_length=1, max_length=128, pattern=ONE_LINE)], Any]]):
    """Key -> JSON value, or null."""

    _bounds = model_validator(mode="before")(_bounded)


class Acknowledgement(Incoming):
    note: Annotated[str, StringConstraints(strip_whitespace=True, max_length=1000)] | None = None


class CommandWanted(Incoming):
    """``value`` has to fit the device's own description of the command; null where it takes none."""

    name: str = Field(min_length=1, max_length=128)
    value: Any = Field(None, json_schema_extra={"type": ["null", "boolean", "number", "string", "object"]})
    expires_in_s: int = Field(60, ge=1, le=7 * 86_400)


class CredentialWanted(Incoming):
    """``prefixes`` are a bridge's own topics."""

    name: str = Field(min_length=1, max_length=64)
    prefixes: Annotated[list[str], Field(max_length=16, fail_fast=True)] = []


class AnalysisEdit(Incoming):
    """``models`` are the device models that a document is a manual of."""

    device_id: Annotated[str, Field(max_length=128)] | None = None
    models: Annotated[list[Text], Field(max_length=32, fail_fast=True)] = []


class DocumentQuestion(Incoming):
    question: Annotated[str, StringConstraints(strip_whitespace=True, min_length=3, max_length=500)]


ModelName = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200, pattern=ONE_LINE)]
ServerNames = Annotated[
    list[Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]], Field(max_length=16, fail_fast=True)
]


class ModelServerWanted(Incoming):
    """``api_key`` absent or null keeps the key there is, an empty one takes it away."""

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
    """An empty role takes what the mode finds; a null limit is none."""

    chat: ServerNames = []
    diagnosis: ServerNames = []
    vision: ServerNames = []
    transcription: ServerNames = []
    daily_calls: Annotated[int, Field(ge=0, le=1_000_000_000)] | None = None
    daily_tokens: Annotated[int, Field(ge=0, le=1_000_000_000_000)] | None = None
    daily_money: Annotated[float, Field(ge=0, le=1_000_000_000)] | None = None


class SeriesWanted(Incoming):
    device_id: str = Field(max_length=128)
    metric: str = Field(max_length=256)


class HistoryQuery(Incoming):
    """``from`` and ``to`` in epoch milliseconds. ``from`` is included; ``to`` is included among readings and excluded
    from buckets, each of which ends just before the next one begins."""

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
    """A draft of ``rules.toml`` or ``mappings.toml``."""

    text: str = Field(max_length=200_000)


class TextChange(TextCheck):
    """``revision`` is that of the text that was read and changed."""

    revision: str = Field(max_length=64)


class RuleDraft(Incoming):
    """One rule: either ``rule``, its keys as in ``rules.toml`` (null leaves a key out), or ``text``, its
    ``[[rule]]`` table."""

    rule: Annotated[dict[str, Any], Field(max_length=64)] | None = None
    text: str | None = Field(None, max_length=20_000)

    @model_validator(mode="after")
    def _one_form(self) -> RuleDraft:
        if self.rule is not None and self.text is not None:
            raise ValueError("give either rule or text")
        return self


class RuleChange(RuleDraft):
    """``revision`` is that of the rules' text when it was read."""

    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _not_empty(self) -> RuleChange:
        if self.rule is None and self.text is None:
            raise ValueError("give rule or text")
        return self


class RulePreviewQuery(RuleDraft):
    """``id`` is the rule that would be replaced; absent for a new one. Without ``rule`` and ``text`` it is read as it
    is."""

    id: str | None = Field(None, max_length=64)

    @model_validator(mode="after")
    def _something(self) -> RulePreviewQuery:
        if self.id is None and self.rule is None and self.text is None:
            raise ValueError("give id, rule or text")
        return self


class MessageTried(Incoming):
    """``payload`` as ``/api/topics`` gives it: text, or hexadecimal."""

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
    """What messages would mean by ``text``, a draft of ``mappings.toml``, or by one mapping alone: ``mapping`` has its
    keys as in the file (null leaves a key out). ``topic`` is the mapping that it would replace, absent for a new one;
    without ``mapping`` it is read as it is."""

    text: str | None = Field(None, max_length=200_000)
    mapping: Annotated[dict[str, Any], Field(max_length=64)] | None = None
    topic: str | None = Field(None, max_length=1_024)
    messages: list[MessageTried] = Field(min_length=1, max_length=20, fail_fast=True)

    @model_validator(mode="after")
    def _one_draft(self) -> MappingsTrial:
        if (self.text is None) == (self.mapping is None and self.topic is None):
            raise ValueError("give either text, or mapping, topic or both")
        return self


class MappingChange(Incoming):
    """One mapping: either ``mapping``, its keys as in ``mappings.toml`` (null leaves a key out), or ``text``, its
    ``[[mapping]]`` table. ``revision`` is that of the mappings' text when it was read."""

    mapping: Annotated[dict[str, Any], Field(max_length=64)] | None = None
    text: str | None = Field(None, max_length=20_000)
    revision: str = Field(max_length=64)

    @model_validator(mode="after")
    def _one_form(self) -> MappingChange:
        if (self.mapping is None) == (self.text is None):
            raise ValueError("give either mapping or text")
        return self


class Question(Incoming):
    question: str = Field(min_length=10, max_length=500)


class Repeat(Incoming):
    model: str | None = Field(None, max_length=200)


class Login(Incoming):
    token: str = Field(max_length=1024)
