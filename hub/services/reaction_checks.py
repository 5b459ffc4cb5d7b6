"""Check a draft of a reaction against the devices and dialects as they are now."""

from __future__ import annotations

from collections.abc import Callable

from hub.control import descriptor, validate_value
from hub.errors import HubError
from hub.model.reaction import CommandAction, PublishAction, Reaction
from hub.reactions.agenda import Selects
from hub.registry.reader import DeviceReader

MAX_WARNINGS = 10


class ReactionChecks:
    """Determines which devices a command would reach now and which would refuse it, and warns of topics that loop back.

    ``read_by`` returns the name of the dialect with which the hub reads a topic; None if it does not read the topic.
    """

    def __init__(self, registry: DeviceReader, selects: Selects, read_by: Callable[[str], str | None]) -> None:
        self._registry, self._selects, self._read_by = registry, selects, read_by

    def devices(self, draft: Reaction) -> list[str]:
        """Return the ids of the devices that would get the command.

        The list is empty if the action is not a command, or if the command goes to the device of the alert.
        """
        action = draft.action
        if not isinstance(action, CommandAction):
            return []
        if action.scope is None:
            return [] if action.device is None else [action.device]
        return sorted(each.id for each in self._registry.devices() if self._selects(action.scope, each))

    def warnings(self, draft: Reaction) -> list[str]:
        """Return why the command would not reach devices now, at most :data:`MAX_WARNINGS` sentences.

        These are only warnings: a device that does not announce the command now may announce it later. A message to a
        topic that the hub itself reads gets a warning, too, because it may start the reaction again.
        """
        action, found = draft.action, list[str]()
        if isinstance(action, PublishAction) and (dialect := self._read_by(action.topic)) is not None:
            return [f"The hub reads this topic itself ({dialect}), so that the message may cause the next alert."]
        if not isinstance(action, CommandAction):
            return []
        devices = self.devices(draft)
        if action.scope is not None and not devices:
            found.append("No device is in the scope of the command.")
        if len(devices) > action.max_devices:
            found.append(f"{len(devices)} devices are in the scope, more than max_devices: none would get the command.")
        for name in devices[: action.max_devices]:
            try:
                spec = descriptor(self._registry.require(name).info.commands, action.name)
                validate_value(spec, action.value)
            except HubError as error:
                found.append(f"{name}: {error}")
        return found[:MAX_WARNINGS]
