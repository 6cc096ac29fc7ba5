"""A replay into files: all of them or none, and what tshark and the reader of truth say of them."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from campaign.judge import judge_capture
from campaign.replay_files import write
from campaign.replay_request import Request
from campaign.replaying import Replay
from contract.errors import InputError
from contract.truth import read_truth
from detector.model import load_default
from tests.campaign.captures import write_capture

SUMS = " or ".join(f"{p}.checksum.status==0" for p in ("ip", "tcp", "udp", "icmp", "icmpv6"))


def bad_frames(capture: Path) -> str:
    """Frames of which tshark says that a checksum is wrong."""
    words = [f"-o{p}.check_checksum:TRUE" for p in ("ip", "tcp", "udp")]
    found = subprocess.run(
        ["tshark", "-n", "-r", str(capture), *words, "-Y", SUMS],
        capture_output=True, text=True, timeout=240, check=True,
    )  # fmt: skip
    return found.stdout


def test_the_truth_of_a_replay_judges_it(tmp_path: Path) -> None:
    out = tmp_path / "out.pcap"
    found = write(Request(str(write_capture(tmp_path))), out)
    assert {path.name for path in tmp_path.iterdir() if path.name.startswith("out")} == {
        "out.pcap",
        "out.pcap.truth.json",
        "out.pcap.truth.parquet",
    }
    assert (found["frames"], found["attempts"]) == (420, 400)
    assert found["ledger"]["balanced"]
    card = judge_capture(out, None, load_default())
    assert card["families"]["port_scan"]["flows"] == 400
    assert card["false_alarms"]["benign_flows"] == 5


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        write(Request(str(capture), seed=seed), tmp_path / f"{name}.pcap")
    a, b, c = ((tmp_path / f"{name}.pcap").read_bytes() for name in "abc")
    assert a == b != c


def test_without_truth_there_is_none(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    capture.with_name("scan.truth.json").unlink()
    found = write(Request(str(capture)), tmp_path / "out.arrow")
    assert found["truth"] is None
    assert sorted(path.name for path in tmp_path.iterdir()) == ["out.arrow", "scan.pcap"]


def test_nothing_is_left_behind_where_something_fails(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    capture = write_capture(tmp_path)

    def fail(*_: object) -> None:
        raise InputError("no more rows")

    monkeypatch.setattr(Replay, "rows", fail)
    with pytest.raises(InputError, match="no more rows"):
        write(Request(str(capture)), tmp_path / "out.pcap")
    assert not [path.name for path in tmp_path.iterdir() if "out" in path.name]


def test_a_capture_is_not_written_over(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    with pytest.raises(InputError, match="is the capture itself"):
        write(Request(str(capture)), capture)
    with pytest.raises(InputError, match=r"must end in \.pcap"):
        write(Request(str(capture)), tmp_path / "out.txt")


# Snapped, of both versions, with neighbours and ICMP errors; and ARP.
REAL = ("ssh_bruteforce_hydra_2025", "arp_poison_ettercap")


@pytest.mark.parametrize("name", REAL)
def test_real_captures_have_right_checksums_and_truth(captures: Path, tmp_path: Path, name: str) -> None:
    if not shutil.which("tshark"):
        pytest.skip("tshark is not installed")
    (capture,) = (path for path in captures.glob(f"{name}*.pcap*"))
    found = write(Request(str(capture)), tmp_path / "out.pcap")
    assert found["frames"] > 100
    assert bad_frames(tmp_path / "out.pcap") == ""
    before = read_truth(capture.with_name(f"{capture.stem}.truth.json"))
    after = read_truth(Path(found["truth"]))
    assert [entry.family for entry in after.entries] == [entry.family for entry in before.entries]
    assert after.otherwise == before.otherwise
