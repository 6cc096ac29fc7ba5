"""Compile the kernels once before the suite, a process a room: else each test process that needs one compiles it,
and two workers that need it at a time do so twice.

Run ``python -m tests.kernels``. What is compiled is kept on disk, so it is quick where nothing has changed.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path


def generator() -> None:
    """Make a second of every family's traffic."""
    from generator import registry
    from generator.traffic import chunks
    from generator.workload import Share, Workload

    names = sorted(registry.names())
    for chunk in chunks(
        Workload(seed=1, duration_s=1.0, curve=((0.0, 200.0),), attacks=tuple(Share(n, 1.0) for n in names))
    ):
        assert chunk.frames.num_rows


def detector() -> None:
    """Let a few frames go all the way."""
    from detector.model import load_default
    from detector.warm import warm_up

    warm_up(load_default())


def meters() -> None:
    """The meters that a campaign does not need: in shards, bare; and the statistics of flows."""
    from contextlib import closing

    from detector.bare import BareMeter
    from detector.flow_statistics import statistics_of_flows
    from detector.meter import Meter
    from tests.detector.captured import A6, B6, A, B, batch_of, eth, ip4, ip6, udp

    frames = batch_of([eth(ip4(A, B, 17, udp(1, 53, bytes(20)))), eth(ip6(A6, B6, 17, udp(1, 53)), 0x86DD)])
    whole, bare = Meter(seed=1), BareMeter(seed=1)
    with closing(Meter(capacity=256, seed=1, shards=2)) as shards:
        for meter in (whole, bare, shards):
            meter.update(frames, 0, 1)
            meter.update(frames, 1, 2)
            meter.release(meter.expire(meter.counts()["last_ts"]))
            ended = meter.finish()
            assert meter.export(ended).num_rows
            if meter is whole:
                assert statistics_of_flows(whole.table, ended).num_rows


def files() -> None:
    """Captures of each format, written and read, and one replayed."""
    from campaign.replay_request import Request
    from campaign.replaying import open_replay
    from detector.capture.opening import open_capture
    from generator.sinks import open_sink
    from tests.campaign.captures import write_capture

    with tempfile.TemporaryDirectory() as folder:
        capture = write_capture(Path(folder))
        replayed = list(open_replay(Request(str(capture))).frames())
        assert replayed
        for name in ("a.pcap", "a.pcapng", "a.arrow"):
            sink = open_sink(Path(folder) / name)
            for batch in replayed:
                sink.write(batch)
            sink.close()
            assert sum(batch.num_rows for batch in open_capture(Path(folder) / name).batches())


ROOMS = {"detector": detector, "generator": generator, "meters": meters, "files": files}
# Those that need kernels of another wait for it: at the same time each would compile them, the largest three times.
AFTER = {"meters": ("detector",), "files": ("detector", "generator")}


def main() -> int:
    """All rooms, as many at once as may be; the highest of their exit codes."""
    if len(sys.argv) > 1:
        ROOMS[sys.argv[1]]()
        return 0
    begin = time.monotonic()
    ended: dict[str, Future[int]] = {}

    def run(room: str) -> int:
        wait([ended[other] for other in AFTER.get(room, ())])
        return subprocess.call([sys.executable, "-m", "tests.kernels", room])

    with ThreadPoolExecutor(len(ROOMS)) as pool:
        for room in ROOMS:  # those that others wait for come first
            ended[room] = pool.submit(run, room)
    code = max(abs(future.result()) for future in ended.values())
    sys.stderr.write(f"compiled in {time.monotonic() - begin:.0f} s\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
