"""Model servers, their tasks and limits, as set in the dashboard. They override the settings file without a restart.

Keys are write-only: the API never returns them. A key is only sent to the server for which it was entered. If the
address changes to another host, the key has to be entered again.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable
from pathlib import Path

import msgspec

from hub.ai.base import PERSON_ROLES, AiSettings, Caller, ChatMessage, CompletionRequest, PersonRole, Role
from hub.ai.budget import Budget, Price
from hub.ai.factory import check, create_provider, create_providers, without_faulty
from hub.ai.provider_client import ProviderClient
from hub.ai.providers import ProviderChain
from hub.ai.server_config import ModelServer, checked_address, checked_key
from hub.errors import AiError, ConfigError, Invalid, NotFound, StoreError
from hub.runtime.private_files import replace_file
from hub.runtime.set_aside import set_aside

log = logging.getLogger(__name__)

_MAX_SERVERS = 16
_TEST_S = 20.0
_TEST_TOKENS = 64


class ModelAssignments(msgspec.Struct, frozen=True):
    """The model servers for each task, the daily limits, and the people for whom external servers may be used.

    ``roles`` has the names of the servers for each task, in the order of use. The limits are for one day; None means no
    limit. ``cloud_roles`` are the roles of people (viewer, operator, administrator) for whom the hub may use servers
    outside its own network.
    """

    roles: dict[Role, tuple[str, ...]] = {}
    daily_calls: int | None = None
    daily_tokens: int | None = None
    daily_money: float | None = None
    person_daily_calls: int | None = None
    person_daily_tokens: int | None = None
    person_daily_money: float | None = None
    cloud_roles: tuple[PersonRole, ...] = PERSON_ROLES


class _Stored(msgspec.Struct):
    """The content of the file that stores the model settings changed in the dashboard.

    Attributes:
        servers: The servers that were set in the dashboard, by name.
        borrowed: The names of those servers whose key is in ``hub.toml`` or in the environment, and not in this file.
        plan: The servers for each task, and the limits; None if they were not changed in the dashboard.
    """

    servers: dict[str, ModelServer] = {}
    borrowed: set[str] = set()
    plan: ModelAssignments | None = None


class ModelRegistry:
    """The settings of model servers: the settings file, overridden by changes that people make in the dashboard.

    Open the registry with :func:`open_model_settings`.

    Args:
        base: settings from the settings file and the environment.
        file: stores the changes made in the dashboard. Only the hub's user can read it.
        providers: the chain whose providers are replaced at each change.
        kept: the changes that ``file`` contains.
        faults: why a setting is not used. The key is the name of a server, or ``ai.ROLE`` for the servers of a task.
    """

    def __init__(
        self,
        base: AiSettings,
        file: Path,
        providers: ProviderChain,
        kept: _Stored | None = None,
        faults: dict[str, str] | None = None,
    ) -> None:
        self._base, self._file, self._kept = base, file, kept or _Stored()
        self.providers = providers
        self.faults = faults or {}
        self._changing = asyncio.Lock()

    @property
    def settings(self) -> AiSettings:
        """Return all settings, including those that are not used because of faults."""
        return _merged(self._base, self._kept)

    def changed(self, name: str) -> bool:
        """Return True if this server was set in the dashboard."""
        return name in self._kept.servers

    async def put(self, server: ModelServer) -> None:
        """Add or replace a server.

        If ``api_key`` is None, the server keeps its stored key; an empty ``api_key`` removes it. Raises Invalid for an
        invalid address or setting, and if the stored key would be sent to another host.
        """
        async with self._changing:
            kept = msgspec.structs.replace(
                self._kept, servers=dict(self._kept.servers), borrowed=set(self._kept.borrowed)
            )
            keyed, own = self._keyed(server)
            kept.servers[server.name] = keyed
            (kept.borrowed.discard if own else kept.borrowed.add)(server.name)
            if len(kept.servers) > _MAX_SERVERS:
                raise Invalid(f"There can be at most {_MAX_SERVERS} servers.", "Remove one first.")
            await self._apply(kept)

    async def reset(self, name: str) -> None:
        """Undo the changes made to a server in the dashboard. Delete a server that is not in the settings file.

        Raises NotFound for a server that was not set in the dashboard.
        """
        async with self._changing:
            if name not in self._kept.servers:
                hint = "Servers of the settings file cannot be removed here."
                raise NotFound(f"No server {name[:40]!r} was set in the dashboard.", hint)
            servers = {key: each for key, each in self._kept.servers.items() if key != name}
            await self._apply(_Stored(servers, self._kept.borrowed - {name}, self._kept.plan))

    async def plan(self, plan: ModelAssignments) -> None:
        """Set the servers for each task and the limits. Raises Invalid if they cannot be used, and StoreError."""
        async with self._changing:
            await self._apply(_Stored(self._kept.servers, self._kept.borrowed, plan))

    async def rebase(self, base: AiSettings) -> None:
        """Use ``base`` as the settings from file and environment. Changes in the dashboard still override them.

        If ``base`` has a fault, raise ConfigError and change nothing.
        """
        check(base)
        async with self._changing:
            settings, faults = without_faulty(_merged(base, self._kept))
            providers = await create_providers(settings)
            self._base, self.faults = base, faults
            await self.providers.replace(providers, settings)

    async def test(self, server: ModelServer) -> str | None:
        """Send a short request to ``server``, which counts as a call. Return None if it succeeds, else the reason.

        Raises Invalid for an invalid address or key, and if the stored key would be sent to another host.
        """
        keyed, _ = self._keyed(server)
        if not keyed.usable:
            return "There is no key. Enter one, or the address of a server that needs none."
        price = Price(keyed.price_in or 0.0, keyed.price_out or 0.0)
        provider = create_provider(keyed, _TEST_S, self.providers.settings.ollama_context)
        client = ProviderClient(provider, asyncio.get_running_loop().time, self.providers.budget, price, retries=0)
        message = ChatMessage("user", "Answer with the word OK.")
        request = CompletionRequest((message,), _nothing, max_tokens=_TEST_TOKENS)
        try:
            await client.chat(request, "chat", asyncio.get_running_loop().time() + _TEST_S)
        except AiError as error:
            return str(error)
        finally:
            await provider.close()
        return None

    def _keyed(self, server: ModelServer) -> tuple[ModelServer, bool]:
        """Return a copy of ``server`` with the API key to use, and whether this key is stored in the dashboard's file.

        If ``server.api_key`` is None, the copy has the key that is known for the name of the server. If that key comes
        from the settings file or the environment, it is not stored again.

        Raises Invalid for an invalid address or key, and if the known key would be sent to another host.
        """
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
            hint = "Enter the key again: it is only sent to the address that it was entered for."
            raise Invalid("The address has changed.", hint)
        own = server.name in self._kept.servers and server.name not in self._kept.borrowed
        return msgspec.structs.replace(server, api_key=known.api_key), own

    async def _apply(self, kept: _Stored) -> None:
        """Save the settings ``kept`` of the dashboard, and use them from now on.

        Faults that existed before do not prevent a change. If there is a new fault, raise Invalid; if the settings
        cannot be saved, raise StoreError. In both cases nothing changes.
        """
        settings, faults = without_faulty(_merged(self._base, kept))
        if new := [fault for name, fault in faults.items() if self.faults.get(name) != fault]:
            raise Invalid(new[0])
        providers = await create_providers(settings)
        try:
            await asyncio.to_thread(_save, self._file, kept)
        except StoreError:
            for each in providers:
                await each.close()
            raise
        self._kept, self.faults = kept, faults
        await self.providers.replace(providers, settings)


async def open_model_settings(
    base: AiSettings, data: Path, caller: Callable[[], Caller] | None = None
) -> ModelRegistry:
    """Merge the model settings in ``base`` with those of the dashboard, and create the providers.

    Settings of the dashboard that no longer work are ignored and logged, so that the hub starts and people can correct
    them in the dashboard. ``caller`` returns the user of a model. Raises ConfigError for a fault in ``base``.
    """
    check(base)
    file = data / "models.json"
    kept = await asyncio.to_thread(_load, file)
    settings, faults = without_faulty(_merged(base, kept))
    for name, fault in faults.items():
        log.error("The model setting %s is ignored: %s", name, fault)
    budget = Budget(settings, data / "ai-spent.json", caller=caller)
    providers = ProviderChain(ordered=await create_providers(settings), settings=settings, budget=budget)
    return ModelRegistry(base, file, providers, kept, faults)


def _load(file: Path) -> _Stored:
    """Read the settings of the dashboard. If the file cannot be read, rename it, so that it is not overwritten."""
    try:
        return msgspec.json.decode(file.read_bytes(), type=_Stored)
    except FileNotFoundError:
        return _Stored()
    except (OSError, ValueError, RecursionError) as error:
        fault = (
            f"{file} cannot be read ({type(error).__name__}). The models of the settings file are used. Models that "
            "were added on the dashboard must be set up again."
        )
        set_aside(file, [fault], copy=False)
        return _Stored()


def _merged(base: AiSettings, kept: _Stored) -> AiSettings:
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


def _save(file: Path, kept: _Stored) -> None:
    """Write the changes made in the dashboard to ``file``. Raises StoreError.

    API keys from the settings file or the environment are left out.
    """
    bare = {
        name: msgspec.structs.replace(server, api_key=None) if name in kept.borrowed else server
        for name, server in kept.servers.items()
    }
    try:
        replace_file(file, msgspec.json.encode(_Stored(bare, kept.borrowed, kept.plan)))
    except OSError as error:
        hint = "Check the free space and the permissions of the data folder."
        raise StoreError(f"The model settings cannot be saved ({error.strerror}).", hint) from None


async def _nothing() -> str:
    return ""
