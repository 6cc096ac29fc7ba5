"""A whole campaign over a real wire: frames through a veth pair, certified where they arrive."""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial

import pytest

from campaign.again import make_again
from campaign.report import certificate_lines
from campaign.runfolder import read_json
from campaign.runner import Options, run
from campaign.scenario import Overrides, load
from campaign.wire_run import WireCampaign, lab
from contract.ledger import Ledger
from generator.lab import namespaces
from generator.lab.namespaces import Lab
from tests.detector.wires import needs_wire
from tests.generator.lab.outside import outside

pytestmark = needs_wire
OWN = Lab(f"tfx-wire-{os.getpid()}-a", f"tfx-wire-{os.getpid()}-b", "tfx-send", "tfx-listen")


@pytest.fixture(scope="module")
def listening():
    """Somebody outside, before, while and after the campaign runs."""
    with outside("w") as found:
        yield found


@pytest.fixture(scope="module")
def outcome(tmp_path_factory, listening):
    """A short run of few families: each costs the making of its templates."""
    smoke = load("smoke")
    few = replace(smoke, benign=tuple(share for share in smoke.benign if share.family == "dns_lookup"))
    overrides = Overrides(multiplier=0.5, duration_s=1, mix={"syn_flood": 1, "port_scan": 1, "ssh_bruteforce": 1})
    options = Options(runs=tmp_path_factory.mktemp("runs"), run_id="wired")
    with lab(OWN):
        return run(few, options, overrides, kind=partial(WireCampaign, wire=OWN))


def test_everything_that_was_claimed_arrived(outcome):
    certificate = outcome.card["certificate"]
    frames = certificate["frames"]
    assert frames["planned"] == frames["claimed"] == frames["received"] > 1000
    assert (frames["missing"], frames["foreign"]) == (0, 0)
    assert [certificate["lost"][who] for who in ("generator", "kernel", "detector", "unexplained")] == [0, 0, 0, 0]
    assert certificate["exact"]
    assert certificate["attempts"]["received"] == certificate["attempts"]["planned"] > 300
    # How punctual it was is the machine's business; that is all that may be said against the run.
    assert all("within 1 ms of plan" in reason for reason in outcome.card["run"]["reasons"])
    assert abs(certificate["rate"]["error"]) < 0.05


def test_nobody_outside_the_lab_hears_a_frame(outcome, listening):
    assert outcome.card["certificate"]["frames"]["received"] > 1000
    assert listening.heard() == []
    listening.shout()
    assert listening.heard()


def test_its_ledger_balances_from_the_plan_to_the_store(outcome):
    ledger = Ledger.from_dict(read_json(outcome.folder.ledger))
    assert ledger.faults() == []
    assert list(ledger.stages)[:4] == ["sender", "wire", "capture", "receive"]
    assert ledger.stages["sender"].delivered == ledger.stages["meter"].delivered
    assert outcome.card["capture"]["frames"] == ledger.stages["sender"].delivered


def test_attempts_are_found_by_the_bytes_that_went_over_the_wire(outcome):
    attempts = outcome.card["attempts"]
    assert attempts["total"] == attempts["seen"] > 300
    assert attempts["recall"] > 0.2


def test_it_is_told_on_the_page_and_in_the_terminal(outcome):
    page = outcome.folder.report.read_text()
    assert "what was planned against what arrived" in page
    assert "Planned against received" in page
    lines = certificate_lines(outcome.card["certificate"])
    assert "ertified" in lines[0] or "CERTIFIED" in lines[0]
    assert lines[1].startswith("lost        generator 0, kernel 0, detector 0, unexplained 0")


def test_the_frames_that_left_are_made_again(outcome, tmp_path):
    again = make_again(outcome.folder, tmp_path / "again.pcap")
    assert (again["same"], again["frames"]) == (True, outcome.card["run"]["sent_frames"])


def test_nothing_is_left_over(outcome):
    assert not (outcome.folder.path / ".heartbeat").exists()
    assert not namespaces.status(OWN)["send"]["exists"]
