from __future__ import annotations

import pyarrow as pa
import pytest

from campaign.frame_batches import check_frames, send_frames
from campaign.spool import Batch
from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from tests.api.helpers import START, frames_stream, syn_frames


def test_a_frame_longer_than_the_wire_said_is_refused():
    batch = syn_frames(3, 0)
    assert check_frames([batch, batch], "batch") == 6
    with pytest.raises(InputError, match="wire_len"):
        check_frames([batch.set_column(2, batch.schema.field(2), pa.array([54, 53, 54], pa.uint32()))], "batch")


def test_the_frames_of_a_file_go_into_the_stream(tmp_path):
    path = tmp_path / "a"
    path.write_bytes(frames_stream(5, START))
    noted: list[int] = []
    with pa.BufferOutputStream() as sink:
        with pa.ipc.new_stream(sink, FRAMES) as writer:
            for _ in range(2):
                assert send_frames(Batch("a", path, 5, 1), writer, sink, lambda _, frames: noted.append(frames)) == 5
        data = sink.getvalue().to_pybytes()
    assert noted == [5, 5]
    assert sum(batch.num_rows for batch in read_stream(data, FRAMES, "x")) == 10
