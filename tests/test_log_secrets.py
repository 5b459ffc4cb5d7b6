"""The log at any level: no secret of a channel or of the heartbeat, whichever library sends."""

from __future__ import annotations

import asyncio
import sys
from typing import Any

import pytest

from http_receiver import http_receiver

SENDS = """
import asyncio, logging, sys
import hub.runtime.log_setup as log_setup
from hub.model import Message
from hub.notifications.base import OutgoingMessage, checked_values
from hub.notifications.channels import CHANNEL_KINDS
from hub.notifications.http_client import post
from hub.notifications.worker import attempt

PORT, LEVEL = sys.argv[1:]
BASE = f"http://127.0.0.1:{PORT}"
CHANNELS = {
    "webhook": {"url": f"{BASE}/SECRET-path?key=SECRET", "secret": "SECRET-key"},
    "ntfy": {"server": BASE, "topic": "SECRET-topic", "token": "SECRET-token"},
    "apprise": {"url": f"json://user:SECRET@127.0.0.1:{PORT}/SECRET-path"},
    "mail": {"host": "127.0.0.1", "port": int(PORT), "sender": "a@b.c", "user": "a", "password": "SECRET-word"},
}

async def main():
    log_setup.configure(logging.INFO)
    log_setup.set_level_and_format(LEVEL, "text")
    message = Message("firing", "Critical: Pump 1", "Too hot", "critical", 1)
    for kind, values in CHANNELS.items():
        channel = CHANNEL_KINDS[kind]
        outgoing = OutgoingMessage("c", "n-1", "g", "a@b.c" if kind == "mail" else "", message, 1)
        failure = await attempt(lambda: channel.send(checked_values(channel.fields, values), outgoing))
        print(kind, failure and failure.reason)
        await channel.close()
    await attempt(lambda: post(f"{BASE}/ping/SECRET-heartbeat", b"", {}, "GET"))
    logging.getLogger("hub.test").info("The end of the log.")

asyncio.run(main())
"""


@pytest.mark.parametrize("level", ["info", "debug"])
async def test_no_library_logs_the_secrets_of_receivers(level: str) -> None:
    def answer(posted: Any) -> str:
        return "500 Broken\r\n" if posted.path.startswith("/ping") else "200 OK\r\n"

    async with http_receiver() as receiver:
        receiver.answer = answer
        process = await asyncio.create_subprocess_exec(
            *(sys.executable, "-c", SENDS, str(receiver.port), level), stdout=-1, stderr=-1
        )
        out, logged = await process.communicate()
        heard = {each.path.partition("?")[0] for each in receiver.posted}
    assert heard == {"/SECRET-path", "/", "/ping/SECRET-heartbeat"}, (out, logged)
    assert b"The end of the log." in logged
    assert b"SECRET" not in logged
