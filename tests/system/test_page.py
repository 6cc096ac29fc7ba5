"""The page in a real browser against the real service, over runs whose contents are known."""

from __future__ import annotations

import contextlib
import json
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from api import key_file
from store.writer import StoreWriter
from tests.api.conftest import CARD, RUN, finish
from tests.api.helpers import alert, make_run, serving

OTHER = "20240726-200000-paris-2024-cd34"
JUDGED = {
    **CARD,
    "capture": {"frames": 1800, "flows": 600, "seconds": 3.0},
    "attempts": {"total": 150, "detected": 119, "recall": 119 / 150},
    "false_alarms": {"benign_flows": 50, "flagged": 1, "rate": 0.02, "alerts": 0},
    "words": {"syn_flood": {"flows": 104, "right": 98, "precision": 0.942308}},
    "confusion": {
        "syn_flood": {"syn_flood": 98, "benign": 1, "port_scan": 1},
        "benign": {"benign": 49, "syn_flood": 1},
    },
    "run": {
        "passed": False,
        "valid": True,
        "reasons": [],
        "targets": [{"name": "attempts detected", "wanted": "at least 90 %", "got": "79.3 %", "met": False}],
    },
}
# Each view, and what stands in it once it is drawn.
VIEWS = {
    "live": "#newest tbody tr",
    "alerts?show=all": "#alert-rows tr",
    "alerts/7?show=all": "#drawer .evidence li",
    "families": ".confusion",
    "attack": ".technique",
    "talkers": "#ports tbody tr",
    "campaigns": "#launch canvas",
    f"campaigns/compare?a={RUN}&b={OTHER}": "#compare-families tbody tr",
    "report": "#targets",
}


