"""Results of the checks of ``hub doctor``."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "note", "wrong"]


class Finding(NamedTuple):
    """Result of one check. ``advice`` is what to do, empty if nothing."""

    state: State
    what: str
    found: str
    advice: str = ""
