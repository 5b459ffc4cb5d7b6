"""Read, check and change TOML files of ``[[table]]`` entries, such as rules.toml, as a whole or one table at a time.

The files in the data folder are the source of truth: a form that changes a rule changes the file. The reactions service
activates new contents of ``reactions.toml``. New contents of the other files are activated through the ingest queue.
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
from hub.calculated import parse as parse_calculated
from hub.dialects import parse_mappings
from hub.errors import ConfigError, Conflict, Invalid, NotFound, StoreError
from hub.model import CalculatedMetric, Input, Mapping, ReplaceCalculated, ReplaceMappings, ReplaceRules, Rule
from hub.model.reaction import Reaction
from hub.reactions import parse as parse_reactions
from hub.rules import parse
from hub.runtime.private_files import replace_file
from hub.services.toml_tables import TableList

T = TypeVar("T")
Submit = Callable[[Input], Awaitable[Any]]
MAX_CHARACTERS = 200_000
"""Maximum characters of a file that this service writes."""


class ConfigDraft(msgspec.Struct, frozen=True):
    """The contents of a file, with a revision by which concurrent edits are detected."""

    text: str
    revision: str


class TableDraft(msgspec.Struct, frozen=True):
    """New contents of one table: either a value for each key, or TOML text."""

    values: dict[str, Any] | None = None
    text: str | None = None


class TablePreview(msgspec.Struct, Generic[T], frozen=True):
    """A draft as TOML text and as a parsed entry.

    ``problem`` is the error that the file would have with the draft; None if the file would be valid.
    """

    text: str
    entry: T | None
    problem: str | None


class ConfigFile(Generic[T]):
    """One file of ``[[table]]`` entries.

    ``area_ids`` returns the id of each area that is given by its name or its id. Tables are stored with ids, so that
    they refer to the same areas after these are renamed.

    All methods raise StoreError if the file cannot be read or written.
    """

    def __init__(
        self,
        *,
        file: Path,
        table: str,
        key: str,
        parse: Callable[[str], list[T]],
        activate: Callable[[tuple[T, ...]], Awaitable[Any]],
    ) -> None:
        """Create the service of ``file``.

        Args:
            file: The file, which exists.
            table: The name of the file's tables.
            key: The key that identifies a table.
            parse: Returns the entries of a text, or raises ConfigError.
            activate: Makes the hub use the given entries. Returns once the hub uses them.
        """
        self._file = file
        self.name = file.name
        self._table = table
        self._key = key
        self._parse = parse
        self._activate = activate
        self.area_ids: Callable[[Sequence[str]], Sequence[str]] = lambda areas: areas
        self._saving = asyncio.Lock()  # held while the revision is compared and the file is written

    async def read(self) -> ConfigDraft:
        """Return the contents of the file, comments included."""
        try:
            text = decode_utf8(await asyncio.to_thread(self._file.read_bytes), self.name)
        except ConfigError as error:
            raise StoreError(error.message, error.hint) from error
        except OSError as error:
            problem = f"{self._file} cannot be read ({error.strerror})."
            raise StoreError(problem, "Check its owner and permissions.") from error
        return _draft(text.replace("\r\n", "\n").replace("\r", "\n"))

    def check(self, text: str) -> list[T]:
        """Return the entries of ``text``. Raises Invalid, which names the table, the key and what is allowed."""
        try:
            return self._parse(text)
        except ConfigError as error:
            raise Invalid(error.message, error.hint) from error

    async def reload(self) -> int:
        """Activate the current contents of the file, and return the number of entries.

        Raises Invalid if the contents are not valid.
        """
        async with self._saving:
            entries = tuple(self.check((await self.read()).text))
            await self._activate(entries)
        return len(entries)

    async def replace(self, text: str, revision: str) -> ConfigDraft:
        """Replace the contents of the file and activate them.

        Raises:
            Invalid: The text is not valid.
            Conflict: The file has changed since ``revision`` was read.
        """
        entries = tuple(self.check(text))
        async with self._saving:
            await self._read_revision(revision)
            stored = await asyncio.to_thread(self._with_area_ids, text)
            return await self._write(stored, entries if stored == text else tuple(self.check(stored)))

    async def preview(self, entry: str | None, draft: TableDraft | None) -> TablePreview[T]:
        """Return one table with a draft applied, and check the file with it. The file is not changed.

        Args:
            entry: The table that the draft replaces; None for a new table.
            draft: The new contents; None to return the table unchanged.

        Raises:
            NotFound: There is no such table.
            Invalid: The file cannot be split into tables.
        """
        text = (await self.read()).text
        tables, index = await asyncio.to_thread(self._with_draft, text, entry, draft)
        try:
            return TablePreview(tables.texts[index], self._check_tables(tables)[index], None)
        except Invalid as error:
            return TablePreview(tables.texts[index], None, str(error))

    async def put_table(self, entry: str | None, draft: TableDraft, revision: str) -> ConfigDraft:
        """Change one table, or add a table if ``entry`` is None, and activate the file.

        Raises:
            NotFound: There is no such table.
            Invalid: The file would be invalid with the draft.
            Conflict: The file has changed since ``revision`` was read.
        """
        async with self._saving:
            text = await self._read_revision(revision)
            tables, index = await asyncio.to_thread(self._with_draft, text, entry, draft)
            tables.convert(index, self._bind_areas)
            return await self._write(tables.as_text(), self._check_tables(tables))

    async def delete_table(self, entry: str, revision: str) -> ConfigDraft:
        """Remove one table and activate the file. Raises the same errors as :meth:`put_table`."""
        async with self._saving:
            tables = await asyncio.to_thread(self._tables, await self._read_revision(revision))
            tables.remove(self._index(tables, entry))
            return await self._write(tables.as_text(), self._check_tables(tables))

    def _with_draft(self, text: str, entry: str | None, draft: TableDraft | None) -> tuple[TableList, int]:
        """Return the tables of the file with the draft applied, and the index of the draft's table."""
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

    def _with_area_ids(self, text: str) -> str:
        """Return the text with ids in place of the names of areas."""
        try:
            tables = TableList(text, self._table, self.name)
            for index in range(len(tables.texts)):
                tables.convert(index, self._bind_areas)
        except ConfigError:  # valid TOML that is not written as tables of its own
            return text
        return tables.as_text()

    def _bind_areas(self, values: dict[str, Any]) -> dict[str, Any]:
        """Return the values with ids in place of the names of areas, also in nested tables."""
        bound = {key: self._bind_areas(inner) if isinstance(inner, dict) else inner for key, inner in values.items()}
        areas = values.get("areas")
        if isinstance(areas, list) and all(isinstance(each, str) for each in areas):
            bound["areas"] = list(self.area_ids(areas))
        return bound

    def _check_tables(self, tables: TableList) -> tuple[T, ...]:
        """Check these tables, and return their entries.

        Raises Invalid if an entry is invalid, or if the text of a draft has no table.
        """
        entries = tuple(self.check(tables.as_text()))
        if len(entries) < len(tables.texts):
            raise Invalid(f"The text has no [[{self._table}]] table.", f"Begin it with [[{self._table}]].")
        return entries

    def _tables(self, text: str) -> TableList:
        try:
            return TableList(text, self._table, self.name)
        except ConfigError as error:
            raise Invalid(error.message, error.hint) from error

    def _index(self, tables: TableList, entry: str) -> int:
        for index, values in enumerate(tables.values):
            if values.get(self._key) == entry:
                return index
        raise NotFound(f"{self.name} has no {self._table} with this {self._key}.", "Read the file again.")

    async def _read_revision(self, revision: str) -> str:
        current = await self.read()
        if current.revision != revision:
            raise Conflict(f"{self.name} was changed in the meantime.", "Reload it and make your change again.")
        return current.text

    async def _write(self, text: str, entries: tuple[T, ...]) -> ConfigDraft:
        """Write the file, and then activate it. If the hub stops in between, the next start activates the file."""
        if len(text) > MAX_CHARACTERS:
            raise Invalid(f"{self.name} would be longer than {MAX_CHARACTERS:,} characters.", "Shorten it.")
        try:
            await asyncio.to_thread(replace_file, self._file, text.encode())
        except OSError as error:
            raise StoreError(f"{self.name} cannot be written ({type(error).__name__}).") from error
        await self._activate(entries)
        return _draft(text)


