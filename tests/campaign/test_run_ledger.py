"""What a run's processes counted, and who else did. ``tests/faults/test_ledger_losses.py`` steals at each stage."""

from __future__ import annotations

import numpy as np
import pytest

from campaign import runfolder
from campaign.run_ledger import OUTPUT, faults, merge_ledgers, run_ledger
from contract.ledger import Ledger
from tests.campaign.runs import ended, status


def test_a_missing_detector_leaves_the_ledger_open():
    ledger = merge_ledgers(status("sender", 10, 10), {})
    assert ledger.faults() == ["between sender and receive: 10 frames unaccounted for"]
    assert merge_ledgers({}, {}).balanced


def test_whoever_counted_the_same_is_asked(tmp_path):
    folder = ended(tmp_path)
    sender, detector = (runfolder.read_json(folder.status(who)) for who in ("sender", "detector"))
    seen = Ledger.from_dict(detector["ledger"])
    for name, unit, count in (("meter", "frames", 1), ("store_flows", "flows", 300), ("alert", "incidents", 2)):
        stage = seen.stage(name, unit)
        stage.offered = stage.delivered = count
    detector["ledger"] = seen.as_dict()
    runfolder.write_json(folder.frames, {"frames": 599})
    lines = faults(run_ledger(folder, sender, detector, None), sender, detector)
    assert lines[0] == "stage sender: says 600 frames delivered, but the fingerprint of what left counts 599"
    assert [line.partition(",")[0] for line in lines[1:]] == ["stage meter: says 1 frames delivered"]


def test_of_a_detector_that_did_not_end_in_order_the_store_is_no_witness(tmp_path):
    folder = ended(tmp_path)
    ledger = run_ledger(folder, {}, {"state": "failed"}, None)
    assert ledger.witnesses == []


def test_the_receive_times_of_a_wire_are_a_witness(tmp_path):
    folder = runfolder.create(tmp_path, "smoke")
    np.save(folder.received, np.zeros(7, np.int64))
    seen = Ledger()
    for name in ("capture", "receive"):
        stage = seen.stage(name)
        stage.offered = stage.delivered = 8
    seen.link("capture", "receive")
    detector = {"state": "done", "capture": {}, "ledger": seen.as_dict()}
    found = run_ledger(folder, status("sender", 8, 8), detector, 0).faults()
    assert found == ["stage receive: says 8 frames offered, but the receive times counts 7"]


@pytest.mark.parametrize(("waiting", "fault"), [(2, []), (1, [f"stage {OUTPUT}soc: 1 records unexplained"])])
def test_what_waits_for_an_output_at_the_end_is_no_fault_and_what_is_gone_is_one(tmp_path, waiting, fault):
    folder = runfolder.create(tmp_path, "smoke")
    row = {"unit": "records", "offered": 5, "delivered": 3, "in_flight": waiting, "dropped": {}}
    runfolder.write_json(folder.path / "outputs" / "soc.json", {"output": "soc", "ledger": row})
    ended_well = {"state": "done"}
    assert faults(run_ledger(folder, ended_well, ended_well, None), ended_well, ended_well) == fault
