"""The dashboard's socket, ``/api/live``: send each client a snapshot, then frames of what changed.

docs/live.md describes the protocol. A frame is encoded once for all clients that have the same state. Each client has
its own bounded queues and its own sending task, so a slow client never delays another. ``device_columns.py`` defines
the columns; the broadcaster records what changed.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from hub.accounts.scope import current_viewer, viewing
from hub.api.live import sockets
from hub.api.live.dashboard_client import Client
from hub.api.live.dashboard_stats import DashboardStats
from hub.api.live.device_columns import Columns
from hub.api.live.run_subscriptions import RunSubscriptions
from hub.api.schemas import incidents as incident_shapes
from hub.api.schemas import serializers
from hub.registry.reader import DeviceReader
from hub.services.alerts import Alerts
from hub.services.visible_incidents import VisibleIncidents

TICK_S = 0.25
STATS_S = 2.0
HELLO_S = 10.0
SEND_S = 60.0
"""A client is disconnected if sending one message to it takes more than this many seconds."""
MESSAGE_CHARS = 4_096


class ClientMessage(msgspec.Struct):
    """A message from a page. Each type of message uses some of the fields."""

    type: str
    since: int | None = None
    epoch: str | None = None
    seq: int = 0
    ts: float | None = None
    hidden: bool = False
    topic: str = ""


class Snapshot(msgspec.Struct, frozen=True):
    """A cached message with all devices. It may be sent until ``until`` (seconds, on the event loop's clock)."""

    epoch: str
    seq: int
    text: str
    until: float


class Live:
    """Server of all clients of ``/api/live``.

    Attributes:
        columns: The devices as columns. They also record which devices have changed.
        clients: The connected clients.
    """

    def __init__(
        self,
        columns: Columns,
        *,
        devices: DeviceReader,
        alerts: Alerts,
        incidents: VisibleIncidents,
        stats: DashboardStats,
        run_subscriptions: RunSubscriptions,
        now: Callable[[], int],
        max_clients: int = 64,
    ) -> None:
        self.columns = columns
        self.clients: set[Client] = set()
        self._devices = devices
        self._alerts = alerts
        self._incidents = incidents
        self._stats = stats
        self._now = now
        self._run_subscriptions = run_subscriptions
        self._max_clients = max_clients
        # The newest snapshot, shared by pages that connect at about the same time.
        self._snapshot = Snapshot("", -1, "", 0.0)

    async def run_frames(self) -> None:
        """Send the changes as a frame every :data:`TICK_S` seconds to the pages that are ready for one."""
        while True:
            await asyncio.sleep(TICK_S)
            self.tick()

    async def run_stats(self) -> None:
        """Send the hub's figures to all clients every :data:`STATS_S` seconds."""
        while True:
            await asyncio.sleep(STATS_S)
            if self.clients:
                text = self._stats.message()
                for client in self.clients:
                    client.queue_stats(text if client.scope.whole else self._stats_for(client))

    def _stats_for(self, client: Client) -> str:
        with viewing(client.viewer):
            return self._stats.message()

    def tick(self) -> None:
        """Send the changes since the last frame to each client that is ready. Other clients get them later."""
        for client in self.clients:
            if client.started and client.viewer() != client.scope:
                self._run_subscriptions.remove(client)
                client.begin_again("The devices that you may see have changed.")
        # Without a ready page the frame stays open, and later changes of a device overwrite earlier ones.
        ready = [client for client in self.clients if client.ready]
        if not ready:
            return
        columns, now = self.columns, self._now()
        in_step = columns.seq
        text = columns.advance(now, encode=any(client.at == in_step and client.scope.whole for client in ready))
        # Pages that are equally far behind get the same text.
        catch_up: dict[int, str] = {}
        for client in ready:
            if client.at == columns.seq:
                continue
            # A delta for one scope fits no other page, so it is encoded for this page alone.
            if not client.scope.whole:
                client.queue_frame(columns.seq, columns.since_for(client, now))
                continue
            if client.at == in_step and text is not None:
                client.queue_frame(columns.seq, text)
                continue
            if client.at not in catch_up:
                catch_up[client.at] = columns.since(client.at, now)
            client.queue_frame(columns.seq, catch_up[client.at])

    def announce(self, device: str, encode: Callable[[], str]) -> None:
        """Queue a message about a device for all clients that may see it. If a queue is full, its client starts again.

        ``encode`` returns the message for the current viewer. It is called once for all clients that see the whole hub,
        and once for each other client.
        """
        text = ""
        for client in self.clients:
            # Looked up each time, because the limits of an account may have changed since its page was opened.
            if client.viewer().whole:
                text = text or encode()
                client.queue_alert(text)
                continue
            with viewing(client.viewer):
                if self._devices.known(device):
                    client.queue_alert(encode())

    def lost(self, reason: str) -> None:
        """Send a new snapshot to all clients, because events were lost. Earlier frames become invalid."""
        self.columns.reset()
        for client in self.clients:
            client.begin_again(reason)

    def snapshot(self) -> str:
        """Return a snapshot of all devices. Clients that connect during the same frame share one snapshot."""
        columns, cached = self.columns, self._snapshot
        time = asyncio.get_running_loop().time()
        if (cached.epoch, cached.seq) != (columns.epoch, columns.seq) or time > cached.until:
            cached = Snapshot(columns.epoch, columns.seq, columns.snapshot(self._now()), time + TICK_S)
            self._snapshot = cached
        return cached.text

    # -- one connection ---------------------------------------------------------------------------------------

    async def serve(self, socket: WebSocket, shutdown: asyncio.Event) -> None:
        """Serve one client until it disconnects or the hub shuts down."""
        await socket.accept()
        if len(self.clients) >= self._max_clients:
            await sockets.close(socket, sockets.TRY_LATER, "Too many pages are open.")
            return
        client = Client(current_viewer())
        self.clients.add(client)
        try:
            async with asyncio.timeout(HELLO_S):
                message = await sockets.read_json(socket, ClientMessage, MESSAGE_CHARS)
            # Nothing is sent before this message, which says whether the page needs a snapshot or continues.
            if message.type != "hello":
                raise ValueError("the first message must be hello")
            self._hello(client, message)
            await sockets.until_first(
                live_reader=self._receive(client, socket),
                live_writer=self._send_queued(client, socket),
                live_end=_end(shutdown),
            )
            if shutdown.is_set():
                await sockets.close(socket, sockets.GOING_AWAY, "The hub is stopping.")
        except WebSocketDisconnect:
            pass
        except ValueError:
            await sockets.close(socket, sockets.MISUSED, "The message is not valid. See docs/live.md.")
        except TimeoutError:
            await sockets.close(socket, sockets.MISUSED, "No hello was received, or a send took too long.")
        finally:
            self.clients.discard(client)
            self._run_subscriptions.remove(client)

    def _hello(self, client: Client, message: ClientMessage) -> None:
        if message.since is None:
            client.begin(None)
        elif not client.scope.whole:
            client.begin_again("Only pages that show the whole hub can continue.")
        elif self.columns.knows(message.epoch, message.since):
            client.begin(message.since)
        elif message.epoch != self.columns.epoch:
            client.begin_again("The hub was restarted.")
        else:
            client.begin_again("This page was disconnected for too long.")

    async def _receive(self, client: Client, socket: WebSocket) -> None:
        while True:
            message = await sockets.read_json(socket, ClientMessage, MESSAGE_CHARS)
            if message.type == "ack":
                client.acknowledged(message.seq)
            elif message.type == "ping":
                client.pong = msgspec.json.encode({"type": "pong", "ts": message.ts}).decode()
                client.wake.set()
            elif message.type == "hidden":
                client.hidden = message.hidden
            elif message.type == "hello":
                self._hello(client, message)
            elif client.viewer().whole:  # the steps of a diagnosis mention other devices
                self._run_subscriptions.handle(client, message.type, message.topic)

    async def _send_queued(self, client: Client, socket: WebSocket) -> None:
        while True:
            await client.wake.wait()
            client.wake.clear()
            # The snapshot is sent first: everything in the queues is newer than the snapshot.
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
        """Send all devices, or what the client has missed; then the open alerts and figures. Frames follow later."""
        client.restart = False
        if client.resync is not None:
            reason, client.resync = client.resync, None
            await _send(socket, msgspec.json.encode({"type": "resync", "reason": reason}).decode())
        columns, since = self.columns, client.resume_from
        client.scope = client.viewer()
        if not any(other.started for other in self.clients):
            # The snapshot contains the changes since the last client left, so the next frame need not have them.
            columns.advance(self._now(), encode=False)
        if since is not None and client.scope.whole and columns.knows(columns.epoch, since):
            resumed = {"type": "resumed", "epoch": columns.epoch, "seq": columns.seq}
            texts = [msgspec.json.encode(resumed).decode(), columns.since(since, self._now())]
        else:
            texts = [self.snapshot() if client.scope.whole else columns.snapshot(self._now(), client)]
        # From here on, tick() may queue frames with higher numbers.
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
        message = {
            "type": "alerts",
            "items": [serializers.alert(one) for one in found],
            "incidents": [incident_shapes.shape(one) for one in self._incidents.open_now()],
        }
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
