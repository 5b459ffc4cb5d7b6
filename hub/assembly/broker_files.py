"""Check the TLS files for the connection to the broker before the hub connects."""

from __future__ import annotations

import ssl
from pathlib import Path

from hub.certificates import check_key, read_chain
from hub.errors import ConfigError, HubError
from hub.mqtt.tls import client_context
from hub.runtime.settings import MqttSection


def check_broker_files(mqtt: MqttSection) -> None:
    """Check the files in ``mqtt.ca_file``, ``mqtt.cert_file`` and ``mqtt.key_file`` by loading them for TLS.

    Raises:
        ConfigError: A file cannot be read or has the wrong contents, or the key belongs to another certificate.
    """
    if mqtt.ca_file is not None:
        _check_ca(mqtt.ca_file)
    if mqtt.cert_file is None or mqtt.key_file is None:
        return
    try:
        chain = read_chain(mqtt.cert_file)
    except HubError as error:
        raise ConfigError(f"mqtt.cert_file: {error.message}", error.hint) from error
    try:
        check_key(chain, mqtt.key_file)
        client_context(None, str(mqtt.cert_file), str(mqtt.key_file))
    except HubError as error:
        raise ConfigError(f"mqtt.key_file: {error.message}", error.hint) from error
    except OSError as error:
        raise ConfigError(f"{error}.", "Use a certificate and its own key in the PEM format.") from error


def _check_ca(file: Path) -> None:
    try:
        client_context(str(file))
    except ssl.SSLError as error:
        hint = "Set a file in the PEM format with the certificate of the CA that issued the broker's."
        raise ConfigError(f"mqtt.ca_file: {file} has no valid certificate.", hint) from error
    except OSError as error:
        hint = "Check the path, and that the hub's user may read it."
        raise ConfigError(f"mqtt.ca_file: {file} cannot be read ({error.strerror}).", hint) from error
