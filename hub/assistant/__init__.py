"""Questions in plain words, answered from live data: by a model with tools where there is one, else by parsing the
question."""

from hub.assistant.conversation import Assistant, Piece, Reply
from hub.assistant.memory import Memory

__all__ = ["Assistant", "Memory", "Piece", "Reply"]
