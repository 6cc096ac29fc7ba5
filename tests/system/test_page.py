"""The live page in a real browser against the real service."""

from __future__ import annotations

import json
import os
import re
import threading
import time
from pathlib import Path

import pytest

from store.writer import StoreWriter
from tests.api.conftest import CARD, RUN, finish
from tests.api.helpers import FAMILIES, SECOND, alert, make_run, serving, verdicts

CHROMIUM = Path("/usr/bin/chromium")
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
pytestmark = pytest.mark.skipif(not CHROMIUM.exists(), reason="the live page is tested in Chromium, which is not here")


@pytest.fixture(scope="module")
def browser():
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        yield found
        found.close()


@pytest.fixture
def page(browser):
    """A page that must not complain, nor ask anybody but the service for anything."""
    context = browser.new_context(viewport={"width": 1440, "height": 900}, color_scheme="dark")
    opened = context.new_page()
    said, asked = [], []
    opened.on("console", lambda message: said.append(message.text) if message.type in ("error", "warning") else None)
    opened.on("pageerror", lambda error: said.append(str(error)))
    opened.on("request", lambda request: asked.append(request.url))
    opened.asked = asked
    yield opened
    context.close()
    assert said == []
    assert [url for url in asked if not url.startswith(("http://127.0.0.1:", "data:"))] == []


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    run = make_run(folder / RUN)
    finish(run)
    (run / "scorecard.json").write_text(json.dumps(CARD))
    (run / "report.html").write_text("<!doctype html><title>Report</title><p>All of it.</p>")
    return folder


@pytest.fixture(scope="module")
def service(runs):
    with serving(runs) as client:
        yield client


def test_a_finished_run_is_told_in_words_and_figures(page, service):
    from playwright.sync_api import expect

    page.goto(str(service.base_url))
    expect(page.locator("#lead-title")).to_have_text("Paris 2024")
    expect(page.locator("#words")).to_contain_text("Of 150 attempts sent, 119 were detected (79.3 %).")
    expect(page.locator("#seen")).to_have_text("79.3 %")
    expect(page.locator("#latency-p99")).to_have_text("140 ms")
    expect(page.locator("#lost")).to_have_text("2")
    expect(page.locator("#link")).to_have_attribute("data-link", "live")
    expect(page.locator("#alert-rows tr")).to_have_count(25)
    expect(page.locator(".family")).to_have_count(2)
    expect(page.locator("#ledger")).to_contain_text("stopped")
    expect(page.locator(".uplot canvas")).to_have_count(2)
    page.locator("#more").click()
    expect(page.locator("#alert-rows tr")).to_have_count(30)
    with page.expect_navigation():
        page.locator("#report").click()
    expect(page.locator("p")).to_have_text("All of it.")


def test_keys_filters_and_the_evidence(page, service):
    from playwright.sync_api import expect

    page.goto(str(service.base_url))
    expect(page.locator("#alert-rows tr")).to_have_count(25)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(page.locator("#alert-rows tr").nth(1)).to_be_focused()
    page.keyboard.press("o")
    expect(page.locator("#drawer")).to_be_visible()
    expect(page.locator("#drawer-body")).to_contain_text("99 % never completed")
    title = page.locator("#drawer-title").text_content()
    page.keyboard.press("j")
    expect(page.locator("#drawer-title")).not_to_have_text(title)
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.keyboard.press("/")
    page.keyboard.type("198.19.0.6")
    expect(page.locator("#alert-rows tr")).to_have_count(1)
    page.locator("[name=host]").fill("192.0.2.1")
    expect(page.locator("#alerts-empty")).to_have_text("No alert matches the filter.")
    page.locator("[name=host]").fill("")
    page.locator("#filters [name=severity]").select_option("critical")
    expect(page.locator("#alert-rows .sev").first).to_have_text("critical")


