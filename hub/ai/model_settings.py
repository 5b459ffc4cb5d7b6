"""What people set about models on the page: servers, roles, limits. It holds over the settings file and is in force at
once.

Keys come in and never go out. A key belongs to the address it was given for: where the address changes to another
host, it has to be entered again.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from pathlib import Path

import msgspec

from hub.ai.base import AiSettings, ChatMessage, CompletionRequest, Role
from hub.ai.budget import Budget, Price
from hub.ai.factory import check, create_provider, ordered, without_faulty
from hub.ai.provider_client import ProviderClient
from hub.ai.providers import ProviderChain
from hub.ai.server_config import ModelServer, checked_address, checked_key
from hub.errors import AiError, ConfigError, Invalid, NotFound, StoreError
from hub.runtime.private_files import replace_file

log = logging.getLogger(__name__)

_MOST_SERVERS = 16
_TEST_S = 20.0
_TEST_TOKENS = 64


class ModelAssignments(msgspec.Struct, frozen=True):
    """The order of each role, and the limits of a day."""

    roles: dict[Role, tuple[str, ...]] = {}
    daily_calls: int | None = None
    daily_tokens: int | None = None
    daily_money: float | None = None


class _Kept(msgspec.Struct):
    """What the file holds. ``borrowed`` are servers whose key is that of the settings file or the environment."""

    servers: dict[str, ModelServer] = {}
    borrowed: set[str] = set()
    plan: ModelAssignments | None = None


class ModelRegistry:
    """``base`` is what the settings file and the environment say; ``file`` keeps what is set here, for the hub alone to
    read. ``faults`` says what of it is left out and why. Open it with :func:`open_model_settings`."""

    def __init__(
        self,
        base: AiSettings,
        file: Path,
        providers: ProviderChain,
        kept: _Kept | None = None,
        faults: dict[str, str] | None = None,
    ) -> None:
        self._base, self._file, self._kept = base, file, kept or _Kept()
        self.providers = providers
        self.faults = faults or {}
        self._changing = asyncio.Lock()

    @property
    def settings(self) -> AiSettings:
        """All that is set, what is left out as faulty included."""
        return _merged(self._base, self._kept)

    def changed(self, name: str) -> bool:
        """Whether this server was set here, not in the settings file."""
        return name in self._kept.servers

    async def put(self, server: ModelServer) -> None:
        """Set a server, new or known. Its ``api_key`` None keeps the key that it has, empty takes it away.

        Raises Invalid: an address that is none, a key that would go to another host, what no settings can be.
        """
        async with self._changing:
            kept = msgspec.structs.replace(
                self._kept, servers=dict(self._kept.servers), borrowed=set(self._kept.borrowed)
            )
            keyed, own = self._keyed(server)
            kept.servers[server.name] = keyed
            (kept.borrowed.discard if own else kept.borrowed.add)(server.name)
            if len(kept.servers) > _MOST_SERVERS:
                raise Invalid(f"More than {_MOST_SERVERS} servers.", "Remove one first.")
            await self._apply(kept)

    async def reset(self, name: str) -> None:
        """Back to what the settings file says; a server that it does not know is gone. Raises NotFound."""
        async with self._changing:
            if name not in self._kept.servers:
                raise NotFound(f"No server {name[:40]!r} was set here.", "Those of the settings file stay.")
            servers = {key: each for key, each in self._kept.servers.items() if key != name}
            await self._apply(_Kept(servers, self._kept.borrowed - {name}, self._kept.plan))

    async def plan(self, plan: ModelAssignments) -> None:
        """Set the roles and the limits. Raises Invalid."""
        async with self._changing:
            await self._apply(_Kept(self._kept.servers, self._kept.borrowed, plan))

    async def rebase(self, base: AiSettings) -> None:
        """Use another settings file's servers, keys, roles and limits; what was set on the page stays over them.

        Raises ConfigError for what cannot work in ``base``; nothing changes then."""
        check(base)
        async with self._changing:
            settings, faults = without_faulty(_merged(base, self._kept))
            providers = await ordered(settings)
            self._base, self.faults = base, faults
            await self.providers.use(providers, settings)

    async def test(self, server: ModelServer) -> str | None:
        """Ask it one short thing: None if it answers, else what is wrong and what to do. Counts as a call.

        Raises Invalid where its key would go to another host."""
        keyed, _ = self._keyed(server)
        if not keyed.usable:
            return "There is no key. Enter one, or the address of a server that asks for none."
        price = Price(keyed.price_in or 0.0, keyed.price_out or 0.0)
        made = create_provider(keyed, _TEST_S, self.providers.settings.ollama_context)
        line = ProviderClient(made, asyncio.get_running_loop().time, self.providers.budget, price, retries=0)
        asked = CompletionRequest((ChatMessage("user", "Answer with the word OK."),), _nothing, max_tokens=_TEST_TOKENS)
        try:
            await line.chat(asked, "chat", asyncio.get_running_loop().time() + _TEST_S)
        except AiError as error:
            return str(error)
        finally:
            await made.close()
        return None

    def _keyed(self, server: ModelServer) -> tuple[ModelServer, bool]:
        """With the key that it is to have, and whether that was given here. Raises Invalid."""
        if server.base_url is not None:
            try:
                server = msgspec.structs.replace(server, base_url=checked_address(server.base_url, server.kind))
            except ConfigError as error:
                raise Invalid(error.message, error.hint) from None
        if server.api_key is not None:
            try:
                key = checked_key(server.api_key.strip())
            except ConfigError as error:
                raise Invalid(error.message, error.hint) from None
            return msgspec.structs.replace(server, api_key=key or None), True
        known = next((each for each in self.settings.servers if each.name == server.name), None)
        if known is None or known.api_key is None:
            return server, True
        if known.origin != server.origin:
            raise Invalid("The address has changed.", "Enter the key again: it is only for the address it came with.")
        own = server.name in self._kept.servers and server.name not in self._kept.borrowed
        return msgspec.structs.replace(server, api_key=known.api_key), own

    async def _apply(self, kept: _Kept) -> None:
        """Build everything that ``kept`` asks for, then keep it, then use it.

        Existing faults do not block another change. Raises Invalid for a new one.
        """
        settings, faults = without_faulty(_merged(self._base, kept))
        if new := [fault for name, fault in faults.items() if self.faults.get(name) != fault]:
            raise Invalid(new[0])
        providers = await ordered(settings)
        try:
            await asyncio.to_thread(_save, self._file, kept)
        except StoreError:
            for each in providers:
                await each.close()
            raise
        self._kept, self.faults = kept, faults
        await self.providers.use(providers, settings)


async def open_model_settings(base: AiSettings, data: Path) -> ModelRegistry:
    """Open the models that the settings and the page have set.

    What was set on the page and cannot work any more is left out and reported, since nobody could put it right while
    the hub is down. Raises ConfigError for the settings file's own faults.
    """
    check(base)
    file = data / "models.json"
    kept = await asyncio.to_thread(_load, file)
    settings, faults = without_faulty(_merged(base, kept))
    for name, fault in faults.items():
        log.error("The model setting %s does not work and is left out: %s", name, fault)
    providers = ProviderChain(
        ordered=await ordered(settings), settings=settings, budget=Budget(settings, data / "ai-spent.json")
    )
    return ModelRegistry(base, file, providers, kept, faults)


def _load(file: Path) -> _Kept:
    """Read what was set on the page. A file that cannot be read is renamed, so that nothing of it is lost."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Kept)
    except FileNotFoundError:
        return _Kept()
    except (OSError, ValueError, RecursionError) as error:
        aside = file.with_suffix(".unreadable")
        with contextlib.suppress(OSError):
            file.replace(aside)
        log.error(
            "%s cannot be read (%s). It is kept as %s; the models of the settings file are used. Set the others again.",
            *(file, type(error).__name__, aside.name),
        )
        return _Kept()


def _merged(base: AiSettings, kept: _Kept) -> AiSettings:
    servers = {server.name: server for server in base.servers}
    for name, server in kept.servers.items():
        theirs = servers.get(name)
        if name in kept.borrowed:
            lent = theirs.api_key if theirs is not None and theirs.origin == server.origin else None
            server = msgspec.structs.replace(server, api_key=lent)
        servers[name] = server
    settings = msgspec.structs.replace(base, servers=tuple(servers.values()))
    if kept.plan is None:
        return settings
    return msgspec.structs.replace(settings, **{f: getattr(kept.plan, f) for f in ModelAssignments.__struct_fields__})


def _save(file: Path, kept: _Kept) -> None:
    """Replace the file. A key that is only borrowed is not written. Raises StoreError."""
    bare = {
        name: msgspec.structs.replace(server, api_key=None) if name in kept.borrowed else server
        for name, server in kept.servers.items()
    }
    try:
        replace_file(file, msgspec.json.encode(_Kept(bare, kept.borrowed, kept.plan)))
    except OSError as error:
        raise StoreError("The models could not be kept.", f"See to the data folder ({error.strerror}).") from None


async def _nothing() -> str:
    return ""
