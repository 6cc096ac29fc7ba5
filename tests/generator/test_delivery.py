from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from generator.delivery import Delivery, delivered, write_workload
from generator.fingerprint import Fingerprint, Frames
from generator.plan import make_plan
from tests.generator.helpers import START, WORKLOAD, frames_of

SHORT = replace(WORKLOAD, duration_s=1.0, curve=((0.0, 80.0),))


def read(path: Path) -> tuple[list[int], list[bytes]]:
    table = pa.Table.from_batches(list(read_stream(path.read_bytes(), FRAMES, "x")))
    return table.column("ts").cast(pa.int64()).to_pylist(), table.column("frame").to_pylist()


@pytest.fixture(scope="module")
def planned():
    return frames_of(make_plan(SHORT))


@pytest.mark.parametrize("share", [1.0, 0.4])
def test_what_is_written_is_the_plan_up_to_where_it_is_asked_for(tmp_path, planned, share) -> None:
    upto = START + round(share * 1e9)
    summary = write_workload(SHORT, tmp_path / "x.arrow", None if share == 1.0 else upto)
    times, frames = read(tmp_path / "x.arrow")
    count = sum(time < upto for time in planned[0])
    assert (times, frames) == (planned[0][:count], planned[1][:count])
    assert summary["frames"] == count == sum(pq.read_table(summary["truth_table"]).column("frames").to_pylist())
    intended = make_plan(SHORT).table.intended
    assert summary["attempts"] + summary["conversations"] == (intended < upto).sum()
    assert (summary["seconds"], summary["bytes"]) == (share, sum(map(len, frames)))
    assert json.loads(Path(summary["truth"]).read_text())["capture"] == "x.arrow"
    found = Fingerprint()
    for batch in read_stream((tmp_path / "x.arrow").read_bytes(), FRAMES, "x"):
        found.add(Frames.of(batch))
    assert summary["sha256"] == found.digest().hex()


def test_what_fails_leaves_nothing(tmp_path) -> None:
    def refuse(delivery: Delivery) -> None:
        assert delivery.frames > 0
        raise InputError("no")

    with pytest.raises(InputError, match="no"):
        write_workload(SHORT, tmp_path / "x.pcap", check=refuse)
    (tmp_path / "y.pcap.truth.json").mkdir()
    with pytest.raises(InputError, match="is a folder"), delivered(tmp_path / "y.pcap"):
        pass
    assert [path.name for path in tmp_path.iterdir()] == ["y.pcap.truth.json"]


def test_without_a_truth_there_is_the_capture_alone(tmp_path) -> None:
    with delivered(tmp_path / "x.pcap", known=False) as delivery:
        assert (delivery.truth, delivery.table, delivery.frames) == (None, None, 0)
    assert [path.name for path in tmp_path.iterdir()] == ["x.pcap"]
