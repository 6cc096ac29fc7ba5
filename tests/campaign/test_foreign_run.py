"""A campaign against a detector that is not ours: a real program that reads a file, and what is refused before."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest

from campaign.foreign_run import carried, detector_of
from campaign.report import document
from campaign.report_markdown import markdown
from campaign.runner import Options, run
from campaign.scenario import Overrides, Scenario, load
from contract.errors import InputError
from generator.lab.namespaces import Lab
from tests.cli.helpers import ROOT
from tests.detector.wires import LISTEN, SEND, needs_wire, wire

# Reads a pcap with nanoseconds and writes an EVE alert for each SYN to port 22.
PROGRAM = """
import json, socket, struct, sys
from datetime import UTC, datetime
data, at = open(sys.argv[1], "rb").read(), 24
with open(sys.argv[2], "a") as out:
    while at < len(data):
        seconds, nano, length = struct.unpack_from("<III", data, at)
        frame = data[at + 16 : at + 16 + length]
        at += 16 + length
        if frame[12:14] == b"\\x81\\x00":  # a VLAN
            frame = frame[:12] + frame[16:]
        if frame[12:14] != b"\\x08\\x00" or frame[23] != 6:
            continue
        head = 14 + (frame[14] & 15) * 4
        ports = struct.unpack_from("!HH", frame, head)
        if ports[1] == 22 and frame[head + 13] == 2:
            stamp = datetime.fromtimestamp(seconds, UTC).strftime("%Y-%m-%dT%H:%M:%S") + f".{nano // 1000:06d}+0000"
            ends = {"src_ip": socket.inet_ntoa(frame[26:30]), "dest_ip": socket.inet_ntoa(frame[30:34])}
            alert = {"signature": "ET SCAN Potential SSH Scan", "signature_id": 2001219, "category": "x"}
            event = {"timestamp": stamp, "event_type": "alert", **ends, "src_port": ports[0], "dest_port": 22}
            out.write(json.dumps(event | {"proto": "TCP", "alert": alert}) + "\\n")
"""


# Listens on an interface and does the same, each alert at once.
LISTENER = """
import json, socket, struct, sys, time
from datetime import UTC, datetime
SO_RCVBUFFORCE = 33
heard = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.ntohs(3))
heard.setsockopt(socket.SOL_SOCKET, SO_RCVBUFFORCE, 1 << 26)  # what waits while the machine is slow is not lost
heard.bind((sys.argv[1], 0))
with open(sys.argv[2], "a") as out:
    while True:
        frame = heard.recv(65536)
        if frame[12:14] == b"\\x81\\x00":  # a VLAN
            frame = frame[:12] + frame[16:]
        if frame[12:14] != b"\\x08\\x00" or frame[23] != 6:
            continue
        head = 14 + (frame[14] & 15) * 4
        ports = struct.unpack_from("!HH", frame, head)
        if ports[1] == 22 and frame[head + 13] == 2:
            ends = {"src_ip": socket.inet_ntoa(frame[26:30]), "dest_ip": socket.inet_ntoa(frame[30:34])}
            alert = {"signature": "ET SCAN Potential SSH Scan", "signature_id": 2001219, "category": "x"}
            event = {"timestamp": datetime.now(UTC).isoformat(), "event_type": "alert", **ends}
            event |= {"src_port": ports[0], "dest_port": 22, "proto": "TCP", "alert": alert}
            out.write(json.dumps(event) + "\\n")
            out.flush()
"""
FEW = """
title = "Few"
summary = "Guessing over IPv4, and names asked for."
duration = 1
seed = 1
sites = 5
clients = 20
ipv6_share = 0.0
multiplier = [[0, 0.2]]
background = [[0, 20]]
[attacks]
ssh_bruteforce = 1
[benign]
dns_lookup = 1
"""
OWN = Lab(f"tfx-other-{os.getpid()}-a", f"tfx-other-{os.getpid()}-b", "tfx-send", "tfx-listen")


def scenario() -> Scenario:
    return replace(load("smoke"), ipv6_share=0.0)


def test_a_program_that_reads_a_file(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    alerts = tmp_path / "eve.json"
    command = [sys.executable, str(tmp_path / "program.py"), "{pcap}", str(alerts)]
    file = tmp_path / "mine.toml"
    text = '[detector]\nname = "mine"\nformat = "eve"\nsettle = 0.3\nalerts = "eve.json"\n'
    file.write_text(f"{text}command = {command!r}\n")
    kind, place = carried(scenario(), str(file), [], pcap=True)
    changes = Overrides(duration_s=1.0, multiplier=0.3, mix={"ssh_bruteforce": 1, "syn_flood": 1})
    with place:
        outcome = run(scenario(), Options(runs=tmp_path / "runs"), changes, None, None, kind)
    card = outcome.card
    assert card["run"]["reasons"] == []
    row = card["families"]["ssh_bruteforce"]
    assert row["attempts_detected"] == row["attempts"] > 20
    assert card["families"]["syn_flood"]["attempts_detected"] == 0
    assert card["detector"]["basis"] == "written"
    assert card["alerts"]["unmatched"] == 0
    assert "Detector under test: mine" in outcome.folder.report.read_text()
    assert "## Detector under test: mine" in markdown(document(outcome.folder))
    assert card["ledger"]["balanced"]


@needs_wire
def test_a_program_that_listens_on_the_wire(tmp_path: Path) -> None:
    """Live: the alerts are followed while frames go over the lab's wire, and judged by when they could be read."""
    (tmp_path / "program.py").write_text(LISTENER)
    command = [sys.executable, str(tmp_path / "program.py"), "{interface}", str(tmp_path / "eve.json")]
    file = tmp_path / "mine.toml"
    file.write_text(
        f'[detector]\nname = "mine"\nformat = "eve"\nsettle = 2\nalerts = "eve.json"\ncommand = {command!r}\n'
    )
    few = replace(scenario(), benign=tuple(one for one in scenario().benign if one.family == "dns_lookup"))
    kind, place = carried(few, str(file), [], wire=True, where=OWN)
    changes = Overrides(duration_s=1.0, multiplier=0.3, mix={"ssh_bruteforce": 1, "syn_flood": 1})
    with place:
        outcome = run(few, Options(runs=tmp_path / "runs"), changes, None, None, kind)
    card = outcome.card
    # How punctual it was is the machine's business; that is all that may be said against the run.
    assert all("within 1 ms of plan" in reason for reason in card["run"]["reasons"])
    frames = card["certificate"]["frames"]
    assert frames["received"] == frames["claimed"] == card["run"]["sent_frames"]
    assert card["ledger"]["stages"]["capture"]["delivered"] == frames["received"]
    row = card["families"]["ssh_bruteforce"]
    assert row["attempts_detected"] == row["attempts"] > 20
    assert card["families"]["syn_flood"]["attempts_detected"] == 0
    assert card["detector"]["basis"] == "readable"
    assert card["alerts"]["unmatched"] == 0
    assert card["ledger"]["balanced"]


