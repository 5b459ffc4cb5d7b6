"""Questions in plain words, answered from live data: by a model with tools where there is one, else by parsing the
question."""

from hub.assistant.assistant import AssistantReply, AssistantService, Piece
from hub.assistant.conversation_memory import ConversationMemory

__all__ = ["AssistantReply", "AssistantService", "ConversationMemory", "Piece"]
