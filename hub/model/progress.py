"""A text while it is being written, step by step: for those who look on."""

from __future__ import annotations

from typing import Any, Literal

import msgspec

from hub.model.diagnosis import Writer

Op = Literal["start", "text", "tool", "cite", "chart", "action", "done", "error"]


class RunStep(msgspec.Struct, frozen=True):
    """One step of the run ``run``; a run is named after what is written about: an alert's id, ``device:`` and an id.

    ``start``: a writer begins, and what another wrote before is void. ``text``: more words, not checked yet. ``tool``:
    ``name`` was looked up (``call`` tells two of one name apart), ``text`` says what was found; ``data`` holds the
    arguments. ``cite``: ``text`` is a whole claim, resting on ``evidence``, and ``supported`` the hub's verdict; or
    ``data`` is a place in the history that an answer rests on. ``chart`` and ``action``: ``data`` to draw, or a command
    that a person may send. ``error``: ``text`` says why this writer stopped. ``done``: ``writer`` has written it.
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
