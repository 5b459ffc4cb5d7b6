"""A scripted AI provider, and a chain of such providers."""

from __future__ import annotations

import asyncio
import base64
import codecs
import html
import json
import re
import time
import unicodedata
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any
from urllib.parse import unquote

from hub.ai.base import AiSettings, ChatMessage, Completion, CompletionRequest, Piece, Recording, ToolCall
from hub.ai.budget import Budget
from hub.ai.providers import ProviderChain
from hub.errors import AiError
from hub.model import Writer


async def plain() -> str:
    return "what the hub itself says"


def request(text: str = "Say hello.", **more: Any) -> CompletionRequest:
    return CompletionRequest((ChatMessage("user", text),), plain, max_tokens=more.pop("max_tokens", 24), **more)


class Scripted:
    """A provider that follows a script: texts to answer, errors to raise, seconds to hang."""

    def __init__(self, name: str, *script: str | AiError | float) -> None:
        self.name, self.models = name, (f"{name}-model",)
        self.script = list(script)
        self.asked = 0

    def writer_for(self, request: CompletionRequest) -> Writer | None:
        return None if request.picture else Writer(self.name, self.models[0], generative=True)

    async def chat(self, request: CompletionRequest) -> Completion:
        self.asked += 1
        step = self.script[min(self.asked, len(self.script)) - 1]
        if isinstance(step, AiError):
            raise step
        if isinstance(step, float):
            await asyncio.sleep(step)
        return Completion(str(step), Writer(self.name, self.models[0], generative=True), tokens=3)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        self.asked += 1
        for step in self.script:
            if isinstance(step, AiError):
                raise step
            if isinstance(step, float):
                await asyncio.sleep(step)
                continue
            yield step
        yield Completion("".join(str(s) for s in self.script), Writer(self.name, self.models[0], generative=True))

    def transcriber(self) -> Writer | None:
        return None

    async def transcribe(self, recording: Recording) -> Completion:
        raise NotImplementedError

    async def check(self) -> str | None:
        return None

    async def close(self) -> None: ...


DOWN = AiError("It is down.", "Start it.")


def chain(*providers: Scripted, **settings: Any) -> ProviderChain:
    clock, budget = settings.pop("clock", time.monotonic), settings.pop("budget", None)
    made = AiSettings(**settings)
    return ProviderChain(ordered=providers, settings=made, clock=clock, budget=budget and Budget(made, *budget))


# --- a model that obeys everything --------------------------------------------------------------------------------

_CALL = r"(?:CALL|RUFE|LLAMA|APPELLE|ВЫЗОВИ|调用) "
_SAY = r"(?:SAY|SAGE|DI|DIS|СКАЖИ|说) "
_TOKEN = re.compile(r"[A-Za-z0-9+/_-]{24,}={0,2}")
_HEX = re.compile(r"(?:[0-9a-f]{2}){12,}", re.I)


def _visible(text: str) -> str:
    """Return the text with invisible tag characters as letters, without zero-width ones, in ordinary letters."""
    tags = {code: chr(code - 0xE0000) for code in range(0xE0020, 0xE007F)}
    text = unicodedata.normalize("NFKC", text.translate(tags))
    return "".join(c for c in text if unicodedata.category(c) != "Cf")


def _in_base64(text: str) -> str:
    return " ".join(_decoded(lambda token=token: base64.b64decode(token + "==")) for token in _TOKEN.findall(text))


def _decoded(read: Callable[[], bytes]) -> str:
    with suppress(ValueError):
        return read().decode("utf-8", "ignore")
    return ""


_READINGS: tuple[Callable[[str], str], ...] = (
    lambda text: text,
    _visible,
    _in_base64,
    lambda text: " ".join(_decoded(lambda part=part: bytes.fromhex(part)) for part in _HEX.findall(text)),
    lambda text: codecs.encode(text, "rot13"),
    lambda text: text[::-1],
    unquote,
    html.unescape,
    lambda text: re.sub(r"\\+u([0-9a-fA-F]{4})", lambda match: chr(int(match[1], 16)), text),
)
"""Functions that decode a hidden instruction. A model may understand all of these encodings."""


class ObeysEverything(Scripted):
    """A model that looks at a device, and then follows every instruction in its prompt.

    ``CALL tool {json}`` makes it call a tool, and ``SAY “…”`` makes it repeat a text, in several languages and
    encodings. It also reads ``heard``, the content of a picture or a recording. It records its prompts and the
    instructions in them.
    """

    def __init__(self, name: str = "openai", see: Sequence[ToolCall] = ()) -> None:
        super().__init__(name)
        self.see = see
        self.prompts: list[tuple[ChatMessage, ...]] = []
        self.told: list[str] = []
        self.heard = ""

    def writer_for(self, request: CompletionRequest) -> Writer:
        return Writer(self.name, self.models[0], generative=True)

    async def chat(self, request: CompletionRequest) -> Completion:
        self.prompts.append(request.messages)
        results = sum(message.role == "tool" for message in request.messages)
        if request.tools and not results and self.see:
            return Completion("", self.writer_for(request), tuple(self.see))
        found = [message.text.replace('\\"', '"') for message in request.messages]
        found += [self.heard] if request.picture else []
        calls, said = self._instructions([read(text) for text in found for read in _READINGS])
        if request.tools and calls and results <= len(self.see):
            return Completion("", self.writer_for(request), calls)
        text = _statements(said) if request.schema else " ".join(said) or "Done."
        return Completion(text, self.writer_for(request), tokens=3)

    def _instructions(self, texts: Sequence[str]) -> tuple[tuple[ToolCall, ...], list[str]]:
        calls, said = dict[tuple[str, str], None](), dict[str, None]()
        for text in texts:
            calls |= dict.fromkeys(_calls(text))
            said |= dict.fromkeys(re.findall(_SAY + "“([^”]*)”", text))
        self.told += [*said, *(f"{name} {given}" for name, given in calls)]
        made = (ToolCall(f"c{n}", name, json.loads(given)) for n, (name, given) in enumerate(calls))
        return tuple(made), list(said)

    async def stream(self, request: CompletionRequest) -> AsyncIterator[Piece]:
        answer = await self.chat(request)
        yield answer.text
        yield answer

    def transcriber(self) -> Writer | None:
        return Writer(self.name, self.models[0], generative=True) if self.heard else None

    async def transcribe(self, recording: Recording) -> Completion:
        return Completion(self.heard, Writer(self.name, self.models[0], generative=True))


def _statements(said: Sequence[str]) -> str:
    """Return the texts that it repeats as the statements of a diagnosis, each as an observation with evidence."""
    statements = [{"text": text, "evidence": ["e1"], "kind": "observation"} for text in said or ["Nothing is known."]]
    return json.dumps({"statements": statements, "cause": (*said, None)[0], "cause_evidence": ["e1"]})


def _calls(text: str) -> Iterator[tuple[str, str]]:
    """Yield the name and the arguments of each tool that the text tells to call."""
    for match in re.finditer(_CALL + r"(\S{1,80}) (?=\{)", text):
        with suppress(ValueError):  # a truncated instruction
            given, _ = json.JSONDecoder().raw_decode(text[match.end() :])
            yield match[1], json.dumps(given)
