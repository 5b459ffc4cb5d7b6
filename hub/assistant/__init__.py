"""Answer questions from live data: either a language model calls tools, or the hub parses the question itself."""

from hub.assistant.assistant import AssistantReply, AssistantService, Piece
from hub.assistant.conversation_memory import ConversationMemory

__all__ = ["AssistantReply", "AssistantService", "ConversationMemory", "Piece"]
