"""One assistant for every door: a model with tools in a loop of bounded steps, or the built-in analyst. It never
acts."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence

import msgspec

from hub.ai.base import ChatMessage, Completion, CompletionRequest
from hub.ai.builtin import BUILTIN
from hub.ai.providers import ProviderChain, ProviderProblem
from hub.assistant.rule_based_answers import RuleBasedAnswers
from hub.assistant.text_calls import VisibleText, with_text_calls
from hub.assistant.turn import AssistantTurn
from hub.model import Extra, Turn, Unsupported, Writer
from hub.tools import Tools

_STEPS = 6
"""Rounds of tool calls before the model must answer with what it has."""


class AssistantReply(msgspec.Struct, frozen=True):
    """``generative`` is False where the built-in analyst answered. ``extras`` are what was looked up, charts, sources,
    a command that may be sent, and the sentences that nothing bears out."""

    text: str
    provider: str
    model: str
    generative: bool
    tokens_used: int
    extras: tuple[Extra, ...] = ()


Piece = str | Extra | AssistantReply
"""Of a conversation: words and extras as they come, and at the end the whole."""


class AssistantService:
    """Raises AiUnavailable when the named model cannot serve, or nothing can and there is no fallback."""

    def __init__(self, *, tools: Tools, providers: ProviderChain) -> None:
        self._tools, self._providers = tools, providers
        self._answers = RuleBasedAnswers(tools.queries)

    def _asking(self, question: str, before: Sequence[Turn]) -> AssistantTurn:
        return AssistantTurn(self._tools, self._providers, self._answers, question.strip(), before)

    async def answer(self, question: str, model: str | None = None) -> AssistantReply:
        """The whole answer at once, with a line for what nothing bears out."""
        asked = self._asking(question, ())
        request = await asked.request(model)
        tokens = 0
        for step in range(_STEPS + 1):
            now = request if step < _STEPS else _without_tools(request)
            answer = with_text_calls(await self._providers.chat(now, model=model), now)
            tokens += answer.tokens
            if not answer.calls:
                break
            request, _ = await asked.rounds.answered(request, answer)
        extras = await asked.extras(answer.text, answer.writer)
        return _reply(answer.text + _marked(extras), answer.writer, tokens, (*asked.rounds.extras, *extras))

    async def stream(self, question: str, model: str | None = None) -> AsyncIterator[str]:
        """The words of the answer as they are written, and a line for what nothing bears out."""
        async for piece in self.converse(question, model=model):
            if isinstance(piece, str):
                yield piece
            elif isinstance(piece, AssistantReply) and (mark := _marked(piece.extras)):
                yield mark

    async def converse(
        self, question: str, before: Sequence[Turn] = (), model: str | None = None
    ) -> AsyncGenerator[Piece, None]:
        """The answer as it is written, with what is looked up on the way; ``before`` are the earlier turns, oldest
        first. What a model said before it broke off stays; the built-in analyst then adds its own."""
        asked = self._asking(question, before)
        request = await asked.request(model)
        said, tokens, writer = "", 0, BUILTIN
        for step in range(_STEPS + 1):
            answer: Completion | None = None
            now = request if step < _STEPS else _without_tools(request)
            visible = VisibleText()
            async for piece in self._providers.stream(now, model=model):
                if isinstance(piece, Completion):
                    answer = with_text_calls(piece, now)
                    words = "" if answer.calls else visible.rest()
                elif isinstance(piece, ProviderProblem):
                    words = visible.rest() + await asked.rest(piece)
                else:
                    words = visible.feed(piece) if now.tools else piece
                if words:
                    said += words
                    yield words
            if answer is None:
                break
            tokens, writer = tokens + answer.tokens, answer.writer
            if not answer.calls:
                break
            request, new = await asked.rounds.answered(request, answer)
            for extra in new:
                yield extra
        extras = await asked.extras(said, writer)
        for extra in extras:
            yield extra
        yield _reply(said, writer, tokens, (*asked.rounds.extras, *extras))


def _without_tools(request: CompletionRequest) -> CompletionRequest:
    last = ChatMessage("user", "Answer now with what you have found.")
    return msgspec.structs.replace(request, messages=(*request.messages, last), tools=())


def _marked(extras: Sequence[Extra]) -> str:
    found = [extra.sentence for extra in extras if isinstance(extra, Unsupported)]
    return f"\n\n[Not borne out by the data: {' '.join(found)}]" if found else ""


def _reply(text: str, writer: Writer, tokens: int, extras: tuple[Extra, ...]) -> AssistantReply:
    return AssistantReply(text, writer.provider, writer.model, writer.generative, tokens, extras)
