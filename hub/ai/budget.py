"""Daily limits of calls, tokens and money for models: for everybody together, and for each person.

The usage survives a restart. Days begin at 00:00 UTC.

Before a call is sent, the highest possible cost is reserved. The actual cost replaces the reservation when the call has
ended. So parallel calls together cannot exceed a limit.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import msgspec

from hub.ai.base import AiSettings, Caller, Completion, CompletionRequest
from hub.errors import AiBudget
from hub.runtime.private_files import replace_file

log = logging.getLogger(__name__)

_CHARS_A_TOKEN = 3
_PICTURE_TOKENS = 1500


class DailyUsage(msgspec.Struct):
    """Usage of one server, or by one person, on one day."""

    calls: int = 0
    tokens: int = 0
    money: float = 0.0


class _Day(msgspec.Struct):
    day: str
    servers: dict[str, DailyUsage] = {}
    people: dict[str, DailyUsage] = {}  # by account id


class Price(msgspec.Struct, frozen=True):
    """Prices per million tokens: ``tokens_in`` of requests, ``tokens_out`` of answers."""

    tokens_in: float = 0.0
    tokens_out: float = 0.0

    def cost(self, tokens_in: int, tokens_out: int) -> float:
        """Return the cost of a call with these numbers of tokens."""
        return (tokens_in * self.tokens_in + tokens_out * self.tokens_out) / 1_000_000


class Call:
    """A call of a model in progress, and what is reserved for it in the daily limits.

    Attributes:
        tokens: reserved tokens.
        money: reserved money.
        account: id of the account for which the call is made; None for the hub itself.
    """

    def __init__(self, tokens_in: int, tokens_out: int, price: Price, account: str | None = None) -> None:
        self.account = account
        self.tokens = tokens_in + tokens_out
        self.money = price.cost(tokens_in, tokens_out)
        self._tokens_in, self._price, self._chars = tokens_in, price, 0
        self._answer: Completion | None = None

    def add_text(self, text: str) -> None:
        """Count a part of a streamed text. If the stream ends early, the cost is estimated from the counted text."""
        self._chars += len(text)

    def finish(self, answer: Completion) -> None:
        """Set the complete answer. If it has numbers of tokens, they replace the estimate."""
        self._answer = answer

    def cost(self) -> tuple[int, float]:
        """Return the tokens and the money that the call has used.

        The tokens are those that the server reported, or else estimated from the length of the texts. A call without
        any answer costs 0.
        """
        answer = self._answer
        if answer is not None and answer.tokens:
            tokens_in = min(answer.tokens_in or self._tokens_in, answer.tokens)
            return answer.tokens, self._price.cost(tokens_in, answer.tokens - tokens_in)
        tokens_out = (len(answer.text) if answer is not None else self._chars) // _CHARS_A_TOKEN
        if tokens_out == 0 and answer is None:
            return 0, 0.0
        return self._tokens_in + tokens_out, self._price.cost(self._tokens_in, tokens_out)


class Budget:
    """Counts the calls, tokens and costs of models on the current day, and refuses calls beyond the limits.

    Args:
        settings: has the limits.
        file: stores the usage; None: the usage is only in memory.
        now: returns epoch seconds.
        caller: returns the user for whom the current call is made; None: all calls are the hub's own.
    """

    def __init__(
        self,
        settings: AiSettings,
        file: Path | None = None,
        now: Callable[[], float] = time.time,
        caller: Callable[[], Caller] | None = None,
    ) -> None:
        self._settings, self._file, self._now, self._caller = settings, file, now, caller
        self._open: set[Call] = set()  # calls in progress
        self._day = self._read()

    def set_limits(self, settings: AiSettings) -> None:
        """Replace the limits by those in ``settings``. Today's usage is kept."""
        self._settings = settings

    def today(self) -> dict[str, DailyUsage]:
        """Return today's usage by server."""
        self._start_new_day()
        return self._day.servers

    def total(self) -> DailyUsage:
        """Return today's usage of all servers together."""
        usages = self.today().values()
        return DailyUsage(sum(s.calls for s in usages), sum(s.tokens for s in usages), sum(s.money for s in usages))

    def today_by_person(self) -> dict[str, DailyUsage]:
        """Return today's usage by account id."""
        self._start_new_day()
        return self._day.people

    @property
    def resets_at(self) -> int:
        """Return when the next day begins, in epoch milliseconds."""
        return round(_next_midnight(self._now()).timestamp() * 1_000)

    @property
    def person(self) -> Caller | None:
        """Return the person who makes the current call; None if no account makes it (see :class:`Caller`)."""
        caller = self._caller() if self._caller is not None else None
        return caller if caller is not None and caller.account is not None else None

    @contextmanager
    def call(self, server: str, request: CompletionRequest, price: Price) -> Iterator[Call]:
        """Count the call to ``server`` that the block makes, and add its cost to the usage at the end of the block.

        Raises AiBudget, without counting the call, if the call could exceed a limit.
        """
        person = self.person
        call = Call(_estimate(request), request.max_tokens, price, person.account if person else None)
        self._admit(call)
        self._open.add(call)
        for usage in self._usages(server, call.account):
            usage.calls += 1
        self._save()
        try:
            yield call
        finally:
            self._open.discard(call)
            self._start_new_day()
            tokens, money = call.cost()
            for usage in self._usages(server, call.account):
                usage.tokens += tokens
                usage.money += money
            if tokens:
                self._save()

    def _usages(self, server: str, account: str | None) -> Iterable[DailyUsage]:
        """Yield the records in which a call is counted: one for the server, and one for the account, if any."""
        yield self._day.servers.setdefault(server, DailyUsage())
        if account is not None:
            yield self._day.people.setdefault(account, DailyUsage())

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
        if call.account is not None:
            self._admit_person(call, call.account)

    def _admit_person(self, call: Call, account: str) -> None:
        limits, used = self._settings, self._day.people.get(account, DailyUsage())
        tokens = used.tokens + sum(c.tokens for c in self._open if c.account == account) + call.tokens
        if limits.person_daily_calls is not None and used.calls >= limits.person_daily_calls:
            raise self._over_own(f"{limits.person_daily_calls} calls")
        if limits.person_daily_tokens is not None and tokens > limits.person_daily_tokens:
            raise self._over_own(f"{limits.person_daily_tokens} tokens")
        money = used.money + sum(c.money for c in self._open if c.account == account) + call.money
        if limits.person_daily_money is not None and call.money and money > limits.person_daily_money:
            raise self._over_own(f"{limits.person_daily_money:g} in money")

    def _over_own(self, limit: str) -> AiBudget:
        now = datetime.fromtimestamp(self._now(), UTC)
        minutes = -((now - _next_midnight(self._now())) // timedelta(minutes=1))  # rounded up
        return AiBudget(
            f"You have reached your daily AI limit ({limit}). It resets at 00:00 UTC, "
            f"in {minutes // 60} h {minutes % 60} min.",
            "An administrator can raise it.",
        )

    def _start_new_day(self) -> None:
        """Reset the usage if a later day has begun. If the clock was set back to an earlier day, keep the usage."""
        day = datetime.fromtimestamp(self._now(), UTC).strftime("%Y-%m-%d")
        if day > self._day.day:
            self._day = _Day(day)

    def _read(self) -> _Day:
        if self._file is not None and self._file.exists():
            try:
                return msgspec.json.decode(self._file.read_bytes(), type=_Day)
            except (OSError, ValueError, RecursionError) as error:
                log.warning(
                    "Cannot read %s (%s). Today's usage of models starts at 0.", self._file, type(error).__name__
                )
        return _Day("")

    def _save(self) -> None:
        """Write the day's usage without fsync: only a crash of the machine would lose it."""
        if self._file is None:
            return
        try:
            replace_file(self._file, msgspec.json.encode(self._day), sync=False)
        except OSError as error:
            log.warning(
                "Cannot write %s (%s). A restart would lose today's usage of models.", self._file, error.strerror
            )


def _estimate(request: CompletionRequest) -> int:
    """Return an upper estimate of the number of tokens of a request."""
    chars = sum(len(message.text) + 20 for message in request.messages)
    chars += sum(len(str(tool.parameters)) + len(tool.description) for tool in request.tools)
    chars += len(str(request.schema)) if request.schema is not None else 0
    return chars // _CHARS_A_TOKEN + (_PICTURE_TOKENS if request.picture is not None else 0)


def _next_midnight(now: float) -> datetime:
    day = datetime.fromtimestamp(now, UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    return day + timedelta(days=1)


def _over(limit: str, key: str) -> AiBudget:
    return AiBudget(f"Today's budget for models is used up ({limit}).", f"Raise ai.{key}, or wait until 00:00 UTC.")
