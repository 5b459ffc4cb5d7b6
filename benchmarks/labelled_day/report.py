"""The report of the labelled day: a table of the scores, and a line for each fault."""

from __future__ import annotations

from benchmarks.labelled_day.faults import Fault
from benchmarks.labelled_day.gateway import GatewayOutcome
from benchmarks.labelled_day.score import RaisedAlert, Score, middle, ninth_decile

Row = tuple[str, str, str]


def table(hub: Score, other: Score, hub_gateway: GatewayOutcome, other_gateway: GatewayOutcome) -> str:
    """Return a Markdown table of the figures of both systems, and a list of requirements that the hub meets or not."""
    rows: list[Row] = [("", "hub", "Prometheus, Alertmanager"), ("---", "---", "---")]
    rows += [(name, one, two) for (name, one), (_, two) in zip(_figures(hub), _figures(other), strict=True)]
    outcomes = zip(_gateway(hub_gateway), _gateway(other_gateway), strict=True)
    rows += [(name, one, two) for (name, one), (_, two) in outcomes]
    lines = [f"| {' | '.join(row)} |" for row in rows]
    return "\n".join([*lines, "", *_comparison(hub, other)])


def _figures(score: Score) -> list[tuple[str, str]]:
    delays, notices = list(score.delays.values()), list(score.notice_delays.values())
    return [
        ("detected", f"{len(score.delays)} of {len(score.delays) + len(score.missed)} ({score.rate:.3f})"),
        ("delay of the alert, median, p90", f"{middle(delays):.0f} s, {ninth_decile(delays):.0f} s"),
        ("delay of the message, median, p90", f"{middle(notices):.0f} s, {ninth_decile(notices):.0f} s"),
        ("severity right", f"{score.severities_right} of {len(score.delays)}"),
        ("false alarms an hour", f"{score.false_an_hour:.2f} ({len(score.false)})"),
        ("of these in quiet hours", f"{score.in_quiet_hours}"),
        ("alerts", f"{score.alerts}"),
        ("messages about new alerts", f"{score.messages}"),
        ("incidents a fault", f"{score.incidents_a_fault:.2f} (at most {max(score.incidents.values(), default=0)})"),
    ]


def _gateway(outcome: GatewayOutcome) -> list[tuple[str, str]]:
    diagnoses = "–" if outcome.diagnoses is None else str(outcome.diagnoses)
    return [
        ("gateway of 200: alerts (suppressed)", f"{outcome.alerts} ({outcome.suppressed})"),
        ("gateway of 200: incidents, messages, diagnoses", f"{outcome.incidents}, {outcome.messages}, {diagnoses}"),
        ("after its return with 3 dead: alerts", str(outcome.alerts_after)),
    ]


def _comparison(hub: Score, other: Score) -> list[str]:
    """Return a line for each requirement on the hub, which begins with ``yes`` or ``NO``."""
    only_other = [fault.kind for fault in hub.missed if fault in other.delays]
    delay, other_delay = middle(hub.delays.values()), middle(other.delays.values())
    checks = [
        (f"no fault missed that Prometheus finds (missed: {', '.join(only_other) or 'none'})", not only_other),
        ("median delay no longer", delay <= other_delay),
        ("no more false alarms", len(hub.false) <= len(other.false)),
        ("at most 1.1 incidents a fault", hub.incidents_a_fault <= 1.1),
    ]
    return [f"{'yes' if holds else 'NO '} {text}" for text, holds in checks]


def details(faults: list[Fault], hub: Score, other: Score) -> str:
    """Return a line for each fault and each false alarm."""
    lines = ["", "fault, device, met at: delay of the alert (incidents) of the hub | of Prometheus"]
    for fault in faults:
        cells = " | ".join(_cell(fault, score) for score in (hub, other))
        lines.append(f"{fault.kind}, {fault.devices[0]}, {fault.met:.0f}: {cells}")
    for name, score in (("hub", hub), ("Prometheus", other)):
        lines += [f"false alarm of {name}: {_false(each)}" for each in score.false]
    return "\n".join(lines)


def _cell(fault: Fault, score: Score) -> str:
    return f"{score.delays[fault]:.0f} s ({score.incidents[fault]})" if fault in score.delays else "missed"


def _false(alert: RaisedAlert) -> str:
    return f"{alert.rule} on {alert.device} at {alert.raised:.0f}"
