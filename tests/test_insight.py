"""Evidence from series with known faults: onsets and their order, slopes, limits, gaps; and none from healthy noise."""

from __future__ import annotations

import math
import time

import msgspec
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from examples import examples
from hub.insight import (
    InvestigationInput,
    MetricSeries,
    Past,
    Peer,
    Sibling,
    Vocabulary,
    check,
    decide,
    evidence,
    narrate,
    quantities,
    rank,
)
from hub.model import Alert, Evidence, Limit
from series import NOW, alert, case, clock_of, points, quiet, ramp, step, track


def evidence_of(found: list[Evidence], kind: str, metric: str | None = None) -> list[Evidence]:
    return [e for e in found if e.kind == kind and metric in (None, e.metric)]


def one(found: list[Evidence], kind: str, metric: str | None = None) -> Evidence:
    chosen = evidence_of(found, kind, metric)
    assert len(chosen) == 1, [e.finding for e in found]
    return chosen[0]


@pytest.mark.parametrize("seed", range(8))
def test_onsets_are_found_within_seconds_and_in_order(seed: int) -> None:
    found = evidence(
        case(
            track("vibration", 2.0, 0.1, seed, ramp(-90, 0.05)),
            track("current", 20.0, 0.3, seed + 100, ramp(-60, 0.2)),
            track("temperature", 50.0, 0.2, seed + 200, ramp(-30, 0.5)),
            track("pressure", 4.0, 0.05, seed + 300),
            alert=alert("temperature", -5, 62.6, 62.0),
        )
    )
    onsets = {e.metric: (e.start - NOW) / 1000 for e in evidence_of(found, "onset")}
    assert onsets == {
        "vibration": pytest.approx(-90, abs=6),
        "current": pytest.approx(-60, abs=6),
        "temperature": pytest.approx(-30, abs=4),
    }
    assert [e.metric for e in evidence_of(found, "onset")] == ["vibration", "current", "temperature"]
    assert one(found, "order").metric == "vibration"
    assert "before the limit was crossed" in one(found, "onset", "vibration").finding
    assert one(found, "steady", "pressure").strength > 0.3


@pytest.mark.parametrize(("per_s", "seed"), [(0.05, 1), (-0.02, 2), (0.4, 3)])
def test_slope_and_time_to_limit_are_computed(per_s: float, seed: int) -> None:
    level = 50 + per_s * 120
    limit = Limit(max=level + per_s * 300) if per_s > 0 else Limit(min=level + per_s * 300)
    moving = track("level", 50.0, 0.05, seed, ramp(-120, per_s))
    found = evidence(case(moving, limits={"level": limit}))
    slope = one(found, "slope")
    assert slope.value == pytest.approx(per_s * 60, rel=0.05)
    assert "in 5 min" in slope.finding or "s" in slope.finding
    (left,) = quantities.read(slope.finding.rsplit(" in ", 1)[1])
    assert left.value * {"s": 1, "min": 60}[left.unit] == pytest.approx(300, rel=0.1)


def test_over_limit_evidence_has_start_duration_and_excess() -> None:
    moving = track("temperature", 70.0, 0.01, 5, step(-42, 15.0))
    found = evidence(case(moving, alert=alert("temperature", -42, 85.0, 80.0)))
    over = one(found, "over_limit")
    assert (NOW - over.start) / 1000 == 42
    assert "for 42 s" in over.finding
    assert over.value == pytest.approx(85, abs=0.1)
    assert one(found, "step").value == pytest.approx(15, abs=0.1)


@pytest.mark.parametrize("kind", ["white", "random walk", "day", "cycling"])
def test_healthy_noise_gives_no_onset(kind: str) -> None:
    false_findings = 0
    for seed in range(60):
        rng = np.random.default_rng(seed)
        t = clock_of(coarse_s=15)
        noise = rng.normal(0, 1, len(t))
        wander = np.cumsum(rng.normal(0, 1, 721))
        shapes = {
            "white": noise,
            # Sampled from one walk in real time, so that live readings move no faster than the history.
            "random walk": np.interp(t, np.linspace(-7200, 0, 721), wander) + 0.3 * noise,
            "day": 10 * np.sin(2 * np.pi * (t + seed * 1440) / 86400) + 0.2 * noise,
            "cycling": np.where(np.sin(2 * np.pi * (t + seed * 37) / 700) > 0.3, 8.0, 0.3) + 0.05 * noise,
        }
        found = evidence(case(MetricSeries.of("x", "u", points(shapes[kind], t))))
        false_findings += bool([e for e in found if e.kind in ("onset", "step", "stuck", "stays_on", "stays_off")])
    assert false_findings <= 2, f"{false_findings} of 60"


