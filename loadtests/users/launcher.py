"""An operator: starts a small campaign beside the load, waits until it runs, and stops it."""

from __future__ import annotations

import time
from typing import Any, Final

import gevent
from locust import FastHttpUser, task

from loadtests.users.context import Context, context_of, measured

# One attack: making the conversations of all is seconds of work, and it is the service that is to be under load.
_CAMPAIGN: Final = {"scenario": "smoke", "multiplier": 0.2, "duration_s": 30, "mix": {"syn_flood": 1}}
_RUNNING: Final = ("running", "judging", "finished")
_ENDED: Final = ("finished", "interrupted", "failed")
_PATIENCE_S: Final = 120.0
_POLL_S: Final = 0.5


class Launcher(FastHttpUser):
    """Launches as often as it was told, once after the other."""

    fixed_count = 1

    def on_start(self) -> None:
        """Know the settings."""
        self.shared: Context = context_of(self.environment)
        self.left = self.shared.settings.launches

    @task
    def launch(self) -> None:
        """One campaign: started, seen to run, stopped."""
        if not self.left:
            gevent.sleep(1)
            return
        self.left -= 1
        try:
            self._launch()
        finally:
            if not self.left:
                self.shared.tally.ended += 1

    def _launch(self) -> None:
        since = time.monotonic()
        headers = self.shared.settings.headers
        reply = self.client.post("/v1/campaigns", json=_CAMPAIGN, headers=headers, name="POST /v1/campaigns")
        if reply.status_code != 202:
            return  # Locust has counted the failure
        where = reply.headers["Location"]
        if self._wait(where, _RUNNING):
            measured("launch to running", (time.monotonic() - since) * 1000)
            self.client.delete(where, headers=headers, name="DELETE /v1/campaigns/*")
            self._wait(where, _ENDED)
        else:
            measured("launch to running", _PATIENCE_S * 1000, TimeoutError(f"{where} did not begin to run"))

    def _wait(self, where: str, states: tuple[str, ...]) -> bool:
        until = time.monotonic() + _PATIENCE_S
        while time.monotonic() < until:
            reply = self.client.get(where, headers=self.shared.settings.headers, name="GET /v1/campaigns/*")
            document: dict[str, Any] = reply.json() if reply.status_code == 200 else {}
            if document.get("state") in states:
                return True
            gevent.sleep(_POLL_S)
        return False
