"""``hub mcp``: the Model Context Protocol on standard input and output.

This command is for AI programs that start their MCP servers themselves. It passes each line of its input to the hub
that is running on the same data folder, and prints the hub's answer.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import json
import sys
from http import HTTPStatus

from hub.bounds import decode_json
from hub.commandline.running_hub import connection_to
from hub.commandline.settings import running_settings_from, settings_from
from hub.errors import Conflict, HubError
from hub.runtime.running_file import find_running
from hub.runtime.settings import Settings

ANSWER_S = 60.0
INTERNAL_ERROR = -32603
"""The code for an internal error in JSON-RPC 2.0."""


def run(arguments: argparse.Namespace) -> None:
    """Read Model Context Protocol messages from standard input, and write the hub's answers to standard output.

    The command ends when its input ends. Raises Conflict if no hub is running on the data folder.
    """
    data = settings_from(arguments).store.data
    if arguments.http is None and find_running(data) is None:
        raise Conflict(
            f"No hub is running on the data folder {data}.",
            "Start it with hub serve, or pass its folder with --data or its address with --http.",
        )
    for line in sys.stdin.buffer:
        if line.strip() and (body := _answer(running_settings_from(arguments), line)):
            sys.stdout.buffer.write(body + b"\n")
            sys.stdout.buffer.flush()


def _answer(settings: Settings, line: bytes) -> bytes:
    """Return the hub's response to a message; empty for a notification.

    If the hub does not answer, for instance while it restarts, or refuses the message, return an error response.
    """
    connection, headers = connection_to(settings, ANSWER_S)
    try:
        with contextlib.closing(connection):
            connection.request("POST", "/mcp", line, headers | {"Content-Type": "application/json"})
            answer = connection.getresponse()
            body = answer.read()
    except (OSError, http.client.HTTPException) as error:
        return _error(line, f"No hub answers at {settings.http.listen} ({error}).")
    if answer.status in (200, 202):
        return body
    reason = "it is too large" if answer.status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE else f"status {answer.status}"
    return _error(line, f"The hub refused the message: {reason}.")


def _error(line: bytes, text: str) -> bytes:
    """Return the error with which a message is answered. It has the message's id, if that can be read.

    ``line`` is the message, and ``text`` says what is wrong.
    """
    message_id = None
    with contextlib.suppress(HubError):
        message = decode_json(line)
        message_id = message.get("id") if isinstance(message, dict) else None
    return json.dumps({"jsonrpc": "2.0", "id": message_id, "error": {"code": INTERNAL_ERROR, "message": text}}).encode()
