"""Send a message with Apprise. Only this file imports it."""

from __future__ import annotations

import ipaddress
import logging
import socket
import sys
from functools import cache
from typing import Any

import apprise
from apprise.attachment.memory import AttachMemory

from hub.server_urls import is_forbidden

REFUSED = frozenset(("dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"))
"""URL schemes of services that act on the hub's own machine instead of a remote service."""
_CONNECTS = frozenset(("socket.connect", "socket.sendto", "socket.sendmsg"))
_refused: list[str] = []
"""Addresses to which the current job tried to connect and was refused."""


def send_with_apprise(
    data: bytes, *, url: str, title: str, text: str, notify_type: str, progress: Any
) -> dict[str, Any]:
    """Send a message to the service of ``url``.

    ``data`` is a picture (PNG), or empty. Services that take no files get the message without the picture.
    ``notify_type`` is Apprise's type of notification, such as ``warning``, which most services show as a symbol.

    Return ``ok`` (True if it was sent), ``valid`` (True if the URL was accepted) and ``text`` (why it failed).
    """
    logging.disable()  # Apprise logs the URL, which is a secret
    _guard_connections()
    _refused.clear()
    scheme = url.partition("://")[0].lower()
    services = apprise.Apprise()
    if scheme in REFUSED or not services.add(url):
        return {"ok": False, "valid": False, "text": f"Apprise does not accept this URL ({scheme})."}
    logging.disable(logging.NOTSET)
    logging.getLogger("apprise").handlers.clear()
    with apprise.LogCapture(level=logging.WARNING) as output:  # type: ignore[no-untyped-call]  # apprise has no types
        picture = _attachment(data) if data else None
        ok = bool(services.notify(body=text, title=title, notify_type=notify_type, body_format="text", attach=picture))
        found = output.getvalue()
    if _refused:
        return {"ok": False, "valid": False, "text": f"{_refused[0]} is not an allowed address."}
    return {"ok": ok, "valid": True, "text": "" if ok else (found.strip()[-500:] or "The service refused it.")}


def _attachment(picture: bytes) -> apprise.AppriseAttachment:
    file = AttachMemory(picture, "chart.png", "image/png")  # type: ignore[no-untyped-call]  # apprise has no types
    return apprise.AppriseAttachment(file)


@cache
def _guard_connections() -> None:
    """Make this process refuse all connections to forbidden addresses, also those that Apprise's plugins open.

    An audit hook of Python sees the address of each connection, so the address that a host name or a redirect leads to
    is checked too. The hook cannot be removed, but the process does nothing else.
    """

    def check(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _CONNECTS and arguments[1] is not None and (host := _forbidden_host(arguments[1])):
            _refused.append(host)
            raise PermissionError(f"{host} is not an allowed address")

    sys.addaudithook(check)


def _forbidden_host(address: Any) -> str | None:
    """Return the host of a socket's address if connections to it are forbidden; None if they are allowed.

    Unix sockets are forbidden.
    """
    if not isinstance(address, tuple):
        return repr(address)
    try:
        # Most libraries resolve a name themselves and connect to an address; for the others it is resolved here.
        found = socket.getaddrinfo(address[0], address[1])
    except OSError:
        return None  # the connection will fail with the library's own error
    hosts = (ipaddress.ip_address(str(each[4][0]).partition("%")[0]) for each in found)
    return next((str(each) for each in hosts if is_forbidden(each)), None)
