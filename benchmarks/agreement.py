"""Flow by flow, the meter against tshark and nfstream: packets, bytes, start and end.

    python -m benchmarks.agreement [CAPTURES] [--nfstream PYTHON] [--names A,B] [--json]

A capture's frames go through the meter and, packet by packet, through ``tshark -T fields``; both are summed up by
conversation: addresses, protocol and, of TCP, UDP and SCTP, ports, over the whole capture (the timeouts of a meter, and
ports used again, part a conversation into several flows, so flows are added up again). TCP connections are also counted
against ``tcp.stream``. ``--nfstream`` names a Python that has nfstream; it meters with the same timeouts, and its
flows are added up likewise. docs/metering.md explains each difference that was found.
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

from contract.addresses import to_text
from contract.errors import LackingError
from contract.schemas import FLOWS
from detector.capture.opening import open_capture
from detector.meter import Meter

FIELDS = (
    "frame.time_epoch", "frame.len", "eth.type", "ip.src", "ip.dst", "ip.proto", "ip.len", "ip.id", "ip.frag_offset",
    "ipv6.src", "ipv6.dst", "ipv6.plen", "ipv6.nxt", "tcp.srcport", "tcp.dstport", "udp.srcport", "udp.dstport",
    "sctp.srcport", "sctp.dstport", "tcp.stream", "_ws.malformed",
)  # fmt: skip
AS_THEY_ARE = ("ip.defragment", "ipv6.defragment", "tcp.desegment_tcp_streams", "tcp.analyze_sequence_numbers")
PORTS = {6: "tcp", 17: "udp", 132: "sctp"}
NFSTREAM = """
import json, sys
from nfstream import NFStreamer
found = []
for f in NFStreamer(source=sys.argv[1], idle_timeout=60, active_timeout=1800, accounting_mode=1, n_dissections=0,
                    statistical_analysis=False, n_meters=1):
    found.append([f.src_ip, f.dst_ip, f.src_port, f.dst_port, f.protocol, f.bidirectional_packets,
                  f.bidirectional_bytes, f.bidirectional_first_seen_ms, f.bidirectional_last_seen_ms])
