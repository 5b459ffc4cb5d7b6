"""The hub that runs on a data folder, reached through its API by a command that was started beside it."""

from __future__ import annotations

import contextlib
import http.client
from typing import Any

import msgspec

from hub.errors import HubError
from hub.runtime.installation import read_installation
from hub.runtime.network_addresses import split_address
from hub.runtime.settings import Settings

ANSWER_S = 10.0


def connection_to(settings: Settings, timeout: float = ANSWER_S) -> tuple[http.client.HTTPConnection, dict[str, str]]:
    """Return a connection, not yet opened, to where these settings listen, and the headers of a request there."""
    host, port = split_address(settings.http.listen)
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    configured = settings.http.token
    token = configured.get_secret_value() if configured else read_installation(settings.store.data).token
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    return http.client.HTTPConnection(host, port, timeout=timeout), headers


def status_of(settings: Settings) -> dict[str, Any] | None:
    """Return the ``/api/status`` of the hub that runs on this data folder; None where none answers."""
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
