from __future__ import annotations

import pytest

from campaign.flow_ingest import FlowIngest
from campaign.ingest import Ingest
from contract.flow_batch import Note, write_batch


def test_the_child_counts_batches(tmp_path, monkeypatch):
    monkeypatch.setattr(Ingest, "_forward_all", lambda _: None)
    queue = FlowIngest(tmp_path)
    note = Note("s", "x", 0)
    assert queue.offer(note.name, write_batch(note, []), 0)
    assert not queue.offer(note.name, write_batch(note, []), 0)
    assert queue._counted() == (0, 0)
    (tmp_path / "detector.status.json").write_text('{"sensing": {"batches": 7}, "frames": 1}')
    assert queue._counted() == (7, 7)


@pytest.mark.parametrize("text", ["", "[]", '{"sensing": 3}', '{"sensing": {"batches": "x"}}'])
def test_a_status_that_says_nothing_counts_nothing(tmp_path, text):
    (tmp_path / "detector.status.json").write_text(text)
    assert FlowIngest(tmp_path)._counted() == (0, 0)
