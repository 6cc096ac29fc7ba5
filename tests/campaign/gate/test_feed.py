from __future__ import annotations

import socket
import threading

import pyarrow as pa
import pytest

from campaign.gate.feed import Feed, deliver
from campaign.gate.frames import make
from contract.clock import Clock
from contract.errors import InputError
from tests.campaign.gate.scenes import tiny


@pytest.fixture(scope="module")
def feed(tmp_path_factory):
    folder = tmp_path_factory.mktemp("feed")
    return Feed(make(folder, tiny(folder), 1.0, 0.5, 3).capture)


def test_what_arrives_is_every_frame_with_its_time_moved_and_nothing_before_it_is_due(feed):
    ours, theirs = socket.socketpair()
    clock = Clock.start()
    start = clock.now_ns() + 50_000_000
    came: list[tuple[int, pa.RecordBatch]] = []

    def read():
        with theirs.makefile("rb") as file:
            came.extend((clock.now_ns(), batch) for batch in pa.ipc.open_stream(file))

    reader = threading.Thread(target=read)
    reader.start()
    punctual = deliver(feed.messages(start), ours, clock)
    reader.join()
    ours.close()
    theirs.close()
    times = [batch.column("ts").cast(pa.int64()).to_numpy() for _, batch in came]
    assert sum(map(len, times)) == feed.frames
    assert times[0][0] == start
    assert times[-1][-1] == start + round(feed.seconds * 1e9)
    assert all(when >= ts[-1] for (when, _), ts in zip(came, times, strict=True))
    assert all(ts[-1] - ts[0] < 5_000_000 for ts in times)
    assert punctual.late_p99_ms >= 0
    assert punctual.held_ms >= 0


def test_the_same_frames_come_each_time(feed):
    one, two = ([bytes(message) for _, message in feed.messages(start)] for start in (0, 0))
    assert one == two
    assert len(one) > 50


def test_a_peer_that_goes_away_is_an_error(feed):
    ours, theirs = socket.socketpair()
    theirs.close()
    with pytest.raises(OSError, match="pipe"):
        deliver(feed.messages(0), ours, Clock.start())
    ours.close()


def test_another_file_is_refused(tmp_path):
    path = tmp_path / "x.arrow"
    path.write_bytes(b"no stream")
    with pytest.raises(InputError):
        Feed(path)
    with pytest.raises(InputError, match="cannot read"):
        Feed(tmp_path / "none.arrow")
