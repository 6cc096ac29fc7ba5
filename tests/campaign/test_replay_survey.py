"""The first pass: what is counted, what truth becomes, what is refused."""

from __future__ import annotations

import json
import struct
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from campaign.replay_survey import Moments, Straight, _moments_of, survey
from contract.errors import InputError
from contract.truth import Entry, Truth
from generator.replay.truth import starts_of, times
from tests.campaign.captures import write_capture
from tests.detector.streams import SECOND, START

LISTS = st.lists(st.lists(st.integers(0, 30), max_size=6), max_size=6)


@given(LISTS)
def test_times_never_run_backwards(parts: list[list[int]]) -> None:
    straight = Straight()
    found = [int(n) for part in parts for n in straight(np.array(part, np.int64))]
    given_ = [n for part in parts for n in part]
    expected = [max(given_[: k + 1]) for k in range(len(given_))]
    assert found == expected
    assert straight.frames == len(given_)
    assert straight.moved == sum(a != b for a, b in zip(given_, expected, strict=True))


@given(LISTS, st.lists(st.integers(-2, 33), min_size=1))
def test_moments_count_the_frames_before_them(parts: list[list[int]], moments: list[int]) -> None:
    ordered = iter(sorted(n for part in parts for n in part))
    counted = Moments(np.array(moments, np.int64))
    for part in parts:
        counted.add(np.array([next(ordered) for _ in part], np.int64))
    frames = [n for part in parts for n in part]
    assert counted.of(np.array(moments)).tolist() == [sum(n < m for n in frames) for m in moments]


def test_flows_that_the_truth_knows_are_attempts(tmp_path: Path) -> None:
    found = survey(write_capture(tmp_path), None, "fill", None)
    assert (found.offered, found.frames, found.counted) == (420, 420, "attack flows")
    assert (found.begin_ns, found.rows.num_rows, found.attempts) == (START, 405, 405)
    assert len(found.starts) == 400
    assert (found.starts - START).tolist() == [n * 4_000_000 for n in range(1, 401)]
    assert not found.left_out


def test_at_packets_a_second_times_are_those_of_frame_numbers(tmp_path: Path) -> None:
    path = write_capture(tmp_path)
    truth = path.with_name("scan.truth.json")
    document = json.loads(truth.read_text())
    document["entries"][0] |= {"start": "2027-01-15T08:00:00.802Z"}  # START is 08:00:00; the 201st probe is at .804
    truth.write_text(json.dumps(document))
    found = survey(path, None, "fill", 100.0)
    assert len(starts_of(found.rows)) == 200
    offsets = (times(found.rows, "first") - START) / SECOND
    assert offsets.min() >= 0
    assert np.allclose(offsets * 100, np.round(offsets * 100))


def test_without_truth_nothing_is_known_and_flows_are_counted(tmp_path: Path) -> None:
    path = write_capture(tmp_path)
    path.with_name("scan.truth.json").unlink()
    found = survey(path, None, "fill", None)
    assert (found.truth, found.rows.num_rows, found.counted, len(found.starts)) == (None, 0, "flows", 405)


def lldp(path: Path, frames: int) -> Path:
    frame = bytes(12) + b"\x88\xcc" + bytes(40)
    records = struct.pack("<IIII", 1, 0, len(frame), len(frame)) + frame
    path.write_bytes(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 1) + records * frames)
    return path


def test_what_cannot_be_replayed_is_one_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no such capture"):
        survey(tmp_path / "no.pcap", None, "fill", None)
    with pytest.raises(InputError, match="holds no frames"):
        survey(lldp(tmp_path / "empty.pcap", 0), None, "fill", None)
    with pytest.raises(InputError, match="none of its 3 frames can be replayed: not_ip 3"):
        survey(lldp(tmp_path / "lldp.pcap", 3), None, "fill", None)
    with pytest.raises(InputError, match="no such truth file"):
        survey(write_capture(tmp_path), tmp_path / "t.json", "fill", None)
    path = write_capture(tmp_path)
    path.with_name("scan.pcap.truth.parquet").write_bytes(b"PAR1")
    with pytest.raises(InputError, match=r"scan\.pcap\.truth\.parquet: cannot read"):
        survey(path, None, "fill", None)


def test_a_capture_that_is_cut_off_is_replayed_as_far_as_it_goes(tmp_path: Path) -> None:
    found = survey(write_capture(tmp_path, cut=5), None, "fill", None)
    assert found.frames == 419
    assert "cut off" in found.notes[0]


def test_moments_beyond_what_64_bits_hold_are_the_last_that_they_do() -> None:
    late = int(datetime(9999, 12, 31, tzinfo=UTC).timestamp()) * 1_000_000_000
    truth = Truth("x.pcap", (Entry("syn_flood", start=5, end=late),))
    assert _moments_of(truth, None).tolist() == [5, 2**63 - 1]
