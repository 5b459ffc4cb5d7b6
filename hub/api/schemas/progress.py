"""The steps of a diagnosis or an answer that is being written, for ``/api/live`` and for the assistant's answers."""

from __future__ import annotations

from typing import Any

from msgspec import UNSET, UnsetType

from hub.api.schemas import diagnoses as diagnosis_schemas
from hub.api.schemas.api_object import ApiObject
from hub.model import Op


class RunStepShape(ApiObject):
    """A step of a diagnosis or an answer that is being written. docs/live.md describes the fields of each `op`."""

    op: Op
    text: str | UnsetType = UNSET
    name: str | UnsetType = UNSET
    call: str | UnsetType = UNSET
    evidence: list[str] | UnsetType = UNSET
    supported: bool | UnsetType = UNSET
    writer: diagnosis_schemas.WriterShape | UnsetType = UNSET
    data: dict[str, Any] | UnsetType = UNSET
