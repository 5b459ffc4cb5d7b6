"""Model servers on the settings page: test, save, order, remove. A stored key is never shown."""

from __future__ import annotations

import re
from contextlib import AsyncExitStack
from pathlib import Path

from playwright.sync_api import Page, expect

from e2e.conftest import Errors
from e2e.in_thread import hub_in_thread
from faulty_server import answer, faulty
from hub.ai.base import AiSettings
from hub.ai.server_config import ModelServer

KEY = "sk-typed-on-the-page"
COMPLETION = answer(
    b'{"choices": [{"index": 0, "message": {"role": "assistant", "content": "OK"}}],'
    b' "usage": {"prompt_tokens": 8, "completion_tokens": 1, "total_tokens": 9}}'
)
REFUSED = answer(b'{"error": {"message": "no"}}', "401 Unauthorized")


def test_model_server_is_tested_saved_ordered_and_removed(tmp_path: Path, page: Page, errors: Errors):
    errors.expected = ("422",)
    openai = ModelServer(name="openai", kind="openai", model="gpt-4o-mini")
    with hub_in_thread(tmp_path, real_ai=True, ai=AiSettings(servers=(openai,))) as running:
        scripts = [REFUSED, COMPLETION]
        server = faulty(lambda line: scripts.pop(0) if len(scripts) > 1 else scripts[0])
        stack = AsyncExitStack()
        lab = running.do(stack.enter_async_context(server))
        page.goto(f"{running.url}/settings")
        card = page.get_by_role("region", name="Models")
        expect(card.get_by_text("gpt-4o-mini")).to_be_visible()
        card.get_by_role("button", name="Add a server").click()
        dialog = page.get_by_test_id("model")
        dialog.get_by_label("Name", exact=True).fill("lab")
        dialog.get_by_label("Model", exact=True).fill("qwen3")
        dialog.get_by_label("Address").fill(lab.base_url)
        dialog.get_by_label("Key").fill(KEY)
        dialog.get_by_role("button", name="Test").click()
        expect(dialog.get_by_role("alert")).to_contain_text("refused the API key")
        dialog.get_by_role("button", name="Test").click()
        expect(dialog.get_by_role("status")).to_have_text("Test passed: the model answered.")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_be_hidden()
        row = card.get_by_role("listitem").filter(has_text="lab")
        expect(row).to_contain_text(re.compile("qwen3.*key stored.*2 calls"))

        card.get_by_label("Questions").fill("lab")
        card.get_by_label("Calls", exact=True).fill("100")
        with page.expect_response("**/api/models"):  # the notice about the saved server may still be there
            card.get_by_role("button", name="Save order and limits").click()
        expect(page.get_by_text("Saved and active").first).to_be_visible()
        assert running.hub.services.models.settings.roles["chat"] == ("lab",)
        assert running.hub.services.models.settings.daily_calls == 100

        row.get_by_role("button", name="Edit lab").click()
        expect(page.get_by_test_id("model").get_by_label("Key")).to_have_value("")
        assert KEY not in page.content()

        dialog.get_by_role("button", name="Reset to hub.toml").click()
        confirm = page.get_by_role("dialog", name="Reset lab")
        expect(confirm).to_contain_text("stored key")
        page.keyboard.press("Escape")
        expect(confirm).to_have_count(0)
        expect(dialog).to_be_visible()  # Escape closes only the top dialog
        assert "lab" in [server.name for server in running.hub.services.models.settings.servers]
        dialog.get_by_role("button", name="Reset to hub.toml").click()
        confirm.get_by_role("button", name="Reset to hub.toml").click()
        expect(dialog.get_by_role("alert")).to_contain_text("lab")  # it is still in an order
        dialog.get_by_role("button", name="Cancel").click()
        card.get_by_label("Questions").fill("")
        card.get_by_role("button", name="Save order and limits").click()
        row.get_by_role("button", name="Edit lab").click()
        dialog.get_by_role("button", name="Reset to hub.toml").click()
        confirm.get_by_role("button", name="Reset to hub.toml").click()
        expect(row).to_have_count(0)

        card.get_by_role("button", name="Add a server").click()
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_role("alert")).to_have_text(["Enter a value.", "Enter a value."])
        dialog.get_by_label("Model", exact=True).fill("  ")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_label("Model", exact=True)).to_have_accessible_description("Enter a value.")
        dialog.get_by_label("Name", exact=True).fill("lab 1")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_label("Name", exact=True)).to_have_accessible_description(
            re.compile("^Allowed: lowercase")
        )
        dialog.get_by_label("Name", exact=True).fill("lab-1")
        expect(dialog.get_by_label("Name", exact=True)).not_to_have_attribute("aria-invalid", "true")
        page.close()  # before the hub ends: its requests would be refused
        running.do(stack.aclose())