def rules_file(data: Path, submit: Submit, now: Callable[[], int]) -> ConfigFile[Rule]:
    """Return the :class:`ConfigFile` for ``rules.toml`` in the data folder ``data``."""
    return ConfigFile(
        file=data / "rules.toml",
        table="rule",
        key="id",
        parse=parse,
        activate=lambda rules: submit(ReplaceRules(rules, now())),
    )


def calculated_file(data: Path, submit: Submit, now: Callable[[], int]) -> ConfigFile[CalculatedMetric]:
    """Return the :class:`ConfigFile` for ``calculated.toml`` in the data folder ``data``."""
    return ConfigFile(
        file=data / "calculated.toml",
        table="calculated",
        key="id",
        parse=parse_calculated,
        activate=lambda metrics: submit(ReplaceCalculated(metrics, now())),
    )


def reactions_file(data: Path, use: Callable[[tuple[Reaction, ...]], Awaitable[None]]) -> ConfigFile[Reaction]:
    """Return the :class:`ConfigFile` for ``reactions.toml`` in the folder ``data``. ``use`` activates reactions."""
    return ConfigFile(file=data / "reactions.toml", table="reaction", key="id", parse=parse_reactions, activate=use)


def mappings_file(data: Path, submit: Submit, now: Callable[[], int], reserved: Sequence[str]) -> ConfigFile[Mapping]:
    """Return the :class:`ConfigFile` for ``mappings.toml``. ``reserved`` are topic filters of the other dialects."""
    return ConfigFile(
        file=data / "mappings.toml",
        table="mapping",
        key="topic",
        parse=partial(parse_mappings, reserved=reserved),
        activate=lambda mappings: submit(ReplaceMappings(mappings, now())),
    )


def _draft(text: str) -> ConfigDraft:
    return ConfigDraft(text, hashlib.sha256(text.encode()).hexdigest()[:16])
