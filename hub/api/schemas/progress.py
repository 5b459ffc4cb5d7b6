"""The steps of a run as JSON, alike on ``/api/live`` and in the assistant's answer."""

from __future__ import annotations

from typing import Any, NotRequired

from typing_extensions import TypedDict

from hub.api.schemas import responses
from hub.model import Op


class RunStepShape(TypedDict):
    """What each ``op`` carries stands in docs/live.md."""

    op: Op
    text: NotRequired[str]
    name: NotRequired[str]
    call: NotRequired[str]
    evidence: NotRequired[list[str]]
    supported: NotRequired[bool]
    writer: NotRequired[responses.WriterShape]
    data: NotRequired[dict[str, Any]]
