"""Answer requests by proposing a command that a person may send, or a rule that a person may save.

Nothing is sent or saved here.
"""

from __future__ import annotations

from contextlib import suppress

from hub import text_format as fmt
from hub.assistant.answers.context import ComputedAnswer, Context, listed
from hub.assistant.command_intent import parse_command_intent
from hub.assistant.rule_words import rule_from_words
from hub.errors import Conflict, Invalid
from hub.model import RuleProposal, Scope
from hub.rules import InvalidField, describe, read_rule


async def command(context: Context) -> ComputedAnswer:
    """Propose the command that the question asks for."""
    scope = context.question.scope
    if scope.is_all or context.question.has("alert"):
        return ComputedAnswer(context.say("never_act_all"))
    sources = tuple((device.id, None) for device in context.devices[:3])
    if len(context.devices) != 1:
        return ComputedAnswer(context.say("one_device", scope=context.scope_words), sources)
    device = context.devices[0]
    try:
        proposal = parse_command_intent(context.question.text, device, context.language)
    except (Invalid, Conflict) as error:
        return ComputedAnswer(f"{context.say('never_act', name=device.display_name)} {error}", sources)
    value = (
        proposal.value
        if isinstance(proposal.value, str)
        else fmt.exact_value(proposal.value, proposal.unit)
        if proposal.value is not None
        else ""
    )
    shown = context.say(value) if value in ("true", "false") else value
    text = context.say(
        "proposed", name=proposal.name, command=proposal.title or fmt.spoken(proposal.command), value=shown
    )
    return ComputedAnswer(text, sources, proposal=proposal)


async def notify(context: Context) -> ComputedAnswer:
    """Answer with a draft of the rule that the question asks for. A person saves the rule on the Rules page."""
    question = context.question
    draft = rule_from_words(question.text, context.all_devices, context.language.code)
    if draft.refused:
        return ComputedAnswer(draft.refused)
    sources = tuple((device.id, None) for device in context.devices[:3]) if not question.scope.is_all else ()
    text = context.say("notify")
    with suppress(InvalidField):  # a part is missing, or a number is out of bounds: the form tells it
        rule = read_rule(draft.keys)
        devices = "" if question.scope.is_all else context.say("rule_devices", devices=_watched(rule.scope))
        text = context.say("notify_draft", rule="; ".join(part for part in (describe(rule), devices) if part))
    if draft.unknown:
        quoted = listed([f"“{word}”" for word in draft.unknown])
        text += " " + context.say("not_used", words=quoted)
    return ComputedAnswer(text, sources, proposal=RuleProposal(question.text))


async def audit(context: Context) -> ComputedAnswer:
    """Answer where the hub records who changed something."""
    return ComputedAnswer(context.say("audit"))


async def nothing_to_explain(context: Context) -> ComputedAnswer:
    """Answer the question "why?" if the previous answer named no device."""
    return ComputedAnswer(context.say("nothing_to_explain"))


def _watched(scope: Scope) -> str:
    return listed([*scope.devices, *scope.areas, *scope.labels], 6)


async def add_device(context: Context) -> ComputedAnswer:
    """Answer how a device is connected to the hub."""
    return ComputedAnswer(context.say("add_device"))


async def help_(context: Context) -> ComputedAnswer:
    """Answer with examples of questions."""
    return ComputedAnswer(context.say("help"))


async def thanks(context: Context) -> ComputedAnswer:
    """Answer a greeting or thanks."""
    return ComputedAnswer(context.say("welcome"))
