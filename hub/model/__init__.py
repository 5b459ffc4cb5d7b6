"""The words of the hub: values without behaviour that every floor speaks in.

All times are integers, epoch milliseconds UTC. Hot values are frozen msgspec structs (2.1 us a record for decode,
state and one rule against 3.2 with one object a metric).
"""

from hub.model.activity import Activity
from hub.model.alert import SEVERITIES, Alert, AlertState, Severity
from hub.model.analysis import Analysis, AnalysisKind
from hub.model.command import Command, CommandDescriptor, CommandState, ValueType
from hub.model.conversation import Chart, Conversation, Extra, Proposal, Source, Step, Turn, Unsupported
from hub.model.device import (
    Availability,
    Device,
    FleetLimits,
    Identity,
    Info,
    Latest,
    Limit,
    Presence,
    TwinUpdate,
    Watch,
    partition_of,
)
from hub.model.diagnosis import CauseMatch, Claim, Diagnosis, Evidence, Writer
from hub.model.fact import (
    Acknowledge,
    DeleteDevice,
    DesireState,
    EditDevice,
    Fact,
    Introduce,
    LostSession,
    ReplaceMappings,
    ReplaceRules,
    SendCommand,
    SendingFailed,
    Tick,
    WriteDiagnosis,
)
from hub.model.mapping import Form, Kind, Mapping, Pick
from hub.model.message import RawMessage, Rejection
from hub.model.quote import Quote
from hub.model.reading import Gap, Lapse, Mark, Page, Point, Quality, Reading, Record, Series, SeriesQuery, Shape, Value
from hub.model.rule import Condition, Equals, NoData, RateOfChange, Rule, Scope, Threshold
from hub.model.run import Op, RunStep
from hub.model.sheet import NO_KEY, Sheet

__all__ = [
    "NO_KEY",
    "SEVERITIES",
    "Acknowledge",
    "Activity",
    "Alert",
    "AlertState",
    "Analysis",
    "AnalysisKind",
    "Availability",
    "CauseMatch",
    "Chart",
    "Claim",
    "Command",
    "CommandDescriptor",
    "CommandState",
    "Condition",
    "Conversation",
    "DeleteDevice",
    "DesireState",
    "Device",
    "Diagnosis",
    "EditDevice",
    "Equals",
    "Evidence",
    "Extra",
    "Fact",
    "FleetLimits",
    "Form",
    "Gap",
    "Identity",
    "Info",
    "Introduce",
    "Kind",
    "Lapse",
    "Latest",
    "Limit",
    "LostSession",
    "Mapping",
    "Mark",
    "NoData",
    "Op",
    "Page",
    "Pick",
    "Point",
    "Presence",
    "Proposal",
    "Quality",
    "Quote",
    "RateOfChange",
    "RawMessage",
    "Reading",
    "Record",
    "Rejection",
    "ReplaceMappings",
    "ReplaceRules",
    "Rule",
    "RunStep",
    "Scope",
    "SendCommand",
    "SendingFailed",
    "Series",
    "SeriesQuery",
    "Severity",
    "Shape",
    "Sheet",
    "Source",
    "Step",
    "Threshold",
    "Tick",
    "Turn",
    "TwinUpdate",
    "Unsupported",
    "Value",
    "ValueType",
    "Watch",
    "WriteDiagnosis",
    "Writer",
    "partition_of",
]
