"""Document library: full-text search by page, verbatim quotes, and links to device models."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from backends import PARAMETERS
from hub.model import Analysis, Writer
from hub.store.base import Store
from hub.store.documents import QUOTE_CHARS, passage

PAGES = (
    "Contents. Installation. Care.",
    "Bearings are greased every 2,000 hours with 12 g of grease.  Too much grease makes them hot.\nCheck the seal.",
)


def document(name: str, *models: str, at: int = 1) -> Analysis:
    return Analysis(
        id=f"a-{name}",
        kind="document",
        filename=f"{name}.pdf",
        format="pdf",
        bytes=10,
        created_at=at,
        device=None,
        analysis="A manual.",
        generated_by=Writer("builtin", "builtin-analyst", False),
        tokens_used=0,
        facts={"page_count": 2},
        models=models,
    )


@pytest.fixture(params=PARAMETERS)
async def store(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Store]:
    store = request.param.open(tmp_path)
    yield store
    await store.close()


async def test_quote_is_verbatim_with_its_page(store: Store) -> None:
    await store.library.put(document("pump", "P-100"), PAGES)
    (quote,) = await store.library.quotes("How often must the bearing be greased?", model="p-100")
    assert (quote.document, quote.filename, quote.page) == ("a-pump", "pump.pdf", 2)
    assert quote.text in PAGES[1]
    assert "every 2,000 hours" in quote.text


async def test_document_is_not_found_for_another_model(store: Store) -> None:
    await store.library.put(document("pump", "P-100"), PAGES)
    assert await store.library.quotes("grease bearing", model="P-1000") == []
    assert await store.library.quotes("grease bearing", model="P") == []


async def test_document_without_model_is_found_only_by_id(store: Store) -> None:
    await store.library.put(document("pump"), PAGES)
    assert await store.library.quotes("grease bearing") == []
    assert len(await store.library.quotes("grease bearing", document="a-pump")) == 1


async def test_changed_model_link_takes_effect_at_once(store: Store) -> None:
    await store.library.put(document("pump"), PAGES)
    await store.library.update(document("pump", "P-100"))
    assert await store.library.quotes("grease", model="P-100")
    await store.library.update(document("pump", "P-200"))
    assert await store.library.quotes("grease", model="P-100") == []


async def test_unrelated_words_find_nothing(store: Store) -> None:
    await store.library.put(document("pump", "P-100"), PAGES)
    assert await store.library.quotes("hydraulic accumulator", model="P-100") == []
    assert await store.library.quotes("what is the", model="P-100") == []


@pytest.mark.parametrize(
    "words", ['"', "grease OR *", 'NEAR("a" "b")', "text:grease", "a\x00b", "-" * 500, "-grease ("]
)
async def test_search_syntax_in_words_is_ignored(store: Store, words: str) -> None:
    await store.library.put(document("pump", "P-100"), PAGES)
    for quote in await store.library.quotes(words, model="P-100"):
        assert quote.text in PAGES[quote.page - 1]


async def test_deleted_document_is_not_found(store: Store) -> None:
    await store.library.put(document("pump", "P-100"), PAGES)
    await store.library.delete("a-pump")
    assert await store.library.one("a-pump") is None
    assert await store.library.quotes("grease", model="P-100") == []
    await store.library.put(document("other", "P-100"), ("Nothing of that kind.",))
    assert await store.library.quotes("grease", model="P-100") == []


async def test_analyses_are_newest_first_with_cursor(store: Store) -> None:
    for at in range(1, 6):
        await store.library.put(msgspec.structs.replace(document(f"d{at}", at=at), device="pump-1" if at % 2 else None))
    first = await store.library.newest(limit=2)
    assert [a.id for a in first] == ["a-d5", "a-d4"]
    rest = await store.library.newest(before=(first[-1].created_at, first[-1].id))
    assert [a.id for a in rest] == ["a-d3", "a-d2", "a-d1"]
    assert [a.id for a in await store.library.newest(device="pump-1")] == ["a-d5", "a-d3", "a-d1"]


def test_passage_is_bounded_part_of_text() -> None:
    text = "One sentence. " * 200 + "The seal leaks when it is worn. " + "Another one. " * 200
    found = passage(text, ["seal", "worn"])
    assert found in text
    assert "seal leaks when it is worn" in found
    assert len(found) <= QUOTE_CHARS
