from __future__ import annotations

import pytest

from contract.errors import InputError
from contract.flow_batch import read_batch
from detector.sensor_run import sense_capture
from detector.sensor_spool import SensorSpool
from generator.sinks import open_sink
from tests.conformance.test_same_answer import CONFIG, traffic
from tests.detector.streams import batch


def test_a_capture_becomes_numbered_batches_with_an_end(tmp_path):
    frames = sorted(traffic(0.5), key=lambda frame: frame[0])
    sink = open_sink(tmp_path / "a.pcap")
    sink.write(batch(frames))
    sink.close()
    spool = SensorSpool(tmp_path / "spool", 1 << 30)
    sensed = sense_capture(tmp_path / "a.pcap", CONFIG, spool, "north", peers=2)
    notes, rows = [], 0
    while waiting := spool.next(0.0):
        note, batches = read_batch(waiting.path.read_bytes(), waiting.name)
        assert note.name == waiting.name
        notes.append(note)
        rows += sum(found.num_rows for found in batches)
        spool.sent(waiting)
    assert [note.sequence for note in notes] == list(range(len(notes)))
    assert len({note.session for note in notes}) == 1
    assert [note.done for note in notes] == [False] * (len(notes) - 1) + [True]
    assert all(note.peers == 2 for note in notes)
    assert sum(note.frames for note in notes) == sensed.frames == len(frames)
    assert rows == sensed.flows > 0
    assert sensed.ledger.as_dict()["balanced"]


def test_what_is_no_capture_is_refused(tmp_path):
    (tmp_path / "a.pcap").write_bytes(b"not a capture at all")
    with pytest.raises(InputError):
        sense_capture(tmp_path / "a.pcap", CONFIG, SensorSpool(tmp_path / "spool", 100), "north")
