"""Comments on the frames of attacks, as tshark reads them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from campaign.commented import write_commented
from contract.errors import InputError
from contract.truth import read_truth
from tests.campaign.captures import write_capture

TSHARK = shutil.which("tshark")


@pytest.mark.skipif(TSHARK is None, reason="tshark is not installed")
def test_tshark_reads_each_frame_and_its_comment(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    out = tmp_path / "c.pcapng"
    found = write_commented(capture, read_truth(tmp_path / "scan.truth.json"), out)
    fields = ["-T", "fields", "-e", "frame.time_epoch", "-e", "frame.len", "-e", "tcp.port", "-e", "udp.port"]
    before, after = (
        subprocess.run([str(TSHARK), "-r", str(path), *fields], capture_output=True, text=True, check=True).stdout
        for path in (capture, out)
    )
    assert before.count("\n") == found["frames"] == 420
    assert [line.split("\t")[1:] for line in before.splitlines()] == [
        line.split("\t")[1:] for line in after.splitlines()
    ]
    words = [str(TSHARK), "-r", str(out), "-Y", "frame.comment", "-T", "fields", "-e", "frame.comment"]
    comments = subprocess.run(words, capture_output=True, text=True, check=True).stdout.splitlines()
    assert len(comments) == found["commented"] == 400
    assert set(comments) == {"tenfold family=port_scan entry=0"}


def test_nothing_is_left_behind_where_it_cannot_be(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    with pytest.raises(InputError, match="cannot write"):
        write_commented(capture, read_truth(tmp_path / "scan.truth.json"), tmp_path / "no" / "c.pcapng")
    (tmp_path / "x.pcap").write_bytes(b"no capture")
    with pytest.raises(InputError, match="not a capture"):
        write_commented(tmp_path / "x.pcap", read_truth(tmp_path / "scan.truth.json"), tmp_path / "c.pcapng")
