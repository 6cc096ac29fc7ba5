"""Pictures of the page beside a real campaign, for the documentation and for whoever changes the page.

Usage: ``python -m benchmarks.pictures [--out docs/images] [--scenario paris-2024] [--multiplier X] [--seconds 60]
[--all]``.
A service and a campaign are started; shortly before the campaign's end the live view is taken, dark and light
(``live-page.png``, ``live-page-light.png``), and after it the report's scorecard (``scorecard.png``). ``--all`` takes
every view as well, before, while and after, on a phone, a desk and a wall, in ``views/``: to be looked at, not to be
kept. What the browser complains of, and what sticks out of a view, is said. Needs Chromium; an otherwise idle machine
makes honest pictures.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import Browser, Page, sync_playwright

from tests.api.helpers import serving
from tests.system.conftest import ARGUMENTS, CHROMIUM

VIEWS = (
    "live",
    "alerts?show=all",
    "alerts/1?show=all",
    "families",
    "attack",
    "talkers",
    "campaigns",
    "campaigns/new",
    "report",
)
_SIZES = {"phone": (390, 844), "desk": (1440, 900), "wall": (3840, 2160)}
_START_S = 400.0  # a first start compiles the kernels
_SETTLE_MS = 2500
_BEFORE_S = 4.0  # the end of the campaign
_UNDER_WAY = ("starting", "running", "judging")


def main() -> None:
    """Run it."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--scenario", default="paris-2024")
    parser.add_argument("--multiplier", type=float, help="hold this rate instead of the scenario's curve")
    parser.add_argument("--seconds", type=float, default=60.0)
    parser.add_argument("--all", action="store_true", help="every view at every size, in OUT/views")
    options = parser.parse_args()
    if not CHROMIUM.exists():
        raise SystemExit(f"{CHROMIUM} is not there: install Chromium")
    options.out.mkdir(parents=True, exist_ok=True)
    wanted: dict[str, Any] = {"scenario": options.scenario, "duration_s": options.seconds}
    if options.multiplier is not None:
        wanted["multiplier"] = options.multiplier
    with tempfile.TemporaryDirectory(prefix="tenfold-pictures-") as folder, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=str(CHROMIUM), args=ARGUMENTS)
        with serving(Path(folder)) as client:
            take(Camera(browser, str(client.base_url), options.out), client, wanted, every=options.all)
        browser.close()


class Camera:
    """Takes pictures of views, and says what a page complains of."""

    def __init__(self, browser: Browser, url: str, out: Path) -> None:
        self._browser, self._url, self.out = browser, url, out

    def page(self, size: tuple[int, int], scheme: str) -> Page:
        """An open page of that size."""
        width, height = size
        context = self._browser.new_context(
            viewport={"width": width, "height": height}, color_scheme="dark" if scheme == "dark" else "light"
        )
        page = context.new_page()
        page.on("console", lambda said: self._say(said.text) if said.type in ("error", "warning") else None)
        page.on("pageerror", lambda error: self._say(str(error)))
        return page

    def shoot(self, page: Page, view: str, to: Path, *, whole: bool = False) -> None:
        """One picture, once the view has settled."""
        page.goto(f"{self._url}#/{view}")
        page.wait_for_timeout(_SETTLE_MS)
        page.screenshot(path=to, full_page=whole)
        beyond = page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth")
        if beyond > 0:
            self._say(f"{to.name}: {beyond} pixels stick out")

    def round(self, when: str) -> None:
        """Every view at every size."""
        folder = self.out / "views"
        folder.mkdir(exist_ok=True)
        for name, size in _SIZES.items():
            for scheme in ("dark", "light"):
                page = self.page(size, scheme)
                for view in VIEWS:
                    word = view.split("?")[0].replace("/", "-")
                    self.shoot(page, view, folder / f"{when}-{name}-{scheme}-{word}.png", whole=name == "phone")
                page.close()

    @staticmethod
    def _say(text: str) -> None:
        sys.stderr.write(f"{text}\n")


def take(camera: Camera, client: Any, wanted: dict[str, Any], *, every: bool) -> None:  # noqa: ANN401 - an HTTP client
    """Pictures before, while and after a campaign."""
    if every:
        camera.round("empty")
    run = client.post("/v1/campaigns", json=wanted).raise_for_status().json()["id"]
    pages = {scheme: camera.page((1440, 1060), scheme) for scheme in ("dark", "light")}
    for page in pages.values():
        page.goto(f"{client.base_url}#/live")  # it has the whole curve by then
    until = time.monotonic() + _START_S
    while (state := told(client, run))["state"] == "starting" and time.monotonic() < until:
        time.sleep(0.2)
    if every:
        camera.round("running")
    while (state := told(client, run))["state"] == "running":
        if (state.get("elapsed_s") or 0) >= wanted["duration_s"] - _BEFORE_S:
            break
        time.sleep(0.2)
    pages["dark"].screenshot(path=camera.out / "live-page.png")
    pages["light"].screenshot(path=camera.out / "live-page-light.png")
    for page in pages.values():
        page.close()
    while (state := told(client, run))["state"] in _UNDER_WAY:
        time.sleep(0.5)
    sys.stderr.write(f"{run} is {state['state']}: {state.get('reason') or 'every target was kept'}\n")
    if every:
        camera.round("after")
    report = camera.page((1280, 1250), "light")
    report.goto(f"{client.base_url}v1/runs/{run}/report")
    report.wait_for_timeout(_SETTLE_MS)
    report.screenshot(path=camera.out / "scorecard.png")
    report.close()


def told(client: Any, run: str) -> dict[str, Any]:  # noqa: ANN401 - an HTTP client
    """What the service says of the campaign."""
    found: dict[str, Any] = client.get(f"/v1/campaigns/{run}").raise_for_status().json()
    return found


if __name__ == "__main__":
    main()
