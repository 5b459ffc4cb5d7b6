"""Split a URL into the parts of an HTTP request. Only this file imports yarl, a library for URLs."""

from __future__ import annotations

import base64
import string
from urllib.parse import quote, urlsplit

import msgspec
from yarl import URL

from hub.server_urls import parse_address


class RequestTarget(msgspec.Struct, frozen=True):
    """The server of a URL, and the parts of the URL that are sent to the server.

    Attributes:
        host: Host name (in ASCII) or IP address, to which the hub connects.
        host_header: Value of the ``Host`` header: the host, and its port unless it is the default port.
        path: Path and query.
        authorization: Value of the ``Authorization`` header for a user name in the URL; empty if there is none.
    """

    secure: bool
    host: str
    port: int
    host_header: str
    path: str
    authorization: str

    @property
    def server(self) -> tuple[bool, str, int]:
        """Return what requests must have in common to use the same connection."""
        return self.secure, self.host, self.port


def parse_target(url: str) -> RequestTarget:
    """Return the parts of a URL. Raises ValueError if it is not a valid http or https URL.

    Path and query are not normalized, because the receiver may have signed them.
    """
    parts, whole = urlsplit(url), URL(url)
    if whole.scheme not in ("http", "https") or not whole.raw_host or not whole.port:
        raise ValueError("This is not a complete http or https URL.")
    if (address := parse_address(whole.raw_host)) is not None:
        whole = whole.with_host(str(address))  # servers do not know short forms such as 127.1
    path, query = (quote(each, safe=string.punctuation) for each in (parts.path, parts.query))
    return RequestTarget(
        whole.scheme == "https",
        whole.raw_host or "",
        whole.port or 0,
        whole.host_port_subcomponent or "",
        (path or "/") + (f"?{query}" if query else ""),
        _basic(whole.user or "", whole.password or "") if whole.raw_user is not None else "",
    )


def _basic(user: str, password: str) -> str:
    """Return the header value for a user name and a password. Raises ValueError for characters beyond Latin 1."""
    return f"Basic {base64.b64encode(f'{user}:{password}'.encode('latin-1')).decode()}"
