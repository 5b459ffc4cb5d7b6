"""Memory limit for all devices: new data over the limit is refused, and the hub starts with a folder over the limit."""

from __future__ import annotations

import resource
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from brokers import Mosquitto
from hub.assembly.memory_limit import MemoryLimit, memory_limit
from hub.errors import Rejected
from hub.model import FleetLimits, Identity, Info, Record, TwinUpdate
from hub.registry.registry import DeviceRegistry
from serving import Serving, Thing, until
from store_samples import T0


def registry_with_limit(total: int) -> DeviceRegistry:
    return DeviceRegistry(FleetLimits(total_metrics=total))


def observe_values(registry: DeviceRegistry, device: str, **values: Any) -> None:
    registry.identify(Identity(device, device, "native"), T0)
    registry.observe(Record(device, T0, T0, values, "good", None))


def test_new_metrics_over_total_limit_are_refused_and_known_ones_updated() -> None:
    registry = registry_with_limit(50)
    observe_values(registry, "a", **{f"m{n}": float(n) for n in range(20)})
    observe_values(registry, "b", x=1.0)
    with pytest.raises(Rejected, match="50 metrics in all") as caught:
        observe_values(registry, "b", **{f"m{n}": float(n) for n in range(20)})
    assert caught.value.reason == "too_many_metrics"
    assert list(registry.require("b").metrics) == ["x"], "a refused message must not be applied in part"
    observe_values(registry, "a", m3=7.0)
    assert registry.require("a").metrics["m3"].value == 7.0
    observe_values(registry, "c", x=1.0)
    with pytest.raises(Rejected) as caught:
        observe_values(registry, "d", x=1.0)
    assert caught.value.reason in ("too_many_devices", "too_many_metrics")
    registry.delete("a")
    observe_values(registry, "d", **{f"m{n}": float(n) for n in range(20)})


def test_texts_twins_and_descriptions_count_toward_limit() -> None:
    registry = registry_with_limit(60)
    observe_values(registry, "a", mode="x")
    with pytest.raises(Rejected):
        observe_values(registry, "a", **{f"t{n}": "y" * 1_000 for n in range(30)})
    with pytest.raises(Rejected):
        registry.twin(TwinUpdate("a", "reported", {"k": "z" * 20_000}), T0)
    with pytest.raises(Rejected):
        registry.identify(Identity("a", "a", "native", Info(units={f"m{n}": "u" * 100 for n in range(100)})), T0)
    assert registry.require("a").reported == {}


def test_capacity_counter_equals_size_of_devices() -> None:
    registry = registry_with_limit(10_000)
    for number in range(20):
        name = f"d{number % 7}"
        observe_values(registry, name, **{f"m{number % 3}": float(number), f"t{number % 2}": "x" * (number % 5)})
        registry.twin(TwinUpdate(name, "reported", {f"k{number % 2}": "v" * (number % 6)}), T0)
        registry.identify(Identity(name, name, "native", Info(name="n" * (number % 4))), T0)
    registry.delete("d3")
    assert registry.capacity.used == sum(map(registry.capacity.size_of, registry.with_latest_values()))
    again = registry_with_limit(10_000)
    again.restore(registry.take_states(1, 1)[0], T0)
    assert again.capacity.used == registry.capacity.used


# --- a folder over the limit ------------------------------------------------------------------------------------------


