"""``/api/devices/{id}/rules``: the rules that apply to a device."""

from __future__ import annotations

from fastapi import APIRouter
from starlette.responses import Response

from hub.api.errors import Json
from hub.api.schemas import rules as rules_schemas
from hub.api.schemas import serializers
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.store.reader import HistoryReader

ALERTS = 1_000
"""Number of the device's alerts that are searched for the last alert of each rule."""


def routes(registry: DeviceReader, engine: AlertReader, store: HistoryReader) -> APIRouter:
    router = APIRouter(prefix="/api/devices", tags=["devices"])

    @router.get("/{device_id}/rules", response_model=rules_schemas.RuleList)
    async def list_device_rules(device_id: str) -> Response:
        """Return the rules that apply to a device.

        `last_fired` is when the rule last raised an alert on this device. Only the device's last 1,000 alerts are
        searched.
        """
        device = registry.require(device_id)
        fired: dict[str, int] = {}
        for alert in await store.alerts(device=device_id, limit=ALERTS):
            fired.setdefault(alert.rule, alert.raised_at)  # newest first
        return Json(
            rules_schemas.RuleList(
                items=[serializers.rule(rule, fired.get(rule.id)) for rule in engine.rules_for(device)]
            )
        )

    return router
