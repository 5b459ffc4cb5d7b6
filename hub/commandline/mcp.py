"""``hub mcp``: the Model Context Protocol on standard input and output, for AI programs that start their servers.

Each line is passed to the hub that is running on the same data folder, and its answer is printed.
"""

from __future__ import annotations

import argparse
import contextlib
import http.client
import sys

from hub.commandline.running_hub import connection_to
from hub.commandline.settings import running_settings_from
from hub.errors import Conflict

ANSWER_S = 60.0


def run(arguments: argparse.Namespace) -> None:
    """Answer messages until the input ends. Raises Conflict if the hub does not answer."""
    settings = running_settings_from(arguments)
    for line in sys.stdin.buffer:
        if not line.strip():
            continue
        connection, headers = connection_to(settings, ANSWER_S)
        try:
            with contextlib.closing(connection):
                connection.request("POST", "/mcp", line, headers | {"Content-Type": "application/json"})
                answer = connection.getresponse()
                body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            raise Conflict(f"No hub answers at {settings.http.listen} ({error}).", "Start it: hub serve.") from None
        if answer.status not in (200, 202):
            raise Conflict(f"The hub refused the message with status {answer.status}.", "See its log.")
        if body:
            sys.stdout.buffer.write(body + b"\n")
            sys.stdout.buffer.flush()
