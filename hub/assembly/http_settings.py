"""Derive the settings of the web server from the hub's settings and its listening socket."""

from __future__ import annotations

import socket

from hub.api import HttpSettings
from hub.assembly.openid_settings import openid_settings
from hub.runtime.package_data import web_dir
from hub.runtime.settings import HttpSection, Settings
from hub.server import ServerCertificate


def http_settings(settings: Settings, listener: socket.socket, token: str | None, command_token: str) -> HttpSettings:
    """Return the settings of the HTTP server that listens on the socket ``listener``."""
    host, port = listener.getsockname()[:2]
    return HttpSettings(
        host=host,
        port=port,
        token=token,
        command_token=command_token,
        allowed_hosts=settings.http.allowed_hosts,
        allowed_origins=settings.http.allowed_origins,
        trusted_proxies=settings.http.trusted_proxies,
        root_path=settings.http.root_path,
        max_connections=settings.http.max_connections,
        max_connections_per_client=settings.http.max_connections_per_client,
        web_dir=web_dir(),
        openid=openid_settings(settings.openid),
        audio_bytes=settings.analysis.audio_mb * 1024 * 1024,
        document_bytes=settings.analysis.document_mb * 1024 * 1024,
    )


def server_certificate(http: HttpSection) -> ServerCertificate | None:
    """Return the certificate of the web server, None if none is configured. Raises ConfigError if it cannot be used."""
    if http.tls_cert_file is None or http.tls_key_file is None:
        return None
    return ServerCertificate(http.tls_cert_file, http.tls_key_file, http.tls_min_version)
