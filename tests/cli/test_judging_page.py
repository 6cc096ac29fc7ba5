"""The ``tenfold`` commands of docs/judging.md, run on recorded outputs as the page has them."""

from __future__ import annotations

import re
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.campaign import recorded
from tests.cli.helpers import ROOT, tenfold

PAGE = (ROOT / "docs" / "judging.md").read_text(encoding="utf-8")
EVERY = re.findall(r"^tenfold .*$", PAGE, re.MULTILINE)
LIVE = [line for line in EVERY if line.startswith("tenfold run")]
COMMANDS = [line for line in EVERY if line not in LIVE]
FILES = {"campaign.pcap", "logs/eve.json", ".", "judged", "labels.csv", "labels.parquet", "commented.pcapng"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where the page's reader works: after `generate`, the two detectors have left their logs."""
    path = tmp_path_factory.mktemp("page")
    done = run(path, COMMANDS[0].replace("--duration 5", "--duration 1 --mix ssh_bruteforce=1,web_attack=1"))
    assert done == 0
    flows = recorded.flows_of(pq.read_table(path / "campaign.pcap.truth.parquet"), ["ssh_bruteforce", "web_attack"])
    (path / "logs").mkdir()
    recorded.write_eve(path / "logs" / "eve.json", [recorded.eve_alert(flow) for flow in flows])
    (path / "conn.log").write_text(recorded.zeek_conn(flows))
    (path / "notice.log").write_text(
        recorded.zeek_notices([(flow.last, "SSH::Password_Guessing", flow.src, None, None) for flow in flows[:3]])
    )
    return path


def run(folder: Path, command: str) -> int:
    words = [str(folder / word) if word in FILES else word for word in command.split()[1:]]
    done = tenfold(*words)
    assert done.returncode == 0, done.stderr
    return done.returncode


def test_the_page_names_the_commands() -> None:
    assert [command.split()[1] for command in COMMANDS] == ["generate", "judge", "judge", *["labels"] * 3]


@pytest.mark.parametrize("command", COMMANDS[1:])
def test_each_command_does_what_it_says(folder: Path, command: str) -> None:
    run(folder, command)
    (made,) = (word for word, before in zip(command.split()[1:], command.split(), strict=False) if before == "--out")
    assert (folder / made).exists()


@pytest.mark.parametrize("command", LIVE)
def test_each_live_command_is_understood(tmp_path: Path, command: str) -> None:
    """Up to where it would send: its alerts have no folder. tests/campaign/test_foreign_run.py goes on from there."""
    done = tenfold(*command.replace("/var/log/suricata", str(tmp_path / "none")).split()[1:])
    assert done.returncode == 2
    assert "there is no folder of that name" in done.stderr


def test_both_ways_of_going_live_are_shown() -> None:
    assert [("--wire" in line, "--interface" in line) for line in LIVE] == [(True, False), (False, True)]
