"""Records in any order and with gaps become a sound batch."""

from __future__ import annotations

import numpy as np

from contract.schemas import FRAMES
from detector.capture.source import new_records, to_batch


def test_records_become_a_batch():
    data = np.frombuffer(b"..abc....de", np.uint8)
    records = new_records(4)
    records.start[:3], records.length[:3] = [9, 2, 0], [2, 3, 0]
    records.ts[:3], records.wire_len[:3], records.link[:3] = [3, 2, 1], [60, 3, 0], [1, 101, 1]
    batch = to_batch(data, records, 3)
    records.ts[:] = 0  # the batch does not change when the room is used again
    batch.validate(full=True)
    assert batch.schema.equals(FRAMES, check_metadata=True)
    assert batch["frame"].to_pylist() == [b"de", b"abc", b""]
    assert [t.value for t in batch["ts"]] == [3, 2, 1]
    assert batch["wire_len"].to_pylist() == [60, 3, 0]
    assert to_batch(data, records, 0).num_rows == 0
