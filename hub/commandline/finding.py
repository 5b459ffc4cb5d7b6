"""Results of the checks of ``hub doctor``."""

from __future__ import annotations

from typing import Literal, NamedTuple

State = Literal["ok", "note", "wrong"]


class Finding(NamedTuple):
    """The result of one check. ``advice`` says what to do; it is empty if nothing has to be done."""

    state: State
    what: str
    found: str
    advice: str = ""
