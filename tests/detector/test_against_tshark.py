"""Real captures: packets and bytes of TCP and UDP flows agree with tshark's conversations."""

from __future__ import annotations

import shutil
import subprocess
from collections import Counter
from pathlib import Path

import pytest

from contract.addresses import to_text
from detector.capture.opening import open_capture
from detector.meter import Meter

NAMES = [
    "benign_web_espn.pcapng",
    "ssh_bruteforce_zeek.pcap",
    "portscan_1_to_10000.pcapng",
    "nmap_xmas_windows.pcapng",
    "benign_sip_video_call.pcap",
    "telnet_bruteforce_then_mirai_docker.pcap",
]
FIELDS = [
    "frame.len",
    "ip.len",
    "ip.src",
    "ip.dst",
    "ip.proto",
    "tcp.srcport",
    "tcp.dstport",
    "udp.srcport",
    "udp.dstport",
]

pytestmark = pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed")


def tshark(path: Path, *arguments: str) -> list[str]:
    command = ["tshark", "-r", str(path), *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.splitlines()


def metered(path: Path):
    """(one end, other end, protocol) -> [packets, bytes], over all flows of that tuple."""
    meter, frames = Meter(capacity=100_000), 0
    dropped: Counter[str] = Counter()
    for batch in open_capture(path).batches():
        dropped += meter.update(batch)
        frames += batch.num_rows
    found: dict[tuple, list[int]] = {}
    for row in meter.export(meter.finish()).drop_columns(["first", "last"]).to_pylist():
        ends = sorted([(to_text(row["src"]), row["src_port"]), (to_text(row["dst"]), row["dst_port"])])
        sums = found.setdefault((*ends, row["protocol"]), [0, 0])
        sums[0] += row["packets_fwd"] + row["packets_bwd"]
        sums[1] += row["bytes_fwd"] + row["bytes_bwd"]
    return found, frames, dropped


@pytest.mark.parametrize("name", NAMES)
def test_packets_of_each_tcp_conversation(captures, name):
    path = captures / name
    if not path.is_file():
        pytest.skip(f"optional: {name} is not in the folder of captures")
    theirs: Counter[tuple] = Counter()
    for line in tshark(path, "-n", "-q", "-z", "conv,tcp"):
        words = line.split()
        if len(words) > 8 and words[1] == "<->":
            ends = sorted((word.rpartition(":")[0], int(word.rpartition(":")[2])) for word in (words[0], words[2]))
            counts = [int(word) for word in words[3:] if word.isdigit()]
            theirs[tuple(ends)] += counts[4]  # frames and bytes each way, then in sum
    found, frames, dropped = metered(path)
    ours = {key[:2]: sums[0] for key, sums in found.items() if key[2] == 6}
    assert ours == dict(theirs)
    assert sum(sums[0] for sums in found.values()) + dropped.total() == frames


@pytest.mark.parametrize("name", NAMES)
def test_bytes_of_each_flow(captures, name):
    path = captures / name
    if not path.is_file():
        pytest.skip(f"optional: {name} is not in the folder of captures")
    arguments = [part for field in FIELDS for part in ("-e", field)]
    theirs: dict[tuple, list[int]] = {}
    for line in tshark(path, "-n", "-T", "fields", "-E", "occurrence=f", *arguments):
        _, length, src, dst, protocol, *ports = line.split("\t")
        if protocol in ("6", "17"):
            at = 0 if protocol == "6" else 2
            ends = sorted([(src, int(ports[at] or 0)), (dst, int(ports[at + 1] or 0))])
            sums = theirs.setdefault((*ends, int(protocol)), [0, 0])
            sums[0] += 1
            sums[1] += int(length)
    found, _, _ = metered(path)
    assert {key: sums for key, sums in found.items() if key[2] in (6, 17) and "." in key[0][0]} == theirs
