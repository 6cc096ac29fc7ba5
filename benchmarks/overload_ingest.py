"""The part of ``benchmarks.overload`` that posts: clients that do not wait when they are told to."""

from __future__ import annotations

import argparse
import http.client
import tempfile
import threading
import time
from collections import Counter
from contextlib import ExitStack, closing, suppress
from http import HTTPStatus
from pathlib import Path
from typing import Any, Final

from benchmarks.overload_gauge import AHEAD, BATCH, PEAK_S, START_S, Flood, Flooded, Gauge, judged, until
from benchmarks.service import serving
from benchmarks.share import held_to
from contract.arrow_io import write_stream
from contract.schemas import FRAMES

_POSTERS: Final = 4
_ARROW: Final = {"Content-Type": "application/vnd.apache.arrow.stream"}


class Posters:
    """Clients that post a batch again and again, together so many frames a second, whatever they are told."""

    def __init__(self, host: str, per_s: float) -> None:
        self.answers: Counter[int] = Counter()
        self._host, self._pause = host, _POSTERS * BATCH / per_s
        self._over, self._turn = threading.Event(), threading.Lock()
        self._body = write_stream([Flood().next()], FRAMES)  # the same again: another batch is nothing new to the API
        self._threads = [threading.Thread(target=self._post_on, args=(n,)) for n in range(_POSTERS)]

    def run(self, seconds: float) -> tuple[float, float]:
        """Post for so long; from when to when."""
        began = time.monotonic()
        for thread in self._threads:
            thread.start()
        time.sleep(seconds)
        ended = time.monotonic()
        self._over.set()
        for thread in self._threads:
            thread.join()
        return began, ended

    def _post_on(self, number: int) -> None:
        due = time.monotonic() + number * self._pause / _POSTERS
        while not self._over.is_set():
            with suppress(OSError, http.client.HTTPException), closing(to(self._host)) as connection:
                while not self._over.wait(max(0.0, due - time.monotonic())):
                    due += self._pause
                    status = post(connection, self._body)
                    with self._turn:
                        self.answers[status] += 1


def by_ingest(options: argparse.Namespace) -> dict[str, Any]:
    """What the API takes of a peak, of ten times that and of a hundred times."""
    with tempfile.TemporaryDirectory(prefix="tfo") as name, ExitStack() as stack:
        url, process = stack.enter_context(serving(Path(name)))
        host = url.removeprefix("http://")
        gauge = Gauge(Path(name) / "live" / "detector.status.json", process.pid)
        stack.callback(gauge.end)
        flood = Flood()
        with closing(to(host)) as connection:
            post(connection, write_stream([flood.next()], FRAMES))
            until(lambda: gauge.status().get("frames", 0) > 0, START_S)
            stack.enter_context(held_to(options.share, int(gauge.status()["pid"])))
            began = time.monotonic()
            while time.monotonic() - began < min(options.seconds, PEAK_S):
                post(connection, write_stream([flood.next()], FRAMES))
                due = flood.frames - AHEAD * BATCH
                until(lambda due=due: gauge.status().get("frames", 0) >= due, 120)  # type: ignore[misc]
            peak = gauge.mean(began, time.monotonic())

        def is_taken() -> bool:
            with suppress(OSError, http.client.HTTPException), closing(to(host)) as connection:
                return post(connection, write_stream([flood.next()], FRAMES)) == HTTPStatus.ACCEPTED
            return False

        floods, answers = [], {}
        for word, times, seconds in (("10x", 10, options.seconds), ("100x", 100, options.burst)):
            posters = Posters(host, times * peak)
            began, ended = posters.run(seconds)
            offered = posters.answers.total() * BATCH / (ended - began)
            floods.append(Flooded(word, offered, began, ended, until(is_taken, 300)))
            answers[word] = dict(posters.answers)
        with closing(to(host)) as connection:
            connection.request("GET", "/metrics")
            told = connection.getresponse().read().decode().splitlines()
        dropped = [line for line in told if line.startswith("tenfold_service_dropped_total")]
        return judged("ingest", gauge, peak, floods, {"answers": answers, "service": dropped})


def post(connection: http.client.HTTPConnection, body: bytes) -> int:
    """The status of the answer to a batch."""
    connection.request("POST", "/v1/ingest/frames", body, _ARROW)
    reply = connection.getresponse()
    reply.read()
    return reply.status


def to(host: str) -> http.client.HTTPConnection:
    """A connection to the service."""
    return http.client.HTTPConnection(host, timeout=60)