json.dump(found, sys.stdout)
"""
Key = tuple[tuple[str, int], tuple[str, int], int]


class Sums(NamedTuple):
    """Of one conversation; times are ns."""

    packets: int
    bytes: int
    first: int
    last: int

    def add(self, other: Sums) -> Sums:
        return Sums(
            self.packets + other.packets,
            self.bytes + other.bytes,
            min(self.first, other.first),
            max(self.last, other.last),
        )


def key_of(src: str, sport: int, dst: str, dport: int, protocol: int) -> Key:
    if protocol not in PORTS:
        sport = dport = 0
    one, two = sorted([(src, sport), (dst, dport)])
    return one, two, protocol


def add(table: dict[Key, Sums], key: Key, sums: Sums) -> None:
    table[key] = table[key].add(sums) if key in table else sums


def metered(path: Path) -> tuple[dict[Key, Sums], dict[str, int]]:
    """Conversations of the meter, and how many frames, flows, TCP connections and frames not metered there were."""
    meter, frames = Meter(capacity=200_000), 0
    dropped: Counter[str] = Counter()
    batches = []
    for batch in open_capture(path).batches():
        dropped += meter.update(batch)
        frames += batch.num_rows
        ended = meter.expire(meter.counts()["last_ts"] - 60_000_000_000)
        batches.append(meter.export(ended))
        meter.release(ended)
    batches.append(meter.export(meter.finish()))
    table = pa.Table.from_batches(batches, FLOWS)
    found: dict[Key, Sums] = {}
    for row in _plain(table):
        key = key_of(to_text(row["src"]), row["src_port"], to_text(row["dst"]), row["dst_port"], row["protocol"])
        packets, size = row["packets_fwd"] + row["packets_bwd"], row["bytes_fwd"] + row["bytes_bwd"]
        add(found, key, Sums(packets, size, row["first"], row["last"]))
    counts = {"frames": frames, "flows": table.num_rows, "not_metered": dropped.total()}
    return found, counts | {"tcp_flows": int(pc.sum(pc.equal(table.column("protocol"), 6)).as_py() or 0)}


def _plain(table: pa.Table) -> Iterator[dict[str, Any]]:
    names = ["src", "dst", "src_port", "dst_port", "protocol", "packets_fwd", "packets_bwd", "bytes_fwd", "bytes_bwd"]
    columns = {name: table.column(name).to_pylist() for name in names}
    columns |= {name: table.column(name).cast(pa.int64()).to_pylist() for name in ("first", "last")}
    for at in range(table.num_rows):
        yield {name: values[at] for name, values in columns.items()}


def by_tshark(path: Path) -> tuple[dict[Key, Sums], int]:
    """Conversations as tshark reads the packets, and how many TCP streams it tells apart."""
    command = ["tshark", "-r", str(path), "-n", "-T", "fields", "-E", "occurrence=f"]
    command += [word for name in AS_THEY_ARE for word in ("-o", f"{name}:FALSE")]
    command += [word for name in FIELDS for word in ("-e", name)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # it fails at a cut after all is told
    found: dict[Key, Sums] = {}
    fragments: dict[tuple[str, ...], tuple[int, int]] = {}
    streams: set[str] = set()
    for line in done.stdout.splitlines():
        row = dict(zip(FIELDS, line.split("\t"), strict=True))
        streams.add(row["tcp.stream"])
        _one_packet(row, found, fragments)
    return found, len(streams - {""})


def _one_packet(row: dict[str, str], found: dict[Key, Sums], fragments: dict[tuple[str, ...], tuple[int, int]]) -> None:
    seconds, _, nanos = row["frame.time_epoch"].partition(".")
    ts = int(seconds) * 10**9 + int(nanos.ljust(9, "0")[:9])
    if row["ip.src"]:
        src, dst, protocol = row["ip.src"], row["ip.dst"], int(row["ip.proto"])
        size = int(row["ip.len"]) or int(row["frame.len"]) - 14
    elif row["ipv6.src"]:
        src, dst, size = row["ipv6.src"], row["ipv6.dst"], int(row["ipv6.plen"]) + 40
        protocol = int(row["ipv6.nxt"])
        if protocol != 58:  # an error has the ports of what it quotes
            for number, name in PORTS.items():
                protocol = number if row[f"{name}.srcport"] else protocol
            protocol = 58 if protocol in (0, 44, 60) else protocol
    else:
        return
    ports = 0, 0
    if protocol in PORTS:
        name = PORTS[protocol]
        ports = int(row[f"{name}.srcport"] or 0), int(row[f"{name}.dstport"] or 0)
        packet = (src, dst, str(protocol), row["ip.id"])
        if row["ip.frag_offset"] not in ("", "0"):
            ports = fragments.get(packet, (0, 0))
        elif row["ip.id"]:
            fragments[packet] = ports
    add(found, key_of(src, ports[0], dst, ports[1], protocol), Sums(1, size, ts, ts))


def by_nfstream(path: Path, python: str) -> tuple[dict[Key, Sums], int]:
    """Conversations of nfstream, in milliseconds, and how many flows it made."""
    done = subprocess.run([python, "-c", NFSTREAM, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        raise LackingError(f"{python}: nfstream does not run: {done.stderr.strip().splitlines()[-1:]}")
    found: dict[Key, Sums] = {}
    rows = json.loads(done.stdout)
    for src, dst, sport, dport, protocol, packets, size, first, last in rows:
        add(found, key_of(src, sport, dst, dport, protocol), Sums(packets, size, first * 10**6, last * 10**6))
    return found, len(rows)


def compare(ours: dict[Key, Sums], theirs: dict[Key, Sums], slack: int) -> dict[str, Any]:
    """How many conversations both have, and of how many each figure is the same; the first that differ."""
    ours = {key: sums for key, sums in ours.items() if key[2] < 256}
    both = ours.keys() & theirs.keys()
    counts: dict[str, int] = defaultdict(int)
    examples = []
    for key in both:
        one, two = ours[key], theirs[key]
        same = {
            "packets": one.packets == two.packets,
            "bytes": one.bytes == two.bytes,
            "start": abs(one.first - two.first) <= slack,
            "end": abs(one.last - two.last) <= slack,
        }
        for name, value in same.items():
            counts[name] += value
        if not all(same.values()):
            examples.append({"key": key, "ours": one, "theirs": two})
    rows = {"conversations": len(both), "only_ours": len(ours.keys() - both), "only_theirs": len(theirs.keys() - both)}
    alone = [{"key": key, "ours": ours[key]} for key in sorted(ours.keys() - both)[:3]]
    alone += [{"key": key, "theirs": theirs[key]} for key in sorted(theirs.keys() - both)[:3]]
    return (
        rows | {name: counts[name] for name in ("packets", "bytes", "start", "end")} | {"differ": examples[:5] + alone}
    )


def judge(path: Path, python: str) -> dict[str, Any]:
    """All comparisons of one capture."""
    ours, counts = metered(path)
    theirs, streams = by_tshark(path)
    document = {"capture": path.name, **counts, "tcp_streams": streams, "tshark": compare(ours, theirs, 0)}
    if python:
        others, flows = by_nfstream(path, python)
        document |= {"nfstream_flows": flows, "nfstream": compare(ours, others, 1_000_000)}
    return document


def show(rows: list[dict[str, Any]]) -> None:
    """A table for people."""
    for peer in ("tshark", "nfstream"):
        if peer not in rows[0]:
            continue
        print(f"{peer:52} frames  flows  convers.  packets  bytes  start  end  only ours  only theirs")
        total: Counter[str] = Counter()
        for row in rows:
            found = {key: value for key, value in row[peer].items() if key != "differ"}
            found |= {"frames": row["frames"], "flows": row["flows"]}
            total.update(found)
            _line(row["capture"], found)
        _line("all", total)
        print()


def _line(name: str, found: dict[str, int] | Counter[str]) -> None:
    names = ("frames", "flows", "conversations", "packets", "bytes", "start", "end", "only_ours", "only_theirs")
    widths = (7, 7, 10, 9, 7, 7, 7, 9, 9)
    print(f"{name:50.50}", *(f"{found[key]:>{width}}" for key, width in zip(names, widths, strict=True)))


def main() -> None:
    """The command line."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    usual = Path(os.environ.get("TENFOLD_CAPTURES", Path(__file__).parents[1] / "shared" / "captures"))
    parser.add_argument("captures", nargs="?", type=Path, default=usual)
    parser.add_argument("--names", default="", help="only captures whose name contains one of these, by commas")
    parser.add_argument("--nfstream", default="", metavar="PYTHON", help="a Python in which nfstream is installed")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args()
    if shutil.which("tshark") is None or not arguments.captures.is_dir():
        print("agreement: skipped: it needs tshark and a folder of captures", file=sys.stderr)
        return
    wanted = arguments.names.split(",")
    paths = [p for p in sorted(arguments.captures.iterdir()) if p.suffix in (".pcap", ".pcapng", ".cap")]
    rows = [judge(path, arguments.nfstream) for path in paths if any(word in path.name for word in wanted)]
    if arguments.json:
        print(json.dumps(rows, indent=1))
    else:
        show(rows)


if __name__ == "__main__":
    main()
