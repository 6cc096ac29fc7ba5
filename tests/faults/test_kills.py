"""kill -9 at random instants: the service that takes batches, the detector behind it, a compactor, a sender.

Real detectors, sockets and files; ``tests.faults.lives`` forks them from one process, so that a thousand are cheap.
``TENFOLD_KILLS`` says how many, ``TENFOLD_SEED`` which (``tests.faults.tally``); the sum is printed behind the tests.
"""

from __future__ import annotations

import http.client
import json
import os
import random
import signal
import socket
import tempfile
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, suppress
from dataclasses import replace
from functools import cache, partial
from http import HTTPStatus
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.addresses import column_to_array
from contract.ledger import Ledger
from contract.schemas import FRAMES
from generator.plan import make_plan
from store.reader import StoreReader
from store.writer import StoreWriter
from tests.api.helpers import until
from tests.faults.living import Lives, detector_of, has_ended, numbers
from tests.faults.posted import SENT, SOURCES_EACH, STATUS, TRUTH, frames_stream_of
from tests.faults.tally import KILLS, count, numbers_of, share
from tests.faults.works import ROWS
from tests.generator.helpers import frames_of

HOSTS, MOST_ROUNDS = 51_200, 12  # of tests.api.helpers.syn_frames
IDLE = ("", "[meter]\nidle_s = 0.1\n", "[meter]\nidle_s = 3\n")  # the default keeps all flows open for long
VICTIMS = ("desk", "detector", "desk and detector", "service", "service and detector")
ARROW = {"Content-Type": "application/vnd.apache.arrow.stream"}


@pytest.fixture(scope="module")
def lives() -> Iterator[Lives]:
    found = Lives()
    yield found
    found.close()


def kill_desk(lives: Lives, folder: Path, first: int, randomness: random.Random, whom: str) -> list[str]:
    """Let a queue take batches, and kill something of it at a random instant; all that it said."""
    group = lives.begin("desk", folder, first)
    lines, struck = [], False
    most = randomness.randrange(2, 40)
    while len(lines) < 2 * most + 400 * (whom == "detector" and not struck):
        lines.append(lives.line())
        assert lines[-1], lines
        if whom == "detector" and not struck and len(lines) >= most and (pid := detector_of(folder)):
            struck = True
            with suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)
    wait_busily(randomness)
    strike(group, whom)
    return lines + lives.rest()


def wait_busily(randomness: random.Random) -> None:
    """For a random length, which puts the signal anywhere."""
    for _ in range(randomness.randrange(100_000)):
        pass


def strike(group: int, whom: str) -> None:
    """Kill the life, or all that it has forked with it."""
    if whom.endswith("and detector"):
        os.killpg(group, signal.SIGKILL)
    else:
        os.kill(group, signal.SIGKILL)


def kill_service(lives: Lives, folder: Path, first: int, randomness: random.Random, whom: str) -> list[str]:
    """The same of a whole service that is posted to over HTTP: what was sent and acknowledged."""
    group = lives.begin("serve", folder)
    place = urlsplit(lives.word("url"))
    lines: list[str] = []
    most, aim = randomness.randrange(1, 15), randomness.random() * 0.02

    def shoot() -> None:
        time.sleep(aim)
        strike(group, whom)

    killer = threading.Thread(target=shoot)
    peer = http.client.HTTPConnection(place.hostname, place.port, timeout=60)
    with closing(peer), suppress(OSError, http.client.HTTPException):
        for number in range(first, first + 10_000):
            if number == first + most:
                killer.start()
            lines.append(f"sent {number}")
            peer.request("POST", "/v1/ingest/frames", frames_stream_of(number), ARROW | {"Batch-Id": f"b{number}"})
            answer = peer.getresponse()
            answer.read()
            assert answer.status == HTTPStatus.ACCEPTED, answer.status
            lines.append(f"acknowledged {number}")
    killer.join()
    lives.rest()
    return lines


def counted(folder: Path) -> Counter[int]:
    """How many frames of each source are in flows."""
    found: Counter[int] = Counter()
    with StoreReader(folder) as store:
        for table in store.flow_tables():
            src = column_to_array(table.column("src"))
            number = (src[:, 14].astype(int) - 1) * 256 + src[:, 15]
            ports = np.asarray(table.column("src_port"))
            for _ in range(MOST_ROUNDS):  # addresses come round after so many sources, and then with another port
                number += HOSTS * ((number + 1024 - ports) % 60_000 != 0)
            assert ((number + 1024 - ports) % 60_000 == 0).all()
            for one, packets in zip(number.tolist(), np.asarray(table.column("packets_fwd")).tolist(), strict=True):
                found[one] += packets
    return found


