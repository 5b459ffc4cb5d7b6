"""From the settings to the providers that they ask for."""

from __future__ import annotations

import asyncio

from hub.ai.base import ROLES, AiSettings, Provider
from hub.ai.server import ModelServer, checked_address
from hub.errors import ConfigError

_PROBE_S = 0.5


async def ordered(settings: AiSettings) -> list[Provider]:
    """The servers of the mode in their order, then those that only a role names.

    ``auto`` takes OpenAI when there is a key (or another address), Ollama when its host is set or a server answers on
    this machine within half a second, and every further server. Raises ConfigError: a role names what is not there, a
    server lacks its key, its address is none, a money limit without prices.
    """
    check(settings)
    known = {server.name: server for server in settings.servers}
    wanted = [name for name in known if await _by_mode(settings, known[name])]
    wanted += [name for role in ROLES for name in settings.roles.get(role, ())]
    return [
        provider(known[name], settings.chat_timeout_s, settings.ollama_context)
        for name in dict.fromkeys(wanted)
        if name != "builtin"
    ]


def check(settings: AiSettings) -> None:
    """Whether the settings can be. Raises ConfigError."""
    known = {server.name: server for server in settings.servers}
    if settings.mode == "openai" and not ("openai" in known and known["openai"].usable):
        raise ConfigError("ai = openai needs a key.", "Set OPENAI_API_KEY, or use ai = auto.")
    for role in ROLES:
        for name in settings.roles.get(role, ()):
            if name == "builtin":
                raise ConfigError(f"ai.{role} names builtin.", "It is the last in any case: see ai.fallback.")
            if name not in known:
                raise ConfigError(f"ai.{role} names {name!r}.", f"There is: {', '.join(known) or 'no server'}.")
            if not known[name].usable:
                raise ConfigError(f"ai.{role} names {name}, which has no key.", "Give its key, or leave it out.")
    for server in settings.servers:
        if server.base_url is not None:
            checked_address(server.base_url, server.kind)
        priced = server.kind == "ollama" or (server.price_in is not None and server.price_out is not None)
        if settings.daily_money is not None and server.usable and not priced:
            hint = "Set its price_in and price_out (money per million tokens; 0 for one that is free)."
            raise ConfigError(f"ai.daily_money needs the prices of {server.name}.", hint)


def provider(server: ModelServer, timeout_s: float, context: int) -> Provider:
    """The client for one server. Its library is imported when it is first used."""
    if server.kind == "openai":
        from hub.ai.openai import OpenAIProvider

        return OpenAIProvider(
            name=server.name,
            api_key=server.api_key,
            model=server.model,
            base_url=server.base_url,
            api=server.api,
            vision_model=server.vision_model,
            transcription_model=server.transcription_model,
            timeout_s=timeout_s,
        )
    from hub.ai.ollama import OllamaProvider

    return OllamaProvider(
        name=server.name,
        host=server.base_url,
        api_key=server.api_key,
        model=server.model,
        vision_model=server.vision_model,
        timeout_s=timeout_s,
        context=context,
    )


async def _by_mode(settings: AiSettings, server: ModelServer) -> bool:
    """Whether a role that names nobody takes this server."""
    if settings.mode == "builtin":
        return False
    if server.name == "ollama":
        return settings.mode == "ollama" or (
            settings.mode == "auto" and (server.base_url is not None or await _ollama_here())
        )
    return server.usable and settings.mode in ("auto", server.name)


async def _ollama_here() -> bool:
    """Whether something accepts connections where Ollama does by default, and says that it is Ollama."""
    try:
        async with asyncio.timeout(_PROBE_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", 11434)
            try:
                writer.write(b"GET / HTTP/1.0\r\nHost: 127.0.0.1\r\n\r\n")
                await writer.drain()
                return b"Ollama" in await reader.read(1024)
            finally:
                writer.close()
    except (OSError, TimeoutError):
        return False
