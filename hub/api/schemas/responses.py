"""Objects that the API sends: devices, alerts with their diagnoses, the activity, answers.

Times are epoch milliseconds.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType
from typing_extensions import TypedDict

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.devices import DeviceHintShape, MetricEditShape, MetricShape
from hub.model import AlertState, Presence, Quality, Severity, Value

Match = Literal["strong", "medium", "weak"]


# One finding, computed from the telemetry between ``start`` and ``end``. ``params`` hold what ``finding`` says,
# unformatted: with ``kind`` it can be written in another language.
class EvidenceShape(ApiObject, rename={"device": "device_id", "start": "from", "end": "to"}):
    id: str
    kind: str
    device: str
    metric: str | None
    finding: str
    value: Value | None
    unit: str | None
    start: int
    end: int
    strength: float
    params: dict[str, Any]


class ClaimShape(ApiObject):
    text: str
    evidence: list[str]
    supported: bool


class CauseShape(ApiObject):
    """``score`` is rule-match strength from 0 to 1, not a probability; show ``match``."""

    cause: str
    title: str
    component: str | None
    match: Match
    score: float
    supporting: list[str]
    against: list[str]
    actions: list[str]
    confirm_by: list[str]


class WriterShape(ApiObject):
    provider: str
    model: str
    generative: bool


class QuoteShape(ApiObject, rename={"document": "document_id"}):
    """Words of a document exactly as its page has them; pages count from 1."""

    document: str
    filename: str
    page: int
    text: str


class DiagnosisShape(ApiObject, rename={"alert": "alert_id", "device": "device_id"}):
    """``cause`` is null when the evidence does not suffice; ``confidence`` is rule-match strength, 0 to 1. ``quotes``
    stand in the manuals of the device's model."""

    id: str
    alert: str | None
    device: str
    summary: str
    cause: str | None
    component: str | None
    confidence: float
    match: Match | None
    evidence: list[EvidenceShape]
    against: list[str]
    claims: list[ClaimShape]
    actions: list[str]
    confirm_by: list[str]
    causes: list[CauseShape]
    generated_by: WriterShape
    instead_of: WriterShape | None
    quotes: list[QuoteShape]
    tokens_used: int
    took_ms: int
    created_at: int


class CurrentShape(ApiObject):
    value: Value
    unit: str | None
    ts: int
    quality: Quality


class AlertShape(ApiObject, rename={"device": "device_id", "rule": "rule_id"}):
    """``began_at`` (also called ``since``) and ``ended_at`` are the device's own times of the condition's beginning and
    end; ``raised_at`` and ``cleared_at`` are the hub's. ``withdrawn``: the rule was changed, or no longer applies; the
    condition was not seen to end. ``late``: all of it arrived late, so nobody was alerted. ``value`` is that at the
    raise, ``current`` the newest of the metric (null without one). ``stays_open`` says, for an open alert, why its
    readings cannot clear it at present. ``message_key`` (the kind of rule) and ``message_params`` hold what ``message``
    says, unformatted; older alerts have none."""

    id: str
    device: str
    device_name: str
    metric: str | None
    rule: str
    severity: Severity
    state: AlertState
    message: str
    message_key: str | None
    message_params: dict[str, Any]
    value: Value | None
    threshold: float | None
    unit: str | None
    since: int
    began_at: int
    ended_at: int | None
    raised_at: int
    acknowledged_at: int | None
    acknowledged_by: str | None
    note: str | None
    cleared_at: int | None
    withdrawn: bool
    late: bool
    current: CurrentShape | None
    stays_open: str | None
    diagnosis: DiagnosisShape | None
    diagnosis_state: Literal["pending", "ready", "none"]


class DeviceShape(ApiObject):
    id: str
    native_id: str
    name: str
    dialect: str
    area: str | None
    model: str | None
    manufacturer: str | None
    firmware: str | None
    labels: list[str]
    via: str | None
    presence: Presence
    last_seen: int | None
    first_seen: int
    severity: Severity


class DeviceValues(DeviceShape):
    """A device with its latest values, as ``/ws`` gives it."""

    metrics: dict[str, MetricShape]


class BoundShape(ApiObject, rename={"rule": "rule_id"}, kw_only=True):
    """A limit that a rule watches: ``above`` or ``below`` holds the number."""

    metric: str
    above: float | UnsetType = UNSET
    below: float | UnsetType = UNSET
    severity: Severity
    rule: str
    rule_name: str


class DeviceDetail(DeviceValues):
    info: dict[str, Any]
    desired: dict[str, Any]
    reported: dict[str, Any]
    differs: dict[str, dict[str, Any]]
    alerts: list[AlertShape]
    limits: list[BoundShape]
    metric_edits: dict[str, MetricEditShape]
    hints: list[DeviceHintShape]


class DevicePage(TypedDict):
    items: list[DeviceShape]
    next: str | None


class AlertPage(TypedDict):
    items: list[AlertShape]
    next: str | None


class ActivityShape(ApiObject, rename={"device": "device_id"}):
    """One entry of the activity log.

    ``message_key`` and ``message_params`` hold what ``text`` says, unformatted; older entries have none.
    """

    ts: int
    kind: str
    device: str | None
    text: str
    severity: Severity
    message_key: str | None
    message_params: dict[str, Any]


class ActivityPage(TypedDict):
    items: list[ActivityShape]
    next: str | None


class RejectedShape(ApiObject, rename={"size": "bytes", "received": "received_at"}):
    """``payload_hex`` are the first 2,048 bytes as they came (none of before this was kept), ``bytes`` is how many
    there were."""

    topic: str
    reason: str
    detail: str
    excerpt: str
    payload_hex: str
    size: int
    received: int


class RejectedPage(TypedDict):
    items: list[RejectedShape]


class SessionShape(TypedDict):
    auth: Literal["open", "token"]
    authenticated: bool


class Answer(TypedDict):
    question: str
    answer: str
    model: str


class CountedAnswer(TypedDict):
    question: str
    answer: str
    tokens_used: int