@pytest.mark.timeout(180)
def test_hub_starts_with_folder_over_limit_and_skips_devices(tmp_path: Path, mosquitto: Mosquitto) -> None:
    config = tmp_path / "hub.toml"
    config.write_text("")
    hub = Serving(tmp_path / "data", mosquitto, config)
    hub.start()
    publisher = Thing(mosquitto)
    try:
        for number in range(12):
            publisher.say(f"devices/d{number:02d}/telemetry", {f"m{n}": n for n in range(20)})
            hub.http.patch(f"/api/devices/d{number:02d}", json={"name": f"Number {number}"})
        until(lambda: hub.get("/api/status")["counters"]["stored"] >= 12)
        hub.http.patch("/api/devices/d11", json={"name": "The last"})
        hub.end()
        config.write_text("[limits]\ntotal_metrics = 100\n")
        hub.start()
        status = hub.get("/api/status")
        assert status["memory"]["total_metrics"] == 100
        assert 0 < status["memory"]["left_out"] < 12
        log = (tmp_path / "hub.log").read_text()
        assert "do not fit into memory" in log
        assert "limits.total_metrics" in log
        assert hub.http.get("/api/devices/d11").status_code == 404
        publisher.say("devices/d11/telemetry", {"m1": 99})
        until(lambda: any("did not fit" in one["detail"] for one in hub.get("/api/rejected")["items"]))
        hub.end()
        config.write_text("")
        hub.start()
        assert hub.get("/api/devices/d11")["name"] == "The last", "a skipped device must stay unchanged in the store"
        assert hub.get("/api/status")["memory"]["left_out"] == 0
    finally:
        publisher.leave()
        hub.stop()


# --- memory limits of the system --------------------------------------------------------------------------------------


def test_lowest_cgroup_limit_is_used(tmp_path: Path) -> None:
    def write(path: str, text: str) -> None:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / path).write_text(text)

    machine = memory_limit(tmp_path)
    write("proc/self/cgroup", "0::/hub.slice/hub.service\n")
    write("sys/fs/cgroup/hub.slice/hub.service/memory.max", "max\n")
    write("sys/fs/cgroup/hub.slice/memory.max", "600000000\n")
    assert memory_limit(tmp_path)[:2] == (600_000_000, "the cgroup's memory limit")
    write("sys/fs/cgroup/hub.slice/hub.service/memory.max", "400000000\n")
    assert memory_limit(tmp_path).bytes == 400_000_000
    write("proc/self/cgroup", "12:cpu:/x\n5:cpuset,memory:/docker/1\n")
    write("sys/fs/cgroup/memory/docker/1/memory.limit_in_bytes", "9223372036854771712\n")
    assert memory_limit(tmp_path) == machine
    write("sys/fs/cgroup/memory/memory.limit_in_bytes", "500000000\n")
    assert memory_limit(tmp_path).bytes == 500_000_000


def test_default_metric_limit_depends_on_memory() -> None:
    assert MemoryLimit(16 << 30, "").metrics > 10_000_000
    assert 200_000 < MemoryLimit(512 << 20, "").metrics < 500_000
    assert MemoryLimit(64 << 20, "").metrics == 20_000
    assert MemoryLimit(900_000_000, "", addresses=True).metrics < 600_000


def test_rlimit_of_address_space_is_used() -> None:
    code = "from hub.assembly.memory_limit import memory_limit; print(memory_limit())"
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_AS, (1_500_000_000, 1_500_000_000)),
    )
    assert "RLIMIT_AS" in done.stdout, done.stderr
    assert "1500000000" in done.stdout


@pytest.mark.parametrize(
    ("limits", "expected"),
    [
        ("total_metrics = 30", "memory: no room for new devices (limits.total_metrics is 30)"),
        ("devices = 2", "devices: 2 of 2 (limits.devices); new ones are refused"),
    ],
)
def test_status_reports_reached_device_or_memory_limit(
    limits: str, expected: str, tmp_path: Path, mosquitto: Mosquitto
) -> None:
    config = tmp_path / "hub.toml"
    config.write_text(f"[limits]\n{limits}\n")
    hub, publisher = Serving(tmp_path / "data", mosquitto, config), Thing(mosquitto)
    hub.start()
    try:
        assert hub.get("/api/status")["degraded"] == []
        for name in ("a", "b", "c", "d"):
            publisher.say(f"devices/{name}/telemetry", {"t": 1})
        until(lambda: hub.get("/api/status")["counters"]["rejected"])
        [degraded] = hub.get("/api/status")["degraded"]
        assert degraded.startswith(expected)
        assert hub.get("/readyz")["degraded"] == [degraded]
    finally:
        publisher.leave()
        hub.stop()
