"""Judging as commands ask for it: captures with truth beside them, and run folders."""

from __future__ import annotations

from pathlib import Path

import pyarrow.parquet as pq
import pytest

from campaign.judge import captures_of, judge_capture, judge_run, truth_beside
from contract.errors import InputError
from contract.ledger import Ledger
from detector.config import Config
from detector.offline import detect
from store.writer import StoreWriter
from tests.campaign.captures import ATTACKER, VICTIM, write_capture
from tests.campaign.tables import truth_table
from tests.detector.streams import SECOND, START, Scripted, always

SMALL = Config(capacity=4096)


def scanner() -> Scripted:
    return Scripted(lambda column: (column("src_ports_10s") > 2) * 2)


def test_a_capture_with_truth_beside_it(tmp_path: Path) -> None:
    seen: list[int] = []
    card = judge_capture(write_capture(tmp_path), None, scanner(), SMALL, seen.append)
    assert card["name"] == "scan.pcap"
    assert card["capture"]["frames"] == 420
    assert seen == [420]
    row = card["families"]["port_scan"]
    assert row["flows"] == 400
    assert row["right_family"] == row["detected"] > 380
    (entry,) = card["entries"]
    assert entry["right_family"]
    assert 0 < entry["time_to_detect_s"] < 0.5
    assert card["false_alarms"] == {"benign_flows": 5, "flagged": 0, "rate": 0.0, "alerts": 0}
    assert card["latency_ms"]["count"] > 10
    assert card["ledger"]["balanced"]
    assert card["detections"][0]["attackers"] == [ATTACKER]


def test_a_cut_capture_is_read_up_to_the_cut(tmp_path: Path) -> None:
    card = judge_capture(write_capture(tmp_path, cut=10), None, scanner(), SMALL)
    assert card["capture"]["frames"] == 419
    assert "cut off" in card["notes"][0]
    assert card["ledger"]["balanced"]


def test_bad_input_is_told(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    with pytest.raises(InputError, match="no such truth file"):
        judge_capture(capture, tmp_path / "none.json", scanner(), SMALL)
    with pytest.raises(InputError, match="no such capture"):
        detect(tmp_path / "none.pcap", scanner())
    (tmp_path / "text.pcap").write_text("hello hello hello")
    with pytest.raises(InputError, match="not a capture"):
        detect(tmp_path / "text.pcap", scanner())


def test_a_folder_stands_for_its_captures_with_truth(tmp_path: Path) -> None:
    one, two = write_capture(tmp_path), write_capture(tmp_path, "other.pcap")
    (tmp_path / "without.pcap").write_bytes(one.read_bytes())
    assert captures_of([tmp_path]) == [two, one]
    assert captures_of([one, tmp_path / "without.pcap"]) == [one, tmp_path / "without.pcap"]
    assert truth_beside(one) == tmp_path / "scan.truth.json"
    (tmp_path / "scan.pcap.truth.json").write_text("{}")
    assert truth_beside(one) == tmp_path / "scan.pcap.truth.json"
    (tmp_path / "empty").mkdir()
    with pytest.raises(InputError, match="holds no capture"):
        captures_of([tmp_path / "empty"])


def test_a_run_folder_is_judged_from_what_lies_in_it(tmp_path: Path) -> None:
    found = detect(write_capture(tmp_path), always("port_scan"), SMALL)
    run = tmp_path / "run"
    with StoreWriter(run) as store:
        store.commit(
            found.flows.combine_chunks().to_batches()[0],
            found.verdicts.unify_dictionaries().combine_chunks().to_batches()[0],
            found.alerts,
        )
        now = store.clock.now_ns()
    rows = [
        {
            "src": ATTACKER,
            "dst": VICTIM,
            "src_port": 40000,
            "dst_port": n,
            "family": "port_scan",
            "intended": now - SECOND,
        }
        | {"first": START + n * 4_000_000, "last": START + n * 4_000_000}
        for n in range(1, 401)
    ]
    with pytest.raises(InputError, match="has no truth"):
        judge_run(run)
    pq.write_table(truth_table(*rows), run / "truth.parquet")
    with pytest.raises(InputError, match="has no ledger"):
        judge_run(run)
    (run / "ledger.json").write_text(Ledger().to_json())
    card = judge_run(run)
    assert card["attempts"] == {"total": 400, "seen": 400, "detected": 400, "known_before": 0, "recall": 1.0}
    assert 0 < card["latency_ms"]["max"] <= 1000.0
    assert card["alerts"]["true"] == 1
    assert card["unknown_flows"] == 5
    (run / "truth.parquet").write_bytes(b"no parquet")
    with pytest.raises(InputError, match="cannot read"):
        judge_run(run)
