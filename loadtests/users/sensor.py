"""A sensor: posts the frames of each step when they are due, and looks for what was detected of them."""

from __future__ import annotations

import time
from typing import Final

import gevent
from locust import FastHttpUser, task

from loadtests.arrivals import Arrivals
from loadtests.feed import NS, Slice, read_slices
from loadtests.users.context import Context, context_of, measured
from loadtests.watch import quantiles

_MEDIA_TYPE: Final = "application/vnd.apache.arrow.stream"
_IN_FLIGHT: Final = 64
_RETRIES: Final = 20
_PROBE_EVERY: Final = 5
_PROBE_POLL_S: Final = 0.05
PROBE_PATIENCE_S: Final = 20.0
SETTLE_S: Final = 20.0


class Sensor(FastHttpUser):
    """Posts its part of the plan, once. Several share one plan: each n-th slice is one's own."""

    fixed_count = 1
    concurrency = _IN_FLIGHT

    def on_start(self) -> None:
        """Read the feeds before the clock starts, and learn which part is one's own."""
        self.shared: Context = context_of(self.environment)
        settings = self.shared.settings
        self.slices = {
            multiplier: read_slices(settings.feed(multiplier), settings.slice_s)
            for multiplier in {step.multiplier for step in settings.plan}
        }
        self.arrivals = Arrivals(_IN_FLIGHT, self.shared.dropped)
        self.number, self.begin = self.shared.part(self.environment)
        self.done = False

    @task
    def post_all(self) -> None:
        """The whole plan, once."""
        if self.done:
            gevent.sleep(1)
            return
        settings, tally = self.shared.settings, self.shared.tally
        for number, step in enumerate(settings.plan):
            before = len(tally.detect_ms), tally.slices, tally.behind + tally.missed + tally.failed
            for index, part in enumerate(self.slices[step.multiplier]):
                if part.due_s > step.end_s - step.begin_s:
                    break
                if index % settings.sensors != self.number % settings.sensors:
                    continue
                name = f"load-{self.begin:.3f}-{number}-{index}".replace(".", "_")
                probe = index // settings.sensors % _PROBE_EVERY == 0
                self.arrivals.start(self.begin + step.begin_s + part.due_s, self.post, part, name, probe=probe)
            if settings.breaking and not self._held(step.multiplier, *before):
                break
        self.arrivals.pool.join(timeout=SETTLE_S + PROBE_PATIENCE_S)
        self.done = True
        tally.ended += 1

    def _held(self, multiplier: int, detections: int, slices: int, bad: int) -> bool:
        """Whether a step held: enough was detected in time, and hardly anything was late, missed or refused."""
        self.arrivals.pool.join(timeout=self.shared.settings.thresholds.detect_p99_ms / 1000)
        tally, wanted = self.shared.tally, self.shared.settings.thresholds
        p99 = quantiles(tally.detect_ms[detections:])["p99"]
        count = max(1, tally.slices - slices)
        faulty = (tally.behind + tally.missed + tally.failed - bad) / count
        held = p99 is not None and p99 <= wanted.detect_p99_ms and faulty <= wanted.behind + wanted.missed
        found = {"multiplier": multiplier, "held": held, "detect_p99_ms": p99, "faulty": round(faulty, 4)}
        tally.steps.append(found)
        return held

    def post(self, due: float, part: Slice, name: str, *, probe: bool) -> None:
        """One slice: stamped now, posted until it is acknowledged."""
        settings, tally = self.shared.settings, self.shared.tally
        late = time.monotonic() - due
        tally.slices += 1
        tally.late_ms.append(late * 1000)
        tally.behind += late > settings.slice_s
        body = part.stamped(time.time_ns(), int(settings.slice_s * NS))
        since = time.time_ns() - int(settings.slice_s * NS)
        if not self.send(body, name, due):
            tally.failed += 1
            return
        tally.frames += part.batch.num_rows
        tally.bytes += len(body)
        if probe and part.source:
            self.look_for(part.source, since, due)

    def send(self, body: bytes, name: str, due: float) -> bool:
        """Whether the batch was acknowledged. The same id each time, so that nothing counts twice."""
        headers = {"Content-Type": _MEDIA_TYPE, "Batch-Id": name, **self.shared.settings.headers}
        for _ in range(_RETRIES):
            with self.client.post(
                "/v1/ingest/frames", data=body, headers=headers, name="POST /v1/ingest/frames", catch_response=True
            ) as reply:
                if reply.status_code == 202:
                    reply.success()
                    measured("ingest", (time.monotonic() - due) * 1000)
                    return True
                if reply.status_code != 429:
                    reply.failure(f"{reply.status_code}: {reply.text[:200]}")
                    return False
                reply.success()  # told to wait, as agreed
                self.shared.tally.refused += 1
            gevent.sleep(float(reply.headers.get("Retry-After", "1")))
        return False

    def look_for(self, source: str, since_ns: int, due: float) -> None:
        """Ask until a detection or an alert of that source can be read; that is the metric ``detect``.

        A source of a flood that is known already may stand in its alert before a verdict of its own is said.
        """
        tally = self.shared.tally
        tally.probes += 1
        since = time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(since_ns // NS)) + f".{since_ns % NS // 1000:06d}Z"
        query = {"run": "live", "host": source, "since": since, "limit": "1"}
        headers = self.shared.settings.headers
        while time.monotonic() - due < PROBE_PATIENCE_S:
            if any(self._told(kind, query, headers) for kind in ("detections", "alerts")):
                took = (time.monotonic() - due) * 1000
                tally.detect_ms.append(took)
                measured("detect", took)
                return
            gevent.sleep(_PROBE_POLL_S)
        tally.missed += 1
        word = f"no detection of {source} within {PROBE_PATIENCE_S:.0f} s"
        measured("detect", PROBE_PATIENCE_S * 1000, TimeoutError(word))

    def _told(self, kind: str, query: dict[str, str], headers: dict[str, str]) -> bool:
        """Whether a page of detections or alerts holds what was asked for."""
        reply = self.client.get(f"/v1/{kind}", params=query, headers=headers, name=f"probe /v1/{kind}")
        return reply.status_code == 200 and bool(reply.json()["items"])
