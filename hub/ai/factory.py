"""Create providers from the settings of models, and check these settings."""

from __future__ import annotations

import asyncio

import msgspec

from hub.ai.base import ROLES, AiSettings, Provider, Role
from hub.ai.server_config import ModelServer, checked_address, checked_key
from hub.errors import ConfigError

_PROBE_S = 0.5


async def create_providers(settings: AiSettings) -> list[Provider]:
    """Create the providers to use, in order: those that ``settings.mode`` selects, then the others named in ``roles``.

    Each server in the settings has at most one provider. The mode ``auto`` selects OpenAI if it has a key or another
    address than the default. It selects Ollama if its address is set, or if it answers on this machine within half a
    second. It selects every other server that is usable. The settings must have passed :func:`check` or
    :func:`without_faulty`.
    """
    known = {server.name: server for server in settings.servers}
    wanted = [name for name in known if await _by_mode(settings, known[name])]
    wanted += [name for role in ROLES for name in settings.roles.get(role, ())]
    return [
        create_provider(known[name], _timeout_s(settings, known[name]), settings.ollama_context)
        for name in dict.fromkeys(wanted)
        if name != "builtin"
    ]


def check(settings: AiSettings) -> None:
    """Check every server, role and limit. Raises ConfigError for the first fault."""
    known = {server.name: server for server in settings.servers}
    if settings.mode == "openai" and not ("openai" in known and known["openai"].usable):
        raise ConfigError('ai.mode = "openai" needs a key.', 'Set OPENAI_API_KEY, or use ai.mode = "auto".')
    for role in ROLES:
        for name in settings.roles.get(role, ()):
            check_role(role, name, known)
    for server in settings.servers:
        check_server(settings, server)


def check_role(role: Role, name: str, known: dict[str, ModelServer]) -> None:
    """Raise ConfigError unless the server ``name`` can be used for the task ``role``."""
    if name == "builtin":
        raise ConfigError(f"ai.{role} names builtin.", "The built-in analyst is always the last: see ai.fallback.")
    if name not in known:
        hint = f"Known servers: {', '.join(known) or 'none'}."
        raise ConfigError(f"ai.{role} names {name!r}, which is not a known server.", hint)
    if not known[name].usable:
        raise ConfigError(f"ai.{role} names {name}, which has no key.", "Set its key, or remove it from the list.")


def check_server(settings: AiSettings, server: ModelServer) -> None:
    """Raise ConfigError unless the server's address, key and prices are valid."""
    if server.base_url is not None:
        checked_address(server.base_url, server.kind)
    if server.api_key is not None:
        checked_key(server.api_key)
    priced = server.kind == "ollama" or (server.price_in is not None and server.price_out is not None)
    limits = {"daily_money": settings.daily_money, "person_daily_money": settings.person_daily_money}
    limit = next((name for name, money in limits.items() if money is not None), None)
    if limit is not None and server.usable and not priced:
        hint = "Set its price_in and price_out (money per million tokens; 0 for a free model)."
        raise ConfigError(f"ai.{limit} needs the prices of {server.name}.", hint)


def without_faulty(settings: AiSettings) -> tuple[AiSettings, dict[str, str]]:
    """Return the settings without the model servers that have faults, and a message for each fault.

    The servers are removed from ``servers`` and from ``roles``. The key of a message is the name of the server, or
    ``ai.ROLE`` if the server cannot be used for a role.
    """
    faults: dict[str, str] = {}
    valid: dict[str, ModelServer] = {}
    for server in settings.servers:
        try:
            check_server(settings, server)
            valid[server.name] = server
        except ConfigError as error:
            faults[server.name] = f"{error.message} {error.hint}"
    roles: dict[Role, tuple[str, ...]] = {}
    for role in ROLES:
        kept = []
        for name in settings.roles.get(role, ()):
            try:
                check_role(role, name, valid)
                kept.append(name)
            except ConfigError as error:
                faults[f"ai.{role}"] = error.message
        roles[role] = tuple(kept)
    return msgspec.structs.replace(settings, servers=tuple(valid.values()), roles=roles), faults


def create_provider(server: ModelServer, timeout_s: float, context: int) -> Provider:
    """Create the provider for one server."""
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


def _timeout_s(settings: AiSettings, server: ModelServer) -> float:
    """Return the longest time limit of any request to the server, in seconds.

    :class:`hub.ai.providers.ProviderChain` applies the shorter limits of single tasks.
    """
    if server.local:
        return max(settings.chat_timeout_s, settings.local_diagnosis_timeout_s)
    return settings.chat_timeout_s


async def _by_mode(settings: AiSettings, server: ModelServer) -> bool:
    """Return True if ``settings.mode`` selects this server."""
    if settings.mode == "builtin":
        return False
    if server.name == "ollama":
        return settings.mode == "ollama" or (
            settings.mode == "auto" and (server.base_url is not None or await _ollama_here())
        )
    return server.usable and settings.mode in ("auto", server.name)


async def _ollama_here() -> bool:
    """Return True if Ollama answers at its default address on this machine."""
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
