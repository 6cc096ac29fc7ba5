"""Rates of the meter on one core: 2 million small packets over 200,000 flows, and what bounds them.

Run ``python -m benchmarks.meter [--nfstream PYTHON]``. In one run the same frames go through the bare meter, the
decoder alone, the full meter, the whole ways from a mapped pcap to Arrow batches, a plain-Python loop with a dictionary
of flows (the tests' oracle), nfstream where it is installed (or where a Python that has it is named), and the least
that a loop can do, in numba and in C: the ratios do not hang on the machine. Rates are packets a second of processor
time, the best of several rounds. Prints one JSON document.
"""

from __future__ import annotations

import argparse
import importlib.util
import json
import platform
import resource
import struct
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from itertools import islice
from pathlib import Path

import numba
import numpy as np
import numpy.typing as npt
import pyarrow as pa

from benchmarks.meter_bound import c_bound, numba_bound
from contract.jit import lean_kernel
from contract.schemas import FRAMES, TIME
from detector.bare import BareMeter
from detector.bare_table import BARE
from detector.capture.pcap import PcapSource
from detector.decode import decode
from detector.flow_statistics import statistics_of_flows
from detector.flowtable import FLOW, PAYLOAD_BYTES
from detector.fragments import Fragments, new_fragments
from detector.meter import Meter
from detector.packet import PACKET, Columns, columns_of
from tests.detector.oracle_meter import Oracle

SIZE = 60
NFSTREAM = """
import json, resource, sys
from nfstream import NFStreamer

def spent():
    times = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(time.ru_utime + time.ru_stime for time in times)

began = spent()
streamer = NFStreamer(source=sys.argv[1], statistical_analysis=True, n_dissections=0, n_meters=1)
packets = sum(flow.bidirectional_packets for flow in streamer)
print(json.dumps([packets, spent() - began]))
"""
BATCH = 65_536
ROWS = 16_384


def frames(count: int, flows: int, seed: int) -> npt.NDArray[np.uint8]:
    """``(count, 60)`` bytes: 60 % TCP with 6 bytes of payload, 40 % UDP with 18, of flows picked by chance."""
    rng = np.random.default_rng(seed)
    flow = rng.integers(0, flows, count)
    source = rng.integers(0, 1 << 16, flows)[flow]
    target = rng.integers(0, 1 << 12, flows)[flow]
    port = rng.integers(1024, 65536, flows)[flow]
    tcp = (rng.random(flows) < 0.6)[flow]
    reply = rng.random(count) < 0.4
    out = np.zeros((count, SIZE), np.uint8)
    out[:, 0:6], out[:, 6:12] = 2, 4
    out[:, 12] = 8
    out[:, 14], out[:, 17], out[:, 22] = 0x45, 46, 64
    out[:, 23] = np.where(tcp, 6, 17)
    for column, (here, there) in enumerate(((source, target), (target, source))):
        address = np.where(reply, there, here)
        at = 26 + 4 * column
        out[:, at], out[:, at + 1] = 198, np.where(reply == bool(column), 18, 19)
        out[:, at + 2], out[:, at + 3] = address >> 8, address & 255
    sender, receiver = np.where(reply, 443, port), np.where(reply, port, 443)
    out[:, 34], out[:, 35], out[:, 36], out[:, 37] = sender >> 8, sender & 255, receiver >> 8, receiver & 255
    sequence = np.arange(count)
    for i in range(4):
        out[:, 38 + i] = np.where(tcp, (sequence >> (8 * (3 - i))) & 255, 26 if i == 1 else 0)
    out[:, 46] = np.where(tcp, 0x50, 0)
    out[:, 47] = np.where(tcp, 0x18, 0)
    out[:, 48] = np.where(tcp, 0x20, 0)
    return out


def batches(data: npt.NDArray[np.uint8]) -> list[pa.RecordBatch]:
    """The frames as FRAMES batches, a microsecond apart."""
    made = []
    for low in range(0, len(data), BATCH):
        part = data[low : low + BATCH]
        n = len(part)
        ts = 1_600_000_000_000_000_000 + (low + np.arange(n, dtype=np.int64)) * 1000
        offsets = np.arange(n + 1, dtype=np.int32) * SIZE
        made.append(
            pa.record_batch(
                [
                    pa.Array.from_buffers(TIME, n, [None, pa.py_buffer(ts)]),
                    pa.Array.from_buffers(
                        pa.binary(), n, [None, pa.py_buffer(offsets), pa.py_buffer(part.reshape(-1))]
                    ),
                    pa.array(np.full(n, SIZE, np.uint32)),
                    pa.array(np.ones(n, np.uint16)),
                ],
                schema=FRAMES,
            )
        )
    return made


