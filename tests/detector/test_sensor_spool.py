from __future__ import annotations

import threading

import pytest

from contract.errors import InputError
from detector.sensor_spool import SensorSpool


def names(spool: SensorSpool) -> list[str]:
    found = []
    while batch := spool.next(0.0):
        found.append(batch.name)
        spool.sent(batch)
    return found


def test_batches_come_out_in_order_and_outlast_the_process(tmp_path):
    spool = SensorSpool(tmp_path / "spool", 1000)
    for number in range(3):
        assert not spool.put(f"a-{number}", b"x" * 10, patient=False)
    spool.sent(spool.next(0.0))
    (tmp_path / "spool" / "half.arrows.tmp").write_bytes(b"x")
    later = SensorSpool(tmp_path / "spool", 1000)
    assert later.left == 2
    later.put("b-0", b"y", patient=False)
    assert names(later) == ["a-1", "a-2", "b-0"]
    assert list((tmp_path / "spool").iterdir()) == []


def test_where_there_is_no_room_the_oldest_go_and_are_counted(tmp_path):
    spool = SensorSpool(tmp_path, 25)
    dropped = [spool.put(f"a-{number}", b"x" * 10, patient=False) for number in range(5)]
    assert dropped == [False, False, True, True, True]
    assert spool.dropped == 3
    assert names(spool) == ["a-3", "a-4"]


def test_a_patient_one_waits_for_room(tmp_path):
    spool = SensorSpool(tmp_path, 15)
    spool.put("a-0", b"x" * 10, patient=True)
    thread = threading.Thread(target=lambda: spool.put("a-1", b"x" * 10, patient=True))
    thread.start()
    spool.sent(spool.next(0.0))
    thread.join(30)
    assert (spool.dropped, names(spool)) == (0, ["a-1"])


def test_an_end_wakes_who_waits(tmp_path):
    spool = SensorSpool(tmp_path, 15)
    spool.put("a", b"x", patient=False)
    thread = threading.Thread(target=lambda: spool.drain(None))
    thread.start()
    spool.end()
    thread.join(30)
    assert not thread.is_alive()
    assert spool.batches == 1


def test_a_folder_that_cannot_be_used_is_said(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="cannot keep batches"):
        SensorSpool(tmp_path / "file", 10)
