"""An analyst: reads what a person at the page reads, at random moments, however long the answers take."""

from __future__ import annotations

import random
import time
from typing import Final

from locust import FastHttpUser, task

from loadtests.arrivals import Arrivals, poisson
from loadtests.users.context import Context, context_of, measured
from loadtests.watch import READ

_IN_FLIGHT: Final = 32
_ASKED: Final = (  # name, path, weight
    ("alerts", "/v1/alerts?run=live&limit=100", 3),
    ("detections", "/v1/detections?run=live&limit=100", 3),
    ("stats", "/v1/stats?run=live", 1),
)


class Analyst(FastHttpUser):
    """Open loop: requests of a Poisson process, each measured from the moment at which it was due."""

    fixed_count = 2
    concurrency = _IN_FLIGHT

    def on_start(self) -> None:
        """Know the settings."""
        self.shared: Context = context_of(self.environment)
        self.rng = random.Random(id(self))
        self.arrivals = Arrivals(_IN_FLIGHT, self.shared.dropped)

    @task
    def read(self) -> None:
        """For as long as the test goes on."""
        seed = self.rng.getrandbits(32)
        self.arrivals.each(poisson(self.shared.settings.reads_s, time.monotonic(), seed), self.ask)

    def ask(self, due: float) -> None:
        """One request."""
        name, path, _ = self.rng.choices(_ASKED, [weight for *_, weight in _ASKED])[0]
        self.client.get(path, headers=self.shared.settings.headers, name=f"GET /v1/{name}")
        measured(READ + name, (time.monotonic() - due) * 1000)
