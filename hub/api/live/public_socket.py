"""``/ws``: a simple WebSocket for users' own pages and scripts.

On connect the hub sends ``{"type": "devices", "devices": […]}``, then messages of these types:

- ``device_update``: a device changed, at most one a second for each device
- ``device_deleted``
- ``new_alert``: an alert was raised
- ``alert_update``: an alert was acknowledged, assigned, muted, commented, changed or cleared (``change`` says what), or
  its diagnosis is ready
- ``incident``: alerts that share a cause; ``step`` says whether it was opened, changed, reopened or resolved
- ``gap``: alerts were lost; another ``devices`` message follows

Clients may send these messages:

- ``{"action": "diagnose_device", "device_id"}``: the hub diagnoses the device, stores the diagnosis and sends it to all
  clients as a ``new_alert``. This needs the same role as the REST operation.
- ``{"action": "chat", "message"}``: the hub answers with ``ai_response``

After an error the hub sends ``{"type": "error", "message"}``, and the socket stays open.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Awaitable, Callable
from typing import Any

import msgspec
from fastapi import APIRouter, WebSocket, WebSocketDisconnect

from hub.accounts.scope import current_scope
from hub.api.audit_draft import note, note_answer, note_model
from hub.api.audit_trail import AuditTrail
from hub.api.concurrency_limit import ConcurrencyLimit
from hub.api.live import sockets
from hub.api.live.broadcaster import Broadcaster
from hub.api.live.device_list import DeviceList
from hub.api.live.feed_subscribers import AlertNotice, IncidentNotice, Listener, Notice, as_seen
from hub.api.schemas import incidents as incident_shapes
from hub.api.schemas import serializers
from hub.api.schemas.alert_handling import AlertEntryShape
from hub.assistant import AssistantService
from hub.diagnosis import DiagnosisService
from hub.errors import Conflict, Forbidden, HubError, Invalid
from hub.model import Diagnosis
from hub.registry.reader import DeviceReader
from hub.rules.reader import AlertReader
from hub.services.visible_incidents import VisibleIncidents

MESSAGE_CHARS = 16_384
CHAT_CHARS = 2_000
UPDATES_AT_ONCE = 100
"""Number of updates that are sent before other tasks may run.

