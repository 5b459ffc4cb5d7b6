"""The states of an alert, as a table.

::

    raised ◀── unacknowledge, expire ── acknowledged
       │ ─────── acknowledge ──────▶       │
       └── recover, withdraw, close ───────┴──▶ cleared

A condition that has not yet held for the rule's duration is not an alert: its watch (watch.py) follows it.
``cleared`` is final: when the condition begins again, that raises another alert.
"""

from __future__ import annotations

from typing import Literal

from hub.errors import Conflict
from hub.model import AlertState

Input = Literal["recover", "acknowledge", "unacknowledge", "expire", "withdraw", "close"]

TRANSITIONS: dict[tuple[AlertState, Input], AlertState] = {
    ("raised", "acknowledge"): "acknowledged",
    ("raised", "unacknowledge"): "raised",
    ("raised", "recover"): "cleared",  # the condition ended
    ("raised", "withdraw"): "cleared",  # the rule or the device is gone
    ("raised", "close"): "cleared",  # by a person
    ("acknowledged", "acknowledge"): "acknowledged",
    ("acknowledged", "unacknowledge"): "raised",
    ("acknowledged", "expire"): "raised",  # it was acknowledged until a time
    ("acknowledged", "recover"): "cleared",
    ("acknowledged", "withdraw"): "cleared",
    ("acknowledged", "close"): "cleared",
}


def after(state: AlertState, happened: Input) -> AlertState:
    """Return the state of an alert after something has happened to it.

    ``state`` is its state before, and ``happened`` what happened. Raises Conflict if that is not allowed in this state.
    """
    try:
        return TRANSITIONS[state, happened]
    except KeyError:
        raise Conflict(f"An alert that is {state} cannot {happened}.", "Read the alert again for its state.") from None
