"""What the models may cost in a day: calls, tokens and money, counted before and after each call, kept over a restart.

A call is counted before it is sent, with what it may at most cost; its true cost replaces that when it is known. So
neither many calls at once nor a crash in the middle of one goes over a limit. A day is a UTC day.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from hub.ai.base import AiSettings, Completion, CompletionRequest
from hub.errors import AiBudget
from hub.runtime.private_files import replace_file

log = logging.getLogger(__name__)

_CHARS_A_TOKEN = 3
_PICTURE_TOKENS = 1500


class DailyUsage(msgspec.Struct):
    """Of one server in one day."""

    calls: int = 0
    tokens: int = 0
    money: float = 0.0


class _Day(msgspec.Struct):
    day: str
    servers: dict[str, DailyUsage] = {}


class Price(msgspec.Struct, frozen=True):
    """Money per million tokens of the question and of the answer."""

    asked: float = 0.0
    answered: float = 0.0

    def of(self, tokens_in: int, tokens_out: int) -> float:
        return (tokens_in * self.asked + tokens_out * self.answered) / 1_000_000


class Call:
    """One call that is under way: what is set aside for it, and what came of it so far."""

    def __init__(self, tokens_in: int, tokens_out: int, price: Price) -> None:
        self.tokens = tokens_in + tokens_out
        self.money = price.of(tokens_in, tokens_out)
        self._tokens_in, self._price, self._chars = tokens_in, price, 0
        self._answer: Completion | None = None

    def heard(self, text: str) -> None:
        """A piece of a stream: what counts if the rest never comes."""
        self._chars += len(text)

    def settle(self, answer: Completion) -> None:
        self._answer = answer

    def cost(self) -> tuple[int, float]:
        """Tokens and money: as the server counted them, else estimated from what went to and fro."""
        said = self._answer
        if said is not None and said.tokens:
            asked = min(said.tokens_in or self._tokens_in, said.tokens)
            return said.tokens, self._price.of(asked, said.tokens - asked)
        out = (len(said.text) if said is not None else self._chars) // _CHARS_A_TOKEN
        if out == 0 and said is None:
            return 0, 0.0
        return self._tokens_in + out, self._price.of(self._tokens_in, out)


class Budget:
    """Counts in ``file`` (None: in memory alone). ``now`` is epoch seconds."""

    def __init__(self, settings: AiSettings, file: Path | None = None, now: Callable[[], float] = time.time) -> None:
        self._settings, self._file, self._now = settings, file, now
        self._open: set[Call] = set()
        self._day = self._read()

    def use(self, settings: AiSettings) -> None:
        """Other limits from now on; what is spent stays spent."""
        self._settings = settings

    def today(self) -> dict[str, DailyUsage]:
        """What each server has cost today."""
        self._turn()
        return self._day.servers

    def total(self) -> DailyUsage:
        every = self.today().values()
        return DailyUsage(sum(s.calls for s in every), sum(s.tokens for s in every), sum(s.money for s in every))

    @contextmanager
    def call(self, server: str, request: CompletionRequest, price: Price) -> Iterator[Call]:
        """Around one call. Raises AiBudget, with nothing counted, where it could go over a limit."""
        call = Call(_estimate(request), request.max_tokens, price)
        self._admit(call)
        self._open.add(call)
        self._day.servers.setdefault(server, DailyUsage()).calls += 1
        self._keep()
        try:
            yield call
        finally:
            self._open.discard(call)
            self._turn()
            spent = self._day.servers.setdefault(server, DailyUsage())
            tokens, money = call.cost()
            spent.tokens += tokens
            spent.money += money
            if tokens:
                self._keep()

    def _admit(self, call: Call) -> None:
        limits, total = self._settings, self.total()
        tokens = total.tokens + sum(c.tokens for c in self._open) + call.tokens
        money = total.money + sum(c.money for c in self._open) + call.money
        if limits.daily_calls is not None and total.calls >= limits.daily_calls:
            raise _over(f"{limits.daily_calls} calls", "daily_calls")
        if limits.daily_tokens is not None and tokens > limits.daily_tokens:
            raise _over(f"{limits.daily_tokens} tokens", "daily_tokens")
        if limits.daily_money is not None and call.money and money > limits.daily_money:
            raise _over(f"{limits.daily_money:g} in money", "daily_money")

    def _turn(self) -> None:
        """A new day begins with nothing spent. A clock that is set back does not give yesterday's budget again."""
        day = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%d")
        if day > self._day.day:
            self._day = _Day(day)

    def _read(self) -> _Day:
        if self._file is not None and self._file.exists():
            try:
                return msgspec.json.decode(self._file.read_bytes(), type=_Day)
            except (OSError, msgspec.MsgspecError) as error:
                log.warning("what the models cost today cannot be read (%s): counted from zero", type(error).__name__)
        return _Day("")

    def _keep(self) -> None:
        """Write the day's usage, not forced to the disk: only a crash of the whole machine would lose it."""
        if self._file is None:
            return
        try:
            replace_file(self._file, msgspec.json.encode(self._day), sync=False)
        except OSError as error:
            log.warning("what the models cost today cannot be kept: %s", error.strerror)


def _estimate(request: CompletionRequest) -> int:
    """About how many tokens a request has; rather too many than too few."""
    chars = sum(len(message.text) + 20 for message in request.messages)
    chars += sum(len(str(tool.parameters)) + len(tool.description) for tool in request.tools)
    chars += len(str(request.schema)) if request.schema is not None else 0
    return chars // _CHARS_A_TOKEN + (_PICTURE_TOKENS if request.picture is not None else 0)


def _over(limit: str, key: str) -> AiBudget:
    return AiBudget(f"Today's budget for models is used up ({limit}).", f"Raise ai.{key}, or wait until 00:00 UTC.")
