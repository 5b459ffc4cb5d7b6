"""Answer questions from live data, with a language model and tools or by parsing the question."""

from hub.assistant.assistant import AssistantReply, AssistantService, Piece
from hub.assistant.conversation_memory import ConversationMemory

__all__ = ["AssistantReply", "AssistantService", "ConversationMemory", "Piece"]