@pytest.fixture(scope="module")
def runs(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("page")
    for name, latency in ((RUN, 140.0), (OTHER, 2800.0)):
        run = make_run(folder / name)
        finish(run, title="Paris 2024")
        (run / "scenario.toml").write_text('title = "Paris 2024"\n[targets]\np99_ms = 500\n')
        drift = {"state": "unlike", "text": "this network is unlike others", "differs": ["new connections: more"]}
        (run / "detector.status.json").write_text(json.dumps({"drift": drift}))
        card = JUDGED | {"latency_ms": CARD["latency_ms"] | {"p99": latency}}
        (run / "scorecard.json").write_text(json.dumps(card))
        (run / "report.html").write_text("<!doctype html><title>Report</title><p>All of it.</p>")
    return folder


@pytest.fixture(scope="module")
def service(runs):
    with serving(runs, "--run", RUN) as client:
        yield client


@pytest.fixture
def at(page, service):
    """Opens a view."""

    def go(view: str = "live", query: str = ""):
        page.goto(f"{service.base_url}{query}#/{view}")
        return page

    return go


def test_live_tells_a_finished_run_in_words_and_figures(at):
    from playwright.sync_api import expect

    page = at()
    expect(page.locator("#lead-title")).to_have_text("Paris 2024")
    expect(page.locator("#words")).to_contain_text("Of 150 attempts sent, 119 were detected (79.3 %).")
    expect(page.locator("#seen")).to_have_text("79.3 %")
    expect(page.locator("#latency-p99")).to_have_text("140 ms")
    expect(page.locator("#latency-budget")).to_have_text("500 ms")
    expect(page.locator("#latency-p99")).to_have_attribute("data-tone", "good")
    expect(page.locator("#lost")).to_have_text("2")
    expect(page.locator("#ledger")).to_contain_text("stopped")
    expect(page.locator("#remarks")).to_contain_text("This network is unlike others.")
    page.get_by_text("What differs").click()
    expect(page.get_by_text("New connections: more.")).to_be_visible()
    expect(page.locator("#newest tbody tr")).to_have_count(9)
    expect(page.locator(".chart .uplot canvas")).to_have_count(2)
    expect(page.locator("#link")).to_have_attribute("data-link", "live")
    expect(page.locator("nav [aria-current]")).to_have_text("Live")


def test_keys_move_open_and_decide_and_the_service_keeps_it(at, service, browser):
    from playwright.sync_api import expect

    page = at("alerts")
    rows = page.locator("#alert-rows tr")
    expect(rows).to_have_count(30)
    page.keyboard.press("j")
    page.keyboard.press("j")
    expect(rows.nth(1)).to_be_focused()
    second = rows.nth(1).get_attribute("data-id")
    page.keyboard.press("o")
    expect(page.locator("#drawer-body")).to_contain_text("99 % never completed")
    expect(page).to_have_url(f"{service.base_url}#/alerts/{second}")
    page.keyboard.press("s")
    expect(page.locator(f"#alert-rows [data-id='{second}']")).to_have_count(0)
    expect(page.locator("#drawer-title")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator("#drawer")).to_be_hidden()
    page.keyboard.press("e")
    expect(rows).to_have_count(28)
    expect(page.locator("#inbox")).to_have_text("28")
    page.keyboard.press("x")
    page.keyboard.press("j")
    page.keyboard.press("x")
    expect(page.locator("#actions")).to_contain_text("2 alerts selected")
    page.locator("#actions").get_by_role("button", name="Archive").click()
    expect(rows).to_have_count(26)
    kept = service.get("/v1/triage").json()
    assert kept["counts"] == {"escalated": 1, "archived": 3}
    # Another browser sees the same; the link holds the filter.
    other = browser.new_page()
    other.goto(f"{service.base_url}#/alerts?show=escalated")
    expect(other.locator("#alert-rows tr")).to_have_count(1)
    expect(other.locator("#alert-rows tr")).to_contain_text("escalated")
    other.locator("#alert-rows tr").click()
    other.keyboard.press("u")
    expect(other.locator("#alerts-empty")).to_have_text("Nothing is escalated.")
    other.close()
    expect(rows).to_have_count(27)  # asked for anew by itself


def test_filters_and_what_does_not_match(at):
    from playwright.sync_api import expect

    page = at("alerts?show=all")
    expect(page.locator("#alert-rows tr")).to_have_count(30)
    page.keyboard.press("/")
    page.keyboard.type("198.19.0.6")
    expect(page.locator("#alert-rows tr")).to_have_count(1)
    page.locator("[name=host]").fill("192.0.2.1")
    expect(page.locator("#alerts-empty")).to_have_text("No alert matches the filter.")
    page.locator("[name=host]").fill("")
    page.locator("[name=severity]").select_option("critical")
    expect(page.locator("#alert-rows .sev").first).to_have_text("critical")
    expect(page.locator("#alert-rows .sev[data-severity=high]")).to_have_count(0)
    page.reload()
    expect(page.locator("[name=severity]")).to_have_value("critical")
    page.get_by_role("link", name="Live", exact=True).click()
    expect(page.locator("#lead-title")).to_be_visible()
    page.go_back()
    expect(page.locator("[name=severity]")).to_have_value("critical")


def test_the_evidence_can_be_copied_noted_and_taken_as_a_document(at, service):
    from playwright.sync_api import expect

    page = at("alerts/9")
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    alert = service.get("/v1/alerts/9").json()
    expect(page.locator("#drawer-body")).to_contain_text(alert["technique"]["id"])
    page.locator(".copied button").first.click()
    expect(page.locator(".copied button").first).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == alert["sample_flows"][0]["community_id"]
    page.locator("[name=note]").fill("seen before")
    page.locator(".note button").click()
    expect(page.locator("#notice")).to_have_text("Note kept.")
    assert [row["note"] for row in service.get("/v1/triage").json()["items"] if row["alert_id"] == "9"] == [
        "seen before"
    ]
    page.locator("details.forms summary").click()
    page.get_by_role("button", name="JSON", exact=True).click()
    expect(page.locator("details.forms pre")).to_contain_text('"alert_id": "9"')
    page.locator("#drawer-body a", has_text=alert["technique"]["id"]).click()
    expect(page.locator(".technique.marked .id")).to_have_text(alert["technique"]["id"])


def test_an_alert_as_eve_and_ocsf(at):
    from playwright.sync_api import expect

    page = at("alerts/9")
    page.locator("details.forms summary").click()
    expect(page.locator("details.forms pre")).to_contain_text('"event_type": "alert"')
    page.get_by_role("button", name="OCSF", exact=True).click()
    expect(page.locator("details.forms pre")).to_contain_text('"class_uid": 2004')


def test_an_open_alert_keeps_what_its_reader_did_while_it_is_revised(page, tmp_path):
    """Neither the stream's first word nor a revision takes away what was opened, typed or asked for."""
    from playwright.sync_api import expect

    run = make_run(tmp_path / RUN, alerts=3, seconds=1)
    finish(run)
    with serving(tmp_path) as client:
        # The stream is late: a reader has begun to type before it is known which run is on show.
        with holding(page, "**/v1/stream*"):
            page.goto(f"{client.base_url}#/alerts/3")
            page.locator("[name=host]").fill("198.19.0.4")
            expect(page.locator("#drawer")).to_contain_text("Loading")
        expect(page.locator("#drawer-title")).to_contain_text("UDP flood")
        expect(page.locator("[name=host]")).to_have_value("198.19.0.4")

        # Revised while its document is on the way, and again while that is read.
        document = page.locator("details.forms pre")
        with holding(page, "**/v1/alerts/3?*format=eve"):
            page.locator("details.forms summary").click()
            revise(run, page, "seen on 7 sites")
            expect(document).to_have_text("…")
        expect(document).to_contain_text('"revision": 2')
        page.locator("[name=note]").fill("half a sen")
        revise(run, page, "seen on 9 sites", revision=3)
        expect(document).to_contain_text('"revision": 3')
        expect(page.locator("[name=note]")).to_have_value("half a sen")
        expect(page.locator("[name=note]")).to_be_focused()

        # Of two forms the one chosen last is shown, whichever answer comes first.
        with holding(page, "**/v1/alerts/3?*format=ocsf"):
            page.get_by_role("button", name="OCSF", exact=True).click()
            page.get_by_role("button", name="JSON", exact=True).click()
            expect(document).to_contain_text('"alert_id": "3"')
        expect(document).to_contain_text('"alert_id": "3"')
        expect(document).not_to_contain_text("class_uid")
        page.goto("about:blank")


@contextlib.contextmanager
def holding(page, pattern: str) -> Iterator[None]:
    """Requests that match wait until the block ends; at least one must have come by then, and is answered after it."""
    held: list = []
    page.route(pattern, lambda route: held.append(route))  # noqa: PLW0108 (Playwright cannot mark a built-in)
    yield
    deadline = time.monotonic() + 60
    while not held and time.monotonic() < deadline:
        page.wait_for_timeout(20)
    assert held, pattern
    for route in held:
        route.continue_()
    page.unroute(pattern)


def revise(run: Path, page, sentence: str, revision: int = 2) -> None:
    """Alert 3 gets another sentence, which the open page shows by itself."""
    from playwright.sync_api import expect

    later = alert(3, "udp_flood", "critical", revision=revision)
    later.evidence.append(sentence)
    with StoreWriter(run, compact_after=0) as writer:
        writer.commit(alerts=[later])
    expect(page.locator("#drawer .evidence")).to_contain_text(sentence)


def test_families_are_sorted_and_confused(at):
    from playwright.sync_api import expect

    page = at("families")
    first = page.locator("#families tbody tr").first
    expect(first).to_contain_text("SYN flood")
    expect(first).to_contain_text("99.0 %")
    expect(first).to_contain_text("94.2 %")
    page.get_by_role("button", name="Recall").click()
    page.get_by_role("button", name="Recall").click()
    expect(first).to_contain_text("40.0 %")
    expect(page.locator("[aria-sort]")).to_have_attribute("aria-sort", "ascending")
    expect(page.locator(".confusion tbody tr")).to_have_count(2)
    expect(page.locator(".confusion .right").first).to_have_text("98")


def test_techniques_lead_to_their_alerts_and_make_a_layer(at):
    from playwright.sync_api import expect

    page = at("attack")
    expect(page.locator(".lede")).to_contain_text("3 techniques of")
    with page.expect_download() as layer:
        page.locator("#layer").click()
    found = json.loads(Path(layer.value.path()).read_text())
    assert found["domain"] == "enterprise-attack"
    page.locator(".technique[data-technique='T1046']").click()
    expect(page.locator(".pins button")).to_contain_text("technique T1046")
    expect(page.locator("#alert-rows tr").first).to_contain_text("Port scan")
    expect(page.locator("#alert-rows")).not_to_contain_text("SYN flood")
    page.locator(".pins button").click()
    expect(page.locator("#alert-rows tr")).to_have_count(30)


def test_talkers_lead_to_their_alerts(at):
    from playwright.sync_api import expect

    page = at("talkers")
    expect(page.locator("#attackers tbody tr")).to_have_count(15)
    expect(page.locator("#ports tbody th .name")).to_have_text("443/tcp")
    host = page.locator("#victims a").first
    text = host.text_content()
    host.click()
    expect(page.locator("[name=host]")).to_have_value(text)


def test_two_runs_side_by_side(at):
    from playwright.sync_api import expect

    page = at("campaigns")
    expect(page.locator("#run-rows tr")).to_have_count(2)
    page.locator(f"[data-run='{RUN}']").check()
    page.locator(f"[data-run='{OTHER}']").check()
    page.locator("#compare").click()
    expect(page.locator("#compare-figures")).to_contain_text("2.7 s more, worse")
    expect(page.locator("#compare-families")).to_contain_text("the same")
    expect(page.locator(".uplot canvas")).to_have_count(2)
    expect(page.locator("h1")).to_have_text("Two runs")


def test_the_report_in_words_and_to_take_along(at):
    from playwright.sync_api import expect

    page = at("report")
    expect(page.locator("h1")).to_have_text("Paris 2024: missed its targets")
    expect(page.locator("#in-words")).to_contain_text("1 of 50 ordinary flows were called an attack (2.0 %)")
    expect(page.locator("#targets")).to_contain_text("missed")
    with page.expect_download() as card:
        page.get_by_role("link", name="scorecard.json").click()
    assert json.loads(Path(card.value.path()).read_text())["attempts"]["total"] == 150
    page.locator("#report").click()
    expect(page.locator("p")).to_have_text("All of it.")


def test_a_run_is_chosen_and_stays_in_the_address(at):
    from playwright.sync_api import expect

    page = at()
    page.locator("#run").select_option(OTHER)
    expect(page.locator("#latency-p99")).to_have_text("2.8 s")
    expect(page.locator("#latency-p99")).to_have_attribute("data-tone", "bad")
    page.keyboard.press("3")
    expect(page.locator("nav [aria-current]")).to_have_text("Families")
    page.reload()
    expect(page.locator("#run")).to_have_value(OTHER)
    expect(page.locator("nav [aria-current]")).to_have_text("Families")


def test_no_view_shuts_anybody_out(browser, service):
    """axe finds nothing serious or critical in either theme; nothing sticks out on a phone, a tablet or a wall."""
    from axe_playwright_python.sync_playwright import Axe
    from playwright.sync_api import expect

    # What stands where is the same in both themes: colours alone differ.
    colours = {"type": "rule", "values": ["color-contrast"]}
    rules = {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
    opened = browser.new_page(viewport={"width": 1440, "height": 900}, reduced_motion="reduce")
    opened.goto(f"{service.base_url}#/live")
    opened.evaluate(Axe().axe_script)
    found, wide = [], []
    for view, drawn in VIEWS.items():
        opened.goto(f"{service.base_url}#/{view}")
        expect(opened.locator(drawn).first).to_be_visible()
        for theme, only in (("dark", rules), ("light", colours)):
            opened.emulate_media(color_scheme=theme, reduced_motion="reduce")
            ran = opened.evaluate("only => axe.run({runOnly: only, resultTypes: ['violations']})", only)
            assert ran["testEngine"]["name"] == "axe-core"
            found += [
                (view, theme, row["id"], node["html"][:160])
                for row in ran["violations"]
                if row["impact"] in ("serious", "critical")
                for node in row["nodes"]
            ]
        for width in (360, 820, 2560):
            opened.set_viewport_size({"width": width, "height": 900})
            if opened.evaluate("document.documentElement.scrollWidth") > width:
                wide.append((view, width))
        opened.set_viewport_size({"width": 1440, "height": 900})
    opened.close()
    assert found == []
    assert wide == []


def test_the_theme_can_be_changed_and_is_kept_and_keys_are_told(at):
    from playwright.sync_api import expect

    page = at()
    dark = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.keyboard.press("t")
    page.keyboard.press("t")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != dark
    page.reload()
    assert page.evaluate("document.documentElement.dataset.theme") == "light"
    page.keyboard.press("?")
    expect(page.locator("#help")).to_contain_text("escalate")
    page.keyboard.press("Escape")
    expect(page.locator("#help")).to_be_hidden()


def test_with_keys_the_page_asks_for_one(page, tmp_path):
    from playwright.sync_api import expect

    keys = tmp_path / "keys.json"
    made = [key_file.new_key(name, scopes) for name, scopes in (("looker", ["read"]), ("amy", ["read", "operate"]))]
    key_file.change(keys, lambda _: [key for key, _ in made])
    (tmp_path / "runs").mkdir()
    make_run(tmp_path / "runs" / RUN, alerts=3, seconds=1)
    finish(tmp_path / "runs" / RUN)
    with serving(tmp_path / "runs", "--keys", str(keys)) as client:
        page.goto(f"{client.base_url}#/alerts/3")
        expect(page.locator("#signin")).to_be_visible()
        page.locator("[name=key]").fill("tfk_wrong_key")
        page.keyboard.press("Enter")
        expect(page.locator("#signin-error")).to_contain_text("not known")
        page.locator("[name=key]").fill(made[0][1])
        page.keyboard.press("Enter")
        expect(page.locator("#signin")).to_be_hidden()
        expect(page.locator("#who")).to_contain_text("looker")
        expect(page.locator("#drawer-body")).to_contain_text("99 % never completed")
        expect(page.locator("[data-decide=archived]")).to_be_disabled()
        page.get_by_role("button", name="Sign out").click()
        page.locator("[name=key]").fill(made[1][1])
        page.keyboard.press("Enter")
        page.locator("[data-decide=archived]").click()
        expect(page.locator("#alert-rows tr")).to_have_count(2)
        page.goto("about:blank")
    page.said[:] = [line for line in page.said if "401" not in line]  # the browser tells of the wrong key, too


def test_nothing_yet_and_a_service_that_goes_and_comes_back(page, tmp_path):
    from playwright.sync_api import expect

    with serving(tmp_path) as client:
        base, port = client.base_url, str(client.base_url).rsplit(":", maxsplit=1)[1].strip("/")
        page.goto(f"{base}#/live")
        expect(page.locator("#lead-title")).to_have_text("No campaign yet")
        expect(page.locator("#state")).to_have_text("No run")
        expect(page.locator("#welcome")).to_contain_text(f"--to {str(base).rstrip('/')}")
        page.get_by_role("link", name="Ten seconds of everything").click()
        expect(page.locator("#launch-form select")).to_have_value("smoke")
        expect(page.locator("#plan-words")).to_contain_text("in 10 s")
        for view, words in (
            ("alerts", "No run yet"),
            ("families", "No run yet"),
            ("attack", "No run yet"),
            ("talkers", "No run yet"),
            ("report", "No run yet"),
            ("campaigns", "No run yet"),
        ):
            page.goto(f"{base}#/{view}")
            expect(page.locator("main")).to_contain_text(words)
    expect(page.locator("#link")).to_have_attribute("data-link", "lost")
    expect(page.locator("#link")).to_contain_text("Connection lost")
    make_run(tmp_path / RUN, alerts=2, seconds=1)
    finish(tmp_path / RUN)
    with serving(tmp_path, "--port", port):
        expect(page.locator("#link")).to_have_attribute("data-link", "live")
        page.keyboard.press("1")
        expect(page.locator("#lead-title")).to_have_text("Paris 2024")
        page.goto("about:blank")
    page.said.clear()  # the browser itself tells of each request that the absent service did not answer


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
