"""Build the request to a model for one question of a conversation, and the items shown beside its answer.

These items, the extras, are sources, charts, proposals and unsupported sentences.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from hub import text_format as fmt
from hub.ai.base import ChatMessage, CompletionRequest
from hub.ai.prompt_isolation import RULES, clean, fence
from hub.ai.providers import ProviderChain, ProviderProblem
from hub.assistant.grounding import unsupported_claims
from hub.assistant.rule_based_answers import RuleBasedAnswer, RuleBasedAnswers
from hub.assistant.sources import sources, sources_of
from hub.assistant.tool_loop import ToolLoop
from hub.errors import AiError
from hub.model import Chart, Extra, RuleProposal, SeriesQuery, Source, Turn, Unsupported, Writer
from hub.tools import Tools, specs

_MEMORY, _REMEMBERED = 8_000, 2_000
"""Maximum number of characters of all earlier turns that a model gets, and of one earlier answer.

Older turns are left out.
"""

SYSTEM = (
    "You are Watchkeeper's assistant for the people who run this site. " + RULES + " "
    "Answer the question from the data and the tools, briefly, in plain English, in the language of the question. "
    "Name the device, the metric, the value with its unit and the time for what you say, as the data gives them: every "
    "number is checked against the data, and one that is not there is marked. Times are UTC. You can only look things "
    "up: if somebody asks you to switch or set something, put the command before the person with propose_command, and "
    "say that it goes when he sends it; acknowledging and deleting a person does on the pages."
)


class AssistantTurn:
    """One question of a conversation: builds the request to a model, and the extras shown beside the answer."""

    def __init__(
        self,
        tools: Tools,
        providers: ProviderChain,
        answers: RuleBasedAnswers,
        question: str,
        before: Sequence[Turn],
        language: str,
    ) -> None:
        self._tools, self._providers, self._answers = tools, providers, answers
        self._question, self._before, self._language = question, before, language
        self._computed: RuleBasedAnswer | None = None
        self.rounds = ToolLoop(self._tools)

    async def _plain(self) -> str:
        if self._computed is None:
            self._computed = await self._answers.answer(self._question, self._before, self._language)
        return self._computed.text

    async def request(self, model: str | None) -> CompletionRequest:
        """Return the request to a model.

        It contains the fleet summary, the open alerts and the built-in analyst's answer.

        If no language model is configured or ``model`` is ``builtin``, the request has only the question.
        """
        if not self._providers.generative or model == "builtin":
            return CompletionRequest((ChatMessage("user", self._question),), self._plain)
        data = {
            "now": fmt.date_time(self._tools.queries.now()),
            "fleet": msgspec.to_builtins(await self._tools.fleet_summary()),
            "open_alerts": msgspec.to_builtins(await self._tools.open_alerts(limit=8)),
            "computed_answer": await self._plain(),
        }
        self.rounds.given += [data, self._question, *(turn.question for turn in self._before)]
        asked = ChatMessage("user", fence("hub", data, 12_000) + f"\n\nQuestion: {clean(self._question)}")
        messages = (ChatMessage("system", SYSTEM), *_remembered(self._before), asked)
        return CompletionRequest(
            messages, self._plain, specs(self._tools), max_tokens=self._providers.settings.max_tokens
        )

    async def rest(self, broken: ProviderProblem) -> str:
        if not self._providers.settings.fallback:
            raise AiError(broken.message, "Ask again.")
        return f"\n\n[{broken.message} The built-in analyst says:] {await self._plain()}"

    async def extras(self, text: str, writer: Writer) -> list[Extra]:
        """Return what is shown beside a finished answer: sources, charts, a proposal, and unsupported sentences.

        ``writer`` is the model, or the built-in analyst, that wrote the answer ``text``. A sentence is unsupported if
        it has a number or time that the data does not contain.
        """
        queries = self._tools.queries
        if writer.generative:
            named = sources(text, queries.lookup, None, queries.now())
            names = [name for source in named for name in (source.name, source.device)]
            texts = [
                text,
                self._computed.text if self._computed else "",
                self._question,
                *(t.question for t in self._before),
            ]
            devices = queries.lookup.named_in("\n".join(texts))
            marked = unsupported_claims(text, self.rounds.given, names, devices)
            proposed = self._computed.proposal if self._computed else None
            drafts = [proposed] if isinstance(proposed, RuleProposal) else []
            return [*named, *drafts, *(Unsupported(sentence) for sentence in marked)]
        if self._computed is None:
            return []
        found = sources_of(self._computed.about, self._computed.span, queries.registry, queries.now())
        charts = await self._charts(found) if self._computed.is_charted else []
        return [*found, *([self._computed.proposal] if self._computed.proposal else []), *charts]

    async def _charts(self, named: Sequence[Source]) -> list[Chart]:
        """Return charts of the first two sources in ``named`` that have a metric.

        Each chart shows the time range of its source.
        """
        queries = self._tools.queries
        asked = [SeriesQuery(s.device, s.metric, s.start, s.end, buckets=60) for s in named if s.metric][:2]
        charts = []
        for wanted, series in zip(asked, await queries.store.history(asked), strict=True):
            device = queries.registry.require(series.device)
            points = tuple(point for point in series.points if len(point) == 5)
            about = (device.id, device.display_name, series.metric, device.unit(series.metric))
            if len(points) > 1:
                charts.append(Chart(*about, wanted.start, wanted.end, points))
        return charts


def _remembered(before: Sequence[Turn]) -> list[ChatMessage]:
    """Return the latest turns of the conversation as messages for the language model, oldest first.

    ``before`` are the earlier questions with their answers. As many of the latest ones are returned as fit into
    :data:`_MEMORY` characters.
    """
    kept: list[ChatMessage] = []
    left = _MEMORY
    for turn in reversed(before):
        answer = turn.answer[:_REMEMBERED]
        left -= len(turn.question) + len(answer)
        if left < 0:
            break
        said = clean(answer) or "(no answer)"
        kept = [ChatMessage("user", clean(turn.question)), ChatMessage("assistant", said), *kept]
    return kept
