"""Progress of a diagnosis or an answer while it is written, streamed to clients step by step."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.diagnosis import Writer

Op = Literal["start", "text", "tool", "cite", "chart", "action", "done", "error"]


class RunStep(msgspec.Struct, frozen=True):
    """One step in the writing of a diagnosis or an answer.

    ``run`` says what is written: it is an alert's id, or ``device:`` and a device's id. ``op`` is one of:

    ``start``
        A writer begins; discard the text of the previous writer.
    ``text``
        More text, not checked yet.
    ``tool``
        The tool ``name`` was called with the arguments ``data``; ``text`` says what it found. ``call`` identifies the
        call.
    ``cite``
        ``text`` is a complete claim that cites ``evidence``, and ``supported`` is the result of the hub's check; or
        ``data`` is a source of an answer.
    ``chart``, ``action``
        ``data`` is a chart to draw, or a command that a person may send.
    ``error``
        This writer stopped; ``text`` says why.
    ``done``
        ``writer`` finished.
    """

    run: str
    op: Op
    text: str = ""
    name: str = ""
    call: str = ""
    evidence: tuple[str, ...] = ()
    supported: bool | None = None
    writer: Writer | None = None
    data: Any = None
