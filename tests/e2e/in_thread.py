"""Run a hub in a thread, for browser tests that replace the language model by a scripted one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from api_hub import ApiHub, running_hub

WEB = Path(__file__).parents[2] / "hub" / "_web"


class ThreadedHub:
    """A hub that runs in another thread, its address, and its event loop."""

    def __init__(self, hub: ApiHub, loop: asyncio.AbstractEventLoop) -> None:
        self.hub, self.url, self._loop = hub, hub.url, loop

    def do(self, work: Coroutine[Any, Any, Any]) -> Any:
        """Run a coroutine on the hub's event loop and return its result."""
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(15)


@contextmanager
def hub_in_thread(data: Path, **options: Any) -> Iterator[ThreadedHub]:
    """Run a hub that serves the built dashboard. ``options`` as for :func:`api_hub.running_hub`."""
    ready, end, found = threading.Event(), asyncio.Event(), list[ThreadedHub]()

    async def serve() -> None:
        async with running_hub(data, web_dir=WEB, **options) as hub:
            found.append(ThreadedHub(hub, asyncio.get_running_loop()))
            ready.set()
            await end.wait()

    thread = threading.Thread(target=lambda: asyncio.run(serve()), name="hub")
    thread.start()
    try:
        assert ready.wait(15), "the hub did not start"
        yield found[0]
    finally:
        found[0]._loop.call_soon_threadsafe(end.set)
        thread.join(15)
        assert not thread.is_alive(), "the hub did not stop"
