"""The part of an audit log entry that request handlers fill in."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from hub.api.field_changes import masked
from hub.assistant import AssistantReply
from hub.model import Actor, FieldChange, Step, Writer


class Draft:
    """The facts about one operation that its handler adds to the audit entry, besides person, client and outcome.

    Attributes:
        actor: The person, if authentication does not name one, as at a sign-in.
        object: Id of the changed object, if the path does not contain it.
        texts: Descriptions of what was done.
        changes: The fields that were changed, with their values before and after.
        details: Further facts by name.
        refused: True if the operation was refused and the status of the response, such as a redirect, does not show
            this.
    """

    def __init__(self) -> None:
        self.refused = False
        self.actor: Actor | None = None
        self.object = ""
        self.texts: list[str] = []
        self.changes: list[FieldChange] = []
        self.details: dict[str, Any] = {}


_current: ContextVar[Draft | None] = ContextVar("audit draft", default=None)


@contextmanager
def drafting(draft: Draft) -> Iterator[None]:
    """Make ``draft`` the audit entry that calls of :func:`note` add to, until the ``with`` block ends.

    This also applies to tasks that the block starts.
    """
    token = _current.set(draft)
    try:
        yield
    finally:
        _current.reset(token)


def note(
    text: str = "",
    *,
    actor: Actor | None = None,
    object: str = "",
    refused: bool = False,
    changes: Sequence[FieldChange] = (),
    **details: Any,
) -> None:
    """Add facts to the audit entry of the current operation. Do nothing if no operation is in progress.

    ``details`` are further facts as keyword arguments. Empty ones are left out, and secrets are masked.
    """
    draft = _current.get()
    if draft is None:
        return
    draft.actor = actor or draft.actor
    draft.refused = draft.refused or refused
    draft.object = object or draft.object
    if text:
        draft.texts.append(text)
    draft.changes.extend(changes)
    draft.details |= {name: masked(name, value) for name, value in details.items() if value not in (None, "", [], {})}


def note_answer(question: str, reply: AssistantReply) -> None:
    """Add a question to the assistant, the model that answered, and the tools that it called to the audit entry."""
    tools = Counter(extra.tool for extra in reply.extras if isinstance(extra, Step))
    called = ", ".join(name if count == 1 else f"{name} {count}x" for name, count in tools.items())
    note_model(Writer(reply.provider, reply.model, reply.generative), reply.tokens_used)
    note(question=question, tools=called)


def note_model(writer: Writer, tokens: int) -> None:
    """Add the model that wrote a text, and the number of tokens that it used, to the audit entry."""
    note(provider=writer.provider, model=writer.model, tokens=tokens)
