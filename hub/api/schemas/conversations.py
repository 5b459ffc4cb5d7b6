"""Conversations with the assistant as the API returns them. Most objects are those of :mod:`hub.model`."""

from __future__ import annotations

from typing import Annotated

from hub.api.schemas.api_object import ApiObject, FromModel
from hub.model import Conversation, Writer
from hub.model.conversation import Chart, Proposal, RuleProposal, Source, Step, Unsupported

ConversationItem = Annotated[Conversation, FromModel("ConversationItem")]
TurnExtra = (
    Annotated[Step, FromModel("StepShape")]
    | Annotated[Chart, FromModel("ChartShape")]
    | Annotated[Proposal, FromModel("ProposalShape")]
    | Annotated[RuleProposal, FromModel("RuleProposalShape")]
    | Annotated[Source, FromModel("SourceShape")]
    | Annotated[Unsupported, FromModel("UnsupportedShape")]
)


class ConversationList(ApiObject):
    items: list[ConversationItem]


class TurnShape(ApiObject):
    """A question with its answer. `stopped` is true if the user stopped the answer before its end."""

    question: str
    answer: str
    at: int
    writer: Annotated[Writer, FromModel("TurnWriter")]
    tokens: int
    stopped: bool
    extras: list[TurnExtra]


class ConversationShape(ApiObject):
    id: str
    turns: list[TurnShape]
