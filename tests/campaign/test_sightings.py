"""Flows that a detector recorded itself."""

from __future__ import annotations

from pathlib import Path

from campaign.alert_judgement import Terms
from campaign.sightings import seen_rows
from tests.campaign import judged, recorded


def test_recorded_flows_are_found_in_the_truth(tmp_path: Path) -> None:
    records = [recorded.eve_flow(flow) for flow in judged.flows("ssh_bruteforce", "web_browsing")]
    _, read = judged.eve(tmp_path, records)
    truth = judged.truth()
    assert seen_rows(read.seen, truth, Terms()).tolist() == [f in ("ssh_bruteforce", "benign") for f in truth.family]
    assert not seen_rows(read.seen, truth, Terms(offset_ns=100 * 10**9)).any()
    _, none = judged.eve(tmp_path, [])
    assert not seen_rows(none.seen, truth, Terms()).any()
