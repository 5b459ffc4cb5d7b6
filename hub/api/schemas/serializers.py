"""Convert the types of :mod:`hub.model` to the objects of the API."""

from __future__ import annotations

import msgspec
from msgspec import UNSET
from msgspec.structs import asdict

from hub.api.schemas import devices, progress, responses, rules
from hub.api.schemas import diagnoses as diagnosis_schemas
from hub.api.schemas import history as history_schemas
from hub.api.schemas.confirmed_causes import ConfirmedCauseShape
from hub.insight import deciding_check, differential, match_word, outcome
from hub.insight.device_semantics import DeviceSemantics
from hub.insight.metric_semantics import MetricSemantics
from hub.insight.terms import likely_quantities
from hub.model import (
    Device,
    Diagnosis,
    Latest,
    Rule,
    RunStep,
    Series,
    Severity,
)
from hub.rules import description_fields, schedule_fields
from hub.services.alerts import ExplainedAlert
from hub.services.device_hints import hints_of
from hub.services.devices import Bound


def device(found: Device, severity: Severity) -> responses.DeviceShape:
    info = found.info
    return responses.DeviceShape(
        id=found.id,
        native_id=found.native_id,
        name=found.display_name,
        dialect=found.dialect,
        area=found.display_area,
        area_id=found.area_id,
        model=info.model,
        manufacturer=info.manufacturer,
        firmware=info.firmware,
        labels=list(found.display_labels),
        via=info.via,
        presence=found.presence,
        last_seen=found.last_seen,
        first_seen=found.first_seen,
        severity=severity,
    )


def metrics(found: Device) -> dict[str, devices.MetricShape]:
    return {name: _metric(found, name, latest) for name, latest in found.metrics.items()}


def _metric(found: Device, name: str, latest: Latest) -> devices.MetricShape:
    facts, mark = found.describe(name), found.calculated.get(name)
    return devices.MetricShape(
        title=facts.title,
        device_class=facts.device_class,
        category=facts.category,
        rank=facts.rank,
        hidden=facts.hidden,
        value=latest.value,
        unit=found.unit(name),
        ts=latest.ts,
        quality=latest.quality,
        calculated=None if mark is None else mark.id,
    )


def device_values(found: Device, severity: Severity) -> responses.DeviceValues:
    return responses.DeviceValues(**asdict(device(found, severity)), metrics=metrics(found))


def device_detail(
    found: Device, severity: Severity, alerts: list[ExplainedAlert], bounds: list[Bound], read: DeviceSemantics
) -> responses.DeviceDetail:
    return responses.DeviceDetail(
        **asdict(device_values(found, severity)),
        info={"units": {}, "limits": {}, "commands": {}, "titles": {}, **msgspec.to_builtins(found.info)},
        desired=found.desired,
        reported=found.reported,
        differs={key: {"desired": desired, "reported": reported} for key, (desired, reported) in found.differs.items()},
        alerts=[alert(open_alert) for open_alert in alerts],
        limits=[_bound(bound) for bound in bounds],
        metric_edits={name: devices.MetricEditShape.of(edit) for name, edit in found.metric_edits.items()},
        hints=[devices.DeviceHintShape.of(hint) for hint in hints_of(found)],
        semantics={name: _semantics(found, name, meaning) for name, meaning in read.metrics.items()},
        kinds=devices.KindsShape(
            ids=sorted(read.kinds), source="name" if read.kinds_source == "words" else read.kinds_source
        ),
    )


def _semantics(found: Device, metric: str, meaning: MetricSemantics) -> devices.SemanticsShape:
    likely = likely_quantities(metric, found.unit(metric), found.metrics[metric].value)
    return devices.SemanticsShape(
        quantity=meaning.quantity,
        places=sorted(meaning.places),
        role=meaning.role,
        source="name" if meaning.source == "words" else meaning.source,
        likely=list(likely) if meaning.quantity is None else [],
    )


def _bound(found: Bound) -> responses.BoundShape:
    return responses.BoundShape.of(
        found,
        above=found.value if found.side == "above" else UNSET,
        below=found.value if found.side == "below" else UNSET,
    )