Sending to a client that reads fast enough never suspends the sending task.
"""
QUEUED = 4
"""Maximum number of requests of one socket that wait for their answer. They are answered in order."""


class Request(msgspec.Struct):
    """A message from a client of ``/ws``."""

    action: str
    device_id: str = ""
    message: str = ""


Answer = Callable[[Request], Awaitable[dict[str, Any] | None]]
"""Carries out a request, and returns the message to send, if any."""
DIAGNOSE = "POST /api/devices/{device_id}/diagnose"
"""The operation that decides which role may send ``diagnose_device``."""
ASK = "POST /ai/ask"
"""The operation whose kind and text the audit entry of a ``chat`` has."""


class PublicSocket:
    """The connection of one client to ``/ws``. ``answer`` carries out the client's requests."""

    def __init__(
        self,
        socket: WebSocket,
        listener: Listener,
        *,
        registry: DeviceReader,
        engine: AlertReader,
        incidents: VisibleIncidents,
        devices: DeviceList,
        trail: AuditTrail,
        answer: Answer,
    ) -> None:
        self._socket = socket
        self._listener = listener
        self._registry = registry
        self._engine = engine
        self._incidents = incidents
        self._device_list = devices
        self._trail = trail
        self._answer_request = answer
        # Answers take seconds, so they are written by a task of their own and the feed goes on meanwhile.
        self._requests: deque[Request] = deque()
        self._requested = asyncio.Event()  # a request waits
        self._scope = current_scope()
        self._shown: set[str] = set()  # devices that were sent, unless the client sees the whole hub
        self._sending = asyncio.Lock()  # the feed and an answer must not write at the same time

    async def run(self) -> None:
        """Serve the connection until it ends or the hub is stopping."""
        await self._devices()
        await sockets.until_first(
            public_socket_reader=self._receive(), public_socket_feed=self._feed(), public_socket_answers=self._answer()
        )

    async def _send(self, message: dict[str, Any]) -> None:
        await self._send_text(msgspec.json.encode(message).decode())

    async def _send_text(self, text: str) -> None:
        async with self._sending:
            await self._socket.send_text(text)

    async def _devices(self) -> None:
        self._scope = current_scope()
        if not self._scope.whole:
            self._shown = {device.id for device in self._registry.devices()}
        await self._send_text(await self._device_list.text(self._listener))

    # -- from the hub -----------------------------------------------------------------------------------------

    async def _feed(self) -> None:
        while (delivery := await self._listener.next()) is not None:
            # The gap is sent first, because after it the client gets all devices again.
            if delivery.gap:
                await self._send({"type": "gap", "message": "Alerts may be missing: read /api/alerts."})
                await self._devices()
            # The account's limits or the areas have changed, so the client may now see other devices.
            elif self._scope != current_scope():
                await self._devices()
            for device_id in delivery.deleted:
                await self._gone(device_id)
            for waiting in delivery.notices:
                if (notice := as_seen(self._registry, waiting)) is not None:
                    await self._send(self._alert_message(notice))
            for number, device_id in enumerate(delivery.devices, 1):
                if number % UPDATES_AT_ONCE == 0:
                    await asyncio.sleep(0)
                if (device := self._registry.get(device_id)) is None:
                    await self._gone(device_id, deleted=False)
                else:
                    self._shown.add(device_id)
                    values = serializers.device_values(device, self._engine.severity(device.id))
                    await self._send({"type": "device_update", "device": values})

    async def _gone(self, device_id: str, *, deleted: bool = True) -> None:
        """Send ``device_deleted`` if the client has the device in its list.

        ``deleted`` is False for a device that still exists but that the client may no longer see.
        """
        if device_id in self._shown or (deleted and self._scope.whole):
            self._shown.discard(device_id)
            await self._send({"type": "device_deleted", "device_id": device_id})

    def _alert_message(self, notice: Notice) -> dict[str, Any]:
        if isinstance(notice, IncidentNotice):
            incident = incident_shapes.shape(self._incidents.as_seen(notice.found))
            return {"type": "incident", "incident": incident, "step": notice.step}
        if isinstance(notice, AlertNotice):
            content = serializers.alert(notice.explained)
            if notice.raised or notice.change is None:
                return {"type": "new_alert" if notice.raised else "alert_update", "alert": content}
            return {"type": "alert_update", "alert": content, "change": AlertEntryShape.of(notice.change)}
        alert = notice.explained
        shown = serializers.alert(alert) if alert else self._as_alert(notice.diagnosis)
        return {"type": "new_alert", "alert": shown}

    def _as_alert(self, diagnosis: Diagnosis) -> dict[str, Any]:
        """Return a diagnosis in the form of an alert. It is used for a diagnosis that belongs to no alert."""
        device = self._registry.get(diagnosis.device)
        return {
            "id": None,
            "device_id": diagnosis.device,
            "device_name": device.display_name if device else diagnosis.device,
            "severity": self._engine.severity(diagnosis.device),
            "message": diagnosis.summary,
            "raised_at": diagnosis.created_at,
            "diagnosis": serializers.diagnosis(diagnosis),
            "diagnosis_state": "ready",
        }

    # -- from the client --------------------------------------------------------------------------------------

    async def _receive(self) -> None:
        while True:
            try:
                request = await sockets.read_json(self._socket, Request, MESSAGE_CHARS)
                self._accept(request)
            except ValueError:
                expected = 'Send JSON like {"action": "chat", "message": "…"}.'
                await self._send({"type": "error", "message": f"The message is not valid. {expected}"})
            except HubError as error:
                await self._send({"type": "error", "message": str(error)})

    def _accept(self, request: Request) -> None:
        if request.action not in ("chat", "diagnose_device"):
            raise Invalid(f"Unknown action {request.action[:40]!r}.", "Use diagnose_device or chat.")
        if request.action == "chat" and not 1 <= len(request.message.strip()) <= CHAT_CHARS:
            raise Invalid(f"A message has 1 to {CHAT_CHARS} characters.")
        if request.action == "diagnose_device":
            # Checked for each message, because the role may have changed since the socket was opened.
            if not self._socket.state.permits(DIAGNOSE):
                self._trail.denied(self._socket.scope, 403)
                raise Forbidden("Your role does not permit this.", "Ask an administrator.")
            self._registry.require(request.device_id)
        if len(self._requests) >= QUEUED:
            raise Conflict(f"{QUEUED} requests are waiting already.", "Wait for their answers.")
        self._requests.append(request)
        self._requested.set()

    async def _answer(self) -> None:
        while True:
            await self._requested.wait()
            self._requested.clear()
            # One request at a time, so that the answers keep the order of the requests and a client uses one slot only.
            while self._requests:
                request = self._requests.popleft()
                try:
                    operation = ASK if request.action == "chat" else DIAGNOSE
                    async with self._trail.recording(self._socket.scope, operation, request.device_id):
                        message = await self._answer_request(request)
                    if message is not None:
                        await self._send(message)
                except HubError as error:
                    await self._send({"type": "error", "message": str(error)})


def routes(
    *,
    registry: DeviceReader,
    engine: AlertReader,
    assistant: AssistantService,
    diagnosis: DiagnosisService,
    broadcaster: Broadcaster,
    slots: ConcurrencyLimit,
    trail: AuditTrail,
) -> APIRouter:
    router = APIRouter()
    devices = DeviceList(registry, engine, broadcaster.record)

    async def answer(request: Request) -> dict[str, Any] | None:
        with slots.acquire():
            if request.action == "chat":
                question = request.message.strip()
                note(question=question)
                reply = await assistant.answer(question)
                note_answer(question, reply)
                return {"type": "ai_response", "message": reply.text}
            found = await diagnosis.diagnose_device(request.device_id)
            note_model(found.generated_by, found.tokens_used)
            if found.alert is not None:
                # The bus sends a diagnosis without an alert to all clients. For a diagnosis of an alert, it only sends
                # an update of the alert, so the diagnosis is sent here.
                await broadcaster.notify_requested(found)
            return None

    @router.websocket("/ws")
    async def ws(socket: WebSocket) -> None:
        await socket.accept()
        try:
            with broadcaster.listen(readings_only=False) as listener:
                await PublicSocket(
                    socket,
                    listener,
                    registry=registry,
                    engine=engine,
                    incidents=broadcaster.incidents,
                    devices=devices,
                    trail=trail,
                    answer=answer,
                ).run()
            await sockets.close(socket, sockets.GOING_AWAY, "The hub is stopping.")
        except Conflict as error:
            await sockets.close(socket, sockets.TRY_LATER, error.message)
        except WebSocketDisconnect:
            pass

    return router
