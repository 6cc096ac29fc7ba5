"""The key of a flow as one number: of frames as the meter reads them, and of rows of flows and verdicts."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import Bytes2D, column_to_array
from detector.transport import PORTED, request_of

_plain = request_of.py_func  # type: ignore[attr-defined]  # as numba calls it
_ICMP: Final = {1: 4, 58: 6}  # the protocols, and their versions of IP
_MIX: Final = np.uint64(0x9E3779B97F4A7C15)
U16 = npt.NDArray[np.uint16]
U64 = npt.NDArray[np.uint64]


def hashes(address: U64, key_port: U16, protocol: U16, seed: int = 0) -> U64:
    """A hash (n,) of each key, the same in both directions: ``address`` (n, 2, 2) in words, ``key_port`` (n, 2)."""
    ends = np.full(key_port.shape, seed, np.uint64)
    for words in (address[:, :, 0], address[:, :, 1], key_port.astype(np.uint64)):
        ends = _mixed(ends ^ words)
    low, high = ends.min(axis=1), ends.max(axis=1)
    return _mixed(_mixed(low ^ protocol.astype(np.uint64)) ^ high)


def key_ports(port: U16, protocol: U16) -> U16:
    """What rows with those ports (n, 2) are matched by: of ICMP the type of the request and the code, both times."""
    found = np.where(np.isin(protocol, PORTED)[:, None], port, 0).astype(np.uint16)
    for number, version in _ICMP.items():
        rows = np.flatnonzero(protocol == number)
        if len(rows):
            requests = np.array([_plain(version, kind) for kind in range(256)], np.uint16)
            found[rows] = (requests[port[rows, 0] & 255] << 8 | port[rows, 1])[:, None]
    return found


def hashes_of(rows: pa.Table, seed: int = 0) -> U64:
    """The same of rows of FLOWS or VERDICTS."""
    address = np.stack([words_of(column_to_array(rows.column(name))) for name in ("src", "dst")], axis=1)
    port = np.stack([np.asarray(rows.column(name)) for name in ("src_port", "dst_port")], axis=1)
    protocol = np.asarray(rows.column("protocol"))
    return hashes(address, key_ports(port, protocol), protocol, seed)


def words_of(addresses: Bytes2D) -> U64:
    """Addresses of 16 bytes (n, 16) as two words each (n, 2)."""
    return np.ascontiguousarray(addresses, np.uint8).view(">u8").astype(np.uint64).reshape(-1, 2)


def _mixed(words: U64) -> U64:
    """A finaliser in the manner of SplitMix64 (Steele et al., 2014); it wraps around on purpose."""
    words = (words + _MIX) * np.uint64(0xBF58476D1CE4E5B9)
    words ^= words >> np.uint64(30)
    words *= np.uint64(0x94D049BB133111EB)
    return words ^ (words >> np.uint64(31))
