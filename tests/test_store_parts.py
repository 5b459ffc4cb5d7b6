"""Conformance suite of all stores for what has transactions of its own, beside the commits of the pipeline.

These are conversations, the audit log, notifications and reactions. Documents are in test_document_library.py.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
import pytest

from backends import PARAMETERS
from hub.model import (
    Actor,
    AuditEntry,
    AuditFilter,
    DeliveryAttempt,
    Message,
    NotificationDelivery,
    NotificationGroup,
    NotificationReceiver,
    PendingNotice,
    Turn,
    Writer,
)
from hub.model.reaction import AlertStepTaken, ReactionRun, ReactionState
from hub.store import conversations, notifications, reactions
from hub.store.notifications import NotificationPlan
from hub.store.reactions import RunPlan
from store_samples import T0, alert, delta

EVERYTHING = AuditFilter()


@pytest.fixture(params=PARAMETERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Any]:
    opened = request.param.open(tmp_path / "data")
    yield opened
    await opened.close()


def turn(number: int) -> Turn:
    return Turn(question=f"question {number}", answer="…", at=number, writer=Writer("builtin", "analyst", False))


async def test_conversations_belong_to_their_owner_and_are_bounded(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(conversations, "MAX_TURNS", 3)
    monkeypatch.setattr(conversations, "MAX_CONVERSATIONS", 2)
    kept = store.conversations
    for number in range(5):
        await kept.add("u-1:one", turn(number))
    assert [each.at for each in await kept.turns("u-1:one")] == [2, 3, 4]
    for number, name in enumerate(("u-1:two", "u-1:three", "u-10:other", "nobody"), 5):
        await kept.add(name, turn(number))
    assert [each.id for each in await kept.newest("u-1:")] == ["u-1:three", "u-1:two"], "the oldest was deleted"
    assert await kept.turns("u-1:one") == []
    assert [each.id for each in await kept.newest()] == ["nobody"]
    await kept.add("u-1.limited:four", turn(9))
    await kept.delete_of("u-1")
    assert [each.id for each in await kept.newest("u-10:")] == ["u-10:other"]
    assert (await kept.newest("u-1:"), await kept.newest("u-1.limited:"), await kept.turns("u-1:two")) == ([], [], [])
    assert [await kept.delete("nobody"), await kept.delete("nobody")] == [True, False]


def entry(at: int, outcome: str = "success", **fields: Any) -> AuditEntry:
    known = {"kind": "device", "operation": "PATCH /api/devices/{device_id}", "object": "x", "text": "edited"}
    given = known | {"actor": Actor("Eve", "u-1"), "client": "192.0.2.1"} | fields
    return AuditEntry(at=at, until=at, outcome=outcome, **given)


async def test_audit_entries_are_counted_filtered_and_expired(store: Any) -> None:
    denied = entry(5, "denied", kind="denied", actor=Actor(), text="100%_sure!")
    await store.audit.add([(entry(1), None), (denied, "key"), (msgspec.structs.replace(denied, until=9), "key")])
    await store.audit.add([(msgspec.structs.replace(denied, at=7, until=7), "key"), (entry(2, object="Pump"), None)])
    (pump, counted, first) = [row for _, row in await store.audit.page(EVERYTHING)]
    assert (counted.at, counted.until, counted.count) == (5, 9, 3)
    assert (first, pump) == (entry(1), entry(2, object="Pump"))

    async def found(**wanted: Any) -> list[int]:
        return [row.at for _, row in await store.audit.page(AuditFilter(**wanted))]

    assert await found(person="EVE") == await found(person="u-1") == [2, 1]
    assert await found(object="pum") == [2]
    assert await found(text="100%_SURE!") == [5]
    assert await found(text="100%x") == []
    assert await found(kind="denied") == await found(start=3) == [5]
    assert await found(end=1) == [1]
    [(number, _), *_] = await store.audit.page(EVERYTHING, 1)
    assert [row.at for _, row in await store.audit.page(EVERYTHING, before=number)] == [5, 1]
    assert await store.audit.expire(0, 1) == 1
    assert await found() == [2, 5]
    assert await store.audit.expire(5, 1) == 1
    assert await store.audit.expire(5, 1) == 0
    assert await found() == [5]


def delivery(key: str, kind: str = "firing", group: str = "g", at: int = 1) -> NotificationDelivery:
    return NotificationDelivery(key, group, NotificationReceiver("hook"), Message(kind, "T", "t", "info", at), at)


async def test_deliveries_are_claimed_tried_again_and_finished(store: Any) -> None:
    kept = store.notifications
    await store.commit(1, delta(0, notices=[PendingNotice(alert("a1"), 1), PendingNotice(alert("a2"), 2)]))
    (first, _), (second, notice) = await kept.notices(0, 10)
    assert (first < second, notice.at) == (True, 2)
    groups = {name: NotificationGroup(id=name, alerts=("a1",), created_at=1) for name in ("g", "h")}
    await kept.apply(NotificationPlan(first, groups, [delivery("k1"), delivery("k2", at=2), delivery("k1", at=3)]))
    assert [number for number, _ in await kept.notices(0, 10)] == [second]
    assert sorted(group.id for group in await kept.open()) == ["g", "h"]
    assert await kept.counts() == {("hook", "waiting"): 2}, "the key k1 is stored once"

    claimed = await kept.claim("hook", 10, 20)
    assert (claimed.delivery, claimed.state, claimed.attempt, claimed.lease_until) == (delivery("k1"), "sending", 1, 20)
    failed = msgspec.structs.replace(
        claimed, state="waiting", due_at=50, attempts=(DeliveryAttempt(10, 5, "overflow", maybe=True),)
    )
    other = await kept.claim("hook", 10, 20, failed)
    assert other.delivery.key == "k2"
    assert await kept.claim("hook", 10, 20) is None
    assert await kept.next_due("hook") == 20
    await kept.finish(msgspec.structs.replace(other, state="delivered", attempts=(DeliveryAttempt(11, 1),)))
    assert await kept.counts() == {("hook", "waiting"): 1, ("hook", "delivered"): 1}
    assert await kept.next_due("hook") == 50
    await kept.make_due("hook", 12)
    assert await kept.next_due("hook") == 12
    again = await kept.claim("hook", 12, 30)
    assert (again.delivery.key, again.attempt, again.attempts[0].maybe) == ("k1", 2, True)
    assert len(await kept.open()) == 2, "an earlier process ended while it was sending"
    assert await kept.retry(again.number, 13) == "hook"
    assert await kept.retry(other.number, 13) is None
    [newest] = await kept.deliveries(1)
    assert newest.delivery.key == "k2"
    assert [each.number for each in await kept.deliveries(before=newest.number)] == [again.number]
    assert [each.delivery.key for each in await kept.deliveries(state="delivered", channel="hook")] == ["k2"]


async def test_resolved_message_goes_only_to_receivers_of_the_alert(
    store: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = store.notifications
    group = {"g": NotificationGroup(id="g", alerts=("a1",), created_at=1)}
    await kept.apply(NotificationPlan(0, group, [delivery("early", "resolved"), delivery("k1")]))
    assert [each.delivery.key for each in await kept.deliveries()] == ["k1"], "nobody has heard yet"
    sent = await kept.claim("hook", 5, 9)
    await kept.finish(msgspec.structs.replace(sent, state="delivered", attempts=(DeliveryAttempt(5, 1),)))
    await kept.apply(NotificationPlan(0, {"g": None}, [delivery("late", "resolved")]))
    assert (await kept.claim("hook", 5, 9)).delivery.key == "late"
    await kept.apply(NotificationPlan(0, {}, [delivery("gone", group="none")]))
    assert await kept.claim("hook", 5, 9) is None, "its group does not exist: it is cancelled"
    monkeypatch.setattr(notifications, "MAX_WAITING", 1)
    monkeypatch.setattr(notifications, "MAX_KEPT", 1)
    hub = {"h": NotificationGroup(id="h", alerts=("a2",), created_at=1)}
    await kept.apply(NotificationPlan(0, hub, [delivery("k2", group="h"), delivery("full", group="h")]))
    kinds = {each.delivery.key: each.state for each in await kept.deliveries()}
    assert kinds["k2"] == "waiting"
    assert kinds["full"] == "failed"
    assert "k1" not in kinds, "finished deliveries beyond the limit are deleted"


def run(key: str, outcome: str = "running", reaction: str = "fan", at: int = T0) -> ReactionRun:
    return ReactionRun(key, reaction, at, at, outcome)


async def test_occasion_of_reaction_is_stored_once(store: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    kept = store.reactions
    await store.commit(1, delta(0, reaction_steps=[AlertStepTaken("raised", alert("a1"), 1)] * 2))
    (first, step), (second, _) = await kept.steps(0, 10)
    assert (step.alert.id, await kept.state()) == ("a1", ReactionState())
    plan = RunPlan(run("r1"), [first], ReactionState(paused={"fan": "loop"}), delivery("r1", "firing"))
    assert await kept.apply(plan)
    assert not await kept.apply(RunPlan(run("r1"), [second], ReactionState()))
    assert (await kept.steps(0, 10), await kept.state()) == ([], ReactionState(paused={"fan": "loop"}))
    assert [each.delivery.key for each in await store.notifications.deliveries()] == ["r1"]
    await kept.apply(RunPlan(run("r2", reaction="light", at=T0 + 5)))
    await kept.apply(RunPlan(run("r3")))
    await kept.finish(run("r1", "ran"))
    assert {each.key for each in await kept.running()} == {"r2", "r3"}
    (newest, third), *older = await kept.runs()
    assert (third.key, [each.key for _, each in older]) == ("r3", ["r2", "r1"])
    assert [each.key for _, each in await kept.runs(before=newest, since=T0 + 1)] == ["r2"]
    assert [each.key for _, each in await kept.runs("fan", 1)] == ["r3"]
    assert {name: each.key for name, (_, each) in (await kept.last()).items()} == {"fan": "r3", "light": "r2"}
    monkeypatch.setattr(reactions, "MAX_KEPT", 1)
    await kept.apply(RunPlan(run("r4", "ran")))
    assert {each.key for _, each in await kept.runs()} == {"r2", "r3", "r4"}, "running ones are kept"
