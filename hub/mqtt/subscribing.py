"""Subscribe at brokers that close the connection when they do not accept a topic filter.

RabbitMQ and many programs with Aedes do this instead of refusing the filter, and would do it again after each
reconnect. So after a connection that ended while a SUBSCRIBE was unanswered, the filters are subscribed one at a time.
A filter at which the connection ends twice counts as refused. It is tried again after a minute, because the connection
may have ended for other reasons, and later after twice that time, and so on: each attempt ends the connection if the
broker still refuses the filter.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence

from hub.mqtt.connection import Connection, Lost, Silent

RESUBSCRIBE_S = 30.0
"""A refused subscription is tried again after this time: the broker's access list may have been corrected."""
CLOSES = "the broker closes the connection"
"""The reason of a filter that is refused in this way."""
MAX_LOSSES = 2
"""Connections that end at a filter before it counts as refused: one may have ended for another reason."""
FIRST_PAUSE_S, MAX_PAUSE_S = 60.0, 86_400.0
"""How long (s) a filter at which connections ended is left out: the first pause, which doubles each time, and the
longest."""
MAX_SILENT = 3
"""Handshakes without an answer, after which the session is the likely cause."""


class Subscribing:
    """Records which topic filters the broker refuses, whether it says so or closes the connection.

    ``log`` is where refused filters are logged; None if nothing is to be logged.
    """

    def __init__(self, log: logging.Logger | None, address: str) -> None:
        self._log, self._address = log, address
        self._logged: set[str] = set()  # refused filters in the last log line
        self.searching = False  # filters are subscribed one at a time, to find those at which the connection ends
        self._granted: set[str] = set()  # found by the present search
        self._losses: dict[str, int] = {}  # connections that ended at a filter
        self._left_out_until: dict[str, float] = {}  # for filters with MAX_LOSSES or more, by the monotonic clock
        self._silent = 0  # handshakes in a row that the broker did not answer during the present search

    def forget(self) -> None:
        """Forget which topic filters the broker refused, so that all of them are subscribed again."""
        self.searching = False
        self._losses.clear()
        self._left_out_until.clear()

    async def subscribe(self, connection: Connection, filters: Sequence[str]) -> dict[str, str]:
        """Subscribe to ``filters``. Return those that the broker refused, each with its reason. Raises Lost."""
        self._silent = 0
        refused = {each: CLOSES for each in filters if self._is_left_out(each)}
        wanted = [each for each in filters if each not in refused]
        alone = [each for each in wanted if (self.searching or each in self._left_out_until)]
        done = [each for each in alone if each not in self._granted]
        for each in done:
            refused |= await self._try(connection, each)
        wanted = [each for each in wanted if each not in done]
        try:
            refused |= await connection.subscribe_to(wanted) if wanted else {}
        except Lost:
            self._begin_search()
            raise
        self.searching = False
        return refused

    def _begin_search(self) -> None:
        announced, self.searching = self.searching, True
        self._granted.clear()
        if self._log is not None and not announced:
            text = (
                "The MQTT broker at %s closed the connection when the hub subscribed. The hub subscribes to one topic"
            )
            self._log.warning(f"{text} filter at a time, to find those that the broker refuses.", self._address)

    def _is_left_out(self, topic_filter: str) -> bool:
        return time.monotonic() < self._left_out_until.get(topic_filter, 0.0)

    async def _try(self, connection: Connection, topic_filter: str) -> dict[str, str]:
        self._count_loss(topic_filter)  # remains if the connection ends now
        refused = await connection.subscribe_to([topic_filter])
        self._losses.pop(topic_filter, None)
        self._left_out_until.pop(topic_filter, None)
        if not refused:
            self._granted.add(topic_filter)
        return refused

    def _count_loss(self, topic_filter: str) -> None:
        losses = self._losses[topic_filter] = self._losses.get(topic_filter, 0) + 1
        if losses >= MAX_LOSSES:
            doublings = min(losses - MAX_LOSSES, 20)
            self._left_out_until[topic_filter] = time.monotonic() + min(FIRST_PAUSE_S * 2**doublings, MAX_PAUSE_S)

    def report(self, refused: Mapping[str, str]) -> str | None:
        """Log the refused filters if they have changed. Return them as text, None if there are none."""
        error = None
        if refused:
            listed = ", ".join(f"{topic} ({reason})" for topic, reason in refused.items())
            error = f"The broker refused the subscription to {listed}. Check the hub's rights in the broker's ACL."
        if self._log is not None and refused.keys() != self._logged:
            self._logged = set(refused)
            if error is None:
                self._log.info("The MQTT broker at %s granted all subscriptions.", self._address)
            elif CLOSES in refused.values():
                text = "%s Messages on these topics do not arrive. The hub tries them again, at first after %g s."
                self._log.warning(text, error, FIRST_PAUSE_S)
            else:
                text = "%s Messages on these topics do not arrive. The hub retries every %g s."
                self._log.warning(text, error, RESUBSCRIBE_S)
        return error

    def session_is_suspect(self, lost: Lost) -> bool:
        """Return True if the stored session is probably the reason why the broker closes each connection.

        Aedes stores a filter that it does not accept in the session, too, and closes the connection each time it
        restores the session.
        """
        if not (self.searching and isinstance(lost, Silent)):
            return False
        self._silent += 1
        return self._silent % MAX_SILENT == 0
