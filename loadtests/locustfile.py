"""The whole chain over HTTP: a sensor posts attacks at 1x, 8x, 10x of 815 attempts a second, an analyst reads.

Run it with ``make load`` (which starts a server, makes the feeds and stops everything), or by hand:

    TENFOLD_FEEDS=feeds TENFOLD_KEY=$KEY locust -f loadtests/locustfile.py --headless --host http://127.0.0.1:8150

TENFOLD_KEY (scopes ingest and read) is needed where the service has keys.

Open loop: each slice of a tenth of a second has its own greenlet and leaves when it is due, whatever became of the one
before, and its latency counts from when it was due. Plain Locust users wait for their answers, which hides every stall.
The metric ``detect`` runs from the moment a slice is due to the moment a detection of its last attempt can be read.
"""

from __future__ import annotations

import logging
import time
from typing import Any, Final

import gevent
from gevent.pool import Pool
from locust import FastHttpUser, LoadTestShape, constant_throughput, events, task
from locust.env import Environment

from loadtests.feed import NS, Slice, read_slices
from loadtests.settings import LoadSettings, from_environment
from loadtests.shapes import Step, at, steps
from loadtests.watch import Tally, faults, write

SETTINGS: Final[LoadSettings] = from_environment()
PLAN: Final[list[Step]] = steps(SETTINGS.steps, SETTINGS.step_s)
TALLY: Final = Tally()
_MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
_IN_FLIGHT: Final = 64
_RETRIES: Final = 20
_PROBE_EVERY: Final = 5
_PROBE_POLL_S: Final = 0.05
_PROBE_PATIENCE_S: Final = 20.0
_READERS: Final = 2
_SETTLE_S: Final = 20.0
_LOG: Final = logging.getLogger("tenfold.load")


class Sensor(FastHttpUser):
    """Posts the feed of each step at its pace. There is one."""

    fixed_count = 1
    concurrency = _IN_FLIGHT

    def on_start(self) -> None:
        """Read the feeds before the clock starts."""
        self.slices = {step.multiplier: read_slices(SETTINGS.feed(step.multiplier), SETTINGS.slice_s) for step in PLAN}
        self.pool = Pool(_IN_FLIGHT)
        self.done = False

    @task
    def post_all(self) -> None:
        """The whole plan, once."""
        if self.done:
            gevent.sleep(1)
            return
        start = time.monotonic()
        for number, step in enumerate(PLAN):
            for index, part in enumerate(self.slices[step.multiplier]):
                if part.due_s > SETTINGS.step_s:
                    break
                due = start + step.begin_s + part.due_s
                gevent.sleep(max(0.0, due - time.monotonic()))
                name = f"load-{self.environment.runner.user_count}-{start:.3f}-{number}-{index}".replace(".", "_")
                self.pool.spawn(self.post, part, due, name, probe=index % _PROBE_EVERY == 0)
        self.pool.join(timeout=_SETTLE_S + _PROBE_PATIENCE_S)
        self.done = True
        TALLY.finished = True

    def post(self, part: Slice, due: float, name: str, *, probe: bool) -> None:
        """One slice: stamped now, posted until it is acknowledged."""
        late = time.monotonic() - due
        TALLY.slices += 1
        TALLY.late_ms.append(late * 1000)
        TALLY.behind += late > SETTINGS.slice_s
        body = part.stamped(time.time_ns(), int(SETTINGS.slice_s * NS))
        since = time.time_ns() - int(SETTINGS.slice_s * NS)
        if not self.send(body, name, due):
            TALLY.failed += 1
            return
        TALLY.frames += part.batch.num_rows
        TALLY.bytes += len(body)
        if probe and part.source:
            self.look_for(part.source, since, due)

    def send(self, body: bytes, name: str, due: float) -> bool:
        """Whether the batch was acknowledged. The same id each time, so that nothing counts twice."""
        headers = {"Content-Type": _MEDIA_TYPE, "Batch-Id": name, **SETTINGS.headers}
        for _ in range(_RETRIES):
            with self.client.post(
                "/v1/ingest/frames", data=body, headers=headers, name="POST /v1/ingest/frames", catch_response=True
            ) as reply:
                if reply.status_code == 202:
                    reply.success()
                    _report("ingest", (time.monotonic() - due) * 1000)
                    return True
                if reply.status_code != 429:
                    reply.failure(f"{reply.status_code}: {reply.text[:200]}")
                    return False
                reply.success()  # told to wait, as agreed
                TALLY.refused += 1
            gevent.sleep(float(reply.headers.get("Retry-After", "1")))
        return False

    def look_for(self, source: str, since_ns: int, due: float) -> None:
        """Ask until a detection of that source can be read; that is the metric ``detect``."""
        TALLY.probes += 1
        since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_ns // NS)) + f".{since_ns % NS // 1000:06d}Z"
        query = {"run": "live", "host": source, "since": since, "limit": "1"}
        while time.monotonic() - due < _PROBE_PATIENCE_S:
            reply = self.client.get(
                "/v1/detections", params=query, headers=SETTINGS.headers, name="probe /v1/detections"
            )
            if reply.status_code == 200 and reply.json()["items"]:
                took = (time.monotonic() - due) * 1000
                TALLY.detect_ms.append(took)
                _report("detect", took)
                return
            gevent.sleep(_PROBE_POLL_S)
        TALLY.missed += 1
        events.request.fire(
            request_type="chain",
            name="detect",
            response_time=_PROBE_PATIENCE_S * 1000,
            response_length=0,
            exception=TimeoutError(f"no detection of {source} within {_PROBE_PATIENCE_S:.0f} s"),
            context={},
        )


