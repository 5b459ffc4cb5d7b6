"""One assistant for every door: a model with tools in a loop of bounded steps, or the built-in analyst. It never
acts."""

from __future__ import annotations

from collections.abc import AsyncIterator
from typing import Any

import msgspec

from hub.ai.base import Answer, Message, Request
from hub.ai.fence import RULES, fence
from hub.ai.providers import Broken, Providers
from hub.assistant.answers import Answers
from hub.errors import AiError
from hub.insight import words
from hub.tools import Tools, call, specs

_STEPS = 6
"""Rounds of tool calls before the model must answer with what it has."""
_CALLS = 4
"""Tool calls a round; more are answered with a refusal."""
_RESULT = 6_000
"""Characters of one tool's result that the model gets."""

_SYSTEM = (
    "You are Watchkeeper's assistant for the people who run this site. " + RULES + " "
    "Answer the question from the data and the tools, briefly, in plain English, in the language of the question. "
    "Name the "
    "device, the metric, the value with its unit and the time for what you say. Times are UTC. You can only look "
    "things up: if "
    "somebody asks you to switch, set, acknowledge or delete something, say that you cannot and where a person can "
    "do it."
)


class Reply(msgspec.Struct, frozen=True):
    """``generative`` is False where the built-in analyst answered."""

    text: str
    provider: str
    model: str
    generative: bool
    tokens_used: int


class Assistant:
    """Raises AiUnavailable when the named model cannot serve, or nothing can and there is no fallback."""

    def __init__(self, *, tools: Tools, providers: Providers) -> None:
        self._tools, self._providers = tools, providers
        self._answers = Answers(tools.queries)
        self._specs = specs(tools)

    async def answer(self, question: str, model: str | None = None) -> Reply:
        """The whole answer at once."""
        request = await self._request(question, model)
        tokens = 0
        for _ in range(_STEPS):
            answer = await self._providers.chat(request, model=model)
            tokens += answer.tokens
            if not answer.calls:
                return _reply(answer, tokens)
            request = await self._with_results(request, answer)
        answer = await self._providers.chat(_without_tools(request), model=model)
        return _reply(answer, tokens + answer.tokens)

    async def stream(self, question: str, model: str | None = None) -> AsyncIterator[str]:
        """The answer as it is written. What a model said before it broke off stays; the built-in analyst then adds
        its own."""
        request = await self._request(question, model)
        for step in range(_STEPS + 1):
            answer: Answer | None = None
            async for piece in self._providers.stream(
                request if step < _STEPS else _without_tools(request), model=model
            ):
                if isinstance(piece, str):
                    yield piece
                elif isinstance(piece, Broken):
                    yield await self._rest(question, piece)
                    return
                else:
                    answer = piece
            if answer is None or not answer.calls:
                return
            request = await self._with_results(request, answer)

    async def _rest(self, question: str, broken: Broken) -> str:
        if not self._providers.settings.fallback:
            raise AiError(broken.message, "Ask again.")
        return f"\n\n[{broken.message} The built-in analyst says:] {await self._answers.answer(question)}"

    async def _request(self, question: str, model: str | None) -> Request:
        """Data first: a model gets the fleet, the open alerts and what the built-in analyst makes of the question."""
        asked = question.strip()

        async def plain() -> str:
            return await self._answers.answer(asked)

        if not self._providers.generative or model == "builtin":
            return Request((Message("user", asked),), plain)
        told = {
            "now": f"{words.date(self._tools.queries.now())} UTC",
            "fleet": msgspec.to_builtins(await self._tools.fleet_summary()),
            "open_alerts": msgspec.to_builtins(await self._tools.open_alerts(limit=8)),
            "computed_answer": await plain(),
        }
        messages = (Message("system", _SYSTEM), Message("user", fence("hub", told, 12_000) + f"\n\nQuestion: {asked}"))
        return Request(messages, plain, self._specs, max_tokens=self._providers.settings.max_tokens)

    async def _with_results(self, request: Request, answer: Answer) -> Request:
        results: list[Message] = []
        for index, wanted in enumerate(answer.calls):
            result: Any = {"error": "Too many calls at once; ask again with fewer."}
            if index < _CALLS:
                result = await call(self._tools, wanted.name, wanted.arguments)
            fenced = fence(wanted.name[:40], result, _RESULT)
            results.append(Message("tool", fenced, call_id=wanted.id, name=wanted.name[:64]))
        asked = Message("assistant", answer.text, calls=answer.calls)
        return msgspec.structs.replace(request, messages=(*request.messages, asked, *results))


def _without_tools(request: Request) -> Request:
    last = Message("user", "Answer now with what you have found.")
    return msgspec.structs.replace(request, messages=(*request.messages, last), tools=())


def _reply(answer: Answer, tokens: int) -> Reply:
    writer = answer.writer
    return Reply(answer.text, writer.provider, writer.model, writer.generative, tokens)
