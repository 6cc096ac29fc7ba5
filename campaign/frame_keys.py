"""Whose frame is whose: addresses, ports and protocol of a batch of Ethernet frames, in columns.

VLAN tags and IPv6 extension headers (RFC 8200, 4.1) are stepped over. Later fragments show no ports: they get those of
their datagram's first, where that came before or in the same batch (``Pieces``); others keep none.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import MAPPED_PREFIX, array_to_column
from contract.schemas import ARP, TIME

_TAGS: Final = (0x8100, 0x88A8)
_PORTED: Final = (6, 17, 132)
_ICMP: Final = (1, 58)
_OPTIONS: Final = (0, 43, 60)  # hop-by-hop, routing, destination: of 8 bytes and so many times 8 as they say
_FRAGMENT, _AUTHENTICATION = 44, 51
_MOST_HEADERS: Final = 6
_MOST_PIECES: Final = 1 << 16
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]
Mask = npt.NDArray[np.bool_]
_KEY: Final = 38  # bytes: two addresses, protocol, number of the datagram


class Pieces:
    """Ports of datagrams that came in fragments, from one batch to the next; the latest 65,536 are kept."""

    def __init__(self) -> None:
        self._keys = np.zeros((0, _KEY), np.uint8)
        self._ports = np.zeros((0, 2), np.int64)

    def ports(self, keys: U8, first: Mask, later: Mask, ports: I64) -> I64:
        """``ports`` (n, 2) with those of later fragments filled in; ``keys`` (n, 38) names each frame's datagram."""
        self._keys = np.concatenate((self._keys, keys[first]))[-_MOST_PIECES:]
        self._ports = np.concatenate((self._ports, ports[first]))[-_MOST_PIECES:]
        asked = np.flatnonzero(later)
        if not len(asked) or not len(self._keys):
            return ports
        rows = np.ascontiguousarray(np.concatenate((self._keys, keys[asked]))).view(f"V{_KEY}").ravel()
        _, code = np.unique(rows, return_inverse=True)
        known = np.zeros((int(code.max()) + 1, 2), np.int64)
        known[code[: len(self._keys)]] = self._ports  # of two datagrams with one number, the later
        filled = ports.copy()
        filled[asked] = known[code[len(self._keys) :]]
        return filled


def keys_of(data: U8, offsets: I64, ts: I64, pieces: Pieces | None = None) -> pa.Table:
    """One row a frame as ``campaign.labels`` joins them; a frame that is none of IP or ARP has protocol 65535.

    ``pieces`` remembers datagrams in fragments from one call to the next.
    """
    begin, end = offsets[:-1], offsets[1:]
    padded = np.concatenate((data, np.zeros(64, np.uint8)))

    def byte(at: I64) -> I64:
        return np.where(at < end, padded[np.minimum(at, len(data))], 0).astype(np.int64)

    def word(at: I64) -> I64:
        return byte(at) << 8 | byte(at + 1)

    at = begin + 12
    for _ in range(2):
        at = np.where(np.isin(word(at), _TAGS), at + 4, at)
    kind, net = word(at), at + 2
    four, six, arp = kind == 0x0800, kind == 0x86DD, kind == ARP
    protocol = np.where(four, byte(net + 9), np.where(six, byte(net + 6), np.where(arp, ARP, 65_535)))
    body = np.where(four, net + (byte(net) & 15) * 4, net + 40)
    place = np.where(four, word(net + 6) & 0x3FFF, 0)  # where a fragment begins, and whether more come
    number = np.where(four, word(net + 4), 0)
    for _ in range(_MOST_HEADERS if six.any() else 0):
        options, cut = six & np.isin(protocol, _OPTIONS), six & (protocol == _FRAGMENT)
        checked = six & (protocol == _AUTHENTICATION)
        following, units = byte(body), byte(body + 1)
        place = np.where(cut, word(body + 2) >> 3 | (word(body + 2) & 1) << 13, place)
        number = np.where(cut, word(body + 4) << 16 | word(body + 6), number)
        protocol = np.where(options | cut | checked, following, protocol)
        body += np.where(options, (units + 1) * 8, np.where(cut, 8, np.where(checked, (units + 2) * 4, 0)))
        six &= place & 0x1FFF == 0  # behind the header of a later fragment come bytes, no header
    six = kind == 0x86DD
    later = place & 0x1FFF != 0
    ported, icmp = np.isin(protocol, _PORTED) & ~later, np.isin(protocol, _ICMP) & ~later
    low = np.where(ported, word(body), np.where(icmp, byte(body), 0))
    high = np.where(ported, word(body + 2), np.where(icmp, byte(body + 1), 0))
    ends = [_address(padded, len(data), net + o4, net + o6, four | arp, six) for o4, o6 in ((12, 8), (16, 24))]
    ends_arp = [_address(padded, len(data), net + o, net, arp, six & ~six) for o in (14, 24)]
    src, dst = (np.where(arp[:, None], a, b) for a, b in zip(ends_arp, ends, strict=True))
    if (place != 0).any():
        named = np.stack((protocol, number >> 16, number & 0xFFFF), 1).astype(">u2").view(np.uint8)
        key, ports = np.concatenate((src, dst, named), 1), np.stack((low, high), 1)
        low, high = (pieces or Pieces()).ports(key, (place != 0) & ~later, later, ports).T
    stamps = pa.array(ts).cast(TIME)
    return pa.table(
        {
            "src": array_to_column(src),
            "dst": array_to_column(dst),
            "src_port": pa.array(low.astype(np.uint16)),
            "dst_port": pa.array(high.astype(np.uint16)),
            "protocol": pa.array(protocol.astype(np.uint16)),
            "first": stamps,
            "last": stamps,
            "src_mac": pa.array(_mac(padded, len(data), begin + 6)),
            "dst_mac": pa.array(_mac(padded, len(data), begin)),
            "arp_operation": pa.array(np.where(arp, word(net + 6), 0).astype(np.uint8)),
        }
    )


def _address(padded: U8, size: int, at4: I64, at6: I64, four: Mask, six: Mask) -> U8:
    found = np.zeros((len(at4), 16), np.uint8)
    low = padded[np.minimum(at4, size)[:, None] + np.arange(4)]
    found[four, :12] = np.frombuffer(MAPPED_PREFIX, np.uint8)
    found[four, 12:] = low[four]
    found[six] = padded[np.minimum(at6, size)[:, None] + np.arange(16)][six]
    return found


def _mac(padded: U8, size: int, at: I64) -> npt.NDArray[np.uint64]:
    parts = padded[np.minimum(at, size)[:, None] + np.arange(6)].astype(np.uint64)
    shifts = np.uint64(8) * np.arange(5, -1, -1, dtype=np.uint64)
    found: npt.NDArray[np.uint64] = (parts << shifts).sum(axis=1, dtype=np.uint64)
    return found
