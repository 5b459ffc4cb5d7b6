"""SIGKILL around the hand-over of a notification: none is lost, and a repeat has the same key."""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import sys
from pathlib import Path
from typing import Any

from http_receiver import HttpReceiver, http_receiver
from killable_notifier import main
from receiver import until

SCRIPT = Path(__file__).with_name("killable_notifier.py")


async def start(data: Path, receiver: HttpReceiver, *words: str) -> asyncio.subprocess.Process:
    environ = {**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent)}
    return await asyncio.create_subprocess_exec(
        sys.executable, str(SCRIPT), str(data), receiver.url, *words, env=environ
    )


async def restart_until_sent(data: Path, receiver: HttpReceiver, count: int) -> None:
    """Run the next hub on the same folder until the receiver has ``count`` messages and the outbox is empty."""
    running = asyncio.create_task(main(data, receiver.url, die=False, device=""), name="hub")
    await until(lambda: len(receiver.posted) >= count)
    await asyncio.sleep(0.2)  # a further message would come by then
    running.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await running


async def test_hub_killed_before_hand_over_delivers_exactly_once(tmp_path: Path) -> None:
    async with http_receiver() as receiver:
        hub = await start(tmp_path, receiver, "die")
        assert await hub.wait() == -signal.SIGKILL
        assert not receiver.posted
        await restart_until_sent(tmp_path, receiver, 1)
        await restart_until_sent(tmp_path, receiver, 1)
        assert [each.json["status"] for each in receiver.posted] == ["firing"]


async def test_hub_killed_after_hand_over_repeats_once_with_the_same_key(tmp_path: Path) -> None:
    async with http_receiver() as receiver:

        def kill(posted: Any) -> str:
            if hub.returncode is None:
                hub.kill()
            return "200 OK\r\n"

        receiver.answer = kill
        hub = await start(tmp_path, receiver)
        assert await hub.wait() == -signal.SIGKILL
        await restart_until_sent(tmp_path, receiver, 2)
        await restart_until_sent(tmp_path, receiver, 2)
        first, second = receiver.posted
        assert first.json["key"] == second.json["key"]
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"]
