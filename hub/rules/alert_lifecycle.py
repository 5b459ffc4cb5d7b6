"""The states of an alert, and the transitions between them.

::

    raised ◀── unacknowledge, expire ── acknowledged
       │ ─────── acknowledge ──────▶       │
       └── recover, withdraw, close ───────┴──▶ cleared

A condition that has not yet held for the rule's duration has no alert, only a watch (:mod:`hub.rules.watch`).
``cleared`` is final: if the condition holds again later, another alert is raised.
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
    ("raised", "withdraw"): "cleared",  # such as after the rule or the device was deleted
    ("raised", "close"): "cleared",  # a person closed it
    ("acknowledged", "acknowledge"): "acknowledged",
    ("acknowledged", "unacknowledge"): "raised",
    ("acknowledged", "expire"): "raised",  # the acknowledgement had an end
    ("acknowledged", "recover"): "cleared",
    ("acknowledged", "withdraw"): "cleared",
    ("acknowledged", "close"): "cleared",
}


def after(state: AlertState, happened: Input) -> AlertState:
    """Return the state that follows ``state`` after ``happened``. Raises Conflict if this transition is not allowed."""
    try:
        return TRANSITIONS[state, happened]
    except KeyError:
        raise Conflict(f"An alert that is {state} cannot {happened}.", "Reload the alert to see its state.") from None
