"""SIGKILL between an alert and its reaction: a command is never sent twice or late, and a webhook is never lost."""

from __future__ import annotations

import asyncio
import os
import signal
import sys
from pathlib import Path
from typing import Any

import pytest

from http_receiver import HttpReceiver, http_receiver
from hub.model import Tick
from hub.model.reaction import ReactionRun
from hub.runtime.clock import now_ms
from killable_reactions import MESSAGE, PUBLISHED, hub
from receiver import until

SCRIPT = Path(__file__).with_name("killable_reactions.py")


async def killed(data: Path, receiver: HttpReceiver, moment: str) -> None:
    environ = {**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent)}
    words = (str(SCRIPT), str(data), receiver.url, moment)
    process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environ)
    assert await process.wait() == -signal.SIGKILL


async def restarted(data: Path, receiver: HttpReceiver) -> tuple[dict[str, ReactionRun], list[str], list[str]]:
    """Run the next hub until it has finished what was left. Return the runs, and the commands with their states."""
    async with hub(data, receiver.url) as (store, queue, published):

        async def finished() -> bool:
            await queue.submit(Tick(now_ms() + 20_000, 0))  # a command that may be repeated would be sent again
            runs = await store.reactions.runs()
            return len(runs) == 2 and not await store.reactions.running() and bool(receiver.posted)

        async with asyncio.timeout(30):
            while not await finished():
                await asyncio.sleep(0.02)
        runs = {run.reaction: run for _, run in await store.reactions.runs()}
        stored = await store.commands("pump")
        return runs, [each.name for each in published], [each.state for each in stored]


@pytest.mark.parametrize(
    ("moment", "outcome", "sent", "states"),
    [
        ("alert", "ran", ["stop"], 1),
        ("command", "interrupted", [], 0),
        ("sending", "ran", [], 1),
    ],
)
async def test_command_is_sent_at_most_once(
    tmp_path: Path, moment: str, outcome: str, sent: list[str], states: int
) -> None:
    async with http_receiver() as receiver:
        await killed(tmp_path, receiver, moment)
        runs, published, commands = await restarted(tmp_path, receiver)
        assert (runs["stop"].outcome, published, len(commands)) == (outcome, sent, states)
        assert runs["tell"].outcome == "ran"
        again, published, _ = await restarted(tmp_path, receiver)
        assert ({name: run.outcome for name, run in again.items()}, published) == (
            {"stop": outcome, "tell": "ran"},
            [],
        )
        assert len({each.headers["idempotency-key"] for each in receiver.posted}) == 1


async def test_message_is_published_at_most_once(tmp_path: Path) -> None:
    async with http_receiver() as receiver:
        await killed(tmp_path, receiver, "message")
        async with hub(tmp_path, receiver.url, text=MESSAGE) as (store, queue, _):
            await queue.submit(Tick(now_ms(), 0))
            ((_, run),) = await store.reactions.runs()
        assert (run.outcome, run.topic) == ("interrupted", "site/hot")
        assert (tmp_path / PUBLISHED).read_text() == "site/hot pump 95.0\n"


async def test_webhook_is_repeated_with_the_same_key_after_a_kill(tmp_path: Path) -> None:
    async with http_receiver() as receiver:
        environ = {**os.environ, "PYTHONPATH": str(SCRIPT.parent.parent)}
        words = (str(SCRIPT), str(tmp_path), receiver.url, "")
        process = await asyncio.create_subprocess_exec(sys.executable, *words, env=environ)

        def kill(posted: Any) -> str:
            if process.returncode is None:
                process.kill()
            return "200 OK\r\n"

        receiver.answer = kill
        assert await process.wait() == -signal.SIGKILL
        async with hub(tmp_path, receiver.url):
            await until(lambda: len(receiver.posted) == 2, 30)
        first, second = receiver.posted
        assert first.json["key"] == second.json["key"]
        assert first.headers["idempotency-key"] == second.headers["idempotency-key"] == first.json["key"]
