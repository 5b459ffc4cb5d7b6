"""The assistant that all interfaces use: a language model that calls tools, or the built-in analyst.

The assistant never sends a command. It proposes commands, and a person sends them.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Callable, Sequence

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
"""Maximum number of rounds of tool calls. After them, the model has to answer with the results that it has."""


class AssistantReply(msgspec.Struct, frozen=True):
    """A complete answer.

    ``generative`` is False if the built-in analyst answered. ``extras`` are tool calls, charts, sources, a proposed
    command, and the sentences of the answer that the data does not support.
    """

    text: str
    provider: str
    model: str
    generative: bool
    tokens_used: int
    extras: tuple[Extra, ...] = ()


Piece = str | Extra | AssistantReply
"""A part of a streamed answer: text or an extra. The last piece is the complete reply."""


class AssistantService:
    """Answers questions with a language model or with the built-in analyst.

    Its methods raise UnknownModel if the requested model is not configured, and AiUnavailable if it fails, or if no
    model can answer and there is no fallback.
    """

    def __init__(self, *, tools: Tools, providers: ProviderChain) -> None:
        self._tools, self._providers = tools, providers
        self._answers = RuleBasedAnswers(tools.queries)

    def _turn(self, question: str, before: Sequence[Turn], language: str = "en") -> AssistantTurn:
        return AssistantTurn(self._tools, self._providers, self._answers, question.strip(), before, language)

    async def answer(self, question: str, model: str | None = None) -> AssistantReply:
        """Return the complete answer. Its text ends with a list of the sentences that the data does not support.

        ``model`` is the name of a model; None means the first one that is available.
        """
        turn = self._turn(question, ())
        request = await turn.request(model)
        tokens = 0
        for step in range(_STEPS + 1):
            now = request if step < _STEPS else _without_tools(request)
            answer = with_text_calls(await self._providers.chat(now, model=model), now)
            tokens += answer.tokens
            if not answer.calls:
                break
            request, _ = await turn.rounds.answered(request, answer)
        extras = await turn.extras(answer.text, answer.writer)
        return _reply(answer.text + _marked(extras), answer.writer, tokens, (*turn.rounds.extras, *extras))

    async def stream(
        self, question: str, model: str | None = None, done: Callable[[AssistantReply], None] = lambda reply: None
    ) -> AsyncIterator[str]:
        """Yield the text of the answer in pieces while it is written.

        The last piece lists the sentences that the data does not support. ``done`` is called with the complete reply.
        """
        async for piece in self.converse(question, model=model):
            if isinstance(piece, str):
                yield piece
            elif isinstance(piece, AssistantReply):
                done(piece)
                if mark := _marked(piece.extras):
                    yield mark

    async def converse(
        self, question: str, before: Sequence[Turn] = (), model: str | None = None, *, language: str = "en"
    ) -> AsyncGenerator[Piece, None]:
        """Yield the answer to a question while it is written, and at the end the complete reply.

        The pieces of the answer are texts, and extras such as charts. If a model fails in the middle of its answer, the
        text that it has written is kept, and the built-in analyst continues with its own answer.

        Args:
            question: The question.
            before: The earlier turns of the conversation, oldest first.
            model: The model that has to answer; None to use the models of the settings.
            language: The language of the person's pages. It is used if the words of the question do not show a
                language.
        """
        turn = self._turn(question, before, language)
        request = await turn.request(model)
        text, tokens, writer = "", 0, BUILTIN
        for step in range(_STEPS + 1):
            answer: Completion | None = None
            now = request if step < _STEPS else _without_tools(request)
            visible = VisibleText()
            async for piece in self._providers.stream(now, model=model):
                if isinstance(piece, Completion):
                    answer = with_text_calls(piece, now)
                    words = "" if answer.calls else visible.rest()
                elif isinstance(piece, ProviderProblem):
                    words = visible.rest() + await turn.rest(piece)
                else:
                    words = visible.feed(piece) if now.tools else piece
                if words:
                    text += words
                    yield words
            if answer is None:
                break
            tokens, writer = tokens + answer.tokens, answer.writer
            if not answer.calls:
                break
            request, new = await turn.rounds.answered(request, answer)
            for extra in new:
                yield extra
        extras = await turn.extras(text, writer)
        for extra in extras:
            yield extra
        yield _reply(text, writer, tokens, (*turn.rounds.extras, *extras))


def _without_tools(request: CompletionRequest) -> CompletionRequest:
    last = ChatMessage("user", "Answer now with what you have found.")
    return msgspec.structs.replace(request, messages=(*request.messages, last), tools=())


def _marked(extras: Sequence[Extra]) -> str:
    found = [extra.sentence for extra in extras if isinstance(extra, Unsupported)]
    return f"\n\n[Not supported by the data: {' '.join(found)}]" if found else ""


def _reply(text: str, writer: Writer, tokens: int, extras: tuple[Extra, ...]) -> AssistantReply:
    return AssistantReply(text, writer.provider, writer.model, writer.generative, tokens, extras)
