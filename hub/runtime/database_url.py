"""The URL of a PostgreSQL database: check it, and name the database without its password.

PostgreSQL's own client library reads the same form; its manual calls it a connection URI.
"""

from __future__ import annotations

import re
from urllib.parse import parse_qsl, unquote, urlsplit

ALLOWED = "postgresql://USER:PASSWORD@HOST:PORT/DATABASE; in a password, %25 stands for %, %2F for / and %40 for @"
_SCHEMES = ("postgresql://", "postgres://")
_BROKEN_ESCAPE = re.compile(r"%(?![0-9A-Fa-f]{2})")
_HOSTS = re.compile(r"(?:\[[0-9A-Fa-f:.%]+\]|[^\s:@/\[\]]*)(?::\d{1,5})?")
"""Matches one host, which may be empty, with its port. A URL may name several, separated by commas."""


def check_database_url(text: str) -> str:
    """Return the URL, or raise ValueError that says what is allowed and does not repeat any part of the URL."""
    try:
        url = urlsplit(text)
    except ValueError:
        raise ValueError(ALLOWED) from None
    _, _, hosts = url.netloc.rpartition("@")
    # After /, ? or # in a password, the rest of it would be read as the path, with the @ in front of the hosts.
    one_at = text.count("@") == url.netloc.count("@") <= 1
    well_formed = one_at and not url.fragment and all(map(_HOSTS.fullmatch, hosts.split(",")))
    if not text.startswith(_SCHEMES) or not text.isprintable() or not well_formed or _BROKEN_ESCAPE.search(text):
        raise ValueError(ALLOWED)
    return text


def database_name(url: str) -> str:
    """Return ``HOST:PORT/DATABASE`` for messages, without user and password. ``url`` has been checked."""
    parts = urlsplit(url)
    options = dict(parse_qsl(parts.query))
    hosts = parts.netloc.rpartition("@")[2] or options.get("host", "") or "localhost"
    if "port" in options and ":" not in hosts:
        hosts = f"{hosts}:{options['port']}"
    database = unquote(parts.path.lstrip("/")) or options.get("dbname", "")
    return f"{unquote(hosts)}/{database}" if database else unquote(hosts)


def database_password(url: str) -> str | None:
    """Return the password in the URL, which must not be shown; None if there is none."""
    parts = urlsplit(url)
    given, _, _ = parts.netloc.rpartition("@")
    _, _, password = given.partition(":")
    return unquote(password) or dict(parse_qsl(parts.query)).get("password") or None
