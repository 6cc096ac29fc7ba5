"""`tenfold generate` and what tshark says of its captures."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from contract.truth import read_truth

ROOT = Path(__file__).parents[2]
SUMS = " or ".join(f"{p}.checksum.status==0" for p in ("ip", "tcp", "udp", "icmp", "icmpv6"))
BAD = f"{SUMS} or _ws.malformed or ip.bogus_header_length or tcp.analysis.ack_lost_segment"


def generate(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cli.main", "generate", *arguments],
        cwd=folder, env={"PYTHONPATH": str(ROOT), "PATH": "/usr/bin:/bin"},
        capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip


def families(*names: str) -> list[str]:
    return [word for name in names for word in ("--family", name)]


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    words = [*families("syn_flood", "web_browsing"), "--rate", "30", "--duration", "2"]
    for name, seed in (("a.pcap", "5"), ("b.pcap", "5")):
        done = generate(tmp_path, *words, "--seed", seed, "-o", name, "--json")
        assert done.returncode == 0, done.stderr
        summary = json.loads(done.stdout)
    assert summary["frames"] > 100
    assert (tmp_path / "a.pcap").read_bytes() == (tmp_path / "b.pcap").read_bytes()
    assert {entry.family for entry in read_truth(tmp_path / "a.pcap.truth.json").entries} == {"syn_flood"}


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["-o", "x.pcap"], 2, "name a scenario"),
        (["--family", "nonsense", "-o", "x.pcap"], 2, "no family 'nonsense'"),
        (["no-such-scenario", "-o", "x.pcap"], 2, "no-such-scenario"),
        (["--family", "syn_flood", "-o", "x.txt"], 2, "must end in"),
        (["--family", "syn_flood", "-o", "none/x.pcap"], 2, "cannot write"),
        (["--family", "syn_flood", "--duration", "-1", "-o", "x.pcap"], 2, "duration"),
        (["--family", "syn_flood", "--start", "noon", "-o", "x.pcap"], 2, "ISO 8601"),
    ],
)
def test_mistakes_get_one_clear_line(tmp_path: Path, arguments: list[str], code: int, text: str) -> None:
    done = generate(tmp_path, *arguments)
    assert done.returncode == code
    assert text in done.stderr
    assert done.stderr.count("\n") == 1
    assert not list(tmp_path.iterdir())


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed: nobody else reads the capture")
def test_tshark_finds_no_malformed_frame_and_no_bad_checksum(tmp_path: Path) -> None:
    words = [*families("syn_flood", "web_browsing"), "--rate", "40", "--duration", "5", "-o", "a.pcapng"]
    assert generate(tmp_path, *words).returncode == 0
    checks = [word for p in ("tcp", "udp", "ip") for word in ("-o", f"{p}.check_checksum:TRUE")]
    found = subprocess.run(
        ["tshark", "-r", "a.pcapng", *checks, "-Y", BAD], cwd=tmp_path, capture_output=True, text=True, check=True
    )
    assert found.stdout == ""


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed: nobody else reads the capture")
def test_tshark_accepts_every_kind_of_frame(tmp_path: Path) -> None:
    from generator.sinks import open_sink
    from generator.traffic import chunks
    from tests.generator.helpers import arp_kind, every_kind, plan_of

    for number, plan in enumerate((plan_of(every_kind, n=90), plan_of(arp_kind, n=9, ipv6=False))):
        sink = open_sink(tmp_path / f"{number}.pcap")
        for chunk in chunks(plan):
            sink.write(chunk.frames)
        sink.close()
        checks = [word for p in ("tcp", "udp", "ip") for word in ("-o", f"{p}.check_checksum:TRUE")]
        # The HTTP and mDNS-like bytes of these frames are noise: only what lies below is judged.
        found = subprocess.run(
            ["tshark", "-r", f"{number}.pcap", "--disable-protocol", "gre", *checks, "-Y", BAD],
            cwd=tmp_path, capture_output=True, text=True, check=True,
        )  # fmt: skip
        assert found.stdout == ""
