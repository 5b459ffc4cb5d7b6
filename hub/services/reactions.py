"""Run reactions: decide on each step of an alert and each scheduled time, and let the runner carry out the runs.

::

    pipeline: AlertRaised … --> steps() --> stored in the commit of the alert
    bus, timer --> _work --> Agenda --> Decider --> ReactionRunner

Reactions listen to a timer and to steps of alerts (raised, acknowledged, cleared), never to messages or readings.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec.structs import replace

from hub.errors import Conflict, HubError, NotFound
from hub.events import AlertAcknowledged, AlertCleared, AlertRaised, Event
from hub.model import Alert
from hub.model.reaction import AlertStepTaken, Reaction, ReactionState
from hub.reactions import Agenda, Decider, Occasion, next_due, occasions_between
from hub.reactions.agenda import Selects, concerns
from hub.reactions.refusal import refusal
from hub.registry.reader import DeviceReader
from hub.runtime.bus import Bus, Closed, Lagged
from hub.runtime.fault_log import FaultLog
from hub.services.alert_steps import alert_step
from hub.services.reaction_runner import ReactionRunner
from hub.store.reactions import ReactionStore, RunPlan

log = logging.getLogger(__name__)
faults = FaultLog(log)

MAX_STEPS = 500
"""Maximum number of steps that are read from the store at once."""
MAX_WAITING = 10_000
"""Maximum number of alert steps and due reactions that wait. Further steps start no reaction."""
RETRY_S = 2.0
IDLE_S = 60.0
_WAKING = (AlertRaised, AlertAcknowledged, AlertCleared, Lagged)


class Reactions:
    """Service that runs the reactions, and keeps their state.

    Args:
        definitions: The reactions of ``reactions.toml``.
        store: Stores runs.
        runner: Carries out runs.
        bus: Publishes events when alerts change.
        registry: The devices.
        selects: Returns whether a scope selects a device.
        open_alerts: Returns the open alerts by id.
        allowed: False if the settings switch all reactions off.
        read_by: Returns the name of the dialect with which the hub reads a topic; None if it does not read the topic.
        on_change: Called with the definitions at the start and after each change.
        now: Returns the time in epoch ms.
    """

    def __init__(
        self,
        definitions: Iterable[Reaction],
        *,
        store: ReactionStore,
        runner: ReactionRunner,
        bus: Bus,
        registry: DeviceReader,
        selects: Selects,
        open_alerts: Callable[[], Mapping[str, Alert]],
        allowed: bool,
        read_by: Callable[[str], str | None],
        on_change: Callable[[Sequence[Reaction]], None],
        now: Callable[[], int],
    ) -> None:
        self.definitions = tuple(definitions)
        self.allowed = allowed
        self.state = ReactionState()
        self.store = store
        self.read_by = read_by
        self._runner = runner
        self._bus = bus
        self._open_alerts = open_alerts
        self._now = now
        self._agenda = Agenda(registry.get, selects)
        self._decider = Decider(registry.get, registry.devices, selects, self._holds, runner.limiter, read_by)
        self._wake = asyncio.Event()
        self._taken = 0  # row number of the last step that was passed to the agenda
        self._unread = 0  # steps that are being stored, and are not in the agenda yet
        self._waiting: Counter[int] = Counter()  # by row number of a step: how many of its occasions still wait
        self._done: list[int] = []  # row numbers of steps to delete, because no occasion waits for them
        self._since: dict[str, int] = {}  # by reaction: scheduled times before this time (epoch ms) are handled
        self._changing = asyncio.Lock()  # held while the state is changed
        self._on_change = on_change
        on_change(self.definitions)

    @property
    def on(self) -> bool:
        """Whether reactions may run: they are switched on, and the settings allow them."""
        return self.allowed and not self.state.off

    async def restore(self) -> None:
        """Read the stored state and the recent runs. Call it before the pipeline is restored. Raises StoreError."""
        try:
            self.state = await self.store.state()
            await self._runner.recover(self.definitions)
        except HubError:
            raise
        except Exception as error:  # a damaged row must not keep the hub from starting
            faults.unexpected("The runs of reactions cannot be read. All reactions stay off. Report this.", cause=error)
            self.state = ReactionState(off=True)

    def steps(self, events: Sequence[Event]) -> list[AlertStepTaken]:
        """Return the steps of alerts in ``events`` that may start a reaction, to be stored in the same commit."""
        triggers = [each.alert for each in self.definitions if each.enabled and each.alert is not None]
        if not triggers or not self.on:
            return []
        found = []
        for event in events:
            taken = alert_step(event)
            if taken is not None and any(concerns(trigger, taken) for trigger in triggers):
                found.append(taken)
        if found and self._unread + len(self._agenda) + len(found) > MAX_WAITING:
            faults.error("waiting", "%d steps of alerts wait for reactions; further ones start none.", MAX_WAITING)
            return []
        self._unread += len(found)
        return found

    # -- changes by people ---------------------------------------------------------------------------------------

    async def use(self, definitions: tuple[Reaction, ...]) -> None:
        """Replace the definitions. Past times of a schedule that is new, changed or switched on are ignored."""
        old = {each.id: each for each in self.definitions}
        for each in definitions:
            before = old.get(each.id)
            if before is None or (before.schedule, before.enabled) != (each.schedule, each.enabled):
                self._since[each.id] = self._now()
            if before != each:
                self._runner.limiter.forget(each.id)
        self.definitions = definitions
        self._on_change(definitions)
        known = {each.id for each in definitions}
        if not self.state.paused.keys() <= known:
            async with self._changing:
                paused = {key: text for key, text in self.state.paused.items() if key in known}
                await self._set(replace(self.state, paused=paused))
        self._wake.set()

    async def switch(self, *, on: bool) -> None:
        """Switch all reactions on or off. Raises Conflict if the settings of the hub keep them off."""
        if on and not self.allowed:
            raise Conflict("The settings of the hub switch reactions off.", "Set reactions.enabled, and restart it.")
        if not on:
            self.state = replace(self.state, off=True)  # at once, even if it cannot be stored
        async with self._changing:
            await self._set(replace(self.state, off=not on))
        self._since |= dict.fromkeys((each.id for each in self.definitions), self._now())

    async def resume(self, reaction: str) -> None:
        """Let a paused reaction run again. Raises NotFound."""
        async with self._changing:
            if reaction not in self.state.paused:
                raise NotFound("There is no paused reaction with this id.", "GET /api/reactions lists them.")
            paused = {key: text for key, text in self.state.paused.items() if key != reaction}
            await self._set(replace(self.state, paused=paused))
            self._since[reaction] = self._now()
            self._runner.limiter.forget(reaction)

    async def _set(self, state: ReactionState) -> None:
        await self.store.apply(RunPlan(state=state))
        self.state = state

    def next_due(self, reaction: Reaction) -> int | None:
        """Return when the schedule is due next, in epoch ms; None if the reaction is disabled or has no schedule."""
        return next_due(reaction.schedule, self._now()) if reaction.enabled else None

    # -- running -------------------------------------------------------------------------------------------------

    async def run(self) -> None:
        """Run reactions until the bus is closed."""
        with self._bus.subscribe() as subscription:
            async with asyncio.TaskGroup() as group:
                work = group.create_task(self._work(), name="reaction runs")
                publishing = group.create_task(self._runner.publisher.run(self._refusal), name="reaction messages")
                try:
                    while True:
                        events = await subscription.get()
                        if any(isinstance(event, _WAKING) for event in events):
                            self._wake.set()
                except Closed:
                    work.cancel()
                    publishing.cancel()

    async def _work(self) -> None:
        start = self._now()
        while True:
            self._wake.clear()
            wait = RETRY_S
            try:
                wait = await self._step(start)
            except HubError as error:
                faults.error("step", "Reactions cannot be run (%s). Retrying.", error)
            except Exception as error:
                faults.unexpected("Reactions failed. Report this.", cause=error)
            if wait > 0:
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(wait):
                        await self._wake.wait()

    async def _step(self, start: int) -> float:
        """Handle all that is due now, and return the seconds to wait. ``start`` is when the hub started (epoch ms)."""
        found = await self.store.steps(self._taken, MAX_STEPS)
        for number, taken in found:
            self._taken = number
            if waits := self._agenda.take(number, taken, self.definitions):
                self._waiting[number] = waits
            else:
                self._done.append(number)
        if len(found) < MAX_STEPS:
            self._unread = 0
        while (item := self._agenda.first(self._now())) is not None:
            number, occasion = item
            last = self._waiting[number] == 1
            await self._handle(occasion, [number] if last else [])
            self._agenda.drop_first()
            self._waiting[number] -= 1
            if last:
                del self._waiting[number]
        await self._follow_schedules(start)
        await self._runner.flush()
        if self._done:
            await self.store.apply(RunPlan(done=self._done))
            self._done = []
        return 0.0 if len(found) == MAX_STEPS else self._pause()

    async def _follow_schedules(self, start: int) -> None:
        """Handle the scheduled times since the last call; at the first call, since a grace period before ``start``."""
        for reaction in self.definitions:
            if not reaction.schedule or not reaction.enabled:
                continue
            now = self._now()
            since = min(self._since.get(reaction.id, start - reaction.grace_ms), now)
            for due in occasions_between(reaction.schedule, max(since, now - reaction.grace_ms), now):
                await self._handle(Occasion(reaction, due), [])
            self._since[reaction.id] = now

    async def _handle(self, occasion: Occasion, done: list[int]) -> None:
        """Run an occasion's reaction if it may run, and delete the stored alert steps with row numbers ``done``."""
        try:
            await self._decide(occasion, done)
        except HubError:
            raise
        except Exception as error:  # one occasion must not keep the others from being handled
            faults.unexpected("The reaction %s failed. Report this.", occasion.reaction.id, cause=error)
            self._done += done

    async def _decide(self, occasion: Occasion, done: list[int]) -> None:
        current = next((each for each in self.definitions if each.id == occasion.reaction.id), None)
        run = None
        may_run = self.on and current is not None and current.enabled and current.id not in self.state.paused
        if current is not None and may_run and current.alert == occasion.reaction.alert:
            occasion = replace(occasion, reaction=current)
            run = self._decider.decide(occasion, self._now())
        if run is None or self._runner.count(run):
            self._done += done
            await asyncio.sleep(0)  # in an alert storm, let the others run
            return
        alert = None if occasion.taken is None else occasion.taken.alert
        if run.outcome != "paused":
            await self._runner.carry_out(occasion.reaction, run, alert, done, None)
            return
        async with self._changing:
            state = replace(self.state, paused={**self.state.paused, run.reaction: run.detail or ""})
            await self._runner.carry_out(occasion.reaction, run, alert, done, state)
            self.state = replace(self.state, paused=state.paused)

    def _refusal(self, reaction: Reaction) -> str | None:
        return refusal(reaction, self.definitions, self.state)

    def _holds(self, taken: AlertStepTaken) -> bool:
        """Return whether the alert is still in the state that its step ``taken`` led to."""
        alert, opened = taken.alert, self._open_alerts()
        if taken.step == "cleared":
            about = (alert.rule, alert.device, alert.metric)
            return all((each.rule, each.device, each.metric) != about for each in opened.values())
        now = opened.get(alert.id)
        return now is not None and (taken.step == "raised" or now.state == "acknowledged")

    def _pause(self) -> float:
        """Return the seconds until a reaction is due next, at most :data:`IDLE_S`."""
        now = self._now()
        due = [next_due(each.schedule, now) for each in self.definitions if each.schedule and each.enabled]
        first = min((at for at in (*due, self._agenda.next_due) if at is not None), default=None)
        return IDLE_S if first is None else min(max((first - now) / 1_000, 0.005), IDLE_S)