def test_metric_that_follows_load_has_onset_only_beyond_it() -> None:
    t = clock_of(coarse_s=15)
    rng = np.random.default_rng(3)
    load = 50 + 10 * np.sin(t / 700) + rng.normal(0, 0.3, len(t))
    current = 0.4 * load + rng.normal(0, 0.05, len(t))
    extra = np.clip(t + 60, 0, None) * 0.02
    healthy = evidence(
        case(MetricSeries.of("load", "%", points(load, t)), MetricSeries.of("current", "A", points(current, t)))
    )
    assert not evidence_of(healthy, "onset")
    worn = evidence(
        case(MetricSeries.of("load", "%", points(load, t)), MetricSeries.of("current", "A", points(current + extra, t)))
    )
    assert one(worn, "onset", "current").start == pytest.approx(NOW - 60_000, abs=25_000)


def test_repeated_value_is_stuck_only_after_a_varying_signal() -> None:
    t = clock_of(live_s=300)
    alive = np.round(4 + np.random.default_rng(1).normal(0, 0.05, len(t)), 2)
    stuck = np.where(t > -200, 4.01, alive)
    found = evidence(case(MetricSeries.of("pressure", "bar", points(stuck, t)), track("flow", 50, 1, 4, t=t)))
    assert one(found, "stuck", "pressure").value == pytest.approx(4.01)
    assert decide(rank(found)).cause == "stuck_sensor"  # type: ignore[union-attr]
    constant = evidence(case(MetricSeries.of("valve", "%", points(np.zeros_like(t), t)), track("flow", 50, 1, 4, t=t)))
    assert not evidence_of(constant, "stuck")


def test_open_door_evidence_has_start() -> None:
    t = clock_of(live_s=400)
    opened = [(NOW + round(float(s) * 1000), bool(-3000 < s < -2940 or s >= -390)) for s in t]
    found = evidence(case(MetricSeries.of("door", None, opened), alert=alert("door", -390)))
    door = one(found, "stays_on", "door")
    assert door.value is True
    assert (NOW - door.start) / 1000 == 390
    assert "door has been open since" in door.finding


def test_three_seconds_of_history_give_jump_but_no_cause() -> None:
    readings = [(NOW - 3000, 71.5), (NOW - 2000, 85.0), (NOW - 1000, 85.0), (NOW, 85.2)]
    sensor = MetricSeries.of("temperature", "°F", readings)
    found = evidence(case(sensor, alert=alert("temperature", -2, 85.0, 80.0)))
    assert one(found, "history").value == 4
    assert "jumped from 71.5 °F to 85 °F" in one(found, "jump").finding
    assert "for 2 s" in one(found, "over_limit").finding
    assert decide(rank(found)) is None
    narrative = narrate(found, rank(found))
    assert narrative.cause is None
    assert "does not suffice" in narrative.summary


def test_step_of_single_sensor_gets_no_cause() -> None:
    found = evidence(case(track("temperature", 70, 0.1, 2, step(-20, 15)), alert=alert("temperature", -20, 85.0, 80.0)))
    assert one(found, "step").strength > 0.8
    assert decide(rank(found)) is None


def test_peer_comparison_reports_outlier() -> None:
    peers = tuple(Peer(f"p{i}", {"vibration": track("vibration", 2.0 + i / 10, 0.05, i)}) for i in range(5))
    loud = track("vibration", 2.1, 0.05, 9, ramp(-60, 0.1))
    found = evidence(case(loud, alert=alert("vibration", -10, 7.2, 7.1), peers=peers))
    assert float(one(found, "peers").value or 0) > 5
    assert "stands alone" in one(found, "peers").finding


@pytest.mark.parametrize(
    ("interval_ms", "usually"),
    [
        (0.2, "several a second"),
        (999.0, "several a second"),
        (2000.0, "one every 2 s"),
        (90_000.0, "one every 1 min 30 s"),
    ],
)
def test_silence_evidence_names_usual_interval(interval_ms: float, usually: str) -> None:
    silent = InvestigationInput(
        "d-1", NOW, {}, presence="stale", last_seen=NOW - 9_999_000, expected_interval=interval_ms
    )
    sentence = one(evidence(silent), "silent").finding
    assert sentence.endswith(f"2 h 46 min ago (usually {usually})")


def test_evidence_uses_metric_titles() -> None:
    names = {"Block 0.value 0": "Chlorine level", "b.1": "CO₂ 2"}
    tracks = (track("Block 0.value 0", 2.1, 0.05, 9, ramp(-60, 0.1)), track("b.1", 2.1, 0.05, 8, ramp(-30, 0.1)))
    found = evidence(case(*tracks, limits={"Block 0.value 0": Limit(max=5)}, titles=names))
    sentences = " ".join(item.finding for item in found)
    assert "Block 0" not in sentences
    assert "chlorine level began to rise" in sentences
    assert "CO₂ 2 began to rise" in sentences
    narrative = narrate(found, rank(found), names)
    assert "Chlorine level" in narrative.summary
    vocabulary = Vocabulary(tuple(names), (), names)
    assert [s.text for s in narrative.claims if not check(s.text, s.evidence, found, vocabulary)] == []


