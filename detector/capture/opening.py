"""Opening a capture: which format it is, told from its first bytes, never from its name."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pyarrow as pa

from contract.errors import InputError
from detector.capture.pcap import PcapSource, is_pcap
from detector.capture.pcapng import PcapngSource, is_pcapng
from detector.capture.source import Source
from detector.capture.stream import StreamSource
from detector.packet import Bytes


def open_capture(path: str | Path) -> Source:
    """The frames of a pcap or pcapng file, or of an Arrow IPC stream in a file.

    Raises ``InputError`` (one line) where there is no such file, it cannot be read, or it is no capture.
    """
    path = Path(path)
    return source_of(_mapped(path), str(path))


def source_of(data: Bytes, where: str) -> Source:
    """The frames of a capture whose bytes are ``data``; ``where`` names it in messages. Raises as ``open_capture``."""
    if is_pcap(data):
        return PcapSource(data, where)
    if is_pcapng(data):
        return PcapngSource(data, where)
    head = data[:8].tobytes()
    if head[:4] == b"\xff\xff\xff\xff":  # the continuation marker before each message of an Arrow stream
        return StreamSource(pa.BufferReader(pa.py_buffer(data)), where)
    if head[:2] == b"\x1f\x8b":
        raise InputError(f"{where}: gzip-compressed; decompress it first (gunzip)")
    raise InputError(f"{where}: not a capture: neither pcap, pcapng nor an Arrow stream")


def _mapped(path: Path) -> Bytes:
    """The bytes of a file, mapped: pages are read when they are looked at."""
    try:
        if path.exists() and not path.is_file():
            raise InputError(f"{path}: not a regular file")
        with path.open("rb") as file:
            if path.stat().st_size == 0:
                raise InputError(f"{path}: not a capture: the file is empty")
            return np.frombuffer(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ), np.uint8)
    except FileNotFoundError:
        raise InputError(f"{path}: no such capture") from None
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot read: {getattr(error, 'strerror', None) or error}") from None