def test_a_running_campaign_moves_and_a_new_alert_appears_by_itself(page, runs, service):
    from playwright.sync_api import expect

    folder = runs / "20990101-000000-running"
    start = time.time_ns() - 2 * SECOND
    folder.mkdir()
    figures = {"t": 2.0, "planned_per_s": 8150.0, "sent_per_s": 8150.0, "frames_per_s": 60000.0, "attempts": 16300}
    figures |= {"p50_ms": 62.0, "p99_ms": 140.0, "frames": 120000, "within_1ms": 1.0, "detected_per_s": 7900.0}
    end = threading.Event()

    def work() -> None:
        number = 0
        with StoreWriter(folder, compact_after=0) as writer:
            while not end.wait(0.2):
                number += 1
                now = time.time_ns()
                writer.commit(
                    verdicts=verdicts(100, now - SECOND // 5, number * 100),
                    alerts=[alert(number, FAMILIES[number % 4], "critical", now - number * SECOND // 10)],
                )

    finish(folder, "running", started_ns=start, ended_ns=None, duration_s=60.0, pid=os.getpid(), figures=figures)
    thread = threading.Thread(target=work)
    thread.start()
    try:
        page.goto(str(service.base_url))
        expect(page.locator("#lead-title")).to_have_text("Paris 2024 at 10.0x Tokyo", timeout=30_000)
        expect(page.locator("#state")).to_have_text("Running")
        expect(page.locator("#rate")).to_have_text("10.0x")
        expect(page.locator(".meter[data-series=sent] em")).to_have_text("8,150/s")
        before = int(page.locator("#alert-count").text_content())
        expect(page.locator("#alert-count")).not_to_have_text(str(before), timeout=30_000)
        expect(page.locator("#alert-rows tr").first).to_contain_text("critical")
        page.wait_for_selector("#alert-rows tr:nth-child(4)", timeout=30_000)
    finally:
        end.set()
        thread.join()
        finish(folder, "finished", started_ns=start, ended_ns=time.time_ns())


def test_starting_a_campaign_from_the_page(page, tmp_path):
    from playwright.sync_api import expect

    with serving(tmp_path) as client:
        page.goto(str(client.base_url))
        expect(page.locator("#lead-title")).to_have_text("No campaign yet")
        expect(page.locator("#state")).to_have_text("No run")
        page.keyboard.press("c")
        expect(page.locator("#launch")).to_be_visible()
        expect(page.locator("#launch [name=scenario]")).to_have_value("paris-2024")
        page.locator("#launch [name=scenario]").select_option("smoke")
        expect(page.locator("#scenario-words")).not_to_be_empty()
        page.locator("#launch [name=multiplier]").fill("0.1")
        page.locator("#launch [name=duration_s]").fill("600")
        page.locator("#launch [type=submit]").click()
        expect(page.locator("#launch")).to_be_hidden()
        expect(page.locator("#state")).to_have_text(re.compile("Starting|Running"), timeout=60_000)
        page.locator("#stop").click(timeout=60_000)
        expect(page.locator("#stop")).to_be_hidden(timeout=240_000)
        expect(page.locator("#state")).to_have_text(re.compile("Interrupted|Failed|Not valid"), timeout=60_000)


def test_a_service_that_goes_away_is_said(browser, tmp_path):
    from playwright.sync_api import expect

    opened = browser.new_page()
    with serving(tmp_path) as client:
        opened.goto(str(client.base_url))
        expect(opened.locator("#link")).to_have_attribute("data-link", "live")
    expect(opened.locator("#link")).to_have_attribute("data-link", "lost", timeout=20_000)
    opened.close()


@pytest.mark.parametrize(("width", "height"), [(360, 780), (820, 1180), (2560, 1440)])
def test_nothing_sticks_out_on_any_screen(browser, service, width, height):
    from playwright.sync_api import expect

    opened = browser.new_page(viewport={"width": width, "height": height})
    opened.goto(f"{service.base_url}?run={RUN}")
    expect(opened.locator("#alert-rows tr")).to_have_count(25)
    assert opened.evaluate("document.documentElement.scrollWidth") <= width
    opened.close()


def test_the_theme_can_be_changed_and_is_kept(page, service):
    page.goto(str(service.base_url))
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"


def test_the_description_of_the_api_is_drawn_and_can_be_tried(page, service):
    from playwright.sync_api import expect

    page.goto(f"{service.base_url}docs")
    expect(page.locator("details.op")).to_have_count(len(_operations(service)))
    page.locator("#listAlerts > summary").click()
    page.locator("#listAlerts button").click()
    expect(page.locator("#listAlerts pre").last).to_contain_text("200 OK")


def _operations(service) -> list[str]:
    paths = service.get("/openapi.json").json()["paths"]
    return [operation["operationId"] for methods in paths.values() for operation in methods.values()]
