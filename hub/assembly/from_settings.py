"""Derive the settings of each part of the hub from the hub's settings and the files of the data folder."""

from __future__ import annotations

import logging
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from hub import calculated, reactions
from hub.ai.base import ROLES, AiSettings, Role
from hub.ai.server_config import ModelServer
from hub.assembly.data_files import read_if_there, seeded_text
from hub.assembly.load_settings import dialect_config
from hub.assembly.memory_limit import memory_limit
from hub.certificates import Authority
from hub.dialects import DialectConfig, parse_mappings, parse_usable_mappings, reserved
from hub.errors import ConfigError, InUse
from hub.insight import Signature, parse_signatures
from hub.model import CalculatedMetric, FleetLimits, IncidentLimits, Rule
from hub.model.reaction import Reaction
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.mosquitto_acl import AccessFiles, MosquittoAcl
from hub.mqtt.mosquitto_files import HUB
from hub.rules import parse, parse_usable
from hub.runtime.ai_section import AiSection
from hub.runtime.installation import Installation, make_token
from hub.runtime.network_addresses import is_loopback, split_address
from hub.runtime.settings import MIN_TOKEN_CHARS, Settings, reveal
from hub.services.credentials import Credentials

log = logging.getLogger(__name__)

HUB_LOGIN = "hub.login"
"""File with the hub's own password at the broker, in the folder ``broker/`` of the data folder."""
Faults = dict[str, list[str]]
"""Errors by the name of the settings file. The entries with errors are ignored."""
T = TypeVar("T")


def rules_of(data: Path) -> list[Rule]:
    return parse(seeded_text(data, "rules.toml"))


def calculated_of(data: Path) -> list[CalculatedMetric]:
    """Return the calculated metrics in ``calculated.toml``. Raises ConfigError if one of them is not valid."""
    return calculated.parse(seeded_text(data, "calculated.toml"))


def usable_rules(data: Path, faults: Faults) -> list[Rule]:
    """Return the valid rules. Log the errors of invalid rules and add them to ``faults``."""
    return _usable("rules.toml", lambda: parse_usable(seeded_text(data, "rules.toml")), faults)


def usable_calculated(data: Path, faults: Faults) -> list[CalculatedMetric]:
    """Return the valid calculated metrics. Log the errors of invalid ones and add them to ``faults``."""
    name = "calculated.toml"
    return _usable(name, lambda: calculated.parse_usable(seeded_text(data, name)), faults)


def reactions_of(data: Path) -> list[Reaction]:
    return reactions.parse(seeded_text(data, "reactions.toml"))


def usable_reactions(data: Path, faults: Faults) -> list[Reaction]:
    """Return the valid reactions. Log the errors of invalid ones and add them to ``faults``."""
    name = "reactions.toml"
    return _usable(name, lambda: reactions.parse_usable(seeded_text(data, name)), faults)


def usable_dialects(settings: Settings, faults: Faults) -> DialectConfig:
    """Return the settings of the dialects and the valid mappings. Log mapping errors and add them to ``faults``."""
    config, data = dialect_config(settings), settings.store.data
    mappings = _usable(
        "mappings.toml", lambda: parse_usable_mappings(seeded_text(data, "mappings.toml"), reserved(config)), faults
    )
    return msgspec.structs.replace(config, mappings=tuple(mappings))


def usable_signatures(data: Path, faults: Faults) -> list[Signature]:
    """Return the causes that users described. If the file is invalid, return [] and add its error to ``faults``."""
    return _usable(
        "signatures.toml", lambda: (parse_signatures(read_if_there(data / "signatures.toml") or ""), []), faults
    )


def _usable(name: str, read: Callable[[], tuple[list[T], list[ConfigError]]], faults: Faults) -> list[T]:
    """Return the valid entries of the file ``name``. Log the errors of invalid entries and add them to ``faults``.

    The hub starts in spite of invalid entries, so that people can correct them on the dashboard.
    """
    try:
        found, errors = read()
    except ConfigError as error:
        found, errors = [], [error]
    for each in errors:
        log.error(
            "%s It is ignored. Correct it on the dashboard or in %s; %d others are active.", each, name, len(found)
        )
    if errors:
        faults[name] = [str(each) for each in errors]
    return found


