"""Let a command talk to the hub that is running on the same data folder, through the hub's API."""

from __future__ import annotations

import contextlib
import http.client
import ssl
from typing import Any

import msgspec

from hub.certificates import read_chain
from hub.errors import HubError
from hub.runtime.installation import read_installation
from hub.runtime.network_addresses import split_address
from hub.runtime.running_file import find_running
from hub.runtime.settings import Settings

ANSWER_S = 10.0


def connection_to(settings: Settings, timeout: float = ANSWER_S) -> tuple[http.client.HTTPConnection, dict[str, str]]:
    """Return an unopened connection to the hub at ``http.listen``, and the headers that authenticate a request.

    ``timeout`` is in seconds.
    """
    host, port = split_address(settings.http.listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    running = find_running(settings.store.data)
    headers = {} if running is None else {"Authorization": f"Bearer {running.token}"}
    file = settings.http.tls_cert_file
    if file is None:
        return http.client.HTTPConnection(host, port, timeout=timeout), headers
    return _PinnedConnection(host, port, timeout, read_chain(file)[0].der), headers


class _PinnedConnection(http.client.HTTPSConnection):
    """An HTTPS connection to the hub on this machine.

    The hub's certificate must equal the one in ``http.tls_cert_file``. Its host names are not checked.
    """

    def __init__(self, host: str, port: int, timeout: float, certificate: bytes) -> None:
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        super().__init__(host, port, timeout=timeout, context=context)
        self._certificate = certificate

    def connect(self) -> None:
        super().connect()
        if self.sock.getpeercert(True) != self._certificate:
            self.close()
            raise ssl.SSLError("the hub has another certificate than the file in http.tls_cert_file")


def status_of(settings: Settings) -> dict[str, Any] | None:
    """Return the contents of ``/api/status`` of the hub that is running on this data folder; None if no hub answers."""
    try:
        connection, headers = connection_to(settings)
        with contextlib.closing(connection):
            connection.request("GET", "/api/status", headers=headers)
            answer = connection.getresponse()
            status = msgspec.json.decode(answer.read(), type=dict[str, Any])
        if answer.status == 200 and status.get("install_id") == read_installation(settings.store.data).id:
            return status
    except (OSError, http.client.HTTPException, msgspec.MsgspecError, UnicodeError, HubError):
        return None
    return None


def waiting_for(settings: Settings) -> str | None:
    """Return what a hub on this data folder waits for before it can use its database; None if it does not wait."""
    try:
        connection, headers = connection_to(settings)
        with contextlib.closing(connection):
            connection.request("GET", "/readyz", headers=headers)
            answer = connection.getresponse()
            found = msgspec.json.decode(answer.read(), type=dict[str, Any])
        return str(found["missing"][0]) if answer.status == 503 and "Retry-After" in answer.headers else None
    except (OSError, http.client.HTTPException, msgspec.MsgspecError, LookupError, UnicodeError, HubError):
        return None
