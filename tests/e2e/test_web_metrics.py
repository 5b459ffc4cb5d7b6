"""Metrics on the dashboard: titles, state words, groups, edits, axes."""

import itertools
import re
import time

import pytest
from playwright.sync_api import Page, expect

from e2e.running import Demo, eventually, free_address

MINUTE = 60_000
SHELLY = "shellyplus1pm-aabbccddeeff"


@pytest.fixture(scope="module")
def house(tmp_path_factory):
    """Start a demo without simulated machines and publish the devices of a house."""
    words = ["--http", free_address(), "--mqtt", free_address(), "--devices", "0"]
    demo = Demo(words, tmp_path_factory.mktemp("house") / "demo.log")
    now = int(time.time() * 1000)

    def minutes(count, values):
        return [{"ts": now - (count - n) * MINUTE, **values(n)} for n in range(count)]

    demo.publish("devices/door/info", {"name": "Front door", "classes": {"s": "door"}, "units": {"battery": "%"}})
    demo.publish("devices/door/telemetry", minutes(60, lambda n: {"s": 20 <= n < 30, "battery": 9}))
    demo.publish("devices/leak/telemetry", minutes(10, lambda n: {"leak": False, "battery": 100, "temperature": 18}))
    demo.publish("devices/valve/telemetry", minutes(60, lambda n: {"mode": ("auto", "manual", "rinse")[n // 20]}))
    demo.publish("devices/tank/info", {"units": {"p": "bar", "charge": "%"}})
    demo.publish("devices/tank/telemetry", minutes(60, lambda n: {"p": 1.5 + n // 15 * 0.25, "charge": 9}))
    switch = {"output": True, "apower": 93.1, "voltage": 231, "current": 0.4, "freq": 50, "pf": 0.9}
    more = {"aenergy": {"total": 12.5}, "ret_aenergy": {"total": 0.5}, "temperature": {"tC": 40.5}}
    status = {"switch:0": switch | more, "wifi": {"rssi": -60}, "sys": {"uptime": 100, "ram_free": 9, "fs_free": 9}}
    body = {"src": SHELLY, "dst": "x", "method": "NotifyFullStatus", "params": status | {"input:0": {"state": True}}}
    demo.publish(f"{SHELLY}/events/rpc", body)
    eventually(lambda: len(demo.get("/api/devices")["items"]) == 5, 20, "five devices")
    yield demo
    demo.stop()


def axis(page: Page) -> list[str]:
    """Return the labels that the chart has drawn on its value axis, from the bottom."""
    return page.evaluate("window.axisLabels ?? []")


WATCH_CANVAS = """
const draw = CanvasRenderingContext2D.prototype.fillText;
CanvasRenderingContext2D.prototype.fillText = function (text, ...at) {
  if (this.textAlign === 'right') window.axisLabels = [...new Set([...(window.axisLabels ?? []), text])];
  return draw.call(this, text, ...at);
};
"""


def chart(page: Page, house: Demo, path: str) -> list[str]:
    """Open a page with a chart and return the labels of its value axis."""
    page.add_init_script(WATCH_CANVAS)
    page.goto(f"http://{house.http}{path}")
    expect(page.get_by_role("img", name=re.compile("Chart of")).locator(".u-over")).to_be_visible()
    return eventually(lambda: axis(page), 10, "the axis")


@pytest.mark.parametrize(
    ("metric", "value", "expected"),
    [
        ("leak", lambda n: 1e-9 * (1 + n / 10), "1.90 × 10⁻⁹"),
        ("constant", lambda _: -2.5e-12, "−2.50 × 10⁻¹²"),
        ("energy", lambda n: 1e15 + n * 1e13, "1.09 × 10¹⁵"),
        ("enormous", lambda _: 1.5e300, "1.50 × 10³⁰⁰"),
        ("count", lambda n: 123_456_789_012 + n, "123,456,789,021"),
        ("negative_zero", lambda _: -0.0, "0.00"),
    ],
)
def test_values_of_any_magnitude_are_formatted_and_charted(house, page: Page, metric, value, expected):
    now = int(time.time() * 1000)
    house.publish("devices/vacuum/telemetry", [{"ts": now - (9 - n) * MINUTE, metric: value(n)} for n in range(10)])
    labels = chart(page, house, f"/d/vacuum?metric={metric}")
    assert len(labels) == len(set(labels)) > 1
    assert max(map(len, labels)) < 18
    expect(page.locator(f'[data-testid=metric][data-metric="{metric}"] .v')).to_have_text(expected)


def test_long_names_in_any_script_do_not_overflow_page(house, page: Page):
    area, title = "Donaudampfschifffahrt" * 5, "Drehzahlmesserabdeckung" * 5
    names = {"long": "Supercalifragilistic" * 6, "arabic": "مضخة التغذية " * 8, "cows": "🐄" * 60}
    for device, name in names.items():
        house.publish(f"devices/{device}/info", {"name": name[:128], "area": area, "titles": {"v": title}})
        house.publish(f"devices/{device}/telemetry", {"v": 1.5, "text": "W" * 1000})
    for device in names:
        for width in (390, 1440):
            page.set_viewport_size({"width": width, "height": 800})
            for path in (
                f"/d/{device}",
                f"/d/{device}?tab=settings",
                f"/d/{device}?tab=history",
                "/",
                "/home",
                "/activity",
            ):
                page.goto(f"http://{house.http}{path}")
                expect(page.locator("main").get_by_text(names[device].strip()[:12]).first).to_be_visible()
                beyond = page.evaluate(
                    "(({scrollWidth: all, clientWidth: seen}) => all - seen)(document.querySelector('main'))"
                )
                assert beyond == 0, (path, width)


def test_device_with_250_metrics_shows_24_tiles_until_expanded(house, page: Page):
    house.publish("devices/plc/telemetry", {f"block_{n}": n for n in range(250)})
    page.goto(f"http://{house.http}/d/plc")
    tiles = page.get_by_test_id("metric")
    expect(tiles.filter(visible=True)).to_have_count(24)
    expect(tiles.nth(10)).to_have_attribute("data-metric", "block_10")
    page.get_by_text("Other metrics").click()
    expect(tiles.filter(visible=True)).to_have_count(250)


def test_fleet_and_palette_show_state_words_of_device_class(house, page: Page):
    page.goto(f"http://{house.http}/")
    card = page.locator('[data-testid="device-row"][data-id="door"]')
    expect(card).to_contain_text("Closed")
    expect(page.locator('[data-testid="device-row"][data-id="leak"]')).to_contain_text("Dry")
    expect(page.locator(f'[data-testid="device-row"][data-id="{SHELLY}"]')).to_contain_text("Power")
    house.publish("devices/door/telemetry", {"s": True})
    expect(card).to_contain_text("Open")
    page.keyboard.press("Control+k")
    page.keyboard.type("front")
    expect(page.get_by_role("option", name="Front door")).to_contain_text("Open")


def test_metrics_of_plug_are_grouped(house, page: Page):
    page.goto(f"http://{house.http}/d/{SHELLY}")
    tile = page.locator('[data-testid="metric"]')
    expect(tile.filter(has_text="Power").first).to_be_visible()
    expect(page.get_by_test_id("metrics-further")).to_contain_text("Voltage")
    folded = page.get_by_test_id("metrics-diagnostic")
    expect(folded.get_by_text("Device temperature")).to_be_hidden()
    folded.locator("summary").click()
    expect(folded.get_by_text("Device temperature")).to_be_visible()
    expect(folded).to_contain_text("Wi-Fi signal")


def test_metric_is_renamed_hidden_and_reset(house, page: Page):
    page.goto(f"http://{house.http}/d/tank?tab=settings")
    item = page.locator('[data-testid="metric-edits"] li[data-metric="p"]')
    item.get_by_role("button", name="Edit").click()
    item.get_by_label("Title").fill("Head pressure")
    item.get_by_label("Unit").fill("bar(g)")
    item.get_by_role("button", name="Save").click()
    expect(item).to_contain_text("Head pressure")
    page.get_by_role("link", name="Overview").click()
    tile = page.locator('[data-testid="metric"][data-metric="p"]')
    expect(tile).to_contain_text("Head pressure")
    expect(tile).to_contain_text("bar(g)")
    page.get_by_role("link", name="Settings", exact=True).last.click()
    item.get_by_role("button", name="Edit").click()
    item.get_by_label("Hide").check()
    item.get_by_role("button", name="Save").click()
    expect(item).to_contain_text("hidden")
    page.get_by_role("link", name="Overview").click()
    expect(page.locator('[data-testid="metric"]').first).to_be_visible()
    expect(tile).to_have_count(0)
    page.get_by_role("link", name="Settings", exact=True).last.click()
    item.get_by_role("button", name="Reset to device default").click()
    expect(item).not_to_contain_text("hidden")
    assert house.get("/api/devices/tank")["metric_edits"] == {}
    page.get_by_role("button", name="Undo").last.click()
    expect(item).to_contain_text("Head pressure")
    house.api.patch("/api/devices/tank", json={"metrics": {"p": None}})


def test_axis_labels_are_distinct_and_evenly_spaced(house, page: Page):
    labels = chart(page, house, "/d/tank?metric=p")
    values = sorted(float(label) for label in labels)
    steps = {round(b - a, 6) for a, b in itertools.pairwise(values)}
    assert len(values) >= 3
    assert len(steps) == 1, labels


def test_axis_of_constant_surrounds_its_value(house, page: Page):
    values = [float(label) for label in chart(page, house, "/d/tank?metric=charge")]
    assert 0.5 <= max(values) - min(values) <= 20
    assert min(values) < 9 < max(values)


def test_boolean_metric_is_charted_with_state_words(house, page: Page):
    assert set(chart(page, house, "/d/door?metric=s")) == {"Open", "Closed"}
    page.get_by_role("link", name="7 d").or_(page.get_by_role("button", name="7 d")).click()
    expect(page.get_by_text("No readings in this time range.")).to_have_count(0)
    assert set(axis(page)) == {"Open", "Closed"}


def test_text_metric_is_charted_with_its_values(house, page: Page):
    assert set(chart(page, house, "/d/valve?metric=mode")) == {"auto", "manual", "rinse"}
    over = page.locator(".u-over")
    box = over.bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + box["width"] * 0.2, box["y"] + 40)
    expect(page.locator(".says")).to_contain_text("auto")
    page.mouse.move(box["x"] + box["width"] * 0.9, box["y"] + 40)
    expect(page.locator(".says")).to_contain_text("rinse")
