"""Send a message with Apprise. Only this file imports it."""

from __future__ import annotations

import logging
from typing import Any

import apprise

REFUSED = frozenset(("dbus", "glib", "gnome", "kde", "macosx", "qt", "syslog", "windows"))
"""Schemes that concern the machine of the hub and not a service."""


def send_with_apprise(data: bytes, *, url: str, title: str, text: str, look: str, progress: Any) -> dict[str, Any]:
    """Send a message to the service of ``url``. Return whether it succeeded, and what was logged if not."""
    logging.disable()  # its log has the URL, which is a secret
    scheme = url.partition("://")[0].lower()
    services = apprise.Apprise()
    if scheme in REFUSED or not services.add(url):
        return {"ok": False, "valid": False, "text": f"Apprise does not accept this URL ({scheme})."}
    logging.disable(logging.NOTSET)
    logging.getLogger("apprise").handlers.clear()
    with apprise.LogCapture(level=logging.WARNING) as output:  # type: ignore[no-untyped-call]  # apprise has no types
        ok = bool(services.notify(body=text, title=title, notify_type=look, body_format="text"))
        found = output.getvalue()
    return {"ok": ok, "valid": True, "text": "" if ok else (found.strip()[-500:] or "The service refused it.")}
