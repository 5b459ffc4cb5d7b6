"""What people ask of the rules and the mappings: read them as text, have a draft checked, put another text in force.

The text in the data folder (``rules.toml``, ``mappings.toml``) is the one truth: a form that changes a rule changes the
text. It knows no HTTP; what it means gets into force only through the pipeline's queue.
"""

from __future__ import annotations

import asyncio
import hashlib
from collections.abc import Awaitable, Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Generic, TypeVar

import msgspec

from hub.bounds import decode_utf8
from hub.dialects import parse_mappings
from hub.errors import ConfigError, Conflict, Invalid, StoreError
from hub.model import Input, Mapping, ReplaceMappings, ReplaceRules, Rule
from hub.rules import parse
from hub.runtime.private_files import replace_file

T = TypeVar("T")
Submit = Callable[[Input], Awaitable[Any]]


class ConfigDraft(msgspec.Struct, frozen=True):
    """A text and its mark: who saves says by it which text was read."""

    text: str
    revision: str


class ConfigFile(Generic[T]):
    """``parse`` reads a text (ConfigError says what is wrong with it), ``fact`` is what puts its meaning in force.

    Raises StoreError when the file cannot be read or written."""

    def __init__(
        self, *, file: Path, parse: Callable[[str], list[T]], fact: Callable[[tuple[T, ...]], Input], submit: Submit
    ) -> None:
        self._file = file
        self._parse = parse
        self._fact = fact
        self._submit = submit
        self._saving = asyncio.Lock()

    async def read(self) -> ConfigDraft:
        """The text as it lies in the file, comments and all."""
        try:
            text = decode_utf8(await asyncio.to_thread(self._file.read_bytes), self._file.name)
        except ConfigError as error:
            raise StoreError(error.message, error.hint) from error
        except OSError as error:
            raise StoreError(f"{self._file.name} cannot be read ({error.strerror}).") from error
        return _draft(text.replace("\r\n", "\n").replace("\r", "\n"))

    def check(self, text: str) -> list[T]:
        """What ``text`` describes. Raises Invalid, which names the table, the key and what is allowed."""
        try:
            return self._parse(text)
        except ConfigError as error:
            raise Invalid(error.message, error.hint) from error

    async def reload(self) -> int:
        """Put in force what the file says now, and return how many entries it has. Raises StoreError, Invalid."""
        async with self._saving:
            meant = tuple(self.check((await self.read()).text))
            await self._submit(self._fact(meant))
        return len(meant)

    async def replace(self, text: str, revision: str) -> ConfigDraft:
        """Put ``text`` in force and keep it. Raises Invalid; Conflict where the file is not the one that was read.

        Written before it is in force: a hub that ends in between starts with what was asked for.
        """
        meant = tuple(self.check(text))
        async with self._saving:
            if (await self.read()).revision != revision:
                raise Conflict(
                    f"{self._file.name} was changed meanwhile.", "Read it again, then make your change anew."
                )
            try:
                await asyncio.to_thread(replace_file, self._file, text.encode())
            except OSError as error:
                raise StoreError(f"{self._file.name} cannot be written ({type(error).__name__}).") from error
            await self._submit(self._fact(meant))
        return _draft(text)


def rules_file(data: Path, submit: Submit, now: Callable[[], int]) -> ConfigFile[Rule]:
    """The rules of the data folder ``data``."""
    return ConfigFile(
        file=data / "rules.toml", parse=parse, fact=lambda rules: ReplaceRules(rules, now()), submit=submit
    )


def mappings_file(data: Path, submit: Submit, now: Callable[[], int], reserved: Sequence[str]) -> ConfigFile[Mapping]:
    """The mappings of topics; ``reserved`` are the filters of topics that other dialects read."""
    return ConfigFile(
        file=data / "mappings.toml",
        parse=partial(parse_mappings, reserved=reserved),
        fact=lambda mappings: ReplaceMappings(mappings, now()),
        submit=submit,
    )


def _draft(text: str) -> ConfigDraft:
    return ConfigDraft(text, hashlib.sha256(text.encode()).hexdigest()[:16])
