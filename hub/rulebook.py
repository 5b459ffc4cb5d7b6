"""What people ask of the rules: read them as text, have a draft checked, put another text in force.

The text of ``rules.toml`` in the data folder is the one truth: a form that changes a rule changes the text. It knows no
HTTP; the engine takes other rules only through the pipeline's queue.
"""

from __future__ import annotations

import asyncio
import hashlib
import os
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import msgspec

from hub.errors import ConfigError, Conflict, Invalid, StoreError
from hub.model import Fact, ReplaceRules, Rule
from hub.rules import parse


class Draft(msgspec.Struct, frozen=True):
    """A text and its mark: who saves says by it which text was read."""

    text: str
    revision: str


class Rulebook:
    """Raises StoreError when the file cannot be read or written."""

    def __init__(self, *, file: Path, submit: Callable[[Fact], Awaitable[Any]], now: Callable[[], int]) -> None:
        self._file = file
        self._submit = submit
        self._now = now
        self._saving = asyncio.Lock()

    async def read(self) -> Draft:
        """The text as it lies in the file, comments and all."""
        try:
            text = await asyncio.to_thread(self._file.read_text, "utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise StoreError(f"{self._file.name} cannot be read ({type(error).__name__}).") from error
        return _draft(text)

    def check(self, text: str) -> list[Rule]:
        """The rules that ``text`` describes. Raises Invalid, which names the rule, the key and what is allowed."""
        try:
            return parse(text)
        except ConfigError as error:
            raise Invalid(error.message, error.hint) from error

    async def replace(self, text: str, revision: str) -> Draft:
        """Put ``text`` in force and keep it. Raises Invalid; Conflict where the file is not the one that was read.

        Written before it is in force: a hub that ends in between starts with what was asked for.
        """
        rules = tuple(self.check(text))
        async with self._saving:
            if (await self.read()).revision != revision:
                raise Conflict("The rules were changed meanwhile.", "Read them again, then make your change anew.")
            try:
                await asyncio.to_thread(_write, self._file, text)
            except OSError as error:
                raise StoreError(f"{self._file.name} cannot be written ({type(error).__name__}).") from error
            await self._submit(ReplaceRules(rules, self._now()))
        return _draft(text)


def _draft(text: str) -> Draft:
    return Draft(text, hashlib.sha256(text.encode()).hexdigest()[:16])


def _write(file: Path, text: str) -> None:
    """In one step, so that a crash leaves the old text or the new one."""
    draft = file.with_suffix(".new")
    with draft.open("w", encoding="utf-8", newline="") as stream:
        stream.write(text)
        stream.flush()
        os.fsync(stream.fileno())
    draft.replace(file)
