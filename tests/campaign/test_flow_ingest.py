from __future__ import annotations

import pyarrow as pa
import pytest

from campaign.flow_ingest import FlowIngest, rows_left
from campaign.ingest import Ingest
from campaign.sent_log import Place
from contract.flow_batch import Note, read_batch, write_batch
from contract.frontier import Frontier
from contract.schemas import FLOW_UPDATES, FLOW_UPDATES_REQUIRED


def test_the_child_counts_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(Ingest, "_forward_all", lambda _: None)
    queue = FlowIngest(tmp_path)
    note = Note("s", "x", 0)
    assert queue.offer(note.name, write_batch(note, []), 0)
    assert not queue.offer(note.name, write_batch(note, []), 0)
    assert queue._counted() == (0, 0)
    queue.word.pid = 4
    (tmp_path / "detector.status.json").write_text('{"pid": 4, "settled": 5, "sensing": {"batches": 7}, "frames": 1}')
    assert queue._counted() == (5, 7)
    queue.word.pid = 5  # that was another child
    assert queue._counted() == (0, 0)


def test_of_a_batch_that_was_told_in_part_the_rest_is_left(tmp_path):
    fields = [FLOW_UPDATES.field(name) for name in FLOW_UPDATES_REQUIRED]
    ticks = {"tick": [100, 150, 200]}
    columns = [pa.array(ticks.get(one.name, [bytes(16)] * 3 if one.name in ("src", "dst") else [1, 2, 3]))
               .cast(one.type) for one in fields]  # fmt: skip
    rows = pa.record_batch(columns, schema=pa.schema(fields))
    path = tmp_path / "s-x-00000000.arrows"
    path.write_bytes(write_batch(Note("s", "x", 0), [rows]))

    def left(**told):
        return rows_left(path, Frontier("stream", **told), Place(3, 1))

    assert left(frames=3, until_ns=1 << 60) is None, "it came after that"
    assert left(frames=4, until_ns=50) is None
    assert left(frames=4, until_ns=200, late=((3, 4),)) is None
    assert left(frames=4, until_ns=200) == b""
    [batch] = read_batch(left(frames=4, until_ns=150), "batch")[1]
    assert batch.column("tick").cast(pa.int64()).to_pylist() == [200]


def test_a_batch_without_rows_is_told_when_it_has_been_taken(tmp_path):
    path = tmp_path / "s-x-00000000.arrows"
    path.write_bytes(write_batch(Note("s", "x", 0, done=True), []))
    assert rows_left(path, Frontier("stream", 4, 150), Place(3, 1)) == b""
    assert rows_left(path, Frontier("stream", 3, 150), Place(3, 1)) is None


@pytest.mark.parametrize("text", ["", "[]", '{"sensing": 3}', '{"sensing": {"batches": "x"}}'])
def test_a_status_that_says_nothing_counts_nothing(tmp_path, text):
    (tmp_path / "detector.status.json").write_text(text)
    assert FlowIngest(tmp_path)._counted() == (0, 0)
