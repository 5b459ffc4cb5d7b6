"""Changes of the configuration files ``rules.toml``, ``mappings.toml`` and others, made through the API.

Each file is a list of TOML tables, and each table defines one entry, such as a rule.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from hub.api.change_log import Change, ChangeLog
from hub.api.errors import Json
from hub.api.schemas.requests import TextChange
from hub.api.schemas.table_requests import TableChangeBody
from hub.errors import Invalid
from hub.services.config_files import ConfigDraft, ConfigFile, TableDraft

T = TypeVar("T")
S = TypeVar("S")


@dataclass(frozen=True)
class ConfigChanges(Generic[T]):
    """Changes one configuration file, and writes each change to the activity log.

    The methods that change the file return a response with the new text. ``by`` is the person who makes the change.

    Attributes:
        file: The file.
        entries: Returns the entries in use.
        compare: Returns what has changed between two lists of entries: those before a change, and those after it.
        faults: By file, the errors of entries that are ignored. An accepted change removes the errors of its file.
        log: The activity log.
        answer: Returns the body of a response from the new text and the entries before and after the change.
    """

    file: ConfigFile[T]
    entries: Callable[[], Awaitable[Sequence[T]]]
    compare: Callable[[Sequence[T], Sequence[T]], list[Change]]
    faults: dict[str, list[str]]
    log: ChangeLog
    answer: Callable[[ConfigDraft, Sequence[T], Sequence[T]], object] = lambda draft, before, after: draft

    def check(self, text: str, shape: Callable[[T], S]) -> tuple[list[S], str | None]:
        """Parse ``text``, a draft of the whole file, without changing the file.

        Returns:
            The entries, each converted by ``shape``; empty if the draft is invalid. And a sentence that says why the
            draft is invalid; None if it is valid.
        """
        try:
            return [shape(entry) for entry in self.file.check(text)], None
        except Invalid as error:
            return [], str(error)

    async def replace(self, by: str, body: TextChange) -> Json:
        """Replace the whole text of the configuration file."""
        return await self._logged(by, self.file.replace(body.text, body.revision))

    async def create(self, by: str, body: TableChangeBody) -> Json:
        """Add a table at the end of the configuration file."""
        answer = await self.change(by, None, body)
        answer.status_code = 201
        return answer

    async def change(self, by: str, entry: str | None, body: TableChangeBody) -> Json:
        """Change one table of the file, or add a table.

        ``entry`` is the id of the entry whose table is changed; None adds a table. ``by`` is the person who makes the
        change.
        """
        return await self._logged(by, self.file.put_table(entry, body.draft() or TableDraft(), body.revision))

    async def delete(self, by: str, entry: str, revision: str) -> Json:
        """Remove one entry's table from the configuration file. ``entry`` is the id of the entry."""
        return await self._logged(by, self.file.delete_table(entry, revision))

    async def _logged(self, by: str, change: Awaitable[ConfigDraft]) -> Json:
        before = tuple(await self.entries())
        draft = await change
        self.faults.pop(self.file.name, None)
        after = await self.entries()
        await self.log.write(by, *self.compare(before, after))
        return Json(self.answer(draft, before, after))
