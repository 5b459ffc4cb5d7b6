"""The dashboard's socket, ``/api/live``: send each client a snapshot, then frames of what changed.

The protocol is described in docs/live.md. One frame is encoded once for all clients that have the same state. A client
has its own bounded queues and its own task that sends, so one that blocks never delays another. Columns are defined in
``device_columns.py``; the broadcaster marks what changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from hub.api.live import sockets
from hub.api.live.dashboard_client import Client
from hub.api.live.dashboard_stats import DashboardStats
from hub.api.live.device_columns import Columns
from hub.api.live.run_subscriptions import Followers
from hub.api.schemas import serializers
from hub.services.alerts import Alerts

TICK_S = 0.25
STATS_S = 2.0
HELLO_S = 10.0
SEND_S = 60.0
"""A send that takes longer: the client is gone, or too slow to be helped."""
MESSAGE_CHARS = 4_096


class Said(msgspec.Struct):
    """Anything the page may say."""

    type: str
    since: int | None = None
    epoch: str | None = None
    seq: int = 0
    ts: float | None = None
    hidden: bool = False
    topic: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """A snapshot's text and for whom it still serves: the same epoch and frame, until the loop's time ``until``."""

    epoch: str
    seq: int
    text: str
    until: float


class Live:
    """Serve all clients of ``/api/live``.

    Attributes:
        columns: State of all devices as columns, and what changed in it.
        clients: The clients that are connected.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        alerts: Alerts,
        stats: DashboardStats,
        followers: Followers,
        now: Callable[[], int],
        max_clients: int = 64,
    ) -> None:
        self.columns = columns
        self.clients: set[Client] = set()
        self._alerts = alerts
        self._stats = stats
        self._now = now
        self._followers = followers
        self._max_clients = max_clients
        self._snapshot = Snapshot("", -1, "", 0.0)

    async def run_frames(self) -> None:
        """A frame every 250 ms, if anything happened and anybody looks on."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    async def run_stats(self) -> None:
        while True:
            await asyncio.sleep(STATS_S)
            if self.clients:
                text = self._stats.message()
                for client in self.clients:
                    client.give_stats(text)

    def tick(self) -> None:
        ready = [client for client in self.clients if client.ready]
        if not ready:
            return
        columns, now = self.columns, self._now()
        in_step = columns.seq
        text = columns.advance(now, encode=any(client.at == in_step for client in ready))
        catch_up: dict[int, str] = {}
        for client in ready:
            if client.at == columns.seq:
                continue
            if client.at == in_step and text is not None:
                client.give_frame(columns.seq, text)
                continue
            if client.at not in catch_up:
                catch_up[client.at] = columns.since(client.at, now)
            client.give_frame(columns.seq, catch_up[client.at])

    def alert(self, text: str) -> None:
        for client in self.clients:
            client.give_alert(text)

    def lost(self, reason: str) -> None:
        """Events were lost: every client begins again."""
        self.columns.reset()
        for client in self.clients:
            client.begin_again(reason)

    def snapshot(self) -> str:
        """Shared by all that ask within the same frame: the next delta holds whatever has happened since."""
        columns, kept = self.columns, self._snapshot
        time = asyncio.get_running_loop().time()
        if (kept.epoch, kept.seq) != (columns.epoch, columns.seq) or time > kept.until:
            kept = Snapshot(columns.epoch, columns.seq, columns.snapshot(self._now()), time + TICK_S)
            self._snapshot = kept
        return kept.text

    # -- one connection ---------------------------------------------------------------------------------------

    async def serve(self, socket: WebSocket, shutdown: asyncio.Event) -> None:
        await socket.accept()
        if len(self.clients) >= self._max_clients:
            await sockets.close(socket, sockets.TRY_LATER, "Too many pages are open.")
            return
        client = Client()
        self.clients.add(client)
        try:
            async with asyncio.timeout(HELLO_S):
                said = await sockets.read_json(socket, Said, MESSAGE_CHARS)
            if said.type != "hello":
                raise ValueError("hello comes first")
            self._hello(client, said)
            await sockets.until_first(
                live_reader=self._hear(client, socket),
                live_writer=self._speak(client, socket),
                live_end=_end(shutdown),
            )
            if shutdown.is_set():
                await sockets.close(socket, sockets.GOING_AWAY, "The hub is stopping.")
        except WebSocketDisconnect:
            pass
        except ValueError:
            await sockets.close(socket, sockets.MISUSED, "See docs/live.md for what is understood here.")
        except TimeoutError:
            await sockets.close(socket, sockets.MISUSED, "Nothing was heard, or nothing could be sent, for too long.")
        finally:
            self.clients.discard(client)
            self._followers.gone(client)

    def _hello(self, client: Client, said: Said) -> None:
        if said.since is None:
            client.begin(None)
        elif self.columns.knows(said.epoch, said.since):
            client.begin(said.since)
        elif said.epoch != self.columns.epoch:
            client.begin_again("The hub was restarted.")
        else:
            client.begin_again("This page was away for too long.")

    async def _hear(self, client: Client, socket: WebSocket) -> None:
        while True:
            said = await sockets.read_json(socket, Said, MESSAGE_CHARS)
            if said.type == "ack":
                client.acknowledged(said.seq)
            elif said.type == "ping":
                client.pong = msgspec.json.encode({"type": "pong", "ts": said.ts}).decode()
                client.wake.set()
            elif said.type == "hidden":
                client.hidden = said.hidden
            elif said.type == "hello":
                self._hello(client, said)
            else:
                self._followers.heard(client, said.type, said.topic)

    async def _speak(self, client: Client, socket: WebSocket) -> None:
        while True:
            await client.wake.wait()
            client.wake.clear()
            if client.restart:
                await self._start(client, socket)
            for queue in (client.frames, client.alerts):
                while queue:
                    await _send(socket, queue.popleft())
            if client.pong is not None:
                text, client.pong = client.pong, None
                await _send(socket, text)
            if client.stats is not None:
                text, client.stats = client.stats, None
                await _send(socket, text)

    async def _start(self, client: Client, socket: WebSocket) -> None:
        """Everything a page needs to begin; frames that come meanwhile wait in its outbox."""
        client.restart = False
        if client.resync is not None:
            reason, client.resync = client.resync, None
            await _send(socket, msgspec.json.encode({"type": "resync", "reason": reason}).decode())
        columns, since = self.columns, client.resume_from
        if not any(other.started for other in self.clients):
            # Marks that gathered while nobody looked on: this client gets them with its first frame, not again after.
            columns.advance(self._now(), encode=False)
        if since is not None and columns.knows(columns.epoch, since):
            resumed = {"type": "resumed", "epoch": columns.epoch, "seq": columns.seq}
            texts = [msgspec.json.encode(resumed).decode(), columns.since(since, self._now())]
        else:
            texts = [self.snapshot()]
        # From here on ticks may add frames: they are told apart from this one by its number.
        client.at = columns.seq
        client.unacked.append(columns.seq)
        client.started = True
        for text in texts:
            await _send(socket, text)
        await _send(socket, await self._open_alerts())
        client.stats = self._stats.message()
        client.wake.set()

    async def _open_alerts(self) -> str:
        found = await self._alerts.explain_if_readable(self._alerts.open_now())
        message = {"type": "alerts", "items": [serializers.alert(one) for one in found]}
        return msgspec.json.encode(message).decode()


async def _send(socket: WebSocket, text: str) -> None:
    async with asyncio.timeout(SEND_S):
        await socket.send_text(text)


async def _end(shutdown: asyncio.Event) -> None:
    await shutdown.wait()


def routes(live: Live, shutdown: asyncio.Event) -> APIRouter:
    router = APIRouter()

    @router.websocket("/api/live")
    async def api_live(socket: WebSocket) -> None:
        await live.serve(socket, shutdown)

    return router