def best(rounds: int, work: Callable[[], object]) -> float:
    """Least processor time of that many runs, in seconds."""
    times = []
    for _ in range(rounds):
        began = time.process_time()
        work()
        times.append(time.process_time() - began)
    return min(times)


def metered(kind: type[Meter | BareMeter], work: list[pa.RecordBatch], rounds: int) -> float:
    """Seconds to meter the batches with a meter whose memory was used before, as in a long run."""
    meter = kind(1 << 20, seed=1)

    def once() -> None:
        for batch in work:
            meter.update(batch)

    def again() -> None:
        meter.release(meter.finish())
        if isinstance(meter, Meter):
            meter.clear_dirty()

    once()
    times = []
    for _ in range(rounds):
        again()
        times.append(best(1, once))
    return min(times)


def ticked(work: list[pa.RecordBatch]) -> None:
    """A fresh meter that closes a tick after each batch."""
    meter = Meter(1 << 20, seed=1)
    for batch in work:
        meter.update(batch)
        meter.expire(int(batch.column("ts")[-1].value))
        meter.clear_dirty()


def decoded(work: list[pa.RecordBatch]) -> None:
    """The decoder alone."""
    rows, fragments = np.zeros(1, PACKET), new_fragments(1)
    for batch in work:
        _decode(columns_of(batch), rows, fragments)


@lean_kernel
def _decode(columns: Columns, rows: npt.NDArray[np.void], fragments: Fragments) -> int:
    refused = 0
    for n in range(len(columns.ts)):
        start, stop = np.int64(columns.offsets[n]), np.int64(columns.offsets[n + 1])
        length, link = np.int64(columns.wire_len[n]), np.int64(columns.link[n])
        refused += decode(columns.data, start, stop, length, link, columns.ts[n], rows[0], fragments)
    return refused


def write_pcap(path: Path, data: npt.NDArray[np.uint8]) -> None:
    """The frames as a pcap file, a microsecond apart."""
    records = np.zeros(len(data), np.dtype([("time", "<u4", (2,)), ("size", "<u4", (2,)), ("frame", "u1", (SIZE,))]))
    at = np.arange(len(data))
    records["time"][:, 0], records["time"][:, 1] = 1_600_000_000 + at // 1_000_000, at % 1_000_000
    records["size"], records["frame"] = SIZE, data
    head = struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1)
    path.write_bytes(head + records.tobytes())


def whole_way(path: Path, kind: type[Meter | BareMeter]) -> None:
    """From the mapped pcap to Arrow batches of all flows: FLOWS and all statistics, or the bare columns."""
    meter = kind(1 << 18, seed=1)
    for batch in PcapSource(np.memmap(path, np.uint8, "r"), str(path)).batches():
        meter.update(batch)
    slots = meter.finish()
    for low in range(0, len(slots), ROWS):
        part = slots[low : low + ROWS]
        if isinstance(meter, Meter):
            statistics_of_flows(meter.table, part)
        else:
            meter.export(part)


def memory(flows: int) -> dict[str, int]:
    """Memory that the tables take for so many live flows with payload, in MiB, by the system's word."""
    found: dict[str, int] = {}
    meter: Meter | BareMeter | None = None
    kinds: tuple[tuple[str, type[Meter | BareMeter]], ...] = (("full", Meter), ("bare", BareMeter))
    for name, kind in kinds:
        meter = None  # gives the memory of the one before back
        before = _resident()
        meter = kind(flows, seed=1)
        for low in range(0, flows, BATCH):
            count = min(BATCH, flows - low)
            part = frames(count, count, 1)
            source = low + np.arange(count)
            part[:, 26:30] = np.stack([np.full(count, 198), *((source >> shift) & 255 for shift in (16, 8, 0))], axis=1)
            for batch in batches(part):
                meter.update(batch)
        found[f"{name}_mib"] = (_resident() - before) >> 20
        found[f"{name}_live"] = meter.counts()["live"]
    return found


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def nfstream_rate(path: Path, count: int, python: str) -> int | str:
    """Packets a second of processor time of nfstream with statistics, all its processes, on that file; or why not."""
    if not python and importlib.util.find_spec("nfstream") is None:
        return "nfstream is not installed here: --nfstream names a Python that has it"
    done = subprocess.run(
        [python or sys.executable, "-c", NFSTREAM, str(path)], capture_output=True, text=True, check=False
    )
    if done.returncode:
        return f"nfstream does not run: {' '.join(done.stderr.strip().splitlines()[-1:])}"
    packets, seconds = json.loads(done.stdout.splitlines()[-1])
    return round(count / seconds) if packets == count else f"nfstream counted {packets} of {count} packets"


