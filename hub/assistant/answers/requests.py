"""Answers to requests: a command or a rule that a person may send or save. Nothing is sent here."""

from __future__ import annotations

from hub import text_format as fmt
from hub.assistant.answers.context import ComputedAnswer, Context, listed
from hub.assistant.answers.filters import condition_targets
from hub.assistant.command_intent import parse_command_intent
from hub.errors import Conflict, Invalid
from hub.model import RuleProposal


async def command(context: Context) -> ComputedAnswer:
    """Propose the command that the question asks for."""
    scope = context.question.scope
    if scope.is_all:
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
    """Answer how to create the rule that the question asks for, since rules are saved on the Rules page."""
    question = context.question
    amount = question.compares
    parts = []
    mentions = context.mentions()
    metric = mentions[0].words if mentions else context.say("a_metric")
    if not mentions and amount is not None and amount.unit is not None:
        metric = ", ".join(dict.fromkeys(target.title for target in await condition_targets(context, amount)))
    devices = listed([device.id for device in context.devices], 6)
    if amount is not None and amount.side in ("above", "below"):
        parts.append(f"{metric} {context.say(amount.side)} {amount.written}")
    elif question.has("offline"):
        parts.append(context.say("no_data_rule"))
    else:
        parts.append(metric)
    if not question.scope.is_all:
        parts.append(context.say("rule_devices", devices=devices))
    sources = tuple((device.id, None) for device in context.devices[:3]) if not question.scope.is_all else ()
    draft = RuleProposal(question.text)
    return ComputedAnswer(context.say("notify", rule="; ".join(parts)), sources, proposal=draft)


async def add_device(context: Context) -> ComputedAnswer:
    """Answer how a device is connected to the hub."""
    return ComputedAnswer(context.say("add_device"))


async def help_(context: Context) -> ComputedAnswer:
    """Answer with examples of questions."""
    return ComputedAnswer(context.say("help"))


async def thanks(context: Context) -> ComputedAnswer:
    """Answer a greeting or thanks."""
    return ComputedAnswer(context.say("welcome"))
