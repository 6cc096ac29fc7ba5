"""docs/bounds.md says what is so, and the bounds that no other test reaches are reached."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
import struct
import threading
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from api import connections
from contract.clock import Clock
from detector.capture import live
from detector.capture.live import LiveSource
from detector.capture.opening import source_of
from detector.config import Config
from detector.incidents import REFUSED_FULL, find_or_make, new_incidents
from detector.outbox import _MOST_WAITING, Outbox
from detector.packet import REASONS
from detector.pipeline import Detector, Outputs
from tests.detector.streams import always
from tests.faults.corpus import block

ROWS = [
    [cell.strip() for cell in line.strip("|\n").split(" | ")]
    for line in Path(__file__).parents[2].joinpath("docs/bounds.md").read_text(encoding="utf-8").splitlines()
    if line.startswith("| ") and not line.startswith("| what")
]
ELSEWHERE = {"scored", "held_back", "late", "uncommitted"}  # counted by the inboxes and the outbox


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row[0])
def test_the_table_gives_the_limits_of_the_code_and_names_a_test(row: list[str]) -> None:
    assert len(row) == 5
    assert "`api." not in row[1] or row[3].startswith("cut `")
    for name, value in re.findall(r"`((?:api|detector)[\w.]+)` = (\(.*?\)|\d+)", row[1]):
        path = name.split(".")
        at = next(n for n in range(len(path), 0, -1) if n < len(path) and is_module(".".join(path[:n])))
        found: Any = importlib.import_module(".".join(path[:at]))
        for part in path[at:]:
            found = getattr(found, part)
        assert found == ast.literal_eval(value), name
    assert re.search(r"`tests/.+::test_\w+`", row[4]), "no test reaches it"


def is_module(name: str) -> bool:
    try:
        return importlib.util.find_spec(name) is not None
    except ModuleNotFoundError:
        return False


def test_counters_that_the_table_names_are_there() -> None:
    status = set(Detector(Config(capacity=64), always("benign")).status()) | ELSEWHERE
    for row in ROWS:
        for name in re.findall(r"status `(\w+)`", row[3]):
            assert name in status, row[0]
        for name in re.findall(r"decode `(\w+)`", row[3]):
            assert name in REASONS, row[0]
        for name in re.findall(r"`(\w+)`", row[3]) if row[3].startswith("cut ") else ():
            assert f'"{name.replace("_", " ")}"' in inspect.getsource(connections), row[0]


def test_a_table_full_of_alerts_takes_no_candidate_and_counts() -> None:
    state = new_incidents(3, 2)
    keys = [np.array([1, n, 0, 0, 0], np.uint64) for n in range(5)]
    assert [find_or_make(state, key) for key in keys] == [0, 1, 2, -1, -1]
    assert state.counters[REFUSED_FULL] == 2
    assert find_or_make(state, keys[1]) == 1


def test_a_section_of_too_many_interfaces_is_read_up_to_there() -> None:
    data = block(0x0A0D0D0A, struct.pack("<IHHq", 0x1A2B3C4D, 1, 0, -1), "<")
    data += block(1, struct.pack("<HHI", 1, 0, 0), "<") * 5000
    source = source_of(np.frombuffer(data, np.uint8), "x")
    assert list(source.batches()) == []
    assert dict(source.ledger_stage.dropped) == {"damaged": 1}


def test_times_of_drops_are_bounded_and_the_count_stays_right(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(live, "_MOST_DROPS", 64)
    ring = SimpleNamespace(memory=bytearray(8192), block_bytes=4096, blocks=2, link=1, packets=0, drops=0)
    ring.count = lambda: setattr(ring, "drops", ring.drops + 3)
    source = LiveSource(ring, Clock.start(), lab=False)  # type: ignore[arg-type]
    for number in range(1, 1001):
        source.count()
        assert len(source.drops) <= 64
        assert source.drops[-1][1] == 3 * number
    assert source.drops == sorted(source.drops)


def test_outputs_that_wait_for_the_store_hold_the_detector_back() -> None:
    begun, go = threading.Event(), threading.Event()

    class Slow:
        def commit(self, *_: object, **__: object) -> int:
            begun.set()
            go.wait()
            return 1

    outbox = Outbox(Slow())  # type: ignore[arg-type]
    outputs = Outputs(alerts=[SimpleNamespace(alert_id=1)])  # type: ignore[list-item]
    waits = threading.Thread(target=lambda: [outbox.put(outputs) for _ in range(_MOST_WAITING + 1)])
    waits.start()
    begun.wait()
    while outbox.waiting < _MOST_WAITING:
        begun.wait(0.001)
    waits.join(0.05)
    assert waits.is_alive()  # with the last one still in its hand
    assert outbox.waiting == _MOST_WAITING
    go.set()
    waits.join()
    outbox.close()
    assert outbox.waiting == 0