def test_silence_of_all_gateway_devices_is_gateway_loss() -> None:
    quiet_since = NOW - 400_000
    offline_siblings = tuple(Sibling(f"s{i}", "offline", quiet_since + i * 1000) for i in range(4))
    online_siblings = tuple(Sibling(f"s{i}", "online", NOW) for i in range(4))
    base = {"presence": "offline", "last_seen": quiet_since, "expected_interval": 2000.0, "gateway": "gw-1"}
    lost = evidence(InvestigationInput("d-1", NOW, {}, alert(None, -100), siblings=offline_siblings, **base))  # type: ignore[arg-type]
    alone = evidence(InvestigationInput("d-1", NOW, {}, alert(None, -100), siblings=online_siblings, **base))  # type: ignore[arg-type]
    assert decide(rank(lost)).cause == "gateway_loss"  # type: ignore[union-attr]
    assert decide(rank(alone)).cause == "device_silent"  # type: ignore[union-attr]


def test_past_alert_evidence_has_cause_and_note() -> None:
    earlier = Alert("a-0", "r-1", "d-1", "x", "critical", "cleared", "m", 1.0, 1.0, "u", NOW - 10**8, NOW - 10**8)
    found = evidence(
        case(track("x", 1, 0.1, 1), alert=alert("x", -5), past=(Past(earlier, "bearing_wear", "greased it"),))
    )
    assert "bearing wear" in one(found, "past").finding
    assert "greased it" in one(found, "past").finding


def test_gap_in_readings_is_reported() -> None:
    t = np.array([s for s in np.arange(-3600, 1, 2.0) if not -1500 < s < -900])
    found = evidence(case(MetricSeries.of("x", "u", points(np.random.default_rng(1).normal(5, 1, len(t)), t))))
    assert one(found, "gap").value == pytest.approx(600, abs=5)


def test_evidence_of_eight_metrics_for_an_hour_takes_under_60_ms() -> None:
    t = clock_of(past_s=3600, coarse_s=1)
    metrics = [track(f"m{i}", 10, 1, i, ramp(-60, 0.3) if i % 2 else quiet, t=t) for i in range(8)]
    peers = tuple(Peer(f"p{i}", {"m1": track("m1", 10, 1, 40 + i)}) for i in range(8))
    investigation = case(*metrics, alert=alert("m1", -20, 20.0, 15.0), peers=peers)
    evidence(investigation)
    times_s = []
    for _ in range(7):
        started = time.thread_time()
        evidence(investigation)
        times_s.append(time.thread_time() - started)
    # The goal is 20 ms on an idle machine; the limit leaves room for a shared one.
    assert min(times_s) < 0.06, times_s


# -- generated series -------------------------------------------------------------------------------------------------

VALUE = st.one_of(
    st.floats(), st.floats(-100, 100), st.booleans(), st.text(max_size=6), st.sampled_from([0.0, 1.0, 5.0])
)
SERIES = st.lists(st.tuples(st.integers(NOW - 8_000_000, NOW + 50_000), VALUE), max_size=60)
REPEATED = st.tuples(st.integers(20, 400), st.lists(st.floats(-1e6, 1e6), min_size=1, max_size=8), st.integers(1, 9))


def regular(shape: tuple[int, list[float], int]) -> list[tuple[int, float]]:
    count, values, repeat = shape
    return [(NOW - (count - i) * 10_000, values[(i // repeat) % len(values)]) for i in range(count)]


@settings(max_examples=examples(100), deadline=None)
@given(
    st.dictionaries(
        st.sampled_from(["temperature", "door", "level", "x"]), st.one_of(SERIES, REPEATED.map(regular)), max_size=4
    ),
    st.one_of(st.none(), st.integers(-9_000, 60)),
    st.one_of(st.none(), st.floats()),
)
def test_any_series_gives_finite_findings_with_unique_ids(
    series: dict[str, list[tuple[int, object]]], since: int | None, threshold: float | None
) -> None:
    tracks = [MetricSeries.of(name, "u", found) for name, found in series.items()]  # type: ignore[arg-type]
    raised = None if since is None else alert("temperature", since, 5.0, threshold)
    limits = {"temperature": Limit(min=-5.0, max=threshold), "level": Limit(max=3.0)}
    peers = tuple(Peer(f"p{i}", {t.metric: t for t in tracks}) for i in range(4))
    found = evidence(case(*tracks, alert=raised, limits=limits, peers=peers))
    assert [e.id for e in found] == [f"e{i}" for i in range(1, len(found) + 1)]
    for e in found:
        assert e.finding
        assert "nan" not in e.finding.lower().split()
        assert "inf" not in e.finding.lower().split()
        assert 0 <= e.strength <= 1
        assert e.start <= e.end
        assert not isinstance(e.value, float) or math.isfinite(e.value)
        assert "–" not in e.finding
        assert "–" not in e.finding
        assert msgspec.json.decode(msgspec.json.encode(e), type=Evidence) == e
        assert all(math.isfinite(value) for value in e.params.values() if isinstance(value, float))
    matches = rank(found)
    assert all(0 <= m.score <= 1 for m in matches)
    narrative = narrate(found, matches)
    assert narrative.summary
    assert {i for s in narrative.claims for i in s.evidence} <= {e.id for e in found}