def test_posted_batches_are_neither_lost_nor_doubled_whoever_is_killed(lives, tmp_path, request) -> None:
    """Each frame of a batch that was acknowledged is in one flow, however long flows stay open."""
    folder, randomness = tmp_path / "live", numbers_of(request)
    folder.mkdir()
    sent: set[int] = set()
    acknowledged: set[int] = set()
    tried: Counter[str] = Counter()
    for turn in range(share(KILLS, 0.5)):
        (tmp_path / "config.toml").write_text(randomness.choice(IDLE))
        whom = VICTIMS[turn % len(VICTIMS)]
        kill = kill_service if whom.startswith("service") else kill_desk
        lines = kill(lives, folder, max(sent, default=-1) + 1, randomness, whom)
        sent |= numbers(lines, "sent")
        acknowledged |= numbers(lines, "acknowledged")
        tried[whom] += 1
    first = max(sent) + 1
    lives.begin("desk", folder, first, first + 5)
    lines = lives.rest()
    assert lines[-1] == "ended 0", lines
    acknowledged |= numbers(lines, "acknowledged")
    sent |= numbers(lines, "sent")
    found = counted(folder)
    for source in range((first + 5) * SOURCES_EACH):
        within = {source // SOURCES_EACH, source // SOURCES_EACH + 1}
        least, most = len(within & acknowledged), len(within & sent)
        assert least <= found[source] <= most, (
            f"lost or doubled: {found[source]} of {least} to {most} frames of {source}"
        )
    assert not list((folder / "aside").glob("*"))
    count(request, tried)


def test_a_compactor_that_is_killed_loses_and_doubles_nothing(lives, tmp_path, request) -> None:
    randomness = numbers_of(request)
    following, kills = 0, share(KILLS, 0.3)
    for _ in range(kills):
        pid = lives.begin("compact", tmp_path, following)
        lines = [lives.line() for _ in range(randomness.randrange(2, 24))]
        wait_busily(randomness)
        os.kill(pid, signal.SIGKILL)
        lines += lives.rest()
        with StoreWriter(tmp_path) as writer:
            assert not [note for note in writer.notes if "adopted" not in note and "part of its" not in note]
        with StoreReader(tmp_path) as reader:
            rows = np.concatenate([np.asarray(t.column("flow_id")) for t in reader.verdict_tables()] or [np.zeros(0)])
        assert sorted(rows.tolist()) == list(range(len(rows))), "lost or doubled"
        following = len(rows) // ROWS
        assert following > max(numbers(lines, "acknowledged"), default=-1)
    count(request, Counter(compactor=kills))


class Peer:
    """Whoever takes a sender's frames: all bytes that came until nobody has its end any more."""

    def __init__(self, folder: Path) -> None:
        self._path, self.got = folder / "s", b""
        self._path.unlink(missing_ok=True)
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._path))
        self._listener.listen(2)
        self._thread = threading.Thread(target=self._take)
        self._thread.start()

    def _take(self) -> None:
        over = False
        while not over:
            peer, _ = self._listener.accept()
            with peer:
                got = b"".join(iter(partial(peer.recv, 1 << 16), b""))
            over = got == b"over"
            self.got += b"" if over else got

    def end(self) -> tuple[list[int], list[bytes]]:
        """Times and bytes of all frames that came whole."""
        with socket.socket(socket.AF_UNIX) as last:  # behind the sender, if that ever came
            last.connect(str(self._path))
            last.sendall(b"over")
        self._thread.join()
        self._listener.close()
        batches = []
        with suppress(pa.ArrowInvalid, OSError, StopIteration):  # cut where the sender died
            stream = pa.ipc.open_stream(self.got)
            while True:
                batches.append(stream.read_next_batch())
        table = pa.Table.from_batches(batches, FRAMES)
        return table.column("ts").cast(pa.int64()).to_pylist(), table.column("frame").to_pylist()


def test_what_a_killed_sender_claimed_has_arrived_and_is_of_its_plan(lives, request) -> None:
    """Sender, maker or both: what came are the first frames of the plan, once each; nothing runs on or is left over."""
    randomness, kills = numbers_of(request), share(KILLS, 0.2)
    plan = cache(lambda start_ns: frames_of(make_plan(replace(SENT, start_ns=start_ns))))
    planned: list[bytes] = []
    kept: set[str] = set()
    tried: Counter[str] = Counter()
    with tempfile.TemporaryDirectory(prefix="tf") as name:  # the path of a socket has 108 bytes at most
        folder = Path(name)
        (folder / "workload.json").write_text(SENT.to_json())
        for turn in range(kills + 1):
            whom = ("sender", "maker", "sender and maker")[turn % 3] if turn < kills else "nobody"
            peer = Peer(folder)
            sender = lives.begin("send", folder)
            maker = int(lives.word("maker"))
            time.sleep(randomness.random() * 1.2 * (whom != "nobody"))  # this is the instant
            for pid in (sender,) * whom.startswith("sender") + (maker,) * whom.endswith("maker"):
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
            said = lives.rest()
            until(lambda pid=maker: has_ended(pid))
            times, frames = peer.end()
            status = json.loads((folder / STATUS).read_bytes())
            ledger = Ledger.from_dict(status["ledger"])
            planned_times, planned = plan(status["start_ns"]) if frames else ([], planned)
            assert frames == planned[: len(frames)], "not the first frames of the plan"
            assert times == planned_times[: len(frames)]
            assert ledger.stages["sender"].unexplained == 0
            if whom.startswith("sender"):
                assert ledger.stages["sender"].delivered <= len(frames)
            else:
                assert ledger.stages["sender"].delivered == len(frames)
                assert (status["state"] == "done") == (said == ["ended 0"]), (status, said)
            left = {path.name for path in folder.iterdir()} - {"s", "workload.json", STATUS, TRUTH, "frames.json"}
            if whom.startswith("sender"):  # what it was replacing itself is for the next one to clear up
                kept |= {name for name in left if whom.endswith("maker") or name.startswith(f".{STATUS}.")}
            assert left <= (kept if whom != "nobody" else set()), whom
            tried[whom] += 1
        assert frames == planned
        assert sum(pq.read_table(folder / TRUTH).column("frames").to_pylist()) == len(planned)
    del tried["nobody"]
    count(request, tried)
