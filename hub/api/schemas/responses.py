"""Devices, alerts with their diagnoses, the activity log, and answers, as the API returns them.

Times are epoch milliseconds.
"""

from __future__ import annotations

from typing import Any, Literal

from msgspec import UNSET, UnsetType

from hub.api.schemas.api_object import ApiObject
from hub.api.schemas.confirmed_causes import ConfirmedCauseShape
from hub.api.schemas.devices import DeviceHintShape, KindsShape, MetricEditShape, MetricShape, SemanticsShape
from hub.api.schemas.diagnoses import DiagnosisShape
from hub.model import AlertState, Presence, Quality, Severity, Value


class CurrentShape(ApiObject):
    """The latest value of a metric."""

    value: Value
    unit: str | None
    ts: int
    quality: Quality


class AssigneeShape(ApiObject):
    """The person that an alert is assigned to: the account's id, and its name when the alert was assigned."""

    id: str
    name: str


class MuteShape(ApiObject):
    """A mute: nobody is notified of the alert until the time `until` (null: until the alert is cleared)."""

    by: str
    at: int
    until: int | None


class SilencedByShape(ApiObject):
    """A silence that matches the alert at present."""

    id: str
    note: str


class SuppressedByShape(ApiObject, rename={"device": "device_id"}):
    """The gateway whose outage explains an alert. Both fields are null if the account may not see the gateway."""

    device: str | None
    name: str | None


class AlertShape(ApiObject, rename={"device": "device_id", "rule": "rule_id", "incident": "incident_id"}):
    """An alert.

    - `began_at` (also `since`) and `ended_at`: when the condition began and ended, by the device's clock
    - `raised_at` and `cleared_at`: when the hub raised and cleared the alert
    - `value`: the metric's value when the alert was raised
    - `current`: the metric's newest value; null if the metric has no value
    - `withdrawn`: the alert was cleared because the rule was changed or no longer applies
    - `late`: all readings of the alert arrived late, so nobody was notified
    - `stays_open`: a sentence that says why readings cannot clear the open alert at present
    - `stays_open_key` and `stays_open_params`: the key of that sentence, and the values in it
    - `acknowledged_until`: when the acknowledgement ends; null: it lasts until the alert is cleared
    - `suppressed_by`: nobody is notified of this alert, because this gateway is down
    - `flapping`: the alert is raised and cleared again and again; people are not notified each time
    - `closed_by`: the person who cleared the alert by hand, although the condition had not ended
    - `comments`: the number of comments; `GET /api/alerts/{id}/history` returns them
    - `confirmed`: the cause that a person found; it outranks the cause that the diagnosis names
    - `diagnosis_for`: whether `diagnosis` was made for this alert. If not, it was made for another alert of the same
      incident, before this alert was raised (`earlier_alert`) or afterwards (`other_alert`)
    - `message_key` and `message_params`: the kind of rule, which identifies the sentence in `message`, and the values
      in that sentence; alerts of older versions have neither
    """

    id: str
    device: str
    device_name: str
    metric: str | None
    rule: str
    rule_name: str
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
    acknowledged_until: int | None
    note: str | None
    assignee: AssigneeShape | None
    muted: MuteShape | None
    silenced_by: list[SilencedByShape]
    incident: str | None
    suppressed_by: SuppressedByShape | None
    flapping: bool
    comments: int
    cleared_at: int | None
    closed_by: str | None
    withdrawn: bool
    late: bool
    current: CurrentShape | None
    stays_open: str | None
    stays_open_key: str | None
    stays_open_params: dict[str, Any]
    confirmed: ConfirmedCauseShape | None
    diagnosis: DiagnosisShape | None
    diagnosis_state: Literal["pending", "ready", "none"]
    diagnosis_for: Literal["this_alert", "earlier_alert", "other_alert"] | None


class DeviceShape(ApiObject):
    """A device. `native_id` is the id that the device or its gateway uses, `via` the gateway that connects the device.

    `area_id` is the area that a person assigned the device to. If `area_id` is null, `area` is the name that the device
    announces.
    """

    id: str
    native_id: str
    name: str
    dialect: str
    area: str | None
    area_id: str | None
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
    """A device with its latest values, as in `/ws`."""

    metrics: dict[str, MetricShape]


class BoundShape(ApiObject, rename={"rule": "rule_id"}, kw_only=True):
    """A threshold of a rule on a metric: either `above` or `below`."""

    metric: str
    above: float | UnsetType = UNSET
    below: float | UnsetType = UNSET
    severity: Severity
    rule: str
    rule_name: str


class DeviceDetail(DeviceValues):
    """A device with its values, open alerts, thresholds (`limits`), desired and reported state, and hints.

    `differs` has the keys whose `desired` value the device has not reported. `semantics` says what each metric
    measures, and `kinds` which kind of machine the device is.
    """

    info: dict[str, Any]
    desired: dict[str, Any]
    reported: dict[str, Any]
    differs: dict[str, dict[str, Any]]
    alerts: list[AlertShape]
    limits: list[BoundShape]
    metric_edits: dict[str, MetricEditShape]
    hints: list[DeviceHintShape]
    semantics: dict[str, SemanticsShape]
    kinds: KindsShape


class DevicePage(ApiObject):
    items: list[DeviceShape]
    next: str | None


class AlertPage(ApiObject):
    items: list[AlertShape]
    next: str | None


class ActivityShape(ApiObject, rename={"device": "device_id"}):
    """An entry of the activity log.

    `message_key` is the key of the sentence `text`, and `message_params` are the values in it. In entries of older
    versions, `message_key` is null.
    """

    ts: int
    kind: str
    device: str | None
    text: str
    severity: Severity
    message_key: str | None
    message_params: dict[str, Any]


class ActivityPage(ApiObject):
    items: list[ActivityShape]
    next: str | None


class RejectedShape(ApiObject, rename={"size": "bytes", "received": "received_at"}):
    """A message that could not be decoded.

    `payload_hex` is the beginning of the payload, at most 2,048 bytes. It is empty for messages that an older version
    of the hub stored. `bytes` is the size of the whole payload.
    """

    topic: str
    reason: str
    detail: str
    excerpt: str
    payload_hex: str
    size: int
    received: int


class RejectedPage(ApiObject):
    items: list[RejectedShape]


class Answer(ApiObject):
    question: str
    answer: str
    model: str


class CountedAnswer(ApiObject):
    question: str
    answer: str
    tokens_used: int
