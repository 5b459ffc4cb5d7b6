"""Store analyses and the pages of documents, and search pages with the full-text index of the database.

A quote is a literal part of a page's text.
"""

from __future__ import annotations

import re
from collections.abc import Awaitable, Callable, Iterable, Sequence
from functools import partial
from itertools import islice
from typing import Any, NamedTuple

import msgspec

from hub.model import Analysis, AnalysisKind, Quote
from hub.store.connection import Engine, SqlConnection
from hub.store.rows import decoded

_encode = msgspec.msgpack.Encoder().encode
_decode = msgspec.msgpack.Decoder(Analysis).decode
_WORD = re.compile(r"[^\W_]{2,40}")
_STOP_WORDS = frozenset((
    "the", "and", "for", "are", "was", "were", "what", "which", "who", "whom", "how", "when", "where", "why",
    "does", "did", "its", "this", "that", "these", "those", "with", "from", "into", "can", "could", "should",
    "would", "must", "may", "might", "not", "you", "your", "our", "they", "them", "their", "there", "has", "have",
    "had", "been", "being", "about", "say", "says", "tell", "told", "document", "manual", "page", "of", "to", "in",
    "is", "it", "at", "on", "or", "an", "be", "by", "do", "if", "as", "we",
))  # fmt: skip
"""Common words that a search ignores, because they are on every page."""
MAX_WORDS = 24
MIN_WORDS = 2
"""Minimum number of search words in a passage. A passage with only one of many words is about something else."""
QUOTE_CHARS = 420

_INDEX = "INSERT INTO page_words (rowid, text) SELECT id, text FROM page WHERE analysis = ?"
_REMOVE_FROM_INDEX = (
    "INSERT INTO page_words (page_words, rowid, text) SELECT 'delete', id, text FROM page WHERE analysis = ?"
)


class FullText(NamedTuple):
    """The parts of an SQL query for a full-text search that differ between the databases.

    Attributes:
        pages: The tables to search.
        match: The condition, with the search words as its parameter.
        rank: The expression to sort by; the best page has the lowest value.
        either: The operator between search words that means OR.
        word: The format of a search word.
    """

    pages: str
    match: str
    rank: str
    either: str
    word: str


_FULL_TEXT: dict[Engine, FullText] = {
    "sqlite": FullText(
        "page_words JOIN page ON page.id = page_words.rowid", "page_words MATCH ?", "bm25(page_words)", " OR ", '"{}"'
    ),
    "postgresql": FullText(
        "page CROSS JOIN to_tsquery('english', ?) AS wanted",
        "words @@ wanted",
        "-ts_rank_cd(words, wanted)",
        " | ",
        "'{}'",
    ),
}

Run = Callable[[Callable[[SqlConnection], Any]], Awaitable[Any]]


class DocumentLibrary:
    """Reads and writes documents; ``read`` and ``write`` run a function with a connection in the store's threads."""

    def __init__(self, read: Run, write: Run) -> None:
        self._read, self._write = read, write

    async def put(self, analysis: Analysis, pages: Sequence[str] = ()) -> None:
        """Store a new analysis with the text of its pages."""
        await self._write(partial(_put, analysis=analysis, pages=pages))

    async def update(self, analysis: Analysis) -> None:
        """Store the changed device and models of an analysis."""
        await self._write(partial(_update, analysis=analysis))

    async def delete(self, analysis_id: str) -> None:
        await self._write(partial(_delete, analysis_id=analysis_id))

    async def one(self, analysis_id: str) -> Analysis | None:
        found: Analysis | None = await self._read(partial(_one, analysis_id=analysis_id))
        return found

    async def newest(
        self,
        *,
        kind: AnalysisKind | None = None,
        device: str | None = None,
        limit: int = 50,
        before: tuple[int, str] | None = None,
    ) -> list[Analysis]:
        """Return analyses, newest first. If ``before`` is given, begin after the one with this ``(created_at, id)``."""
        found: list[Analysis] = await self._read(partial(_list, kind=kind, device=device, limit=limit, before=before))
        return found

    async def quotes(
        self, words: str, *, model: str | None = None, document: str | None = None, limit: int = 4
    ) -> list[Quote]:
        """Return passages that match ``words``.

        They come from ``document`` if it is given, otherwise from the manuals of ``model``; if that is not given
        either, from all manuals.
        """
        found: list[Quote] = await self._read(
            partial(_quotes, words=words, model=model, document=document, limit=limit)
        )
        return found


def _put(connection: SqlConnection, analysis: Analysis, pages: Sequence[str]) -> None:
    with connection.transaction():
        connection.execute(
            "INSERT INTO analysis VALUES (?, ?, ?, ?, ?)",
            (analysis.id, analysis.kind, analysis.device, analysis.created_at, _encode(analysis)),
        )
        for number, text in enumerate(pages, 1):
            if text.strip():
                connection.execute(
                    "INSERT INTO page (analysis, number, text) VALUES (?, ?, ?)", (analysis.id, number, text)
                )
        if connection.engine == "sqlite":  # PostgreSQL's index follows the table
            connection.execute(_INDEX, (analysis.id,))
        _bind(connection, analysis)


