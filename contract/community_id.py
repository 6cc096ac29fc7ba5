"""Community ID v1 (the flow hash that Zeek, Suricata and Arkime share), for columns of flows."""

from __future__ import annotations

import base64
import binascii
import hashlib
import struct
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import MAPPED_PREFIX, Bytes2D, Mask, is_mapped

_ICMP, _ICMP6 = 1, 58
# Message types that have a counterpart in the other direction, as the Community ID specification lists them.
_PAIRS4 = {8: 0, 0: 8, 13: 14, 14: 13, 15: 16, 16: 15, 10: 9, 9: 10, 17: 18, 18: 17}
_PAIRS6 = {128: 129, 129: 128, 130: 131, 131: 130, 133: 134, 134: 133, 135: 136, 136: 135, 139: 140, 140: 139}
_PAIRS6 |= {144: 145, 145: 144}
_PORTED = (6, 17, 132)
_DIGEST: Final = 20
_TEXT: Final = 30  # "1:" and 28 characters of base64
Numbers = npt.NDArray[np.uint16]


def community_id(src: bytes, dst: bytes, src_port: int, dst_port: int, protocol: int, seed: int = 0) -> str:
    """The id of one flow ('' for ARP, which has none).

    Addresses are 16 bytes, IPv4 mapped; for ICMP the ports are the type and code of the first message.
    """
    if protocol > 255:
        return ""
    if src[:12] == MAPPED_PREFIX and dst[:12] == MAPPED_PREFIX:
        src, dst = src[12:], dst[12:]
    one_way = False
    if protocol in (_ICMP, _ICMP6):
        pairs = _PAIRS4 if protocol == _ICMP else _PAIRS6
        one_way = src_port not in pairs
        dst_port = dst_port if one_way else pairs[src_port]
    ports = protocol in _PORTED or protocol in (_ICMP, _ICMP6)
    low = struct.pack("!H", src_port) if ports else b""
    high = struct.pack("!H", dst_port) if ports else b""
    if not one_way and (src, low) > (dst, high):
        src, dst, low, high = dst, src, high, low
    digest = hashlib.sha1(
        struct.pack("!H", seed) + src + dst + struct.pack("!BB", protocol, 0) + low + high, usedforsecurity=False
    ).digest()
    return "1:" + base64.b64encode(digest).decode()


def community_ids(
    src: Bytes2D, dst: Bytes2D, src_port: Numbers, dst_port: Numbers, protocol: Numbers, seed: int = 0
) -> pa.Array:
    """The id of each flow of a column set, in order: strings, empty for ARP.

    One SHA-1 a flow is all that is done one by one; everything around it is done in columns.
    """
    if not len(src) == len(dst) == len(src_port) == len(dst_port) == len(protocol):
        raise ValueError("each argument must have a row for each flow")
    first, second, low, high, ports = _ordered(src, dst, src_port, dst_port, protocol)
    short = is_mapped(src) & is_mapped(dst)
    digests = np.zeros((len(src), _DIGEST + 1), np.uint8)  # a byte more: base64 works on three at a time
    for width, of_width in ((4, short), (16, ~short)):
        for ported in (True, False):
            rows = np.flatnonzero(of_width & (ports == ported) & (protocol <= 255))
            if len(rows):
                parts = [_bytes_of(np.full(len(rows), seed)), first[rows, -width:], second[rows, -width:]]
                parts.append(np.stack([protocol[rows], np.zeros(len(rows))], axis=1).astype(np.uint8))
                parts += [_bytes_of(low[rows]), _bytes_of(high[rows])] if ported else []
                digests[rows, :_DIGEST] = _sha1(np.concatenate(parts, axis=1))
    return _as_text(digests, protocol <= 255)


def _ordered(
    src: Bytes2D, dst: Bytes2D, src_port: Numbers, dst_port: Numbers, protocol: Numbers
) -> tuple[Bytes2D, Bytes2D, Numbers, Numbers, Mask]:
    """Both sides with the smaller one first, and which rows have ports at all."""
    low, high = src_port.copy(), dst_port.copy()
    one_way = np.zeros(len(src), np.bool_)
    ports = np.isin(protocol, _PORTED)
    for number, pairs in ((_ICMP, _PAIRS4), (_ICMP6, _PAIRS6)):
        rows = np.flatnonzero(protocol == number)
        answers = np.full(1 << 16, -1, np.int32)
        answers[list(pairs)] = list(pairs.values())
        answer = answers[src_port[rows]]
        one_way[rows] = answer < 0
        high[rows] = np.where(answer < 0, dst_port[rows], answer)
        ports[rows] = True
    a, b = (np.ascontiguousarray(side, np.uint8).view(">u8").astype(np.uint64) for side in (src, dst))
    above = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    above |= (a == b).all(axis=1) & ports & (low > high)
    turned = above & ~one_way
    first, second = np.where(turned[:, None], dst, src), np.where(turned[:, None], src, dst)
    return first, second, np.where(turned, high, low), np.where(turned, low, high), ports


def _bytes_of(numbers: npt.NDArray[np.integer]) -> Bytes2D:
    """16-bit numbers as two bytes each, in network order."""
    return numbers.astype(">u2").view(np.uint8).reshape(-1, 2)


def _sha1(rows: Bytes2D) -> Bytes2D:
    """The SHA-1 of each row."""
    data, width, sha1 = memoryview(rows.tobytes()), rows.shape[1], hashlib.sha1
    digests = b"".join(
        [sha1(data[at : at + width], usedforsecurity=False).digest() for at in range(0, len(data), width)]
    )
    return np.frombuffer(digests, np.uint8).reshape(-1, _DIGEST)


def _as_text(digests: Bytes2D, there: Mask) -> pa.Array:
    """``1:`` and the digests (with one zero byte behind) in base64, where there is one."""
    count = len(digests)
    letters = np.frombuffer(binascii.b2a_base64(digests.tobytes(), newline=False), np.uint8).reshape(count, _TEXT - 2)
    text = np.empty((count, _TEXT), np.uint8)
    text[:, :2] = np.frombuffer(b"1:", np.uint8)
    text[:, 2:] = letters
    text[:, -1] = ord("=")
    offsets = np.zeros(count + 1, np.int32)
    np.cumsum(np.where(there, _TEXT, 0), out=offsets[1:])
    return pa.StringArray.from_buffers(count, pa.py_buffer(offsets), pa.py_buffer(text[there].tobytes()))
