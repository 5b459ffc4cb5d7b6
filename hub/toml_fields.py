"""Convert a TOML table to a struct. An error names the key, its value and what is allowed."""

from __future__ import annotations

from types import NoneType
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin, get_type_hints

import msgspec

from hub.errors import ConfigError

MAX_SHOWN = 60
"""Maximum number of characters of a value that an error message quotes."""
T = TypeVar("T", bound=msgspec.Struct)


def read_fields(kind: type[T], table: dict[str, Any], within: str = "") -> T:
    """Convert a TOML table to a struct of the type ``kind``.

    ``within`` is the path of the table in the file, with a dot at its end; errors begin with it. Raises ConfigError for
    an unknown key, a wrong value or a missing required key.
    """
    types = get_type_hints(kind, include_extras=True)
    for key, value in table.items():
        if key not in types:
            raise _invalid(within + key, value, f"only {', '.join(types)}")
        _check(within + key, value, types[key])
    for field in msgspec.structs.fields(kind):
        if field.required and field.name not in table:
            raise ConfigError(f"{within}{field.name} is missing.", f"Allowed: {_allowed(types[field.name])}.")
    return msgspec.convert(table, kind)


def _check(name: str, value: Any, allowed: Any) -> None:
    struct = next((each for each in _options(allowed) if _is_struct(each)), None)
    if isinstance(value, dict) and struct is not None:
        read_fields(struct, value, f"{name}.")
    elif isinstance(value, dict) and get_origin(allowed) is dict:
        for key, inner in value.items():
            _check(f"{name}.{key}", inner, get_args(allowed)[1])
    else:
        try:
            msgspec.convert(value, allowed)
        except msgspec.ValidationError:
            raise _invalid(name, value, _allowed(allowed)) from None


def _invalid(name: str, value: Any, allowed: str) -> ConfigError:
    shown = repr(value)
    shown = shown if len(shown) <= MAX_SHOWN else f"{shown[: MAX_SHOWN - 1]}…"
    return ConfigError(f"{name[:MAX_SHOWN]} = {shown} is not valid.", f"Allowed: {allowed}.")


def _options(allowed: Any) -> tuple[Any, ...]:
    """Return the types that a union allows. For any other type, return that type alone."""
    literal_or_generic = get_origin(allowed) in (Annotated, Literal, dict, tuple)
    return (allowed,) if literal_or_generic else get_args(allowed) or (allowed,)


def _allowed(allowed: Any) -> str:
    return " or ".join(_words(each) for each in _options(allowed) if each is not NoneType)


def _words(each: Any) -> str:
    if get_origin(each) is Literal:
        return ", ".join(get_args(each))
    if get_origin(each) is tuple:
        return "a list of texts in [brackets]"
    if get_origin(each) is dict:
        return f"a table in {{braces}} with {_allowed(get_args(each)[1])} for each name"
    if get_origin(each) is Annotated:
        number, limits = get_args(each)
        return f"{_words(number)} above {limits.gt:g}, at most {limits.le:g}"
    if each in (int, float):
        return "a number"
    if each is bool:
        return "true or false"
    if _is_struct(each):
        return f"a table in {{braces}} with {', '.join(get_type_hints(each))}"
    return "a text in quotes"


def _is_struct(each: Any) -> bool:
    return isinstance(each, type) and issubclass(each, msgspec.Struct)
