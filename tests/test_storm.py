"""Two hundred alerts at once while the first provider hangs and the second is busy."""

from __future__ import annotations

import asyncio
import time
from pathlib import Path

from api_hub import running_hub
from faulty_server import BUSY, HANG, faulty
from hub.ai.base import AiSettings
from hub.ai.openai import OpenAIProvider

ALERTS, CAP, WITHIN_S = 200, 12, 60.0


def model(name: str, base_url: str) -> OpenAIProvider:
    return OpenAIProvider(name=name, api_key="k", model="m", base_url=base_url)


async def test_200_alerts_are_explained_in_time_despite_failing_providers(tmp_path: Path) -> None:
    settings = AiSettings(daily_calls=CAP)
    async with faulty(HANG) as hanging, faulty(BUSY) as busy:
        models = [model("hanging", hanging.base_url), model("busy", busy.base_url)]
        async with running_hub(tmp_path, models=models, ai=settings) as hub:
            raised: dict[str, float] = {}
            for number in range(ALERTS):
                hub.publish(f"devices/m-{number}/telemetry", {"temperature": 95})
                raised[f"m-{number}"] = time.monotonic()
            slowest, stored = 0.0, hub.services.counters.stored
            explained: dict[str, float] = {}
            while len(explained) < ALERTS and time.monotonic() - min(raised.values()) < WITHIN_S:
                before = time.monotonic()
                await hub.telemetry("bystander", temperature=20.5, n=len(explained))
                slowest = max(slowest, time.monotonic() - before)
                open_now = list(hub.services.engine.open.values())
                have = await hub.services.store.diagnoses([alert.id for alert in open_now])
                for alert in open_now:
                    if alert.id in have:
                        explained.setdefault(alert.device, time.monotonic())
                await asyncio.sleep(0.1)
            took = {device: at - raised[device] for device, at in explained.items()}
            spent = {name: each.calls for name, each in hub.services.providers.budget.today().items()}
            print(f"slowest {max(took.values()):.1f} s, ingest {slowest * 1000:.0f} ms, calls {spent}")
            assert len(explained) == ALERTS
            assert len(hanging.requests) + len(busy.requests) == sum(spent.values()) <= CAP
            assert hanging.requests
            assert busy.requests
            assert hub.services.counters.stored > stored + 10
            assert slowest < WITHIN_S / 6
            writers = {d.generated_by.provider for d in have.values()}
            assert writers == {"builtin"}