def _bind(connection: SqlConnection, analysis: Analysis) -> None:
    connection.execute("DELETE FROM manual WHERE analysis = ?", (analysis.id,))
    for model in dict.fromkeys(map(model_key, analysis.models)):
        connection.execute("INSERT INTO manual VALUES (?, ?)", (model, analysis.id))


def _update(connection: SqlConnection, analysis: Analysis) -> None:
    with connection.transaction():
        connection.execute(
            "UPDATE analysis SET device = ?, body = ? WHERE id = ?", (analysis.device, _encode(analysis), analysis.id)
        )
        _bind(connection, analysis)


def _delete(connection: SqlConnection, analysis_id: str) -> None:
    with connection.transaction():
        if connection.engine == "sqlite":
            connection.execute(_REMOVE_FROM_INDEX, (analysis_id,))
        for table, column in (("page", "analysis"), ("manual", "analysis"), ("analysis", "id")):
            connection.execute(f"DELETE FROM {table} WHERE {column} = ?", (analysis_id,))  # noqa: S608 (our own words)


def _one(connection: SqlConnection, analysis_id: str) -> Analysis | None:
    rows = connection.execute("SELECT id, body FROM analysis WHERE id = ?", (analysis_id,))
    return next(decoded("analysis", rows, _decode), None)


def _list(
    connection: SqlConnection,
    kind: AnalysisKind | None,
    device: str | None,
    limit: int,
    before: tuple[int, str] | None,
) -> list[Analysis]:
    terms, values = ["true"], list[Any]()
    for column, wanted in (("kind", kind), ("device", device)):
        if wanted is not None:
            terms.append(f"{column} = ?")
            values.append(wanted)
    if before is not None:
        terms.append("(created_at, id) < (?, ?)")
        values += before
    rows = connection.execute(
        f"SELECT id, body FROM analysis WHERE {' AND '.join(terms)} "  # noqa: S608 (our own words)
        "ORDER BY created_at DESC, id DESC LIMIT ?",
        (*values, max(limit, 0)),
    )
    return list(decoded("analysis", rows, _decode))


def _quotes(connection: SqlConnection, words: str, model: str | None, document: str | None, limit: int) -> list[Quote]:
    search_words = search_terms(words)
    if not search_words:
        return []
    found_by = _FULL_TEXT[connection.engine]
    terms, values = [found_by.match], list[Any]([found_by.either.join(map(found_by.word.format, search_words))])
    if document is not None:
        terms.append("page.analysis = ?")
        values.append(document)
    elif model is not None:
        terms.append("page.analysis IN (SELECT analysis FROM manual WHERE model = ?)")
        values.append(model_key(model))
    else:
        terms.append("page.analysis IN (SELECT analysis FROM manual)")
    min_words = min(len(search_words), MIN_WORDS)
    rows = connection.execute(
        f"SELECT page.analysis, page.number, page.text, analysis.body FROM {found_by.pages} "  # noqa: S608 (our own words)
        "JOIN analysis ON analysis.id = page.analysis "
        f"WHERE {' AND '.join(terms)} ORDER BY {found_by.rank}, page.id LIMIT ?",
        (*values, max(limit, 0) * 4),
    )
    found = ((doc, number, body, passage(text, search_words)) for doc, number, text, body in rows)
    quotes = (Quote(doc, _decode(body).filename, number, text) for doc, number, body, text in found
              if sum(stem in text.casefold() for stem in map(_stem, search_words)) >= min_words)  # fmt: skip
    return list(islice(quotes, max(limit, 0)))


def model_key(model: str) -> str:
    """Return a key for a model's name that ignores case and spacing."""
    return " ".join(model.split()).casefold()


def search_terms(words: str) -> list[str]:
    """Return the words to search for, each once, without stop words and at most ``MAX_WORDS``."""
    found = (word.casefold() for word in _WORD.findall(words))
    return [word for word in dict.fromkeys(found) if word not in _STOP_WORDS][:MAX_WORDS]


def _stem(word: str) -> str:
    return word[:-1] if len(word) > 4 else word


def passage(text: str, words: Iterable[str]) -> str:
    """Return the passage of ``text`` with the most of ``words``, at most :data:`QUOTE_CHARS` characters long.

    It begins with a sentence or a line and, if possible, ends with a sentence.
    """
    stems = [_stem(word) for word in words]
    starts = [0, *(m.end() for m in re.finditer(r"(?<=[.!?:;])\s+|\n+", text))]
    folded = text.casefold() if len(text.casefold()) == len(text) else text.lower()
    best, score = 0, -1
    for start in starts:
        window = folded[start : start + QUOTE_CHARS]
        found = sum(stem in window for stem in stems) * 4 + sum(stem in window[:120] for stem in stems)
        if found > score:
            best, score = start, found
    cut = text[best : best + QUOTE_CHARS]
    if best + QUOTE_CHARS < len(text):
        ends = [m.end() for m in re.finditer(r"[.!?](?=\s)", cut)]
        cut = cut[: ends[-1]] if ends and ends[-1] > QUOTE_CHARS // 3 else cut.rpartition(" ")[0] or cut
    return cut.strip()
