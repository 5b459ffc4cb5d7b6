"""The assistant's tools over a fleet and a history, as the hub puts them together."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.ai.providers import Providers
from hub.bus import Bus
from hub.diagnosis import Diagnostician
from hub.fleet import Fleet
from hub.rules import Engine
from hub.store.base import Store
from hub.tools import Tools


def examining_tools(fleet: Fleet, engine: Engine, store: Store, now: Callable[[], int]) -> Tools:
    async def refused(fact: Any) -> None:
        raise AssertionError(f"looking something up wrote {fact}")

    desk = Diagnostician(
        fleet=fleet, engine=engine, store=store, bus=Bus(), submit=refused, providers=Providers(ordered=()), now=now
    )
    return Tools(fleet=fleet, engine=engine, store=store, now=now, examine=desk.examine)
