"""Reactions: parse their definitions, and decide when they are due and whether they run. No clock, no network.

::

    reactions.toml --> parse --> Reaction
    step of an alert, time of a schedule --> Agenda --> Occasion --> Decider --> ReactionRun: what to send, or why not

:mod:`hub.services.reactions` runs reactions. :mod:`hub.services.reaction_trials` uses the same agenda and decider to
try a draft on the history.
"""

from hub.reactions.agenda import Agenda, Occasion
from hub.reactions.decider import Decider
from hub.reactions.describe import describe_action, describe_condition, describe_trigger, masked_url, webhook_text
from hub.reactions.limiter import RunLimiter
from hub.reactions.parse import parse, parse_usable
from hub.reactions.payload import payload_of
from hub.reactions.schedule import next_due, occasions_between, time_text

__all__ = [
    "Agenda",
    "Decider",
    "Occasion",
    "RunLimiter",
    "describe_action",
    "describe_condition",
    "describe_trigger",
    "masked_url",
    "next_due",
    "occasions_between",
    "parse",
    "parse_usable",
    "payload_of",
    "time_text",
    "webhook_text",
]
