"""Check whether a queued message of a reaction may still be published."""

from __future__ import annotations

from collections.abc import Iterable

from hub.model.reaction import Reaction, ReactionState


def refusal(reaction: Reaction, definitions: Iterable[Reaction], state: ReactionState) -> str | None:
    """Return why a queued message of ``reaction`` must not be published any more; None if it may be published.

    ``reaction`` is the definition when the message was queued. ``definitions`` and ``state`` are the current ones.
    """
    current = next((each for each in definitions if each.id == reaction.id), None)
    if state.off:
        return "All reactions were switched off before the message was published."
    if current is None:
        return "The reaction was deleted before the message was published."
    if not current.enabled:
        return "The reaction was disabled before the message was published."
    if current.id in state.paused:
        return "The reaction was paused before the message was published."
    if (current.action, current.mode) != (reaction.action, reaction.mode):
        return "The reaction was changed before the message was published."
    return None
