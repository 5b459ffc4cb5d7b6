"""``/api/devices/{id}/rules``: which rules watch a device, and when each last fired on it."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import rules as rules_schemas
from hub.api.schemas import serializers
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.store.base import Store

ALERTS = 1_000
"""How far back is looked for the last time a rule fired on the device."""


def routes(registry: DeviceRegistry, engine: Engine, store: Store) -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])

    @router.get("/{device_id}/rules", response_model=rules_schemas.RuleList)
    async def rules(device_id: str) -> Response:
        """The rules that apply to this device; here ``last_fired`` means on this device (its last 1,000 alerts)."""
        device = registry.require(device_id)
        fired: dict[str, int] = {}
        for alert in await store.alerts(device=device_id, limit=ALERTS):
            fired.setdefault(alert.rule, alert.raised_at)  # the newest come first
        return Json({"items": [serializers.rule(rule, fired.get(rule.id)) for rule in engine.rules_for(device)]})

    return router
