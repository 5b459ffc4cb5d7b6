"""The assistant's tools over a registry and a store, assembled as in the hub."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from hub.ai.providers import ProviderChain
from hub.diagnosis import DiagnosisService
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.runtime.bus import Bus
from hub.store.base import Store
from hub.tools import Tools


def build_tools(registry: DeviceRegistry, engine: Engine, store: Store, now: Callable[[], int]) -> Tools:
    async def refused(item: Any) -> None:
        raise AssertionError(f"a read-only tool submitted {item}")

    diagnosis = DiagnosisService(
        registry=registry,
        engine=engine,
        store=store,
        bus=Bus(),
        submit=refused,
        providers=ProviderChain(ordered=()),
        now=now,
    )
    return Tools(registry=registry, engine=engine, store=store, now=now, examine=diagnosis.examine)
