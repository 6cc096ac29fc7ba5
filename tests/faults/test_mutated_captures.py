"""10,000 spoiled captures: read as far as they are sound, or refused in one clear line; each frame is accounted for."""

from __future__ import annotations

import random
import struct
from collections import Counter
from pathlib import Path

import numpy as np
import pytest

from contract.errors import InputError
from detector.capture.opening import open_capture, source_of
from detector.capture.source import Source
from detector.meter import Meter
from tests.faults.corpus import mutated, pcap, pcapng

COUNT = 5_000  # of each format
KINDS = {"pcap": [pcap()], "pcapng": [pcapng("<"), pcapng(">")]}


def opened(data: bytes, path: Path | None) -> Source:
    """Through a file, or straight from memory, which is quicker."""
    if path is None:
        return source_of(np.frombuffer(data, np.uint8), "x")
    path.write_bytes(data)
    return open_capture(path)


@pytest.mark.parametrize("kind", KINDS)
def test_each_is_read_to_where_it_is_sound_or_refused_in_one_line(kind: str, tmp_path: Path) -> None:
    draw = random.Random(kind)
    meter = Meter(capacity=1 << 12, seed=1)
    ended: Counter[str] = Counter()
    lines: list[str] = []
    for number in range(COUNT):
        path = None if number % 10 else tmp_path / "x.pcap"
        try:
            source = opened(mutated(draw, draw.choice(KINDS[kind])), path)
            batches = list(source.batches())
        except InputError as error:
            lines.append(str(error))
            ended["refused"] += 1
            continue
        stage, frames = source.ledger_stage, sum(batch.num_rows for batch in batches)
        assert stage.unexplained == 0
        assert stage.delivered == frames
        assert len(source.notes) == sum(stage.dropped.values()) <= 1
        for batch in batches:
            batch.validate(full=True)
            assert meter.update(batch).total() <= frames
        ended.update(stage.dropped.keys() or ["whole"])
        if number % 50 == 0:
            meter.release(meter.finish())
            meter.clear_dirty()
    assert all(line.startswith(("x: ", f"{tmp_path}/x.pcap: ")) and line.isprintable() for line in lines)
    assert sum(ended.values()) == COUNT
    assert all(ended[how] > COUNT // 100 for how in ("refused", "cut_off", "damaged", "whole")), ended


def test_a_block_that_is_longer_than_a_batch_can_hold_is_damaged(tmp_path: Path) -> None:
    """Blocks of up to 4 GiB can be written; a sparse file takes no room for one."""
    head = pcapng("<")[:96]  # the section and its two interfaces
    path = tmp_path / "x.pcapng"
    size = 2_400_000_000
    with path.open("wb") as file:
        file.write(head + struct.pack("<IIIIIII", 6, size + 32, 0, 0, 0, size, size))
        file.seek(len(head) + 28 + size)
        file.write(struct.pack("<I", size + 32))
    source = open_capture(path)
    assert list(source.batches()) == []
    assert dict(source.ledger_stage.dropped) == {"damaged": 1}
