"""From the words of the model to the JSON of the API. Plain functions, no state, nothing awaited."""

from __future__ import annotations

import msgspec

from hub.api.schemas import devices, progress, responses, rules
from hub.api.schemas import history as history_schemas
from hub.insight import match_word
from hub.model import (
    Activity,
    CauseMatch,
    Device,
    Diagnosis,
    Evidence,
    MetricDescription,
    Quote,
    Rejection,
    Rule,
    RunStep,
    Series,
    Severity,
    Writer,
)
from hub.rules import describe
from hub.services.alerts import ExplainedAlert
from hub.services.device_hints import hints_of
from hub.services.devices import Bound


def device(found: Device, severity: Severity) -> responses.DeviceShape:
    info = found.info
    return {
        "id": found.id,
        "native_id": found.native_id,
        "name": found.display_name,
        "dialect": found.dialect,
        "area": found.display_area,
        "model": info.model,
        "manufacturer": info.manufacturer,
        "firmware": info.firmware,
        "labels": list(found.display_labels),
        "via": info.via,
        "presence": found.presence,
        "last_seen": found.last_seen,
        "first_seen": found.first_seen,
        "severity": severity,
    }


def metrics(found: Device) -> dict[str, devices.MetricShape]:
    return {
        name: {
            "value": latest.value,
            "unit": found.unit(name),
            "ts": latest.ts,
            "quality": latest.quality,
            **metric_facts(found.describe(name)),
        }
        for name, latest in found.metrics.items()
    }


def metric_facts(found: MetricDescription) -> devices.MetricFacts:
    return {
        "title": found.title,
        "device_class": found.device_class,
        "category": found.category,
        "rank": found.rank,
        "hidden": found.hidden,
    }


def device_values(found: Device, severity: Severity) -> responses.DeviceValues:
    return {**device(found, severity), "metrics": metrics(found)}


def device_detail(
    found: Device, severity: Severity, alerts: list[ExplainedAlert], bounds: list[Bound]
) -> responses.DeviceDetail:
    return {
        **device_values(found, severity),
        "info": {"units": {}, "limits": {}, "commands": {}, "titles": {}, **msgspec.to_builtins(found.info)},
        "desired": found.desired,
        "reported": found.reported,
        "differs": {key: {"desired": want, "reported": said} for key, (want, said) in found.differs.items()},
        "alerts": [alert(open_alert) for open_alert in alerts],
        "limits": [_bound(bound) for bound in bounds],
        "metric_edits": {
            name: {"title": edit.title, "unit": edit.unit, "hidden": edit.hidden}
            for name, edit in found.metric_edits.items()
        },
        "hints": [{"metric": hint.metric, "text": hint.text} for hint in hints_of(found)],
    }


def _bound(found: Bound) -> responses.BoundShape:
    shape: responses.BoundShape = {
        "metric": found.metric,
        "severity": found.severity,
        "rule_id": found.rule,
        "rule_name": found.rule_name,
    }
    if found.side == "above":
        shape["above"] = found.value
    else:
        shape["below"] = found.value
    return shape


def alert(found: ExplainedAlert) -> responses.AlertShape:
    a = found.alert
    return {
        "id": a.id,
        "device_id": a.device,
        "device_name": found.device_name,
        "metric": a.metric,
        "rule_id": a.rule,
        "severity": a.severity,
        "state": a.state,
        "message": a.message,
        "message_key": a.message_key,
        "message_params": a.message_params,
        "value": a.value,
        "threshold": a.threshold,
        "unit": a.unit,
        "since": a.since,
        "began_at": a.since,
        "ended_at": a.ended_at,
        "raised_at": a.raised_at,
        "acknowledged_at": a.acknowledged_at,
        "acknowledged_by": a.acknowledged_by,
        "note": a.note,
        "cleared_at": a.cleared_at,
        "withdrawn": a.withdrawn,
        "late": a.late,
        "current": _current(found),
        "stays_open": found.stays_open,
        "diagnosis": diagnosis(found.diagnosis) if found.diagnosis else None,
        "diagnosis_state": found.diagnosis_state,
    }


