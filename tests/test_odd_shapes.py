"""Pictures and documents of extreme shapes: analysed, or refused with a reason."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest
import pytest_asyncio
from PIL import Image

from hub.errors import WrongType
from hub.worker import Worker
from sample_files import png

pytestmark = pytest.mark.asyncio(loop_scope="module")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def worker() -> AsyncIterator[Worker]:
    opened = Worker()
    yield opened
    await opened.close()


@pytest.mark.timeout(180)  # the models that read text are loaded first
@pytest.mark.parametrize("size", [(1, 20_000), (20_000, 1)])
async def test_picture_of_one_pixel_width_is_measured(worker: Worker, size: tuple[int, int]) -> None:
    image = Image.new("RGB", size, "white")
    image.paste("black", (0, 0, -(-size[0] // 2), -(-size[1] // 2)))  # text recognition skips a single colour
    found = await worker.run("picture", png(image), kind="png", read=True)
    assert (found["width"], found["height"]) == size
    assert found["text"] == []


async def test_pdf_with_recursive_page_tree_is_refused(worker: Worker) -> None:
    objects = (b"<</Type/Catalog/Pages 2 0 R>>", b"<</Type/Pages/Kids[2 0 R]/Count 1>>")
    data, places = b"%PDF-1.7\n", list[int]()
    for number, body in enumerate(objects, 1):
        places.append(len(data))
        data += b"%d 0 obj\n%s\nendobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    end = b"trailer\n<</Size 3/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % len(data)
    with pytest.raises(WrongType, match="cannot be read"):
        await worker.run("document", data + b"xref\n0 3\n0000000000 65535 f \n" + table + end)
