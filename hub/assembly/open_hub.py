"""Create the components of a hub, such as store, MQTT clients and web server, and connect them.

:mod:`hub.assembly.app` then runs their tasks.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator
from pathlib import Path

from hub import __version__
from hub.accounts.requester import current_requester
from hub.ai.model_settings import ModelRegistry, open_model_settings
from hub.analysis import FileAnalyzer
from hub.api import HubInfo
from hub.archive import adopt
from hub.assembly.broker_files import check_broker_files
from hub.assembly.build_api import build_api
from hub.assembly.connect import connect, last_seen
from hub.assembly.first_account import dashboard_address, offer_first_account
from hub.assembly.from_settings import (
    Faults,
    access_token,
    ai_settings,
    bind,
    credentials_of,
    incident_limits,
    registry_limits,
    usable_calculated,
    usable_dialects,
    usable_reactions,
    usable_rules,
    usable_signatures,
)
from hub.assembly.http_settings import http_settings, server_certificate
from hub.assembly.open_core import open_core
from hub.assembly.open_store import open_store, share_files
from hub.assembly.parts import AiServices, BrokerConnection, BrokerServices, ConfigFiles, Core, Hub, WebServer
from hub.assistant import AssistantService, ConversationMemory
from hub.calculated import Calculation
from hub.diagnosis import DiagnosisService
from hub.dialects import (
    DialectConfig,
    birth_messages,
    disabled_dialects,
    make_dialects,
    reserved,
    switched_off,
)
from hub.ingest.queue import IngestQueue
from hub.insight import Signature
from hub.insight.device_semantics import measured_quantity
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine
from hub.rules.learned_metrics import learned_limit
from hub.runtime.clock import Clock, now_ms
from hub.runtime.installation import Installation, open_installation, restrict_access
from hub.runtime.network_addresses import join_address
from hub.runtime.running_file import advertise
from hub.runtime.settings import Settings
from hub.server import create_server
from hub.services.areas import stored_areas
from hub.services.config_files import calculated_file, mappings_file, reactions_file, rules_file
from hub.services.desired_state import DesiredState
from hub.services.housekeeping import most_clocks_disagree
from hub.services.hub_health import HubHealth
from hub.services.message_tap import MessageTap
from hub.store.lock import DirectoryLock
from hub.tools import Tools
from hub.worker import Worker

log = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def open_hub(settings: Settings, *, lasting_broker: bool = True) -> AsyncIterator[Hub]:
    """Open a hub with its stored state loaded, without running tasks. Raises HubError with a message for the user."""
    data = settings.store.data
    async with contextlib.AsyncExitStack() as stack:
        install = _open_data_folder(data, stack)
        certificate = server_certificate(settings.http)
        await asyncio.to_thread(check_broker_files, settings.mqtt)
        listener = stack.enter_context(bind(settings.http.listen))
        address = join_address(*listener.getsockname()[:2])
        running = stack.enter_context(advertise(data, address, settings.mqtt.broker))
        waiting = http_settings(settings, listener, None, running.token)
        store = await open_store(settings.store, waiting, listener, certificate)
        stack.push_async_callback(store.close)
        shared = await share_files(store, data, stack)
        if shared is not None:
            install = open_installation(data)
        faults: Faults = {}
        rules = usable_rules(data, faults)
        http = http_settings(settings, listener, access_token(settings, listener, install), running.token)
        models = await open_model_settings(ai_settings(settings.ai), data, current_requester)
        stack.push_async_callback(models.providers.close)
        worker = Worker(memory_mb=settings.analysis.memory_mb)
        stack.push_async_callback(worker.close)

        ingest_queue, registry = IngestQueue(), DeviceRegistry(registry_limits(settings))
        dialect_config = usable_dialects(settings, faults)
        dialects = make_dialects(dialect_config)
        messages = MessageTap(ingest_queue.offer, dialects, registry)
        connection = connect(settings, install, ingest_queue, registry, messages, birth_messages(dialect_config))
        connection.link.subscribe(topic for dialect in dialects for topic in dialect.filters)
        connection.link.unsubscribe(switched_off(dialect_config))
        areas = stored_areas(data).around()
        engine = Engine(
            rules,
            registry.tolerated_silence,
            areas,
            lambda name: registry.presence.gateways(name),
            incident_limits(settings),
            lambda device, metric: measured_quantity(device, metric, registry.corrected.of_model(device)),
            learned_limit(registry.limits.total_metrics),
        )
        own_url = dashboard_address(http.host, http.port, settings.http)
        off = disabled_dialects(dialect_config)
        calculation = Calculation(usable_calculated(data, faults), engine.matcher)
        core = await open_core(
            engine,
            calculation,
            usable_reactions(data, faults),
            dialects,
            off,
            *(ingest_queue, registry, store, connection, data, own_url),
            reactions_allowed=settings.reactions.enabled,
        )
        ai = _ai_services(settings, core, models, worker, usable_signatures(data, faults))
        broker = _broker_services(settings, core, connection, dialect_config, messages, demo=not lasting_broker)
        health = _health(core, broker, data, faults)
        info = HubInfo(
            version=__version__,
            install_id=install.id,
            started_at=now_ms(),
            data=data,
            retention=settings.store,
            limits=http.limits(),
            metrics_readings=settings.http.metrics_readings,
        )
        files = ConfigFiles(
            rules=rules_file(data, ingest_queue.submit, now_ms),
            calculated=calculated_file(data, ingest_queue.submit, now_ms),
            reactions=reactions_file(data, core.reactions.use),
            mappings=mappings_file(data, ingest_queue.submit, now_ms, reserved(dialect_config)),
        )
        api, broadcaster = build_api(core, broker, ai, files, info=info, health=health, http=http)
        stack.push_async_callback(api.trail.log.close)
        if not api.auth.open:
            await offer_first_account(api.auth.people, data, own_url)
        server = create_server(api, http, certificate)
        web = WebServer(
            server=server, listener=listener, auth=api.auth, broadcaster=broadcaster, certificate=certificate
        )
        yield Hub(
            install=install,
            info=info,
            core=core,
            connection=connection,
            ai=ai,
            health=health,
            files=files,
            web=web,
            shared=shared,
        )


def _open_data_folder(data: Path, stack: contextlib.AsyncExitStack) -> Installation:
    """Lock the data folder until the exit stack is closed, and put a restored backup in place."""
    stack.enter_context(DirectoryLock.acquire(data))
    restrict_access(data)
    if (aside := adopt(data)) is not None:
        log.warning("A backup was restored. The previous files are in %s.", aside)
    return open_installation(data, keep_damaged_aside=True)


def _ai_services(
    settings: Settings, core: Core, models: ModelRegistry, worker: Worker, signatures: list[Signature]
) -> AiServices:
    visible, providers = core.visible, models.providers
    registry, engine, history = visible.devices, visible.alerts, visible.history
    diagnosis = DiagnosisService(
        registry=registry,
        engine=engine,
        store=history,
        bus=core.bus,
        submit=core.ingest_queue.submit,
        providers=providers,
        now=now_ms,
        signatures=signatures,
    )
    tools = Tools(registry=registry, engine=engine, store=history, now=now_ms, examine=diagnosis.examine)
    assistant = AssistantService(tools=tools, providers=providers)
    return AiServices(
        providers=providers,
        models=models,
        tools=tools,
        assistant=assistant,
        memory=ConversationMemory(assistant, core.store.conversations, now_ms),
        diagnosis=diagnosis,
        analyzer=FileAnalyzer(
            providers=providers,
            worker=worker,
            library=history.library,
            registry=registry,
            now=now_ms,
            speech_model=settings.analysis.speech_model,
        ),
    )


def _broker_services(
    settings: Settings,
    core: Core,
    connection: BrokerConnection,
    dialects: DialectConfig,
    messages: MessageTap,
    *,
    demo: bool,
) -> BrokerServices:
    link = connection.link
    desired_state = DesiredState(
        registry=core.visible.devices, link=link, root=dialects.root, submit=core.ingest_queue.submit, now=now_ms
    )
    return BrokerServices(
        state=lambda: link.state,
        dropped=lambda: connection.drop_monitor.total,
        dialects=dialects,
        messages=messages,
        explorer=connection.explorer,
        desired_state=desired_state,
        credentials=credentials_of(settings, demo=demo),
    )


def _health(core: Core, broker: BrokerServices, data: Path, faults: Faults) -> HubHealth:
    registry = core.registry
    newest = last_seen(registry)
    clock = Clock(data, now_ms, newest=newest, disagrees=lambda: most_clocks_disagree(registry.devices()))
    return HubHealth(
        registry=registry,
        store=core.store,
        counters=core.pipeline.counters,
        broker=broker.state,
        clock=clock,
        failed=[],
        faults=faults,
        now=now_ms,
        data=data,
    )
