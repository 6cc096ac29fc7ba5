"""``tenfold detect`` as a user runs it."""

from __future__ import annotations

import json
import struct
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from detector.model import DEFAULT
from tests.campaign.captures import write_capture
from tests.cli.helpers import ROOT, tenfold
from tests.detector.streams import tcp
from tests.detector.wires import LISTEN, needs_wire, wire

pytestmark = pytest.mark.skipif(not DEFAULT.is_file(), reason="no trained model in this tree")


def test_detect_writes_files_and_tells_of_a_cut(tmp_path: Path) -> None:
    capture = write_capture(tmp_path, cut=7)
    told = tenfold("detect", capture, "--out", tmp_path / "out", "--json")
    assert told.returncode == 0, told.stderr
    document = json.loads(told.stdout)
    assert document["frames"] == 419
    assert "cut off" in document["notes"][0]
    assert told.stderr.count(str(capture)) == 1
    assert told.stderr.count("\n") == 1
    assert "cut off" in told.stderr
    assert pq.read_table(document["files"]["flows.parquet"]).num_rows == document["flows"]
    assert json.loads(Path(document["files"]["alerts.json"]).read_text()) == document["alerts"]
    again = tenfold("detect", capture, "--shards", 2, "--processes")
    assert "419 frames" in again.stdout, again.stderr


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("nowhere.pcap",), "no such capture"),
        (("README.md",), "not a capture"),
        (("README.md", "--model", "README.md"), "not a skops file"),
        (("README.md", "--interface", "lo"), "name a capture or an interface"),
        (("--interface", "lo", "--processes"), "--processes is for captures"),
        (("--interface", "tfx-none"), "no interface is called 'tfx-none'; there are"),
    ],
)
def test_bad_input_gets_one_line_and_exit_code_2(arguments: tuple[str, ...], words: str) -> None:
    told = tenfold("detect", *arguments)
    assert told.returncode == 2
    assert told.stdout == ""
    assert words in told.stderr
    assert len(told.stderr.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    told = tenfold("detect", write_capture(tmp_path), "--out", tmp_path / "file" / "out")
    assert told.returncode == 2
    assert "cannot write" in told.stderr


def test_a_folder_in_the_way_leaves_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "out" / "alerts.json").mkdir(parents=True)
    told = tenfold("detect", write_capture(tmp_path), "--out", tmp_path / "out")
    assert told.returncode == 2
    assert told.stderr == f"tenfold: {tmp_path / 'out' / 'alerts.json'}: cannot write: is a folder\n"
    assert [path.name for path in (tmp_path / "out").iterdir()] == ["alerts.json"]


@needs_wire
def test_an_interface_is_listened_to_and_everything_counted(tmp_path: Path) -> None:
    with wire() as pair, pair.sender() as sender:
        arguments = ["--interface", LISTEN, "--netns", pair.listening, "--for", "0.5", "--out", tmp_path, "--json"]
        command = [sys.executable, "-m", "cli.main", "detect", *map(str, arguments)]
        sent = 0
        with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
            assert process.stderr is not None
            assert process.stderr.readline() == f"listening to {LISTEN}; Ctrl-C ends it\n"
            while process.poll() is None:
                for port in range(1, 21):
                    sender.send(tcp("198.18.0.9", "198.18.1.1", 40_000, sent + port))
                sent += 20
                with suppress(subprocess.TimeoutExpired):
                    process.wait(0.01)
            out, err = process.communicate()
    assert process.returncode == 0, err
    document = json.loads(out)
    assert 0 < document["frames"] <= sent
    assert document["interface"] == LISTEN
    assert document["ledger"]["balanced"], document["ledger"]["faults"]
    assert document["ledger"]["stages"]["capture"]["delivered"] == document["frames"]
    assert document["alerts"][0]["attackers"] == ["198.18.0.9"]
    assert pq.read_table(tmp_path / "flows.parquet").num_rows == document["flows"] == sum(document["families"].values())


def test_tunnels_are_metered_outside_or_inside(tmp_path: Path) -> None:
    frames = [(n * 1000, _carried(4000 + n)) for n in range(3)] + [(3000, bytes(12) + b"\x88\xcc" + bytes(46))]  # LLDP
    path = tmp_path / "gre.pcap"
    records = [struct.pack("<IIII", 0, ns // 1000, len(frame), len(frame)) + frame for ns, frame in frames]
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + b"".join(records))
    told = tenfold("detect", path, "--tunnels", "outer")
    assert "4 frames, 1 flows" in told.stdout, told.stderr
    assert "not metered: not_ip 1" in told.stdout
    told = tenfold("detect", path, "--tunnels", "inner", "--json")
    assert json.loads(told.stdout)["flows"] == 3, told.stderr
    told = tenfold("detect", path, "--tunnels", "both")
    assert (told.returncode, told.stderr) == (2, "tenfold: tunnels 'both': it is outer or inner\n")


def _carried(port: int) -> bytes:
    """A TCP segment in GRE: the frame of a tunnel's ends, then GRE's header, then the packet inside."""
    inside = tcp("198.18.7.7", "198.19.7.7", port, 80)[14:]
    frame = tcp("198.18.0.1", "198.19.0.2", 0, 0)[:34]
    total = struct.pack("!H", 24 + len(inside))
    return frame[:16] + total + frame[18:23] + b"\x2f" + frame[24:] + b"\0\0\x08\0" + inside
