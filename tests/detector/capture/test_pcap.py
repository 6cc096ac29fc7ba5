"""pcap files written by hand: both byte orders, both resolutions, cuts, damage, hostile lengths."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from contract.errors import InputError
from contract.schemas import FRAMES
from detector.capture.pcap import PcapSource

MAGIC = {"us": 0xA1B2C3D4, "ns": 0xA1B23C4D, "modified": 0xA1B2CD34}


def pcap(rows, order="<", kind="us", link=1, snap=65535, extra=0) -> bytes:
    """rows of (seconds, fraction, bytes, length on the wire)."""
    out = struct.pack(order + "IHHiIII", MAGIC[kind], 2, 4, 0, 0, snap, link)
    for seconds, fraction, data, wire in rows:
        out += struct.pack(order + "IIII", seconds, fraction, len(data), wire) + bytes(extra) + data
    return out


def source(data: bytes) -> PcapSource:
    return PcapSource(np.frombuffer(data, np.uint8), "x.pcap")


ROWS = [(1_600_000_000, 5, b"abc", 3), (1_600_000_001, 999_999, b"", 60), (1_600_000_001, 7, bytes(200), 1500)]


@pytest.mark.parametrize("order", ["<", ">"])
@pytest.mark.parametrize(("kind", "unit", "extra"), [("us", 1000, 0), ("ns", 1, 0), ("modified", 1000, 8)])
def test_reads_every_kind(order, kind, unit, extra):
    reader = source(pcap(ROWS, order, kind, link=113, extra=extra))
    (batch,) = reader.batches()
    assert batch.schema.equals(FRAMES, check_metadata=True)
    batch.validate(full=True)
    assert batch["frame"].to_pylist() == [row[2] for row in ROWS]
    assert batch["wire_len"].to_pylist() == [3, 60, 1500]
    assert batch["link"].to_pylist() == [113] * 3
    assert [t.value for t in batch["ts"]] == [s * 10**9 + f * unit for s, f, _, _ in ROWS]
    assert (reader.ledger_stage.offered, reader.ledger_stage.unexplained, reader.notes) == (3, 0, [])


def test_a_length_on_the_wire_below_what_was_captured_is_raised():
    (batch,) = source(pcap([(1, 0, b"abcdef", 2)])).batches()
    assert batch["wire_len"].to_pylist() == [6]


@pytest.mark.parametrize("cut", [1, 150, 215, 225])
def test_a_cut_file_is_read_up_to_the_cut(cut):
    whole = pcap(ROWS)
    reader = source(whole[:-cut])
    (batch,) = reader.batches()
    kept = 2 if cut < 216 else 1
    assert batch.num_rows == kept
    assert reader.notes[0].startswith(f"x.pcap: the file is cut off in frame {kept + 1} at byte")
    assert reader.notes[0].endswith("read up to there")
    assert dict(reader.ledger_stage.dropped) == {"cut_off": 1}
    assert reader.ledger_stage.unexplained == 0


@pytest.mark.parametrize(("length", "reason"), [(2**32 - 1, "damaged"), (300_000, "damaged"), (200_000, "cut_off")])
def test_hostile_lengths(length, reason):
    data = pcap(ROWS[:1]) + struct.pack("<IIII", 0, 0, length, length) + b"rest"
    reader = source(data)
    assert sum(batch.num_rows for batch in reader.batches()) == 1
    assert dict(reader.ledger_stage.dropped) == {reason: 1}


def test_a_header_cut_off_is_no_capture():
    with pytest.raises(InputError, match=r"x\.pcap: not a capture: the pcap header is cut off after 23 bytes"):
        source(pcap([])[:23])


def test_no_frames_no_batches():
    assert list(source(pcap([])).batches()) == []


def test_batches_are_bounded():
    reader = source(pcap([(i, 0, b"ab", 2) for i in range(70_000)]))
    sizes = [batch.num_rows for batch in reader.batches()]
    assert sizes == [65_536, 4_464]
