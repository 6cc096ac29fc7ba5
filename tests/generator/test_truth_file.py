from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.addresses import Networks, column_to_array
from contract.errors import InputError
from contract.schemas import TRUTH
from contract.truth import read_truth
from generator.plan import make_plan
from generator.traffic import chunks
from generator.truth_file import TruthEntries, TruthFile, truth_document, write_json
from generator.workload import Share
from tests.generator.helpers import WORKLOAD, every_kind, plan_of


@pytest.mark.parametrize("spoofed", [1.0, 0.0])
def test_the_json_is_exact_for_its_own_traffic(tmp_path: Path, spoofed: float) -> None:
    shares = tuple(replace(share, params={"spoofed": spoofed}) for share in WORKLOAD.attacks)
    plan = make_plan(replace(WORKLOAD, attacks=shares, curve=((0.0, 400.0),)))
    write_json(truth_document(plan, "x.pcap"), tmp_path / "t.json")
    truth = read_truth(tmp_path / "t.json")
    rows = pa.Table.from_batches([chunk.truth for chunk in chunks(plan)])
    attack = np.array([name == "syn_flood" for name in rows.column("family").cast(pa.string()).to_pylist()])
    src, dst = column_to_array(rows.column("src")), column_to_array(rows.column("dst"))
    ports, protocols = rows.column("dst_port").to_numpy(), rows.column("protocol").to_numpy()
    found = np.zeros(len(rows), bool)
    for entry in truth.entries:
        match = Networks(entry.attackers).contains(src) & Networks(entry.victims).contains(dst)
        match |= Networks(entry.attackers).contains(dst) & Networks(entry.victims).contains(src)
        found |= match & np.isin(ports, entry.ports or ports) & (protocols == entry.protocol)
    assert np.array_equal(found, attack)


def test_icmp_errors_and_odd_protocols_have_entries_of_their_own(tmp_path: Path) -> None:
    plan = plan_of(every_kind, n=60)
    write_json(truth_document(plan, "x.pcap"), tmp_path / "t.json")
    assert {entry.protocol for entry in read_truth(tmp_path / "t.json").entries} >= {1, 6, 17, 58, 253}


def test_the_table_holds_what_was_written(tmp_path: Path) -> None:
    file = TruthFile(tmp_path / "t.parquet")
    made = [chunk.truth for chunk in chunks(WORKLOAD)]
    for rows in made:
        file.write(rows)
    file.close()
    assert len(made) > pq.ParquetFile(tmp_path / "t.parquet").num_row_groups == 1, "each is kept in memory"
    table = pq.read_table(tmp_path / "t.parquet")
    assert table.num_rows == sum(map(len, made))
    assert table.schema.names == TRUTH.names
    assert [p.name for p in tmp_path.iterdir()] == ["t.parquet"]


def test_an_unwritable_place_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot write"):
        TruthFile(tmp_path / "none" / "t.parquet")
    with pytest.raises(InputError, match="cannot write"):
        write_json({}, tmp_path / "none" / "t.json")


def test_a_folder_in_the_way_and_a_late_refusal_leave_nothing_half_written(tmp_path: Path) -> None:
    (tmp_path / "folder").mkdir()
    with pytest.raises(InputError, match="cannot write: is a folder"):
        TruthFile(tmp_path / "folder")
    with pytest.raises(InputError, match="cannot write"):
        write_json({}, tmp_path / "folder")
    file = TruthFile(tmp_path / "t.parquet")
    (tmp_path / "t.parquet").mkdir()
    with pytest.raises(InputError, match=r"t\.parquet: cannot write: Is a directory"):
        file.close()
    assert {p.name for p in tmp_path.iterdir()} == {"folder", "t.parquet"}


def test_truth_gathered_in_stretches_is_that_of_the_whole_plan() -> None:
    shares = tuple(Share(name) for name in ("syn_flood", "port_scan", "arp_spoofing"))
    plan = make_plan(replace(WORKLOAD, attacks=shares, curve=((0.0, 200.0),)))
    entries = TruthEntries(plan.template, plan.families, plan.attacks)
    for low in range(0, len(plan.table.intended), 70):
        entries.add(plan.table.take(np.arange(low, min(low + 70, len(plan.table.intended)))))
    assert entries.document("x") == truth_document(plan, "x")