def bind(address: str) -> socket.socket:
    """Return a socket that is bound to ``address`` and listens. Raises InUse if that is not possible.

    With SO_REUSEADDR, another program could bind the same port until this socket listens. Then the web server would
    fail at the end of startup. So the socket listens now, and clients that connect early wait for the web server.
    """
    host, port = split_address(address)
    # With an explicit protocol, asyncio sets TCP_NODELAY. Otherwise each response would be delayed by 40 ms.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen()
    except (OSError, UnicodeError, ValueError) as error:  # the last two: not a valid host name
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        hint = "Use another address with --http, or stop the program that uses this one."
        raise InUse(f"The hub cannot listen on {address!r} ({reason}).", hint) from error
    return listener


def needs_token(settings: Settings, bound: str) -> bool:
    """Return True if other machines may be able to reach a hub that is bound to the address ``bound``.

    A hub that is bound to a loopback address can be reached through a reverse proxy. There probably is one if the
    settings have trusted proxies, or allowed host names other than those of the loopback interface.
    """
    http = settings.http
    return not is_loopback(bound) or bool(http.trusted_proxies) or not all(map(is_loopback, http.allowed_hosts))


def access_token(settings: Settings, listener: socket.socket, install: Installation) -> str | None:
    """Return the access token from the settings, or else the generated one. Return None if no token is needed.

    A token is needed if other machines can reach the hub. It is generated once and stored in ``install.json``. A new
    token is printed if stderr is a terminal, but never logged, because other people may read logs.
    """
    if settings.http.token is not None:
        return settings.http.token.get_secret_value()
    if not needs_token(settings, listener.getsockname()[0]):
        return None
    data = settings.store.data
    token = install.token
    if token is None or len(token.strip()) < MIN_TOKEN_CHARS:
        token = make_token(data, install)
        if sys.stderr.isatty():
            sys.stderr.write(f"New access token of this hub: {token}\n")
    log.info(
        "The hub can be reached from other machines and requires the access token in %s. "
        "Show it with: hub token --data %s. Set HUB_TOKEN to use another one.",
        data / "install.json",
        data,
    )
    return token


def dialects_of(settings: Settings) -> DialectConfig:
    """Return the settings of the dialects with the user's mappings. Raises ConfigError for an invalid mapping."""
    config = dialect_config(settings)
    mappings = parse_mappings(seeded_text(settings.store.data, "mappings.toml"), reserved(config))
    return msgspec.structs.replace(config, mappings=tuple(mappings))


def registry_limits(settings: Settings) -> FleetLimits:
    """Return the limits on devices and metrics. The total number of metrics defaults to what fits into memory."""
    presence = settings.presence
    return FleetLimits(
        devices=settings.limits.devices,
        metrics=settings.limits.metrics,
        total_metrics=settings.limits.total_metrics or memory_limit().metrics,
        stale_factor=presence.stale_factor,
        stale_minimum_ms=int(presence.stale_minimum_s * 1000),
        stale_unknown_ms=int(presence.stale_unknown_s * 1000),
    )


def incident_limits(settings: Settings) -> IncidentLimits:
    incidents = settings.incidents
    return IncidentLimits(
        group_ms=int(incidents.group_window_s * 1000),
        max_age_ms=int(incidents.max_age_s * 1000),
        storm_devices=incidents.storm_devices,
        flapping_recoveries=incidents.flapping_recoveries,
        flapping_ms=int(incidents.flapping_window_s * 1000),
    )


