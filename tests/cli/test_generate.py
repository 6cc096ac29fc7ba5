"""`tenfold generate` and what tshark says of its captures."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from cli.main import main
from contract.truth import read_truth
from generator.workload import Share, Workload

ROOT = Path(__file__).parents[2]
SUMS = " or ".join(f"{p}.checksum.status==0" for p in ("ip", "tcp", "udp", "icmp", "icmpv6"))
BAD = f"{SUMS} or _ws.malformed or ip.bogus_header_length or tcp.analysis.ack_lost_segment"


WORDS = ["--family", "syn_flood", "--family", "web_browsing", "--rate", "40", "--duration", "5", "--seed", "5"]


@pytest.fixture(scope="module")
def capture(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, Any]]:
    """A capture that a process of its own wrote, and what it said of it."""
    path = tmp_path_factory.mktemp("generate") / "a.pcapng"
    done = subprocess.run(
        [sys.executable, "-m", "cli.main", "generate", *WORDS, "-o", str(path), "--json"],
        cwd=ROOT, capture_output=True, text=True, timeout=240, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return path, json.loads(done.stdout)


def generate(monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    """The exit code of the command, run here."""
    monkeypatch.setattr(sys, "argv", ["tenfold", "generate", *arguments])
    with pytest.raises(SystemExit) as ended:
        main()
    return int(ended.value.code or 0)


def test_the_same_seed_gives_the_same_bytes_in_another_process(
    capture: tuple[Path, dict[str, Any]], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, summary = capture
    assert generate(monkeypatch, *WORDS, "-o", str(tmp_path / "b.pcapng")) == 0
    assert (tmp_path / "b.pcapng").read_bytes() == path.read_bytes()
    assert summary["frames"] > 1000
    assert {entry.family for entry in read_truth(Path(summary["truth"])).entries} == {"syn_flood"}


@pytest.mark.parametrize(
    ("arguments", "text"),
    [
        (["-o", "x.pcap"], "name a scenario"),
        (["--family", "nonsense", "-o", "x.pcap"], "no family 'nonsense'"),
        (["no-such-scenario", "-o", "x.pcap"], "no-such-scenario"),
        (["--family", "syn_flood", "-o", "x.txt"], "must end in"),
        (["--family", "syn_flood", "-o", "none/x.pcap"], "cannot write"),
        (["--family", "syn_flood", "--duration", "-1", "-o", "x.pcap"], "duration"),
        (["--family", "syn_flood", "--start", "noon", "-o", "x.pcap"], "ISO 8601"),
        (["--family", "syn_flood", "--start", "2500-01-01", "-o", "x.pcap"], "after the year 2105"),
        (["--family", "web_browsing", "--multiplier", "2", "-o", "x.pcap"], "none of these families is an attack"),
        (["--family", "syn_flood", "-o", ""], "must end in"),
        (["--family", "syn_flood", "--mix", "syn_flood=1", "-o", "x.pcap"], "--mix is of scenarios"),
        (["--family", "syn_flood", "--zone", "venues", "-o", "x.pcap"], "--zone is of scenarios"),
        (["--family", "syn_flood", "--arrivals", "bursty", "-o", "x.pcap"], "arrivals 'bursty' is none of"),
        (["--family", "syn_flood", "--sites", "0", "-o", "x.pcap"], "1 to 800 sites"),
        (["paris-2024", "--zone", "moon", "-o", "x.pcap"], "no zone is called 'moon'"),
        (["smoke", "--zone", "venues", "-o", "x.pcap"], "this scenario has no zones"),
        (["smoke", "--mix", "syn_flood=much", "-o", "x.pcap"], "is not of the form family=weight"),
        (["smoke", "--mix", "", "-o", "x.pcap"], "no family is called ''"),
        (["smoke", "--seed", "-3", "-o", "x.pcap"], "must not be negative"),
        (["smoke", "--multiplier", "nan", "-o", "x.pcap"], "a multiplier of nan is not between"),
        (["none.json", "-o", "x.pcap"], "cannot read the workload"),
        (["none.json", "--seed", "3", "-o", "x.pcap"], "made again as it was"),
        (["--from", "runs/x", "--seed", "3", "-o", "x.pcap"], "made again as they were; leave out all other options"),
        (["--from", "runs/x", "smoke", "-o", "x.pcap"], "one of the three"),
        (["--from", "runs/x", "-o", "x.pcap"], "runs/x: no such run folder"),
    ],
)
def test_mistakes_get_one_clear_line(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    text: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    assert generate(monkeypatch, *arguments) == 2
    said = capsys.readouterr()
    assert text in said.err
    assert said.err.count("\n") == 1
    assert said.out == ""
    assert not list(tmp_path.iterdir())


def test_a_run_s_workload_with_its_changes_is_made_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    workload = Workload(
        duration_s=2.0, curve=((0.0, 50.0),), attacks=(Share("syn_flood"),), changes=((1.0, 0.0),), sites=3, clients=40
    )
    (tmp_path / "w.json").write_text(workload.to_json())
    assert generate(monkeypatch, str(tmp_path / "w.json"), "-o", str(tmp_path / "x.pcap"), "--json") == 0
    summary = json.loads(capsys.readouterr().out)
    assert summary["attempts"] == pytest.approx(50, abs=25)
    assert summary["conversations"] == 0
    assert summary["frames"] == sum(pq.read_table(summary["truth_table"]).column("frames").to_pylist())


@pytest.mark.parametrize("name", ["x.pcap", "x.pcap.truth.json", "x.pcap.truth.parquet"])
def test_a_folder_in_the_way_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], name: str
) -> None:
    (tmp_path / name).mkdir()
    assert generate(monkeypatch, *WORDS, "-o", str(tmp_path / "x.pcap")) == 2
    assert capsys.readouterr().err == f"tenfold: {tmp_path / name}: cannot write: is a folder\n"
    assert [path.name for path in tmp_path.iterdir()] == [name]


@pytest.mark.skipif(shutil.which("tshark") is None, reason="tshark is not installed: nobody else reads the capture")
def test_tshark_finds_no_malformed_frame_and_no_bad_checksum(capture: tuple[Path, dict[str, Any]]) -> None:
    checks = [word for p in ("tcp", "udp", "ip") for word in ("-o", f"{p}.check_checksum:TRUE")]
    found = subprocess.run(
        ["tshark", "-r", str(capture[0]), *checks, "-Y", BAD], capture_output=True, text=True, check=True
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
