"""Read the stored notification settings. What is not valid is left out and reported, and the rest is used."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin

import msgspec

from hub.runtime.set_aside import set_aside

T = TypeVar("T", bound=msgspec.Struct)
Check = Callable[[msgspec.Struct], None]
"""Raises ValueError for a setting that has the right type and is not valid all the same."""
_RESTRICTING = {"scope", "hours", "steps"}
"""Fields that limit which alerts a route takes, and who gets them. A route is used only with all of them."""


def read_stored(file: Path, kind: type[T], check: Check) -> tuple[T, list[str]]:
    """Return the settings in ``file``, of the type ``kind``, and an error message for everything that is left out.

    Unknown keys are left out. An invalid value costs the innermost entry of a list or table that contains it, such as a
    channel or an address. If anything is left out, the original file is kept under another name.
    """
    try:
        body = msgspec.json.decode(file.read_bytes())
    except FileNotFoundError:
        return kind(), []
    except (OSError, ValueError, RecursionError) as error:
        lost = "Nobody is notified of alerts until channels are set up again."
        faults = [f"{file} cannot be read ({type(error).__name__}). {lost}"]
        set_aside(file, faults, copy=False)
        return kind(), faults
    problems: list[str] = []
    found = _Reader(check, problems).fields(body, kind) if isinstance(body, dict) else {}
    if not isinstance(body, dict):
        problems.append("it must be an object")
    faults = [f"{file}: {problem}." for problem in problems]
    if faults:
        set_aside(file, faults, copy=True)
    return msgspec.convert(found, kind), faults


class _Reader:
    """Finds the usable part of the settings, and adds an error message to ``problems`` for the rest."""

    def __init__(self, check: Check, problems: list[str]) -> None:
        self._check, self._problems = check, problems

    def fields(self, body: dict[str, Any], kind: type[msgspec.Struct]) -> dict[str, Any]:
        """Return the usable settings. An invalid one is left out, and so is a list without any valid entry."""
        found: dict[str, Any] = {}
        for name, inner, value in self._known(body, kind, ""):
            try:
                usable = self._usable(value, inner, name)
                msgspec.convert(usable, inner)
            except msgspec.ValidationError as error:
                self._problems.append(f"{name} is left out: {error}")
                continue
            if usable or not value:
                found[name] = usable
        return found

    def _known(self, body: dict[str, Any], kind: type[msgspec.Struct], where: str) -> Iterator[tuple[str, Any, Any]]:
        """Yield name, type and value of each known key."""
        types = {field.encode_name: field.type for field in msgspec.structs.fields(kind)}
        for name, value in body.items():
            if name in types:
                yield name, types[name], value
            else:
                self._problems.append(
                    f"the key {name[:64]!r}{f' of {where}' if where else ''} is not known and left out"
                )

    def _usable(self, value: Any, kind: Any, where: str) -> Any:
        """Return the part of ``value`` that fits the type. Raises ValidationError if a required part does not fit."""
        if _is_struct(kind) and isinstance(value, dict):
            found = {}
            for name, inner, part in self._known(value, kind, where):
                before = len(self._problems)
                found[name] = self._usable(part, inner, f"{where}.{name}")
                if name in _RESTRICTING and (
                    len(found[name]) < len(part) if isinstance(part, list) else len(self._problems) > before
                ):
                    raise msgspec.ValidationError(
                        f"a part of its {name} cannot be used, and without it more alerts match"
                    )
            try:
                self._check(msgspec.convert(found, kind))
            except (KeyError, ValueError, OSError) as error:
                raise msgspec.ValidationError(str(error)) from None
            return found
        if get_origin(kind) is tuple and isinstance(value, list) and _is_struct(entry := get_args(kind)[0]):
            return [part for _, part in self._entries(enumerate(value), entry, where)]
        if get_origin(kind) is dict and isinstance(value, dict) and _is_struct(entry := get_args(kind)[1]):
            return dict(self._entries(value.items(), entry, where))
        return value

    def _entries(self, entries: Any, kind: Any, where: str) -> Iterator[tuple[Any, Any]]:
        """Yield the key and the usable part of each entry of a list or table that is valid."""
        for key, value in entries:
            place = f"{where}[{key!r}]" if isinstance(key, str) else f"{where}[{key}]"
            try:
                part = self._usable(value, kind, place)
                msgspec.convert(part, kind)
            except msgspec.ValidationError as error:
                self._problems.append(f"{place} is left out: {error}")
            else:
                yield key, part


def _is_struct(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, msgspec.Struct)