class Analyst(FastHttpUser):
    """Reads what a person at the page reads."""

    fixed_count = _READERS
    wait_time = constant_throughput(5)

    @task(3)
    def alerts(self) -> None:
        """A page of alerts."""
        self.client.get("/v1/alerts?run=live&limit=100", name="GET /v1/alerts", headers=SETTINGS.headers)

    @task(3)
    def detections(self) -> None:
        """The last detections."""
        self.client.get("/v1/detections?run=live&limit=100", name="GET /v1/detections", headers=SETTINGS.headers)

    @task(1)
    def stats(self) -> None:
        """The figures."""
        self.client.get("/v1/stats?run=live", name="GET /v1/stats", headers=SETTINGS.headers)


class Stepped(LoadTestShape):
    """The users stay the same; the sensor's plan makes the steps. The shape ends a test that the sensor could not."""

    def tick(self) -> tuple[int, float] | None:
        """Locust asks once a second: users and how many to start a second; None ends the test."""
        end = PLAN[-1].end_s + _SETTLE_S + _PROBE_PATIENCE_S
        second = self.get_run_time()
        if TALLY.finished or second > end:
            return None
        step = at(PLAN, second)
        if step is not None:
            _LOG.debug("step %sx", step.multiplier)
        return 1 + _READERS, 1 + _READERS


def _report(name: str, milliseconds: float) -> None:
    events.request.fire(
        request_type="chain", name=name, response_time=milliseconds, response_length=0, exception=None, context={}
    )


@events.quitting.add_listener
def judge(environment: Environment, **_: Any) -> None:  # noqa: ANN401 - Locust's signature
    """Write the summary and set the exit code from the thresholds."""
    requests = {
        entry.name: {
            "requests": entry.num_requests,
            "failures": entry.num_failures,
            "p50_ms": entry.get_response_time_percentile(0.5) if entry.num_requests else None,
            "p99_ms": entry.get_response_time_percentile(0.99) if entry.num_requests else None,
        }
        for entry in environment.stats.entries.values()
    }
    summary = TALLY.summary(requests)
    summary["faults"] = faults(summary, SETTINGS.thresholds)
    if SETTINGS.summary:
        write(SETTINGS.summary, summary)
    environment.process_exit_code = 1 if summary["faults"] else 0
