"""The tools over the Model Context Protocol (MCP), for other AI programs: a JSON-RPC message in, its response out.

The server keeps no session: each request gets one JSON object as its response. Nothing here changes state:
``propose_command`` only describes a command, which a person can then send.

Source: the MCP specification, revision 2025-06-18, "Lifecycle", "Tools" and "Streamable HTTP".
"""

from __future__ import annotations

from typing import Any

import msgspec

from hub.tools.functions import Tools
from hub.tools.schema import call, specs

VERSIONS = ("2025-06-18", "2025-03-26", "2024-11-05")
"""Revisions of the protocol that the answers conform to, the newest first."""
PARSE_ERROR, INVALID_REQUEST, METHOD_NOT_FOUND, INVALID_PARAMS = -32700, -32600, -32601, -32602
INSTRUCTIONS = (
    "Live state and history of the devices of a Watchkeeper hub. All tools only read. propose_command describes a "
    "command for a person; it sends nothing."
)


class ModelContextServer:
    """Answers JSON-RPC messages with the tools of the assistant. ``version`` is the version of the hub."""

    def __init__(self, tools: Tools, version: str) -> None:
        self._tools = tools
        self._version = version

    async def answer(self, body: bytes) -> dict[str, Any] | None:
        """Return the response to a message; None if the message is a notification or itself a response."""
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
            return await self._call(number, params)
        return _failed(number, METHOD_NOT_FOUND, f"The method {method[:60]!r} is not supported.")

    def _initialize(self, params: dict[str, Any]) -> dict[str, Any]:
        wanted = params.get("protocolVersion")
        return {
            "protocolVersion": wanted if wanted in VERSIONS else VERSIONS[0],
            "capabilities": {"tools": {"listChanged": False}},
            "serverInfo": {"name": "watchkeeper", "title": "Watchkeeper", "version": self._version},
            "instructions": INSTRUCTIONS,
        }

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

    async def _call(self, number: str | int, params: dict[str, Any]) -> dict[str, Any]:
        name = params.get("name")
        if not isinstance(name, str) or name not in {spec.name for spec in specs(self._tools)}:
            return _failed(number, INVALID_PARAMS, f"There is no tool {str(name)[:60]!r}.")
        found = await call(self._tools, name, params.get("arguments"))
        failed = isinstance(found, dict) and found.keys() == {"error"}
        result = {"content": [{"type": "text", "text": msgspec.json.encode(found).decode()}], "isError": failed}
        return _done(number, result | ({"structuredContent": found} if isinstance(found, dict) and not failed else {}))


def _done(number: str | int, result: dict[str, Any]) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


def _failed(number: str | int | None, code: int, text: str) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "error": {"code": code, "message": text}}
