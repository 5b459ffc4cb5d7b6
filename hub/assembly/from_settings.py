"""The settings, turned into what each part of the hub wants to know, and what lies in its data folder."""

from __future__ import annotations

import logging
import re
import socket
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import msgspec

from hub.ai.base import ROLES, AiSettings, Role
from hub.ai.server_config import ModelServer
from hub.assembly.load_settings import dialect_config
from hub.assembly.memory_limit import memory_limit
from hub.bounds import decode_utf8
from hub.dialects import DialectConfig, parse_mappings, parse_usable_mappings, reserved
from hub.errors import ConfigError, InUse
from hub.insight import Signature, parse_signatures
from hub.model import FleetLimits, Rule
from hub.mqtt.client import MqttClientSettings
from hub.mqtt.mosquitto_acl import HUB, AccessFiles, MosquittoAcl
from hub.rules import parse, parse_usable
from hub.runtime.installation import Installation, make_token
from hub.runtime.network_addresses import is_loopback, split_address
from hub.runtime.package_data import config_dir
from hub.runtime.private_files import replace_file
from hub.runtime.settings import MIN_TOKEN_CHARS, AiSection, Settings, reveal
from hub.services.credentials import Credentials

log = logging.getLogger(__name__)

HUB_LOGIN = "hub.login"
"""In the data folder's ``broker/``: what the hub itself logs in with."""


Faults = dict[str, list[str]]
"""Files of the data folder, and what of each is left out because it cannot be used."""
T = TypeVar("T")


def rules_of(data: Path) -> list[Rule]:
    return parse(_seeded(data, "rules.toml"))


def usable_rules(data: Path, faults: Faults) -> list[Rule]:
    """Return the rules that can be used; what is wrong with the others is logged and added to ``faults``."""
    return _usable("rules.toml", lambda: parse_usable(_seeded(data, "rules.toml")), faults)


def usable_dialects(settings: Settings, faults: Faults) -> DialectConfig:
    """Return the dialects' settings with the mappings that can be used, as :func:`usable_rules` does."""
    config, data = dialect_config(settings), settings.store.data
    mappings = _usable(
        "mappings.toml", lambda: parse_usable_mappings(_seeded(data, "mappings.toml"), reserved(config)), faults
    )
    return msgspec.structs.replace(config, mappings=tuple(mappings))


def usable_signatures(data: Path, faults: Faults) -> list[Signature]:
    """Return the user's own signatures, none where the file cannot be used, as :func:`usable_rules` does."""
    return _usable(
        "signatures.toml", lambda: (parse_signatures(read_if_there(data / "signatures.toml") or ""), []), faults
    )


def _usable(name: str, read: Callable[[], tuple[list[T], list[ConfigError]]], faults: Faults) -> list[T]:
    """Keep one stored table that cannot be used any more from ending the start: nobody could mend it on the page."""
    try:
        found, wrong = read()
    except ConfigError as error:
        found, wrong = [], [error]
    for fault in wrong:
        log.error(
            "%s It is left out. Correct it on the page or in %s; %d others are in force.", fault, name, len(found)
        )
    if wrong:
        faults[name] = [str(fault) for fault in wrong]
    return found


def _seeded(data: Path, name: str) -> str:
    """Return this file of the data folder, at the first start the default one. Raises ConfigError."""
    file = data / name
    if not file.exists():
        try:
            replace_file(file, (config_dir() / name).read_bytes())
        except OSError as error:
            hint = "Check the data folder's owner and rights, and its free space."
            raise ConfigError(f"{file} cannot be written ({error.strerror}).", hint) from error
    return read_text(file)


def read_if_there(file: Path) -> str | None:
    try:
        file.stat()
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).") from None
    return read_text(file)


def read_text(file: Path) -> str:
    """Return the text of a settings file. Raises ConfigError, with the line that is not UTF-8."""
    try:
        return decode_utf8(file.read_bytes(), str(file))
    except OSError as error:
        raise ConfigError(f"{file} cannot be read ({error.strerror}).", "Check its owner and rights.") from None


