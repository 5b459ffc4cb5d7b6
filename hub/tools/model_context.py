"""Tools and resources over the Model Context Protocol (MCP), for other AI programs: JSON-RPC in, JSON-RPC out.

The server keeps no session: each request gets one JSON object as its response. Nothing here changes state:
``propose_command`` only describes a command, which a person can then send.

Source: the MCP specification, revision 2025-06-18, "Lifecycle", "Tools", "Resources" and "Streamable HTTP".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol

import msgspec

from hub.errors import HubError, Invalid, NotFound
from hub.tools.functions import Tools
from hub.tools.schema import call, specs

VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
"""Revisions of the protocol that the answers conform to, the newest first."""
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INTERNAL_ERROR, RESOURCE_NOT_FOUND = -32603, -32002
MIME_TYPE = "application/json"
INSTRUCTIONS = (
    "Live state and history of the devices of a Watchkeeper hub. All tools only read. propose_command describes a "
    "command for a person; it sends nothing. The resources are devices, alerts, incidents, diagnoses and rules as JSON."
)


class Resource(msgspec.Struct, frozen=True):
    """One entry of the list of resources that a client can read: the URI of a resource, and what it contains."""

    uri: str
    name: str
    description: str


class ResourceTemplate(msgspec.Struct, frozen=True, rename={"uri": "uriTemplate"}):
    """A template (RFC 6570) for the URIs of resources."""

    uri: str
    name: str
    description: str


class ResourcePage(msgspec.Struct, frozen=True):
    """A part of the list of resources. ``next`` is the cursor of the following part; None if there is none."""

    items: Sequence[Resource]
    next: str | None


class Resources(Protocol):
    """The resources that the current requester may read."""

    async def page(self, cursor: str | None) -> ResourcePage:
        """Return the part of the list of resources that begins at ``cursor``; None for the first part.

        Raises Invalid for a cursor that no earlier part returned.
        """
        ...

    def templates(self) -> Sequence[ResourceTemplate]: ...

    async def read(self, uri: str) -> str:
        """Return a resource as JSON. Raises NotFound."""
        ...


class ModelContextServer:
    """Answers JSON-RPC messages with the tools of the assistant and with resources.

    ``version`` is the version of the hub.
    """

    def __init__(self, tools: Tools, resources: Resources, version: str) -> None:
        self._tools = tools
        self._resources = resources
        self._version = version

    async def answer(self, body: bytes, *, record: Callable[[str, Any], None]) -> dict[str, Any] | None:
        """Return the response to a message; None if the message is a notification or itself a response.

        ``record`` is called with the name and the arguments of a tool before the tool is called.
        """
        try:
            message = msgspec.json.decode(body)
        except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
            return _failed(None, PARSE_ERROR, f"The message is not valid JSON: {error}.")
        if not isinstance(message, dict) or message.get("jsonrpc") != "2.0":
            return _failed(None, INVALID_REQUEST, "The message must be one object of JSON-RPC 2.0.")
        method, number, params = message.get("method"), message.get("id"), message.get("params")
        if number is None or method is None:
            return None
        if not isinstance(number, str | int) or isinstance(number, bool) or not isinstance(method, str):
            return _failed(None, INVALID_REQUEST, "id must be a text or a number, and method a text.")
        params = params if isinstance(params, dict) else {}
        if method == "initialize":
            return _done(number, self._initialize(params))
        if method == "ping":
            return _done(number, {})
        if method == "tools/list":
            return _done(number, {"tools": self._list()})
        if method == "tools/call":
            return await self._call(number, params, record)
        if method.startswith("resources/"):
            try:
                return await self._resource(number, method, params)
            except HubError as error:
                return _failed(number, _code(error), f"{error.message} {error.hint or ''}".strip())
        return _failed(number, METHOD_NOT_FOUND, f"The method {method[:60]!r} is not supported.")

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
            "capabilities": {
                "tools": {"listChanged": False},
                "resources": {"subscribe": False, "listChanged": False},
            },
            "serverInfo": {"name": "watchkeeper", "title": "Watchkeeper", "version": self._version},
            "instructions": INSTRUCTIONS,
        }

    async def _resource(self, number: str | int, method: str, params: dict[str, Any]) -> dict[str, Any]:
        """Answer the request with the id ``number``: list the resources or their templates, or read one resource.

        Raises HubError.
        """
        if method == "resources/templates/list":
            found = [msgspec.to_builtins(each) | {"mimeType": MIME_TYPE} for each in self._resources.templates()]
            return _done(number, {"resourceTemplates": found})
        if method == "resources/list":
            cursor = params.get("cursor")
            if cursor is not None and not isinstance(cursor, str):
                return _failed(number, INVALID_PARAMS, "cursor must be a text.")
            page = await self._resources.page(cursor)
            items = [msgspec.to_builtins(each) | {"mimeType": MIME_TYPE} for each in page.items]
            return _done(number, {"resources": items} | ({"nextCursor": page.next} if page.next else {}))
        if method == "resources/read":
            uri = params.get("uri")
            if not isinstance(uri, str):
                return _failed(number, INVALID_PARAMS, "uri must be a text.")
            contents = {"uri": uri, "mimeType": MIME_TYPE, "text": await self._resources.read(uri)}
            return _done(number, {"contents": [contents]})
        return _failed(number, METHOD_NOT_FOUND, f"The method {method[:60]!r} is not supported.")

    def _list(self) -> list[dict[str, Any]]:
        return [
            {
                "name": spec.name,
                "description": spec.description,
                "inputSchema": {"type": "object", **spec.parameters},
                "annotations": {"readOnlyHint": True, "openWorldHint": False},
            }
            for spec in specs(self._tools)
        ]

    async def _call(
        self, number: str | int, params: dict[str, Any], record: Callable[[str, Any], None]
    ) -> dict[str, Any]:
        name = params.get("name")
        if not isinstance(name, str) or name not in {spec.name for spec in specs(self._tools)}:
            return _failed(number, INVALID_PARAMS, f"There is no tool {str(name)[:60]!r}.")
        record(name, params.get("arguments"))
        found = await call(self._tools, name, params.get("arguments"))
        failed = isinstance(found, dict) and found.keys() == {"error"}
        result = {"content": [{"type": "text", "text": msgspec.json.encode(found).decode()}], "isError": failed}
        return _done(number, result | ({"structuredContent": found} if isinstance(found, dict) and not failed else {}))


def _code(error: HubError) -> int:
    """Return the JSON-RPC code for an error."""
    if isinstance(error, NotFound):
        return RESOURCE_NOT_FOUND
    return INVALID_PARAMS if isinstance(error, Invalid) else INTERNAL_ERROR


def _done(number: str | int, result: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _failed(number: str | int | None, code: int, text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}