@needs_wire
def test_an_interface_that_the_lab_file_allows(tmp_path: Path) -> None:
    """`tenfold run --interface`: the namespace has a way out, so only the lab file makes it send, within its rate."""
    (tmp_path / "program.py").write_text(LISTENER)
    command = [sys.executable, str(tmp_path / "program.py"), "{interface}", str(tmp_path / "eve.json")]
    file, allowed = tmp_path / "mine.toml", tmp_path / "lab.toml"
    file.write_text(
        f'[detector]\nname = "mine"\nformat = "eve"\nsettle = 2\nalerts = "eve.json"\ncommand = {command!r}\n'
    )
    allowed.write_text(
        f'interface = "{SEND}"\nprefixes = ["198.18.0.0/15", "2001:2::/48"]\nframes_per_second = 20000\n'
        "expires = 2999-01-01T00:00:00Z\n"
    )
    allowed.chmod(0o600)
    (tmp_path / "few.toml").write_text(FEW)
    with wire() as own:
        subprocess.run(["ip", "-n", own.sending, "route", "add", "default", "dev", SEND], check=True)
        words = ["run", tmp_path / "few.toml", "--runs", tmp_path / "runs", "--id", "r", "--no-serve", "--json"]
        words += ["--interface", SEND, "--lab-file", allowed, "--receiver", f"{own.listening}/{LISTEN}"]
        start = ["ip", "netns", "exec", own.sending, sys.executable, "-m", "cli.main"]
        done = subprocess.run(
            [*start, *words, "--detector", file], cwd=ROOT, capture_output=True, text=True, check=False
        )
    assert done.returncode in {0, 1}, done.stderr
    card = json.loads(done.stdout)
    assert all("within 1 ms of plan" in reason for reason in card["run"]["reasons"])
    row, frames = card["families"]["ssh_bruteforce"], card["certificate"]["frames"]
    assert row["attempts_detected"] == row["attempts"] > 20
    assert frames["received"] == frames["claimed"] == card["run"]["sent_frames"]
    assert json.loads((tmp_path / "runs" / "r" / "sender.status.json").read_bytes())["wire"]["ceiling"] == 20_000


@pytest.mark.parametrize(
    ("name", "more", "why"),
    [
        ("suricata", {}, "one of --wire, --interface and --pcap"),
        ("suricata", {"wire": True, "pcap": True}, "one of --wire"),
        ("suricata", {"wire": True}, "where does it write its alerts"),
        ("suricata", {"wire": True, "receiver": "eth0", "alerts": ["x"]}, "--receiver goes with --interface"),
        ("evil", {"wire": True, "alerts": ["x"]}, "known are suricata"),
        ("suricata", {"pcap": True, "alerts": ["x"]}, "needs a program that reads it"),
        ("suricata", {"wire": True, "alerts": ["/no/such/folder/eve.json"]}, "there is no folder"),
        ("none.toml", {"wire": True}, "no such detector file"),
    ],
)
def test_what_cannot_be_is_refused_before_anything_starts(name: str, more: dict[str, object], why: str) -> None:
    with pytest.raises(InputError, match=why):
        carried(scenario(), name, more.pop("alerts", []), **more)


def test_a_scenario_describes_a_detector_but_starts_no_program() -> None:
    text = "[detector]\nformat = 'csv'\ntolerance = 3\nfields = {time = 't', src = 's', dst = 'd'}\n"
    found = detector_of(replace(load("smoke"), text=text), "mine")
    assert (found.name, found.format, found.tolerance_s) == ("mine", "csv", 3.0)
    with pytest.raises(InputError, match="starts no program"):
        detector_of(replace(load("smoke"), text="[detector]\ncommand = ['x']\n"), "suricata")
