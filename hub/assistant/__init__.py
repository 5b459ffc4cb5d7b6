"""Answer questions from live data: either a language model answers with the help of tools, or the hub's own parser."""

from hub.assistant.assistant import AssistantReply, AssistantService, Piece
from hub.assistant.conversation_memory import ConversationMemory

__all__ = ["AssistantReply", "AssistantService", "ConversationMemory", "Piece"]
