"""Read, check and change the rules and the mappings, as a whole text or one table at a time.

The file in the data folder (``rules.toml``, ``mappings.toml``) is the source of truth: a form that changes a rule
changes the file. What it says takes effect through the ingest queue.
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
from hub.errors import ConfigError, Conflict, Invalid, NotFound, StoreError
from hub.model import Input, Mapping, ReplaceMappings, ReplaceRules, Rule
from hub.rules import parse
from hub.runtime.private_files import replace_file
from hub.services.toml_tables import TableList

T = TypeVar("T")
Submit = Callable[[Input], Awaitable[Any]]
MAX_CHARACTERS = 200_000
"""Longest text of a file that is changed here."""


class ConfigDraft(msgspec.Struct, frozen=True):
    """File contents with a revision, used to detect concurrent edits."""

    text: str
    revision: str


class TableDraft(msgspec.Struct, frozen=True):
    """One table of a file as somebody wants it: the value of each key, or else its text."""

    values: dict[str, Any] | None = None
    text: str | None = None


class TablePreview(msgspec.Struct, Generic[T], frozen=True):
    """A draft as text and as what it describes. ``problem`` says why the file would be refused with it."""

    text: str
    entry: T | None
    problem: str | None


class ConfigFile(Generic[T]):
    """One file of ``[[table]]`` entries.

    All methods raise StoreError if the file cannot be read or written.
    """

    def __init__(
        self,
        *,
        file: Path,
        table: str,
        key: str,
        parse: Callable[[str], list[T]],
        fact: Callable[[tuple[T, ...]], Input],
        submit: Submit,
    ) -> None:
        """Create the service of ``file``.

        Args:
            file: The file, which exists.
            table: The name of its tables.
            key: The key whose value tells one table from another.
            parse: Returns the entries of a text, or raises ConfigError.
            fact: Returns the input that puts entries in force.
            submit: Puts an input into the ingest queue and waits until it is in force.
        """
        self._file = file
        self._table = table
        self._key = key
        self._parse = parse
        self._fact = fact
        # Held from reading the revision to writing the file.
        self._submit = submit
        self._saving = asyncio.Lock()

    async def read(self) -> ConfigDraft:
        """Return the text as it is in the file, comments included."""
        try:
            text = decode_utf8(await asyncio.to_thread(self._file.read_bytes), self._file.name)
        except ConfigError as error:
            raise StoreError(error.message, error.hint) from error
        except OSError as error:
            raise StoreError(f"{self._file.name} cannot be read ({error.strerror}).") from error
        return _draft(text.replace("\r\n", "\n").replace("\r", "\n"))

    def check(self, text: str) -> list[T]:
        """Return what ``text`` describes. Raises Invalid, which names the table, the key and what is allowed."""
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
        """Write another text and put it in force.

        Raises:
            Invalid: The text is not allowed.
            Conflict: The file is not the revision that was read.
        """
        meant = tuple(self.check(text))
        async with self._saving:
            await self._read_revision(revision)
            return await self._write(text, meant)

    async def preview(self, entry: str | None, draft: TableDraft | None) -> TablePreview[T]:
        """Return what a draft of one table would mean. Nothing is changed.

        Args:
            entry: The table that the draft replaces; None for a new one.
            draft: None for the table as it is.

        Raises:
            NotFound: There is no such table.
            Invalid: The file cannot be split into tables.
        """
        before = (await self.read()).text
        tables, index = await asyncio.to_thread(self._with_draft, before, entry, draft)
        try:
            return TablePreview(tables.texts[index], self._check_tables(tables)[index], None)
        except Invalid as error:
            return TablePreview(tables.texts[index], None, str(error))

    async def put_table(self, entry: str | None, draft: TableDraft, revision: str) -> ConfigDraft:
        """Change one table, or add one if ``entry`` is None, and put the file in force.

        Raises:
            NotFound: There is no such table.
            Invalid: The file would not be allowed with it.
            Conflict: The file is not the revision that was read.
        """
        async with self._saving:
            before = await self._read_revision(revision)
            tables, _ = await asyncio.to_thread(self._with_draft, before, entry, draft)
            return await self._write(tables.as_text(), self._check_tables(tables))

    async def delete_table(self, entry: str, revision: str) -> ConfigDraft:
        """Remove one table and put the file in force. Raises as :meth:`put_table` does."""
        async with self._saving:
            tables = await asyncio.to_thread(self._tables, await self._read_revision(revision))
            tables.remove(self._index(tables, entry))
            return await self._write(tables.as_text(), self._check_tables(tables))

    def _with_draft(self, text: str, entry: str | None, draft: TableDraft | None) -> tuple[TableList, int]:
        """Return the tables of the file with the draft among them, and its place."""
        tables = self._tables(text)
        index = None if entry is None else self._index(tables, entry)
        if draft is None:
            return tables, index or 0
        table = draft.text or ""
        if draft.values is not None:
            try:
                table = tables.with_values(index, draft.values)
            except ConfigError as error:
                raise Invalid(error.message, error.hint) from error
        if index is None:
            tables.append(table)
            return tables, len(tables.texts) - 1
        tables.replace(index, table)
        return tables, index

    def _check_tables(self, tables: TableList) -> tuple[T, ...]:
        """Return what the file describes. Raises Invalid, also if a draft was no table at all."""
        entries = tuple(self.check(tables.as_text()))
        if len(entries) < len(tables.texts):
            raise Invalid(f"There is no [[{self._table}]] table in the text.", f"Begin it with [[{self._table}]].")
        return entries

    def _tables(self, text: str) -> TableList:
        try:
            return TableList(text, self._table, self._file.name)
        except ConfigError as error:
            raise Invalid(error.message, error.hint) from error

    def _index(self, tables: TableList, entry: str) -> int:
        for index, values in enumerate(tables.values):
            if values.get(self._key) == entry:
                return index
        raise NotFound(f"{self._file.name} has no {self._table} with this {self._key}.", "Read the file again.")

    async def _read_revision(self, revision: str) -> str:
        before = await self.read()
        if before.revision != revision:
            raise Conflict(f"{self._file.name} was changed meanwhile.", "Read it again, then make your change anew.")
        return before.text

    async def _write(self, text: str, meant: tuple[T, ...]) -> ConfigDraft:
        """Write the file, then put it in force: a hub that ends in between starts with what was asked for."""
        if len(text) > MAX_CHARACTERS:
            raise Invalid(f"{self._file.name} would be longer than {MAX_CHARACTERS:,} characters.", "Shorten it.")
        try:
            await asyncio.to_thread(replace_file, self._file, text.encode())
        except OSError as error:
            raise StoreError(f"{self._file.name} cannot be written ({type(error).__name__}).") from error
        await self._submit(self._fact(meant))
        return _draft(text)


def rules_file(data: Path, submit: Submit, now: Callable[[], int]) -> ConfigFile[Rule]:
    """Return the service of ``rules.toml`` in the data folder ``data``."""
    return ConfigFile(
        file=data / "rules.toml",
        table="rule",
        key="id",
        parse=parse,
        fact=lambda rules: ReplaceRules(rules, now()),
        submit=submit,
    )


def mappings_file(data: Path, submit: Submit, now: Callable[[], int], reserved: Sequence[str]) -> ConfigFile[Mapping]:
    """Return the service of ``mappings.toml``; ``reserved`` are the filters of topics that other dialects read."""
    return ConfigFile(
        file=data / "mappings.toml",
        table="mapping",
        key="topic",
        parse=partial(parse_mappings, reserved=reserved),
        fact=lambda mappings: ReplaceMappings(mappings, now()),
        submit=submit,
    )


def _draft(text: str) -> ConfigDraft:
    return ConfigDraft(text, hashlib.sha256(text.encode()).hexdigest()[:16])
