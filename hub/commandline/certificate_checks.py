"""The certificate checks of ``hub doctor``: of the web server's and of the broker's certificate."""

from __future__ import annotations

import asyncio
import socket
import ssl
from datetime import UTC, datetime

from hub.certificates import (
    Certificate,
    CertificateFault,
    check_key,
    date_fault,
    faults_of,
    mode_fault,
    parse_chain,
    read_chain,
)
from hub.commandline.finding import Finding
from hub.errors import HubError
from hub.mqtt.tls import client_context
from hub.runtime.network_addresses import is_any_address, is_loopback, split_address
from hub.runtime.settings import MqttSection, Settings

CONNECT_S = 5.0


def check_server_certificate(settings: Settings) -> list[Finding]:
    """Check the web server's certificate and key. Return no finding if the settings name none."""
    http, what = settings.http, "https"
    if http.tls_cert_file is None or http.tls_key_file is None:
        return []
    try:
        chain = read_chain(http.tls_cert_file)
        check_key(chain, http.tls_key_file)
    except HubError as error:
        return [Finding("wrong", what, error.message, error.hint)]
    listen = split_address(http.listen)[0]
    hosts = [*http.allowed_hosts, *([] if is_any_address(listen) or is_loopback(listen) else [listen])]
    faults = faults_of(chain, hosts, datetime.now(UTC))
    faults += [fault] if (fault := mode_fault(http.tls_key_file)) else []
    return _findings(what, chain, faults)


async def check_broker_certificate(settings: Settings) -> list[Finding]:
    """Check the dates of the broker's certificate.

    Return no finding if the connection does not use TLS or the handshake fails; another check reports that.
    """
    mqtt = settings.mqtt
    if not mqtt.tls:
        return []
    try:
        own = await asyncio.to_thread(_certificate_of, mqtt)
    except (OSError, HubError):  # reported with the connection
        return []
    fault = date_fault(own, datetime.now(UTC))
    return _findings("broker's certificate", [own], [fault] if fault else [])


def _certificate_of(mqtt: MqttSection) -> Certificate:
    host, port = split_address(mqtt.broker)
    context = client_context(*(str(each) if each else None for each in (mqtt.ca_file, mqtt.cert_file, mqtt.key_file)))
    with (
        socket.create_connection((host, port), timeout=CONNECT_S) as connection,
        context.wrap_socket(connection, server_hostname=host) as secured,
    ):
        found = secured.getpeercert(True)
    return parse_chain(ssl.DER_cert_to_PEM_cert(found or b"").encode(), mqtt.broker)[0]


def _findings(what: str, chain: list[Certificate], faults: list[CertificateFault]) -> list[Finding]:
    found = [Finding("wrong" if each.serious else "note", what, each.text, each.advice) for each in faults]
    own = chain[0]
    valid = f"valid until {own.ends:%Y-%m-%d} for {', '.join(own.names) or own.subject}"
    return found or [Finding("ok", what, valid)]