def alert(found: ExplainedAlert) -> responses.AlertShape:
    latest, reason = found.current, found.stays_open
    return responses.AlertShape.of(
        found.alert,
        device_name=found.device_name,
        rule_name=found.rule_name,
        began_at=found.alert.since,
        current=responses.CurrentShape.of(latest, unit=found.unit) if latest else None,
        assignee=responses.AssigneeShape.of(found.alert.assignee) if found.alert.assignee else None,
        muted=responses.MuteShape.of(found.alert.muted) if found.alert.muted else None,
        silenced_by=[responses.SilencedByShape.of(each) for each in found.alert.silenced_by],
        suppressed_by=_suppressed_by(found) if found.alert.suppressed_by else None,
        stays_open=reason.text if reason else None,
        stays_open_key=reason.key if reason else None,
        stays_open_params=reason.params if reason else {},
        confirmed=ConfirmedCauseShape.of(found.alert.confirmed) if found.alert.confirmed else None,
        diagnosis=diagnosis(found.diagnosis) if found.diagnosis else None,
        diagnosis_state=found.diagnosis_state,
        diagnosis_for=found.diagnosis_for,
    )


def _suppressed_by(found: ExplainedAlert) -> responses.SuppressedByShape:
    gateway = found.gateway
    return responses.SuppressedByShape(gateway.id if gateway else None, gateway.name if gateway else None)


def diagnosis(found: Diagnosis) -> diagnosis_schemas.DiagnosisShape:
    causes = sorted(found.causes, key=lambda cause: -cause.score)
    result = outcome(found.cause, found.causes, found.evidence, alerted=found.alert is not None)
    others = () if result == "normal" else differential(found.causes, found.cause)
    return diagnosis_schemas.DiagnosisShape.of(
        found,
        outcome=result,
        match=match_word(found.confidence) if found.cause is not None else None,
        evidence=[diagnosis_schemas.EvidenceShape.of(item) for item in found.evidence],
        claims=[diagnosis_schemas.ClaimShape.of(claim) for claim in found.claims],
        causes=[diagnosis_schemas.CauseShape.of(cause, match=match_word(cause.score)) for cause in causes],
        differential=[diagnosis_schemas.AlternativeShape.of(each) for each in others],
        deciding_check=deciding_check(others, named=found.cause is not None) or None,
        generated_by=diagnosis_schemas.WriterShape.of(found.generated_by),
        instead_of=diagnosis_schemas.WriterShape.of(found.instead_of) if found.instead_of else None,
        quotes=[diagnosis_schemas.QuoteShape.of(quote) for quote in found.quotes],
        opinions=[
            diagnosis_schemas.CauseOpinionShape.of(opinion, writer=diagnosis_schemas.WriterShape.of(opinion.writer))
            for opinion in found.opinions
        ],
        struck=sum(not claim.supported for claim in found.claims),
        awaits=diagnosis_schemas.WriterShape.of(found.awaits) if found.awaits else None,
    )


def run_step(found: RunStep) -> progress.RunStepShape:
    return progress.RunStepShape(
        op=found.op,
        text=found.text or UNSET,
        name=found.name or UNSET,
        call=found.call or UNSET,
        evidence=list(found.evidence) or UNSET,
        supported=UNSET if found.supported is None else found.supported,
        writer=UNSET if found.writer is None else diagnosis_schemas.WriterShape.of(found.writer),
        data=UNSET if found.data is None else found.data,
    )


def series(found: Series, unit: str | None) -> history_schemas.SeriesShape:
    return history_schemas.SeriesShape.of(found, unit=unit)


def history(found: Series, unit: str | None) -> history_schemas.History:
    return history_schemas.History.of(found, unit=unit)


def rule(found: Rule, last_fired: int | None) -> rules.RuleShape:
    return rules.RuleShape.of(
        found,
        kind=found.condition.kind,
        scope=rules.ScopeShape.of(found.scope),
        condition=msgspec.to_builtins(found.condition),
        **description_fields(found),
        **schedule_fields(found),
        last_fired=last_fired,
    )