def naive(work: list[pa.RecordBatch], count: int) -> float:
    """Seconds that the plain-Python oracle takes for the first ``count`` frames."""
    rows = [
        (ts.value, frame.as_py(), int(wire.as_py()), int(link.as_py()))
        for batch in work[: count // BATCH + 1]
        for ts, frame, wire, link in zip(*batch.columns, strict=True)
    ]
    oracle = Oracle()
    begin = time.process_time()
    for row in islice(rows, count):
        oracle.frame(*row)
    return time.process_time() - begin


def rates(data: npt.NDArray[np.uint8], path: Path, rounds: int) -> dict[str, int]:
    """Packets a second of each way."""
    work, count = batches(data), len(data)
    ways: dict[str, float] = {
        "bare": metered(BareMeter, work, rounds),
        "decode_only": best(rounds, lambda: decoded(work)),
        "full": metered(Meter, work, rounds),
        "full_fresh_with_ticks": best(rounds, lambda: ticked(work)),
        "pcap_to_bare_flows": best(rounds, lambda: whole_way(path, BareMeter)),
        "pcap_to_flows_with_statistics": best(rounds, lambda: whole_way(path, Meter)),
    }
    return {name: round(count / seconds) for name, seconds in ways.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--packets", type=int, default=2_000_000)
    parser.add_argument("--flows", type=int, default=200_000)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--nfstream", default="", metavar="PYTHON", help="a Python in which nfstream is installed")
    parser.add_argument("--live-flows", type=int, default=1_000_000, help="of the measure of memory")
    options = parser.parse_args()
    report: dict[str, object] = {"packets": options.packets, "flows": options.flows}
    report["memory"] = memory(options.live_flows)
    report["bytes_a_flow"] = {"full": FLOW.itemsize, "full_payload_row": 2 * PAYLOAD_BYTES, "bare": BARE.itemsize}
    data = frames(options.packets, options.flows, 1)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "mix.pcap")
        write_pcap(path, data)
        rates(data[: min(1000, len(data))], path, 1)  # compiles
        found = rates(data, path, options.rounds)
        report["packets_per_processor_s"] = found
        report["nfstream"] = peer = nfstream_rate(path, options.packets, options.nfstream)
    if isinstance(peer, int):
        report["pcap_to_flows_with_statistics_to_nfstream"] = round(found["pcap_to_flows_with_statistics"] / peer, 1)
    bound = c_bound(data, options.rounds)
    report["bound_c"] = bound if isinstance(bound, str) else round(options.packets / bound[0])
    report["bound_numba"] = round(options.packets / numba_bound(data, options.rounds))
    report["bare_to_bound_numba"] = round(found["bare"] / int(str(report["bound_numba"])), 2)
    if not isinstance(bound, str):
        share = found["pcap_to_flows_with_statistics"] * bound[0] / options.packets
        report["pcap_to_flows_with_statistics_to_bound_c"] = round(share, 2)
    few = data[: options.packets // 4]
    report["full_ns_a_packet_at"] = {
        len(part): round(metered(Meter, batches(part), options.rounds) / len(part) * 1e9)
        for part in (few, data[: options.packets // 2], data)
    }
    sample = min(50_000, options.packets)
    slow = sample / naive(batches(data[:sample]), sample)
    report["plain_python_packets_per_s"] = round(slow)
    report["full_to_plain_python"] = round(found["full"] / slow)
    report |= {"python": platform.python_version(), "numba": numba.__version__, "machine": platform.machine()}
    print(json.dumps(report, indent=1))


if __name__ == "__main__":
    main()
