"""A label a flow, as CSV and Parquet, under our names and CICFlowMeter's."""

from __future__ import annotations

from pathlib import Path

import pyarrow.csv as pc_csv
import pyarrow.parquet as pq
import pytest

from campaign.flow_labels import write_labels
from contract.errors import InputError
from contract.truth import read_truth
from tests.campaign.captures import write_capture


def test_labels_of_flows(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    truth = read_truth(tmp_path / "scan.truth.json")
    found = write_labels(capture, truth, tmp_path / "f.csv")
    assert (found["flows"], found["attacks"]) == (405, 400)
    table = pc_csv.read_csv(tmp_path / "f.csv")
    assert table.column("label").to_pylist().count("port_scan") == 400
    assert all(name.startswith("1:") for name in table.column("community_id").to_pylist())
    write_labels(capture, truth, tmp_path / "f.parquet", cic=True)
    cic = pq.read_table(tmp_path / "f.parquet")
    assert cic.column("Label").to_pylist().count("benign") == 5
    assert {"Flow ID", "Src IP", "Flow Duration", "Total Fwd Packet"} <= set(cic.column_names)


def test_other_names_are_refused(tmp_path: Path) -> None:
    capture = write_capture(tmp_path)
    with pytest.raises(InputError, match=r"written as \.csv or \.parquet"):
        write_labels(capture, read_truth(tmp_path / "scan.truth.json"), tmp_path / "f.txt")
