"""``tenfold labels`` as a user meets it."""

from __future__ import annotations

import csv
import json
import shutil
import subprocess
from collections import Counter
from pathlib import Path

import communityid
import pyarrow.parquet as pq
import pytest

from campaign.runfolder import RunFolder, write_json
from generator.delivery import write_workload
from generator.workload import Share, Workload
from tests.campaign.captures import write_capture
from tests.cli.helpers import tenfold

TSHARK = shutil.which("tshark")
WORKLOAD = Workload(
    seed=4,
    start_ns=1_784_023_200_000_000_000,
    duration_s=1.0,
    curve=((0.0, 40.0),),
    attacks=(Share("syn_flood"), Share("ssh_bruteforce")),
    benign=(Share("dns_lookup"),),
    benign_curve=((0.0, 20.0),),
    sites=3,
    clients=30,
    ipv6_share=0.0,
)


def test_flows_and_frames(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    done = tenfold("labels", capture, "--out", tmp_path / "f.csv", "--json")
    assert json.loads(done.stdout)["attacks"] == 400
    done = tenfold("labels", capture, "--out", tmp_path / "c.pcapng")
    assert "400 of 420 frames bear a comment" in done.stderr


def test_what_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    for words, why in (
        ((capture, "--out", "x.pcapng", "--cic"), "--cic is of flows"),
        ((tmp_path, "--out", "x.csv"), "not a run folder"),
        ((tmp_path, "--out", "x.csv", "--truth", "t.json"), "a run has its own truth"),
    ):
        done = tenfold("labels", *words)
        assert (done.returncode, why in done.stderr) == (2, True)


@pytest.fixture(scope="module")
def run_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run folder as a campaign leaves it: its frames are not kept, and are made again."""
    folder = RunFolder(tmp_path_factory.mktemp("labels") / "r1")
    folder.path.mkdir()
    made = write_workload(WORKLOAD, folder.path / "x.pcap")
    (folder.path / "x.pcap.truth.parquet").replace(folder.truth)
    (folder.path / "x.pcap").unlink()
    folder.workload.write_text(WORKLOAD.to_json(), encoding="utf-8")
    write_json(folder.state, {"state": "finished"})
    write_json(folder.status("sender"), {"start_ns": WORKLOAD.start_ns, "sent_frames": made["frames"]})
    return folder.path


def test_labels_of_a_run_agree_with_its_frames_as_others_read_them(run_folder: Path, tmp_path: Path) -> None:
    """Label by Community ID (another's implementation) and comment by frame (as tshark reads it) are one truth."""
    labels, frames = tmp_path / "labels.csv", tmp_path / "frames.pcapng"
    for out, more in ((labels, ()), (tmp_path / "cic.parquet", ("--cic",)), (frames, ())):
        done = tenfold("labels", run_folder, "--out", out, *more)
        assert done.returncode == 0, done.stderr
    with labels.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    cic = pq.read_table(tmp_path / "cic.parquet", columns=["Flow ID", "Label"]).to_pylist()
    assert [(row["community_id"], row["label"]) for row in rows] == [(row["Flow ID"], row["Label"]) for row in cic]
    assert {row["label"] for row in rows} == {"syn_flood", "ssh_bruteforce", "benign"}
    assert all(row["technique"].startswith("T1") and row["attempt"] for row in rows if row["label"] != "benign")
    if TSHARK is None:
        pytest.skip("tshark is not installed")
    label = {row["community_id"]: row["label"] for row in rows}
    packets = Counter({row["label"]: 0 for row in rows})
    for comment, src, dst, number, *ports in tshark(frames):
        ends = [int(port) for port in (ports[:2] if number == "6" else ports[2:])]
        name = label[communityid.CommunityID().calc(communityid.FlowTuple(int(number), src, dst, *ends))]
        assert comment.startswith(f"tenfold family={name} attempt=") if name != "benign" else not comment
        packets[name] += 1
    for row in rows:
        packets[row["label"]] -= int(row["packets_fwd"]) + int(row["packets_bwd"])
    assert set(packets.values()) == {0}


def tshark(path: Path) -> list[list[str]]:
    names = [
        "frame.comment",
        "ip.src",
        "ip.dst",
        "ip.proto",
        "tcp.srcport",
        "tcp.dstport",
        "udp.srcport",
        "udp.dstport",
    ]
    words = [str(TSHARK), "-r", str(path), "-T", "fields", *(word for name in names for word in ("-e", name))]
    told = subprocess.run(words, capture_output=True, text=True, check=True).stdout
    return [line.split("\t") for line in told.splitlines()]
