"""How a dialect is registered: its settings, and how it is made from them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Annotated, Generic, TypeVar

import msgspec

from hub.dialects.base import Dialect, Publish
from hub.model import Mapping

BaseTopic = Annotated[str, msgspec.Meta(pattern=r"^[^#+\x00]+$", max_length=200)]
"""The topic below which a dialect's devices publish."""


class DialectSettings(msgspec.Struct, frozen=True):
    """Settings of one dialect; a dialect with settings derives its own class.

    Each field is a key of ``[dialects.NAME]`` in hub.toml, and ``HUB_DIALECTS_NAME_KEY`` in the environment. It has a
    default; :class:`msgspec.Meta` gives its limits. A dialect that is not enabled subscribes to nothing.
    """

    enabled: bool = True


S = TypeVar("S", bound=DialectSettings)


@dataclass(frozen=True, kw_only=True)
class DialectContext:
    """Information about the other dialects for the creation of a dialect.

    Attributes:
        other_roots: Topics that belong to the other dialects.
        earlier: Makes the dialects that come before this one in the table, in their initial state.
        mappings: Mappings of ``mappings.toml``.
    """

    other_roots: tuple[str, ...]
    earlier: Callable[[], list[Dialect]]
    mappings: tuple[Mapping, ...]


@dataclass(frozen=True, kw_only=True)
class DialectType(Generic[S]):
    """An entry of the table of dialects.

    Attributes:
        settings: The class of the dialect's settings; :class:`DialectSettings` where it has none.
        make: Makes the dialect.
        roots: Returns the topics that belong to the dialect. Devices of other dialects get no topics below these.
        birth_messages: Returns what the hub publishes at every connection, because devices wait for it.
    """

    settings: type[S]
    make: Callable[[S, DialectContext], Dialect]
    roots: Callable[[S], Sequence[str]] = lambda settings: ()
    birth_messages: Callable[[S], Sequence[Publish]] = lambda settings: ()
