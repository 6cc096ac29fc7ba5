"""The page beside a real campaign: started from its form, followed, its rate changed, stopped, compared."""

from __future__ import annotations

import json
import re

import pytest

from tests.api.conftest import CARD, RUN, finish
from tests.api.helpers import make_run, serving

SLOW = 400_000  # a process has to start, and to compile its kernels where nobody has yet


@pytest.fixture
def service(tmp_path):
    run = make_run(tmp_path / RUN)
    finish(run)
    (run / "scorecard.json").write_text(json.dumps(CARD | {"attempts": {"total": 150, "detected": 119}}))
    with serving(tmp_path) as client:
        yield client


def test_a_campaign_from_its_form_to_its_report(page, service):
    from playwright.sync_api import expect

    def go(view: str) -> None:
        page.locator(f"nav [data-view={view}]").click()

    page.goto(f"{service.base_url}#/live")
    expect(page.locator("#state")).to_have_text("Finished")

    # The form says what would be before anything is started.
    page.keyboard.press("c")
    expect(page.locator("#launch [name=scenario]")).to_have_value("paris-2024")
    expect(page.locator("#plan-words")).to_contain_text("at most 10 times Tokyo")
    page.locator("#launch [name=scenario]").select_option("opening-ceremony")
    page.locator("#launch [name=multiplier]").fill("0.2")
    page.locator("#launch [name=duration_s]").fill("600")
    expect(page.locator("#plan-words")).to_contain_text("in 10 min, at most 0.2 times Tokyo")
    expect(page.locator("#launch .uplot canvas")).to_be_visible()
    page.locator("#launch [type=submit]").click()

    # It is followed by itself, from the first moment.
    expect(page.locator("#state")).to_have_text(re.compile("Starting|Running"), timeout=SLOW)
    expect(page.locator("#state")).to_have_text("Running", timeout=SLOW)
    expect(page.locator("#lead-title")).to_contain_text("times Tokyo", timeout=SLOW)
    expect(page.locator("#progress")).to_be_visible()
    expect(page.locator("#newest tbody tr").first).to_be_visible(timeout=SLOW)
    before = page.locator("#alert-count").text_content()
    expect(page.locator("#alert-count")).not_to_have_text(before, timeout=SLOW)
    expect(page.locator(".chart .uplot canvas").first).to_be_visible()

    # Steered while it runs.
    page.locator("#steer").click()
    expect(page.locator("#launch [type=submit]")).to_have_text("One is under way")
    page.locator("#steering [name=multiplier]").fill("0.5")
    page.locator("#steering").get_by_role("button", name="Hold").click()
    expect(page.locator("#notice")).to_contain_text("0.5 times Tokyo is asked for")
    expect(page.locator("#steer-words")).to_contain_text("Planned now: 0.5 times Tokyo", timeout=SLOW)

    # Every view has something to show meanwhile.
    go("alerts")
    expect(page.locator("#alert-rows tr").first).to_be_visible()
    go("families")
    expect(page.locator("#families tbody tr").first).to_be_visible()
    expect(page.locator("#matrix")).to_contain_text("Known once the run is judged")
    go("attack")
    expect(page.locator(".technique[data-seen=true]").first).to_be_visible()
    go("talkers")
    expect(page.locator("#attackers tbody tr").first).to_be_visible()
    go("report")
    expect(page.locator("#view")).to_contain_text("written when the campaign has ended")

    # Stopped, judged, and held against the run before.
    go("campaigns")
    page.locator("#stop").click()
    expect(page.locator("#notice")).to_contain_text("judged as far as it went")
    expect(page.locator("#steering")).to_be_hidden(timeout=SLOW)
    run = service.get("/v1/campaigns").json()["items"][0]["id"]
    go("report")
    expect(page.locator("h1")).to_have_text(re.compile("interrupted|not valid"), timeout=SLOW)
    expect(page.locator("#in-words")).to_contain_text(re.compile(r"Of [\d,]+ attempts that were sent"))
    go("campaigns")
    for one in (RUN, run):
        page.locator(f"[data-run='{one}']").check()
    page.locator("#compare").click()
    expect(page.locator("#compare-figures")).to_contain_text(re.compile("interrupted|not valid"))
    expect(page.locator("#compare-figures")).to_contain_text(re.compile("s more, worse|s less, better|the same"))
    expect(page.locator("#compare-families tbody tr").first).to_be_visible()
    page.goto("about:blank")  # before the service ends: a page that is open goes on asking