def _current(found: ExplainedAlert) -> responses.CurrentShape | None:
    latest = found.current
    if latest is None:
        return None
    return {"value": latest.value, "unit": found.unit, "ts": latest.ts, "quality": latest.quality}


def diagnosis(found: Diagnosis) -> responses.DiagnosisShape:
    return {
        "id": found.id,
        "alert_id": found.alert,
        "device_id": found.device,
        "summary": found.summary,
        "cause": found.cause,
        "component": found.component,
        "confidence": found.confidence,
        "match": match_word(found.confidence) if found.cause is not None else None,
        "evidence": [_evidence(item) for item in found.evidence],
        "against": list(found.against),
        "claims": [
            {"text": claim.text, "evidence": list(claim.evidence), "supported": claim.supported}
            for claim in found.claims
        ],
        "actions": list(found.actions),
        "confirm_by": list(found.confirm_by),
        "causes": [_cause(cause) for cause in sorted(found.causes, key=lambda c: -c.score)],
        "generated_by": writer(found.generated_by),
        "instead_of": writer(found.instead_of) if found.instead_of else None,
        "quotes": [quote(each) for each in found.quotes],
        "tokens_used": found.tokens_used,
        "took_ms": found.took_ms,
        "created_at": found.created_at,
    }


def run_step(found: RunStep) -> progress.RunStepShape:
    shape: progress.RunStepShape = {"op": found.op}
    if found.text:
        shape["text"] = found.text
    if found.name:
        shape["name"] = found.name
    if found.call:
        shape["call"] = found.call
    if found.evidence:
        shape["evidence"] = list(found.evidence)
    if found.supported is not None:
        shape["supported"] = found.supported
    if found.writer is not None:
        shape["writer"] = writer(found.writer)
    if found.data is not None:
        shape["data"] = found.data
    return shape


def _evidence(item: Evidence) -> responses.EvidenceShape:
    return {
        "id": item.id,
        "kind": item.kind,
        "device_id": item.device,
        "metric": item.metric,
        "finding": item.finding,
        "value": item.value,
        "unit": item.unit,
        "from": item.start,
        "to": item.end,
        "strength": item.strength,
        "params": item.params,
    }


def _cause(found: CauseMatch) -> responses.CauseShape:
    return {
        "cause": found.cause,
        "title": found.title,
        "component": found.component,
        "match": match_word(found.score),
        "score": found.score,
        "supporting": list(found.supporting),
        "against": list(found.against),
        "actions": list(found.actions),
        "confirm_by": list(found.confirm_by),
    }


def quote(found: Quote) -> responses.QuoteShape:
    return {"document_id": found.document, "filename": found.filename, "page": found.page, "text": found.text}


def writer(found: Writer) -> responses.WriterShape:
    return {"provider": found.provider, "model": found.model, "generative": found.generative}


def series(found: Series, unit: str | None) -> history_schemas.SeriesShape:
    return {"device_id": found.device, **history(found, unit)}


def history(found: Series, unit: str | None) -> history_schemas.History:
    return {
        "metric": found.metric,
        "unit": unit,
        "points": found.points,
        "gaps": found.gaps,
        "marks": found.marks,
        "step": found.step,
    }


def activity(line: Activity) -> responses.ActivityShape:
    return {
        "ts": line.ts,
        "kind": line.kind,
        "device_id": line.device,
        "text": line.text,
        "severity": line.severity,
    }


def rejected(found: Rejection) -> responses.RejectedShape:
    return {
        "topic": found.topic,
        "reason": found.reason,
        "detail": found.detail,
        "excerpt": found.excerpt,
        "payload_hex": found.payload.hex(),
        "bytes": found.size,
        "received_at": found.received,
    }


def rule(found: Rule, last_fired: int | None) -> rules.RuleShape:
    return {
        "id": found.id,
        "name": found.name,
        "kind": found.condition.kind,
        "metric": found.metric,
        "severity": found.severity,
        "for_ms": found.for_ms,
        "scope": {
            "devices": list(found.scope.devices),
            "models": list(found.scope.models),
            "labels": list(found.scope.labels),
        },
        "condition": msgspec.to_builtins(found.condition),
        "text": describe(found),
        "last_fired": last_fired,
    }
