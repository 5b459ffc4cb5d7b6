"""The settings, turned into what each part of the hub wants to know, and what lies in its data folder."""

from __future__ import annotations

import shutil
import socket
from pathlib import Path

from hub.ai.base import AiSettings
from hub.api import HttpSettings
from hub.config import Ai, Settings, split_address
from hub.errors import InUse
from hub.fleet import FleetLimits
from hub.install import Install
from hub.model import Rule
from hub.mqtt.link import LinkSettings
from hub.resources import config_dir, web_dir
from hub.rules import parse


def rules_of(data: Path) -> list[Rule]:
    """The rules of this data folder, seeded from the defaults at its first start."""
    file = data / "rules.toml"
    if not file.exists():
        shutil.copyfile(config_dir() / "rules.toml", file)
    return parse(file.read_text("utf-8"))


def read_if_there(file: Path) -> str | None:
    return file.read_text("utf-8") if file.exists() else None


def bind(address: str) -> socket.socket:
    """Bind before uvicorn does: it would end the process where the port is taken."""
    host, port = split_address(address)
    listener = socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        hint = "Name another address with --http, or stop what holds it."
        raise InUse(f"The hub cannot listen on {address} ({error.strerror}).", hint) from error
    return listener


def http_settings(settings: Settings, listener: socket.socket, token: str | None) -> HttpSettings:
    host, port = listener.getsockname()[:2]
    return HttpSettings(
        host=host,
        port=port,
        token=token,
        allowed_hosts=settings.http.allowed_hosts,
        allowed_origins=settings.http.allowed_origins,
        web_dir=web_dir(),
    )


def fleet_limits(settings: Settings) -> FleetLimits:
    presence = settings.presence
    return FleetLimits(
        devices=settings.limits.devices,
        metrics=settings.limits.metrics,
        stale_factor=presence.stale_factor,
        stale_minimum_ms=int(presence.stale_minimum_s * 1000),
        stale_unknown_ms=int(presence.stale_unknown_s * 1000),
    )


def link_settings(settings: Settings, install: Install) -> LinkSettings:
    mqtt = settings.mqtt
    host, port = split_address(mqtt.broker)
    return LinkSettings(
        host=host,
        port=port,
        client_id=f"hub-{install.id}",
        username=mqtt.username,
        password=mqtt.password.get_secret_value() if mqtt.password else None,
        tls=mqtt.tls,
        ca_file=str(mqtt.ca_file) if mqtt.ca_file else None,
        window=mqtt.window,
        had_session=install.had_session,
    )


def ai_settings(ai: Ai) -> AiSettings:
    given = ai.model_dump(exclude={"openai_api_key"})
    key = ai.openai_api_key.get_secret_value() if ai.openai_api_key else None
    return AiSettings(**given, openai_api_key=key)
