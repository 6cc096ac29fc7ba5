"""Opening captures by what is in them, and saying in one line what is wrong."""

from __future__ import annotations

import pytest
from scapy.layers.inet import IP, UDP
from scapy.layers.l2 import Ether
from scapy.utils import PcapNgWriter, wrpcap

from contract.arrow_io import write_stream
from contract.errors import InputError
from contract.schemas import FRAMES
from detector.capture.opening import open_capture
from tests.detector.captured import batch_of

PACKETS = [
    Ether(src="02:00:00:00:00:01", dst="02:00:00:00:00:02")
    / IP(src="198.18.0.1", dst="198.18.0.2")
    / UDP()
    / bytes([i])
    for i in range(20)
]


def test_reads_what_scapy_writes_whatever_it_is_called(tmp_path):
    for packet, second in zip(PACKETS, range(20), strict=True):
        packet.time = 1_600_000_000 + second
    wrpcap(str(tmp_path / "a.dat"), PACKETS)
    wrpcap(str(tmp_path / "b.dat"), PACKETS, nano=True, endianness=">")
    writer = PcapNgWriter(str(tmp_path / "c.dat"))
    for packet in PACKETS:
        writer.write(packet)
    writer.close()
    for name in "abc":
        (batch,) = open_capture(tmp_path / f"{name}.dat").batches()
        assert batch["frame"].to_pylist() == [bytes(packet) for packet in PACKETS]
        assert [t.value for t in batch["ts"]] == [(1_600_000_000 + s) * 10**9 for s in range(20)]


def test_reads_an_arrow_stream_in_a_file(tmp_path):
    (tmp_path / "a").write_bytes(write_stream([batch_of([b"abc"])], FRAMES))
    (batch,) = open_capture(tmp_path / "a").batches()
    assert batch["frame"].to_pylist() == [b"abc"]


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (b"", "not a capture: the file is empty"),
        (b"GIF89a", "not a capture: neither pcap, pcapng nor an Arrow stream"),
        (b"\x1f\x8b\x08\0", "gzip-compressed; decompress it first"),
        (b"\xd4\xc3\xb2\xa1", "the pcap header is cut off after 4 bytes"),
        (b"\n\r\r\n", "has no byte-order magic"),
    ],
)
def test_what_is_no_capture_is_told_in_one_line(tmp_path, content, text):
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises(InputError, match=text) as caught:
        open_capture(path)
    assert str(caught.value).startswith(str(path))
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders(tmp_path):
    with pytest.raises(InputError, match="no such capture"):
        open_capture(tmp_path / "none.pcap")
    with pytest.raises(InputError, match="not a regular file"):
        open_capture(tmp_path)
