"""The whole chain over HTTP: sensors post attacks at multiples of 815 attempts a second, analysts read, walls stream,
and an operator launches a campaign.

Run it with ``make load`` (which starts a server, makes the feeds and stops everything), or by hand:

    TENFOLD_FEEDS=feeds TENFOLD_KEY=$KEY locust -f loadtests/locustfile.py --headless --host http://127.0.0.1:8150

TENFOLD_KEY (scopes ingest, read, operate) is needed where the service has keys.

All arrivals are open loop (``loadtests.arrivals``). The metric ``detect`` runs from the moment a slice is due to the
moment a detection of its last attempt can be read. ``loadtests/settings.py`` lists what can be told by environment
variables.
"""

from __future__ import annotations

from typing import Any, Final

from locust import LoadTestShape, events
from locust.env import Environment
from locust.runners import WorkerRunner

from loadtests.settings import from_environment
from loadtests.users.analyst import Analyst
from loadtests.users.context import Context, context_of
from loadtests.users.launcher import Launcher
from loadtests.users.sensor import PROBE_PATIENCE_S, SETTLE_S, Sensor
from loadtests.users.wall import Wall
from loadtests.watch import breaking_point, faults, write

__all__ = ["Analyst", "Launcher", "Planned", "Sensor", "Wall"]
_START_S: Final = 10.0
SETTINGS: Final = from_environment()  # at once: without feeds there is nothing to start


@events.init.add_listener
def prepare(environment: Environment, **_: Any) -> None:  # noqa: ANN401 - Locust's signature
    """Read the settings, count the users, join with the other processes."""
    context = Context(SETTINGS)
    environment.tenfold = context
    settings = context.settings
    Sensor.fixed_count, Analyst.fixed_count = settings.sensors, settings.readers
    Wall.fixed_count, Launcher.fixed_count = settings.walls, min(settings.launches, 1)
    kinds: tuple[type, ...] = (Sensor, Analyst, Wall, Launcher)
    environment.user_classes = [kind for kind in kinds if kind.fixed_count]  # type: ignore[attr-defined] # Locust's
    context.connect(environment)


class Planned(LoadTestShape):
    """The users stay the same; the sensors' plan makes the steps. The shape ends a test that they could not."""

    def tick(self) -> tuple[int, float] | None:
        """Locust asks once a second: users and how many to start a second; None ends the test."""
        context = context_of(self.runner.environment)
        settings = context.settings
        end = settings.plan[-1].end_s + SETTLE_S + PROBE_PATIENCE_S + _START_S
        working = settings.sensors + min(settings.launches, 1)
        if context.tally.ended >= working or self.get_run_time() > end + 120 * bool(settings.launches):
            return None
        users = working + settings.readers + settings.walls
        return users, users


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:  # noqa: ANN401 - Locust's signature
    """Write the summary and set the exit code from the thresholds; a worker leaves that to its master."""
    if isinstance(environment.runner, WorkerRunner):
        return
    context = context_of(environment)
    requests = {
        entry.name: {
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            "p50_ms": entry.get_response_time_percentile(0.5) if entry.num_requests else None,
            "p99_ms": entry.get_response_time_percentile(0.99) if entry.num_requests else None,
        }
        for entry in environment.stats.entries.values()
        if entry.name != "dropped_arrivals"
    }
    summary = context.tally.summary(requests)
    summary["shape"] = "steps" if context.settings.steps else context.settings.shape
    if context.settings.breaking:
        summary["breakpoint"] = breaking_point(context.tally.steps)
    summary["faults"] = faults(summary, context.settings.thresholds)
    if context.settings.summary:
        write(context.settings.summary, summary)
    environment.process_exit_code = 1 if summary["faults"] else 0
