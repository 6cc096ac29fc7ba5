from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from contract.addresses import to_bytes
from contract.arrow_io import read_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from loadtests.feed import NS, Probes, read_slices
from tests.api.helpers import frames_stream, syn_frames

BEGIN = 1_700_000_000 * NS


def feed(folder: Path, *, file_format: bool = False) -> Path:
    """0.35 s of frames, 100 us apart, as a stream or as a file."""
    path = folder / "feed-1x.arrow"
    if file_format:
        with pa.ipc.new_file(str(path), FRAMES) as writer:
            writer.write_batch(syn_frames(3500, BEGIN))
    else:
        path.write_bytes(frames_stream(3500, BEGIN))
    return path


@pytest.mark.parametrize("file_format", [False, True])
def test_slices_hold_every_frame_once_and_in_order(tmp_path: Path, file_format):
    slices = read_slices(feed(tmp_path, file_format=file_format), 0.1)
    assert [part.batch.num_rows for part in slices] == [1000, 1000, 1000, 500]
    assert [round(part.due_s, 3) for part in slices] == [0.1, 0.2, 0.3, 0.4]
    joined = pa.concat_arrays([part.batch.column("frame") for part in slices])
    assert joined.equals(syn_frames(3500, BEGIN).column("frame"))


def test_a_stamped_slice_keeps_its_rhythm_and_ends_now(tmp_path: Path):
    part = read_slices(feed(tmp_path), 0.1)[1]
    batches = list(read_stream(part.stamped(10 * NS, NS // 10), FRAMES, "slice"))
    times = np.asarray(batches[0].column("ts").cast(pa.int64()))
    assert times[0] == 10 * NS - NS // 10
    assert set(np.diff(times)) == {100_000}
    assert batches[0].column("frame").equals(part.batch.column("frame"))


def test_a_probe_is_whoever_floods_most_in_its_slice(tmp_path: Path):
    path = feed(tmp_path)
    rows = [("syn_flood", 0.01, "198.18.0.1"), ("c2_beacon", 0.05, "198.18.0.2"), ("syn_flood", 0.25, "198.18.0.3")]
    rows += [("syn_flood", 0.26, "198.18.0.4"), ("syn_flood", 0.27, "198.18.0.3"), ("syn_flood", 0.28, "198.18.0.5")]
    rows += [("syn_flood", 0.31, "198.18.0.6"), ("syn_flood", 0.33, "198.18.0.7")]
    table = pa.table(
        {
            "family": pa.array([row[0] for row in rows]).dictionary_encode(),
            "intended": pa.array([BEGIN + int(row[1] * NS) for row in rows]).cast(pa.timestamp("ns", "UTC")),
            "src": pa.array([to_bytes(row[2]) for row in rows], pa.binary(16)),
        }
    )
    pq.write_table(table, tmp_path / "feed-1x.arrow.truth.parquet")
    assert [part.source for part in read_slices(path, 0.1)] == ["198.18.0.1", "", "198.18.0.3", "198.18.0.7"]
    (tmp_path / "feed-1x.arrow.truth.parquet").write_bytes(b"x")
    with pytest.raises(InputError, match="cannot read"):
        Probes(path)


def test_what_is_no_feed_is_one_line(tmp_path: Path):
    with pytest.raises(InputError, match="no such feed"):
        read_slices(tmp_path / "none.arrow", 0.1)
    (tmp_path / "bad.arrow").write_bytes(b"nothing of the kind")
    with pytest.raises(InputError, match="cannot read the feed"):
        read_slices(tmp_path / "bad.arrow", 0.1)
    (tmp_path / "empty.arrow").write_bytes(frames_stream(0, BEGIN))
    with pytest.raises(InputError, match="no frame"):
        read_slices(tmp_path / "empty.arrow", 0.1)
