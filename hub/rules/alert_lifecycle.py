"""The life of an alert, as a table. Whoever wants to know what can happen reads TRANSITIONS.

``idle`` and ``pending`` live in a device's watch; the alert itself begins with ``raised``.
"""

from __future__ import annotations

from typing import Literal

from hub.errors import Conflict

State = Literal["idle", "pending", "raised", "acknowledged", "cleared"]
Input = Literal["breach", "held", "recover", "acknowledge", "unacknowledge", "withdraw"]

TRANSITIONS: dict[tuple[State, Input], State] = {
    ("idle", "breach"): "pending",  # the condition begins
    ("pending", "breach"): "pending",  # it goes on, not yet for long enough
    ("pending", "held"): "raised",  # it has held for the rule's time
    ("pending", "recover"): "idle",  # it ended before that: nobody is told
    ("pending", "withdraw"): "idle",
    ("raised", "breach"): "raised",  # one condition raises once
    ("raised", "acknowledge"): "acknowledged",
    ("raised", "recover"): "cleared",
    ("raised", "withdraw"): "cleared",  # the rule or the device is gone
    ("acknowledged", "breach"): "acknowledged",
    ("acknowledged", "acknowledge"): "acknowledged",  # a second click changes nothing
    ("acknowledged", "unacknowledge"): "raised",
    ("raised", "unacknowledge"): "raised",
    ("acknowledged", "recover"): "cleared",
    ("acknowledged", "withdraw"): "cleared",
}
"""``cleared`` has no way out: the next breach is another alert."""


def after(state: State, happened: Input) -> State:
    """The next state. Raises Conflict for what cannot happen in ``state``."""
    try:
        return TRANSITIONS[state, happened]
    except KeyError:
        raise Conflict(f"An alert that is {state} cannot {happened}.", "Read the alert again for its state.") from None
