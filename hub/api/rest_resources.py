"""Resources of the Model Context Protocol: devices, alerts, incidents, diagnoses and rules, as in the REST API.

To read a resource, the function of the matching REST operation is called, if the table of permissions
(:mod:`hub.accounts.permissions`) allows it. So a resource shows what a REST request with the same token would show.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import quote, unquote

import msgspec
from fastapi import APIRouter
from fastapi.routing import APIRoute
from starlette.responses import Response

from hub.accounts.requester import current_requester
from hub.accounts.scope import current_scope
from hub.api.authorization import Authorization
from hub.errors import NotFound
from hub.tools import Resource, ResourcePage, ResourceTemplate

SCHEME = "watchkeeper://"
MAX_URI = 1_000
JSON = "application/json"
_KIND = re.compile(r"watchkeeper://([a-z]+)(?:/([^/?#]+))?")


class _Kind(msgspec.Struct, frozen=True):
    """A kind of resource, such as devices: how to list them, and how to read a single one.

    Attributes:
        title: What the list contains.
        one: What a single resource contains.
        list_path: Path of the REST operation that returns the list; None if there is no list.
        path: Path of the REST operation that returns a single object; None if the object is looked up in the list.
        key: Name of the object's id in ``path`` and in the URI template.
        options: Arguments of the operation that returns the list.
    """

    title: str
    one: str
    list_path: str | None
    path: str | None
    key: str
    options: dict[str, Any] = {}


_KINDS = {
    "devices": _Kind(
        "Devices with their latest values (the first 100)",
        "A device with its latest values, open alerts, thresholds and desired state",
        "/api/devices",
        "/api/devices/{device_id}",
        "device_id",
    ),
    "alerts": _Kind(
        "Open alerts (the newest 100)",
        "An alert with its diagnosis",
        "/api/alerts",
        "/api/alerts/{alert_id}",
        "alert_id",
        {"state": "open"},
    ),
    "incidents": _Kind(
        "Unresolved incidents (the newest 100)",
        "An incident with its alerts and their diagnoses",
        "/api/incidents",
        "/api/incidents/{incident_id}",
        "incident_id",
        {"state": "unresolved"},
    ),
    "diagnoses": _Kind("", "A diagnosis with its evidence", None, "/api/diagnoses/{diagnosis_id}", "diagnosis_id"),
    "rules": _Kind("Rules that raise alerts", "A rule", "/api/rules", None, "rule_id"),
}


class RestResources:
    """The resources that the current requester may read. ``routers`` are those of the REST API."""

    def __init__(self, routers: Iterable[APIRouter]) -> None:
        routes = (route for router in routers for route in router.routes if isinstance(route, APIRoute))
        self._endpoints: dict[str, Callable[..., Any]] = {
            route.path: route.endpoint for route in routes if "GET" in (route.methods or ())
        }
        self._authorization = Authorization()

    async def page(self, cursor: str | None) -> ResourcePage:
        """Return a page of resources: the lists, then each device. Raises Invalid for a wrong cursor."""
        found = []
        if cursor is None:
            found = [
                Resource(f"{SCHEME}{name}", name, kind.title)
                for name, kind in _KINDS.items()
                if kind.list_path is not None and self._permitted(kind.list_path)
            ]
        if not self._permitted("/api/devices"):
            return ResourcePage(found, None)
        devices = await self._call("/api/devices", cursor=cursor)
        found += [
            Resource(f"{SCHEME}devices/{quote(each['id'], safe='')}", each["id"], _description(each))
            for each in devices["items"]
        ]
        return ResourcePage(found, devices["next"])

    def templates(self) -> list[ResourceTemplate]:
        """Return the URI templates for single objects, such as one device or one alert."""
        return [
            ResourceTemplate(f"{SCHEME}{name}/{{{kind.key}}}", kind.key.removesuffix("_id"), kind.one)
            for name, kind in _KINDS.items()
            if self._permitted(kind.path or kind.list_path or "")
        ]

    async def read(self, uri: str) -> str:
        """Return the resource with this URI as JSON. Raises NotFound, also if the requester may not read it."""
        match = _KIND.fullmatch(uri) if len(uri) <= MAX_URI else None
        kind = _KINDS.get(match[1]) if match is not None else None
        name = unquote(match[2]) if match is not None and match[2] else None
        path = None if kind is None else kind.list_path if name is None or kind.path is None else kind.path
        if kind is None or path is None or not self._permitted(path):
            raise NotFound(f"There is no resource {uri[:100]!r}.", "resources/list names those that you may read.")
        if name is None:
            return msgspec.json.encode(await self._call(path, **kind.options)).decode()
        if kind.path is not None:
            return msgspec.json.encode(await self._call(path, **{kind.key: name})).decode()
        for each in (await self._call(path))["items"]:
            if each["id"] == name:
                return msgspec.json.encode(each).decode()
        raise NotFound(f"There is no resource {uri[:100]!r}.", f"{SCHEME}{match[1] if match else ''} lists them.")

    def _permitted(self, path: str) -> bool:
        """Return whether the requester may use ``GET path``, by the table of permissions."""
        if not current_scope().whole and self._authorization.needs_whole_hub("GET", path):
            return False
        return self._authorization.permits(current_requester().role, "GET", path)

    async def _call(self, path: str, **arguments: Any) -> Any:
        """Return what a REST operation returns. Raises the errors of the operation."""
        response: Response = await self._endpoints[path](**arguments)
        return msgspec.json.decode(bytes(response.body))


def _description(device: dict[str, Any]) -> str:
    """Return the name of a device with its area and presence."""
    return ", ".join(str(device[key]) for key in ("name", "area", "presence") if device.get(key))
