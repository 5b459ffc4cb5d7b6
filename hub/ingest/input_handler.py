"""Apply inputs: ticks of the clock, requests of people, finished diagnoses. Each input is applied as a whole."""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from typing import Any

from hub import events as ev
from hub.control import CommandTracker
from hub.dialects import Dialect, MappingDialect, Result
from hub.errors import HubError
from hub.ingest.activity import in_words
from hub.ingest.batch import Batch
from hub.ingest.calculating import Calculating
from hub.ingest.judging import Judging
from hub.model import CalculateNext, Device, Input, RawMessage, ReplaceCalculated, TwinUpdate
from hub.model import input as inputs
from hub.registry.registry import DeviceRegistry
from hub.rules import Engine, reads_quantity
from hub.runtime.fault_log import FaultLog

faults = FaultLog(logging.getLogger(__name__))

_NOTHING = Result()


class InputHandler:
    """Applies inputs, such as requests of people, to devices, rules and commands."""

    def __init__(
        self,
        *,
        dialects: Sequence[Dialect],
        registry: DeviceRegistry,
        engine: Engine,
        command_tracker: CommandTracker,
        judging: Judging,
        calculating: Calculating,
        apply: Callable[[Batch, RawMessage, Dialect, Result], None],
    ) -> None:
        """Create the handler.

        ``apply`` applies a decoded message and adds its effects to a batch. The handler needs it for the messages that
        dialects produce themselves when the clock ticks.
        """
        self._dialects = dialects
        self._registry = registry
        self._engine = engine
        self._command_tracker = command_tracker
        self._judging = judging
        self._calculating = calculating
        self._apply = apply
        self._ticked = 0  # epoch ms of the dialects' last tick

    def answer(self, batch: Batch, item: Input) -> Any:
        """Apply one input. Return the answer for its caller; if the input fails, return the error."""
        try:
            return self._apply_input(batch, item)
        except HubError as error:
            return error
        except Exception as error:
            faults.unexpected("The requested change %r failed. Report this.", in_words(item), cause=error)
            return HubError(f"Internal error ({type(error).__name__}).", "The hub's log has the details.")

    def _apply_input(self, batch: Batch, item: Input) -> Any:
        registry, engine = self._registry, self._engine
        if isinstance(item, inputs.AlertRequest):
            alert, alert_events = engine.handle(item, registry.require)
            batch.events += alert_events
            return alert
        match item:
            case inputs.Tick():
                self._tick_dialects(batch, item.now)
                silent = registry.tick(item.now, item.listening_since)
                batch.events += silent
                for event in silent:
                    if isinstance(event, ev.PresenceChanged):
                        batch.events += engine.lose(registry.require(event.device), item.now)
                events = engine.tick(item.now, item.listening_since, registry.get)
                batch.events += events
                batch.events += self._judging.follow_schedules(item.now)
                batch.events += engine.incidents.tick(item.now, registry.get)
                for event in events:
                    if isinstance(event, ev.AlertRaised):  # demoted: every further value may clear the alert
                        registry.fast_path.demote(event.alert.device)
                changed = self._command_tracker.tick(item.now, item.listening_since is not None, registry.get)
                batch.add_commands(changed, item.now)
                self._calculating.tick(batch, item.now)
            case inputs.PutSilence() | inputs.EndSilence():
                silence, events = engine.silencing.change(item, registry.get)
                batch.events += events
                return silence
            case inputs.LogChange():
                batch.events.append(ev.SettingChanged(item.text, item.at, item.device, item.params))
            case inputs.EditDevice():
                batch.events += registry.edit(item)
                device = registry.require(item.device)
                batch.events += engine.judge(device, item.at)
                if item.metrics:
                    batch.events += self._judge_model(device, item.at)
                return device
            case inputs.DesireState():
                device = registry.require(item.device)
                batch.events += registry.twin(TwinUpdate(device.id, "desired", item.values), item.at)
                return device
            case inputs.DeleteDevice():
                deleted = registry.require(item.device)
                registry.delete(item.device)
                self._command_tracker.forget(item.device)
                self._calculating.forget(item.device)
                batch.events += engine.forget(item.device, item.at)
                if deleted.corrects_semantics:
                    batch.events += self._judge_model(deleted, item.at)
                batch.delete(item.device)
                batch.events.append(ev.DeviceDeleted(item.device, item.at, item.by))
            case inputs.Introduce():
                if changes := registry.identify(item.identity, item.at):
                    batch.events += changes
                    batch.events += engine.judge(registry.require(item.identity.device), item.at)
            case inputs.WriteDiagnosis():
                batch.diagnoses.append(item.diagnosis)
                batch.events.append(ev.DiagnosisReady(item.diagnosis, item.diagnosis.created_at))
            case inputs.ReplaceRules() | inputs.ReplaceAreas():
                batch.events += self._judging.replace(item)
            case inputs.JudgeDevices():
                batch.events += self._judging.step(item.at)
            case ReplaceCalculated():
                self._calculating.replace(batch, item.metrics, item.at)
            case CalculateNext():
                self._calculating.step(batch)
            case inputs.ReplaceMappings():
                mapped = next(each for each in self._dialects if isinstance(each, MappingDialect))
                batch.effects += mapped.replace(item.mappings)
            case inputs.SendCommand():
                command = item.command
                registry.fast_path.demote(command.device)  # each report may confirm the command
                changed = self._command_tracker.request(item, registry.require(command.device))
                batch.add_commands(changed, command.created_at)
                return self._command_tracker.get(command.id)
            case inputs.SendingFailed():
                batch.add_commands(self._command_tracker.not_sent(item), item.at)
            case inputs.LostSession():
                batch.events.append(ev.GapSuspected(item.since, item.at, item.dropped))
            case inputs.LinkChanged():
                batch.events.append(ev.BrokerLinkChanged(item.connected, item.address, item.reason, item.at))
        return None

    def _judge_model(self, device: Device, now: int) -> list[ev.Event]:
        """Evaluate the rules on all other devices of the model, after a person has corrected a metric of ``device``.

        What a person says a metric measures applies to the other devices of the model, too.
        """
        info = device.info
        if not info.model or not any(map(reads_quantity, self._engine.rules)):
            return []
        others = [
            each.id
            for each in self._registry.devices()
            if each is not device and (each.info.model, each.info.manufacturer) == (info.model, info.manufacturer)
        ]
        return self._judging.start(others, now)

    def _tick_dialects(self, batch: Batch, now: int) -> None:
        if now - self._ticked < 1_000:
            return
        self._ticked = now
        for dialect in self._dialects:
            if (result := dialect.tick(self._registry, now)) != _NOTHING:
                self._apply(batch, RawMessage("", b"", now), dialect, result)