def bind(address: str) -> socket.socket:
    """Bind before uvicorn does: it would end the process where the port is taken."""
    host, port = split_address(address)
    # Named as TCP: else asyncio leaves Nagle's algorithm on, and each answer waits 40 ms for an acknowledgement.
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except (OSError, UnicodeError, ValueError) as error:  # the latter two: a name that no host can have
        listener.close()
        reason = error.strerror if isinstance(error, OSError) else "not a host name"
        hint = "Name another address with --http, or stop what holds it."
        raise InUse(f"The hub cannot listen on {address!r} ({reason}).", hint) from error
    return listener


def needs_token(settings: Settings, bound: str) -> bool:
    """Return whether the hub, bound to the address ``bound``, can be reached from other machines.

    A proxy on this machine reaches loopback too: whoever names one, or a host name that is served, needs a token.
    """
    http = settings.http
    return not is_loopback(bound) or bool(http.trusted_proxies) or not all(map(is_loopback, http.allowed_hosts))


def access_token(settings: Settings, listener: socket.socket, install: Installation) -> str | None:
    """Return the configured token, or the installation's own where the hub can be reached from other machines.

    A generated token is kept in install.json. It is shown to a terminal only: a journal is read by others.
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
            sys.stderr.write(f"The access token of this hub, made just now: {token}\n")
    log.info(
        "The hub can be reached from other machines, so everybody needs the access token in %s. "
        "Show it with: hub token --data %s. HUB_TOKEN sets another.",
        data / "install.json",
        data,
    )
    return token


def dialects_of(settings: Settings) -> DialectConfig:
    """Return the dialects' settings with all mappings. Raises ConfigError for a mapping that cannot be used."""
    config = dialect_config(settings)
    mappings = parse_mappings(_seeded(settings.store.data, "mappings.toml"), reserved(config))
    return msgspec.structs.replace(config, mappings=tuple(mappings))


def registry_limits(settings: Settings) -> FleetLimits:
    presence = settings.presence
    return FleetLimits(
        devices=settings.limits.devices,
        metrics=settings.limits.metrics,
        total_metrics=settings.limits.total_metrics or memory_limit().metrics,
        stale_factor=presence.stale_factor,
        stale_minimum_ms=int(presence.stale_minimum_s * 1000),
        stale_unknown_ms=int(presence.stale_unknown_s * 1000),
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
        protocol=mqtt.protocol,
        transport=mqtt.transport,
        websocket_path=mqtt.websocket_path,
        window=mqtt.window,
        had_session=install.had_session,
    )


def acl_of(settings: Settings) -> MosquittoAcl:
    """The broker's users, in the files that the settings name, else in the data folder."""
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
    mqtt = settings.mqtt
    login = broker_folder(settings) / HUB_LOGIN if mqtt.username is None else None
    access = None if demo else acl_of(settings)
    return Credentials(access, broker=mqtt.broker, root=dialect_config(settings).root, login=login)


def broker_folder(settings: Settings) -> Path:
    return settings.store.data / "broker"


def _broker_login(settings: Settings) -> tuple[str | None, str | None]:
    """The user and the password that were set, else those that ``hub device add`` once made for the hub itself."""
    mqtt = settings.mqtt
    if mqtt.username is None and (kept := read_if_there(broker_folder(settings) / HUB_LOGIN)) is not None:
        return HUB, kept.strip()
    return mqtt.username, mqtt.password.get_secret_value() if mqtt.password else None


def ai_settings(ai: AiSection) -> AiSettings:
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
    # A further server by the name of one of the two takes its place.
    servers = {server.name: server for server in [*own, *more]}
    return AiSettings(servers=tuple(servers.values()), roles=roles, **plain)


def _reachable(ollama_host: str | None) -> str | None:
    """Turn the address that Ollama listens on everywhere (OLLAMA_HOST=0.0.0.0) into one to connect to, as its own
    client does."""
    return re.sub(r"^((?:https?://)?)0\.0\.0\.0(?=[:/]|$)", r"\g<1>127.0.0.1", ollama_host) if ollama_host else None
