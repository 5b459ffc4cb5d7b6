"""Change one table of a TOML file, such as a ``[[rule]]``. All other tables keep their comments and order."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import tomlkit
from tomlkit.exceptions import TOMLKitError

from hub.bounds import decode_toml
from hub.errors import ConfigError

_GAP_LINE = re.compile(r"\s*(#.*)?")


class TableList:
    """The ``[[name]]`` tables of a file, each as text and as values.

    Blank lines and comments after a table belong to the next table: they stay when the table is changed or removed.
    """

    def __init__(self, text: str, name: str, file: str) -> None:
        """Split ``text`` into its tables.

        Raises:
            ConfigError: ``text`` is not valid TOML, or a table is not written as ``[[name]]``.
        """
        self._name = name
        self.values: list[dict[str, Any]] = decode_toml(text, file).get(name, [])
        head, *blocks = re.split(rf"^(?=[ \t]*\[\[[ \t]*{name}[ \t]*\]\])", text, flags=re.MULTILINE)
        if [_values_of(block, name) for block in blocks] != self.values:
            raise ConfigError(
                f"A {name} in {file} is not written as a [[{name}]] table of its own.", "Edit it in the text view."
            )
        self.texts: list[str] = []
        self._gaps = [head]  # text before the first table, and after each table
        for block in blocks:
            table = _without_gap(block)
            self.texts.append(table)
            self._gaps.append(block[len(table) :])

    def as_text(self) -> str:
        """Return the text of the whole file."""
        return self._gaps[0] + "".join(table + gap for table, gap in zip(self.texts, self._gaps[1:], strict=True))

    def append(self, table: str) -> None:
        """Add a table, given as text, at the end of the file, after a blank line."""
        last = self._gaps[-1].rstrip()
        self._gaps[-1] = f"{last}\n\n" if last or self.texts else ""
        self.texts.append(table.strip())
        self._gaps.append("\n")

    def replace(self, index: int, table: str) -> None:
        """Replace the text of the table at ``index``."""
        self.texts[index] = table.rstrip()

    def remove(self, index: int) -> None:
        """Remove the table at ``index``. The comments around it stay."""
        del self.texts[index]
        after = self._gaps.pop(index + 1)
        self._gaps[index] += after.lstrip("\n")
        if index == len(self.texts):
            self._gaps[-1] = self._gaps[-1].rstrip("\n") + "\n"

    def with_values(self, index: int | None, values: dict[str, Any]) -> str:
        """Return the TOML text of one table that has the given ``values`` and no other keys.

        Args:
            index: The table to change, whose comments and order are kept; None for a new table.
            values: The value of each key. A key whose value is None is left out. A dictionary becomes a nested table.

        Raises:
            ConfigError: A value cannot be written as TOML.
        """
        values = {key: value for key, value in values.items() if value is not None}
        if index is None:
            return self._written(f"[[{self._name}]]", {}, values)
        return self._written(self.texts[index], self.values[index], values)

    def convert(self, index: int, change: Callable[[dict[str, Any]], dict[str, Any]]) -> None:
        """Replace the values of the table at ``index`` by what ``change`` returns for them; its comments are kept.

        A table that is not valid TOML stays as it is. Raises ConfigError if a value cannot be written as TOML.
        """
        values = _values_of(self.texts[index], self._name)
        if values is not None and (changed := change(values)) != values:
            self.texts[index] = self._written(self.texts[index], values, changed)

    def _written(self, text: str, old: dict[str, Any], values: dict[str, Any]) -> str:
        """Return the text of a table, which has the values ``old``, with other values."""
        document = tomlkit.parse(f"{text}\n")
        table = document[self._name][0]
        try:
            _update(table, old, values)
            text = document.as_string().rstrip("\n")
        except (TOMLKitError, ValueError, TypeError, RecursionError) as error:
            raise ConfigError(
                f"The {self._name} cannot be written as TOML: {error}.", "Edit it in the text view."
            ) from None
        if _values_of(text, self._name) != values:
            problem = f"The {self._name} cannot be written as TOML without a change of its values."
            raise ConfigError(problem, "Edit it in the text view.")
        return text


def _values_of(block: str, name: str) -> dict[str, Any] | None:
    """Return the values of the table in ``block``; None unless ``block`` is exactly one ``[[name]]`` table."""
    try:
        tables = decode_toml(block, "").get(name)
    except ConfigError:
        return None
    return tables[0] if isinstance(tables, list) and len(tables) == 1 else None


def _without_gap(block: str) -> str:
    lines = block.split("\n")
    while len(lines) > 1 and _GAP_LINE.fullmatch(lines[-1]):
        lines.pop()
    return "\n".join(lines)


def _update(table: Any, old: dict[str, Any], values: dict[str, Any]) -> None:
    """Set a tomlkit table to exactly these values. Unchanged keys keep their place and comment."""
    for key in old.keys() - values.keys():
        table.remove(key)
    for key, value in values.items():
        if isinstance(value, dict) and isinstance(old.get(key), dict):
            _update(table[key], old[key], value)
        elif key not in old or not _same(old[key], value):
            table[key] = _item(value)


def _item(value: Any) -> Any:
    """Return a value for tomlkit.

    A dictionary becomes an inline table; if it contains dictionaries, it becomes a table with one line per key.
    """
    if not isinstance(value, dict):
        return value
    nested = any(isinstance(each, dict) for each in value.values())
    table: Any = tomlkit.table() if nested else tomlkit.inline_table()
    for key, each in value.items():
        table[key] = _item(each) if nested else each
    return table


def _same(old: Any, new: Any) -> bool:
    return bool(old == new) and isinstance(old, bool) == isinstance(new, bool)