def client_settings(settings: Settings, install: Installation) -> MqttClientSettings:
    mqtt = settings.mqtt
    host, port = split_address(mqtt.broker)
    username, password = _broker_login(settings)
    return MqttClientSettings(
        host=host,
        port=port,
        client_id=f"hub-{install.id}",
        username=username,
        password=password,
        tls=mqtt.tls,
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
        cert_file=str(mqtt.cert_file) if mqtt.cert_file else None,
        key_file=str(mqtt.key_file) if mqtt.key_file else None,
        protocol=mqtt.protocol,
        transport=mqtt.transport,
        websocket_path=mqtt.websocket_path,
        window=mqtt.window,
        had_session=install.had_session,
    )


def acl_of(settings: Settings) -> MosquittoAcl:
    """Return the editor of Mosquitto's password and ACL files. By default, the files are in the data folder."""
    mqtt, folder = settings.mqtt, broker_folder(settings)
    default = mqtt.password_file is None or mqtt.acl_file is None
    files = AccessFiles(
        passwords=mqtt.password_file or folder / "passwd",
        rights=mqtt.acl_file or folder / "acl",
        pid_file=mqtt.pid_file,
        folders=(settings.store.data, folder) if default else (),
    )
    return MosquittoAcl(files, dialect_config(settings).root)


def credentials_of(settings: Settings, *, demo: bool = False) -> Credentials:
    """Return the service that manages the broker's users. The demo's broker has no users."""
    mqtt = settings.mqtt
    login = broker_folder(settings) / HUB_LOGIN if mqtt.username is None else None
    access = None if demo else acl_of(settings)
    root = dialect_config(settings).root
    return Credentials(access, broker=mqtt.broker, root=root, login=login, authority=authority_of(settings))


def authority_of(settings: Settings) -> Authority:
    """Return the hub's own certificate authority, which is stored in the data folder."""
    return Authority(settings.store.data / "ca")


def broker_folder(settings: Settings) -> Path:
    return settings.store.data / "broker"


def _broker_login(settings: Settings) -> tuple[str | None, str | None]:
    """Return user name and password from the settings, or else those that ``hub device add`` created for the hub.

    Both are None if the hub connects without a login.
    """
    mqtt = settings.mqtt
    if mqtt.username is None and (password := read_if_there(broker_folder(settings) / HUB_LOGIN)) is not None:
        return HUB, password.strip()
    return mqtt.username, mqtt.password.get_secret_value() if mqtt.password else None


def ai_settings(ai: AiSection) -> AiSettings:
    """Return the settings of language models: the servers ``openai`` and ``ollama``, and those in ``ai.servers``."""
    own = [
        ModelServer(
            name="openai",
            kind="openai",
            model=ai.openai_model,
            base_url=ai.openai_base_url,
            api_key=reveal(ai.openai_api_key),
            api=ai.openai_api,
            vision_model=ai.openai_vision_model,
            transcription_model=ai.openai_transcription_model,
            price_in=ai.openai_price_in,
            price_out=ai.openai_price_out,
        ),
        ModelServer(
            name="ollama",
            kind="ollama",
            model=ai.ollama_model,
            base_url=_reachable(ai.ollama_host),
            api_key=reveal(ai.ollama_api_key),
            vision_model=ai.ollama_vision_model,
        ),
    ]
    more = [
        ModelServer(name=name, api_key=reveal(each.api_key), **each.model_dump(exclude={"api_key"}))
        for name, each in ai.servers.items()
    ]
    roles: dict[Role, tuple[str, ...]] = {role: getattr(ai, role) for role in ROLES}
    plain = ai.model_dump(include=set(AiSettings.__struct_fields__) - {"servers", "roles"})
    # A server in ai.servers replaces "openai" or "ollama" if it has the same name.
    servers = {server.name: server for server in [*own, *more]}
    return AiSettings(servers=tuple(servers.values()), roles=roles, **plain)


def _reachable(ollama_host: str | None) -> str | None:
    """Return ``ollama_host`` as a client needs it: with 127.0.0.1 in place of 0.0.0.0."""
    return re.sub(r"^((?:https?://)?)0\.0\.0\.0(?=[:/]|$)", r"\g<1>127.0.0.1", ollama_host) if ollama_host else None
