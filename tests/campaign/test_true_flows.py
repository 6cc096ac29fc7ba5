"""The ground on which alerts are judged: of a run, of a generated capture, of any capture with a truth file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest

from campaign.flow_words import NEVER
from campaign.true_flows import icmp_kind, of_capture, of_run
from contract.errors import InputError
from tests.campaign import judged, runs
from tests.campaign.captures import write_capture
from tests.campaign.tables import truth_table


def test_rows_know_their_family_and_time() -> None:
    truth = judged.truth()
    assert (len(truth), int(truth.attack.sum())) == (20, 16)
    assert sorted(set(truth.family)) == ["benign", "ssh_bruteforce", "syn_flood", "web_attack"]
    assert truth.span == (judged.START, judged.START + 30_500_000_000)
    names, code = truth.coded
    assert [names[n] for n in code] == list(truth.family)
    found = truth.attempts(truth.attack, np.full(20, NEVER))
    assert int(found.found.sum()) == 16


def test_of_a_run(tmp_path: Path) -> None:
    folder = runs.ended(tmp_path)
    truth = of_run(folder.path)
    assert (truth.name, len(truth)) == (folder.id, runs.ROWS)


def test_of_a_capture_with_a_truth_file(tmp_path: Path) -> None:
    """Flows are the meter's; each flow of an attack is an attempt."""
    truth = of_capture(write_capture(tmp_path))
    assert (len(truth), int(truth.attack.sum())) == (405, 400)
    assert truth.family[truth.attack][0] == "port_scan"
    assert len(set(np.asarray(truth.table.column("attempt")))) == 405


def test_of_a_capture_with_a_table(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    pq.write_table(judged.table(), tmp_path / "scan.pcap.truth.parquet")
    assert len(of_capture(capture)) == 20
    pq.write_table(truth_table({}), tmp_path / "other.parquet")
    assert len(of_capture(capture, tmp_path / "other.parquet")) == 1


def test_what_is_missing_is_told(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such"):
        of_capture(tmp_path / "none.pcap")
    with pytest.raises(InputError, match="no such run folder"):
        of_run(tmp_path / "none")
    with pytest.raises(InputError, match="nothing to judge by"):
        assert type(judged.truth())("empty", truth_table()).span


def test_answers_of_icmp_are_of_the_flow_of_their_question() -> None:
    assert icmp_kind(np.array([8, 0, 129, 3, 14])).tolist() == [8, 8, 128, 3, 13]
