"""What is put in comes out joined, in order; the queue holds the reader back."""

from __future__ import annotations

import threading
import time

from detector.frame_queue import FrameQueue, Pace
from tests.detector.streams import batch, tcp


def one(number: int):
    return batch([(number, tcp("198.18.0.1", "198.18.1.1", number, 80))])


def test_what_waits_is_joined_and_counted() -> None:
    frames = FrameQueue(8)
    for number in range(5):
        frames.put(one(number + 1))
    assert (frames.received, frames.backlog) == (5, 5)
    assert frames.ledger().stages["receive"].in_flight == 5
    found, over = frames.take(0.0)
    assert found is not None
    assert found.num_rows == 5
    assert not over
    frames.end()
    assert frames.take(1.0) == (None, True)
    assert (frames.handed, frames.backlog) == (5, 0)
    assert frames.ledger().balanced
    assert frames.status() == {}


def test_no_more_is_joined_than_fits_into_memory_that_is_used_again(monkeypatch) -> None:
    monkeypatch.setattr("detector.frame_queue._JOINED_FRAMES", 3)
    frames = FrameQueue(8)
    for number in range(5):
        frames.put(one(number + 1))
    taken = [frames.take(0.0)[0] for _ in range(2)]
    assert [found.num_rows for found in taken if found] == [3, 2]
    monkeypatch.setattr("detector.frame_queue._JOINED_BYTES", 1)
    for number in range(2):
        frames.put(one(number + 1))
    taken = [frames.take(0.0)[0] for _ in range(2)]  # one that is larger than that is handed on by itself
    assert [found.num_rows for found in taken if found] == [1, 1]
    assert frames.backlog == 0


def test_a_full_queue_holds_the_reader_back() -> None:
    frames = FrameQueue(2)
    done = threading.Event()

    def read() -> None:
        for number in range(6):
            frames.put(one(number + 1))
        frames.end()
        done.set()

    thread = threading.Thread(target=read)
    thread.start()
    rows, over = 0, False
    while not over:
        found, over = frames.take(1.0)
        rows += found.num_rows if found else 0
        assert frames.backlog <= 3
    thread.join()
    assert rows == 6
    assert done.is_set()


def test_bytes_hold_the_reader_back_as_well() -> None:
    """Batches may be of any size: what waits is bounded in memory, not only in number."""
    size = one(1).nbytes
    frames = FrameQueue(1000, most_bytes=3 * size)
    thread = threading.Thread(target=lambda: ([frames.put(one(number + 1)) for number in range(50)], frames.end()))
    thread.start()
    deadline = time.monotonic() + 60
    while not frames.held_back:
        assert time.monotonic() < deadline
        time.sleep(0.001)
    rows, over = 0, False
    while not over:
        assert frames.backlog <= 4
        found, over = frames.take(1.0)
        rows += found.num_rows if found else 0
    thread.join()
    assert rows == 50
    assert frames.held_back > 0
    big = FrameQueue(10, most_bytes=1)
    big.put(one(1))  # one that is larger than all that may wait is not held back for ever
    assert big.backlog == 1


def test_notes_are_bounded() -> None:
    frames = FrameQueue(1)
    for number in range(1, 251):
        frames.note(f"note {number}")
    assert len(frames.notes) == 100
    assert frames.notes[-2:] == ["note 99", "and 151 notes more"]


def test_a_promise_is_heard_when_all_that_came_before_it_was_taken() -> None:
    frames = FrameQueue(8)
    frames.put(one(1))
    frames.complete(70)
    assert frames.complete_ns is None
    assert frames.take(0.0)[0] is not None
    assert frames.complete_ns == 70
    frames.complete(90)
    assert frames.take(5.0) == (None, False), "a new promise ends the wait"
    assert frames.complete_ns == 90


def test_what_may_wait_is_a_few_seconds_of_work_at_the_pace_of_late() -> None:
    pace = Pace()
    assert pace.most_waiting() == 1 << 20  # nobody knows yet
    for _ in range(100):
        pace.note(12_500, 0.1)
    assert 499_000 < pace.most_waiting() <= 500_000
    pace.note(12_500, 30.0)  # a disk that stood still
    assert 100_000 < pace.most_waiting() < 500_000
    for _ in range(100):
        pace.note(100, 0.1)
    assert pace.most_waiting() == 1 << 13
    for _ in range(100):
        pace.note(100_000, 0.1)
    assert pace.most_waiting() == 1 << 20


def test_a_slow_detector_holds_the_reader_back_sooner(monkeypatch) -> None:
    monkeypatch.setattr("detector.frame_queue._LEAST_WAITING", 50)
    frames = FrameQueue(512)
    frames._pace.note(10, 1.0)
    reader = threading.Thread(target=lambda: [frames.put(one(number + 1)) for number in range(60)])
    reader.start()
    while not frames.held_back:
        time.sleep(0.001)
    assert frames.backlog <= 51
    taken = 0
    while taken < 60:
        found, _ = frames.take(1.0)
        taken += found.num_rows if found is not None else 0
    reader.join()
    assert frames.ledger().faults() == []
