"""Register dialects: the settings of a dialect, and how the dialect is made from the settings."""

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
    """Settings of one dialect. A dialect with further settings derives its own class.

    Each field is a key of ``[dialects.NAME]`` in hub.toml, and ``HUB_DIALECTS_NAME_KEY`` in the environment. A field
    has a default, and its :class:`msgspec.Meta` gives its limits. A dialect that is not enabled subscribes to nothing.
    """

    enabled: bool = True


S = TypeVar("S", bound=DialectSettings)


@dataclass(frozen=True, kw_only=True)
class DialectContext:
    """What a dialect needs to know about the other dialects when it is made.

    Attributes:
        other_roots: The topics below which the other dialects' devices publish.
        earlier: Makes the dialects that come before this one in the table, in their initial state.
        mappings: The mappings in ``mappings.toml``.
    """

    other_roots: tuple[str, ...]
    earlier: Callable[[], list[Dialect]]
    mappings: tuple[Mapping, ...]


@dataclass(frozen=True, kw_only=True)
class DialectType(Generic[S]):
    """An entry of the table of dialects.

    Attributes:
        settings: The class of the dialect's settings; :class:`DialectSettings` if it has no further settings.
        make: Makes the dialect.
        roots: Returns the topics that belong to the dialect. Devices of other dialects get no topics below them.
        birth_messages: Returns the messages that the hub publishes after each connection, because devices wait for
            them.
    """

    settings: type[S]
    make: Callable[[S, DialectContext], Dialect]
    roots: Callable[[S], Sequence[str]] = lambda settings: ()
    birth_messages: Callable[[S], Sequence[Publish]] = lambda settings: ()
