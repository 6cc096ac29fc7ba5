"""A run folder with the two ends' own words: certificate, ledger, truth widened by what the wire took."""

from __future__ import annotations

import shutil

import numpy as np
import pytest

from campaign import runfolder
from campaign.certifying import certify_run, slack, wire_ledger
from campaign.closing import Ending, close_run
from campaign.judge import judge_run
from campaign.runfolder import RunFolder, read_json, write_json
from contract.ledger import Ledger
from detector.live_inbox import ReceivedFile
from tests.campaign.runs import ROWS, ended, scenario, status
from tests.store.helpers import START

FRAMES = 2 * ROWS


def live_status(frames: int, *, kernel: int = 0, foreign: int = 0) -> dict:
    ledger = Ledger()
    capture, receive = ledger.stage("capture"), ledger.stage("receive")
    capture.offered, capture.delivered = frames + kernel + foreign, frames
    capture.drop("kernel", kernel)
    capture.drop("foreign", foreign)
    receive.offered = receive.delivered = frames
    ledger.link("capture", "receive")
    counts = {"received": frames, "kernel_dropped": kernel, "foreign": foreign}
    return {"state": "done", "ledger": ledger.as_dict(), "capture": counts}


@pytest.fixture(scope="module")
def socket_run(tmp_path_factory) -> RunFolder:
    return ended(tmp_path_factory.mktemp("runs"))


def over_the_wire(socket_run, tmp_path, late_ns: int = 3000, lost: int = 0, kernel: int = 0) -> RunFolder:
    """The run of ``tests.campaign.runs`` as if its frames had gone over a wire, ``late_ns`` late."""
    folder = RunFolder(shutil.copytree(socket_run.path, tmp_path / "wired"))
    sent = np.repeat(START + np.arange(ROWS) * 1000, 2)
    np.save(folder.sent, sent)
    times = ReceivedFile(folder.received)
    times.append(sent[: FRAMES - lost] + late_ns)
    times.close([(int(sent[-1]), kernel)] if kernel else [])
    wire = {"mode": "xdp", "why": "", "claimed": FRAMES}
    more = {"wire": wire, "planned_frames": FRAMES, "start_ns": START, "within_1ms": 0.0}
    write_json(folder.status("sender"), status("sender", FRAMES, FRAMES) | more)
    write_json(folder.status("detector"), live_status(FRAMES - lost, kernel=kernel, foreign=4))
    return folder


def test_a_whole_run_is_certified_by_its_receiver(socket_run, tmp_path):
    folder = over_the_wire(socket_run, tmp_path)
    card = close_run(folder, scenario(), Ending(planned_attempts=200, wire=0))
    assert card["run"]["reasons"] == []
    assert card["certificate"]["certified"]
    assert card["certificate"]["frames"]["foreign"] == 4
    assert card["run"]["within_1ms"] == 1.0  # the receiver's word counts, not the sender's
    assert card["run"]["lateness_us"]["p50"] == 3.0
    assert card["attempts"]["detected"] == 200  # although no frame was there at its planned time
    ledger = Ledger.from_dict(read_json(folder.ledger))
    assert list(ledger.stages)[:3] == ["sender", "wire", "capture"]
    assert ledger.stages["foreign"].dropped == {"not_of_the_campaign": 4}
    assert ledger.balanced
    again = judge_run(folder.path)
    assert {name: again[name] for name in ("attempts", "families")} == {n: card[n] for n in ("attempts", "families")}
    page = folder.report.read_text()
    assert "Certified: every frame" in page
    assert "Planned against received" in page


def words(folder: RunFolder, veth: int) -> tuple[dict, Ledger, list[str]]:
    """Certificate, ledger and reasons, without judging the run."""
    sender, detector = (read_json(folder.status(who)) for who in ("sender", "detector"))
    document, reasons = certify_run(folder, scenario(), sender, detector, veth)
    assert read_json(folder.certificate) == document
    return document, wire_ledger(sender, detector, veth), reasons


def test_a_loss_without_a_cause_is_unexplained(socket_run, tmp_path):
    document, ledger, reasons = words(over_the_wire(socket_run, tmp_path, lost=10), veth=0)
    assert ledger.faults() == ["stage wire: 10 frames unexplained"]
    assert "600 frames claimed, 590 received" in reasons[0]
    assert "10 unexplained" in reasons[0]
    assert not document["certified"]


def test_a_loss_with_a_cause_fails_the_run_as_well_and_names_the_cause(socket_run, tmp_path):
    document, ledger, reasons = words(over_the_wire(socket_run, tmp_path, lost=10, kernel=7), veth=5)
    assert ledger.balanced
    assert document["lost"]["kernel_parts"] == {"ring": 7, "veth": 3}
    assert reasons == document["reasons"] != []


def test_an_end_that_says_nothing_leaves_no_certificate(socket_run, tmp_path):
    folder = over_the_wire(socket_run, tmp_path)
    folder.received.unlink()
    document, _, reasons = words(folder, veth=0)
    assert document["reasons"] == [f"certificate: {folder.received}: cannot read: No such file or directory"] == reasons
    write_json(folder.status("detector"), read_json(folder.status("detector")) | {"state": "serving"})
    assert words(folder, veth=0)[2] == [
        "certificate: the receiving end did not end in order, so nobody says what arrived"
    ]
    write_json(folder.status("sender"), {"state": "failed"})
    assert words(folder, veth=0)[2] == ["certificate: one of the two ends did not say what it saw"]


def test_a_socket_run_has_no_certificate_and_no_slack(socket_run):
    assert slack(socket_run.path) == (0, 0)
    assert not socket_run.certificate.exists()


@pytest.mark.parametrize(("document", "wanted"), [({"late_ns": 10**15}, (0, 5 * 10**9)), ({"early_ns": "x"}, (0, 0))])
def test_slack_is_bounded_whatever_a_file_says(tmp_path, document, wanted):
    folder = runfolder.create(tmp_path, "smoke")
    write_json(folder.certificate, document)
    assert slack(folder.path) == wanted


def test_a_dead_end_leaves_the_ledger_open():
    sender = status("sender", 10, 10)
    assert wire_ledger(sender, {}, 0).faults() == ["stage wire: 10 frames unexplained"]
    assert wire_ledger({}, {}, 0).balanced
