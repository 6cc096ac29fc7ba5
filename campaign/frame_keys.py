"""Whose frame is whose: addresses, ports and protocol of a batch of Ethernet frames, in columns.

VLAN tags are stepped over. Later fragments and IPv6 extension headers show no ports: such frames keep none.
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
I64 = npt.NDArray[np.int64]
U8 = npt.NDArray[np.uint8]


def keys_of(data: U8, offsets: I64, ts: I64) -> pa.Table:
    """One row a frame as ``campaign.labels`` joins them; a frame that is none of IP or ARP has protocol 65535."""
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
    later = four & ((word(net + 6) & 0x1FFF) != 0)
    ported, icmp = np.isin(protocol, _PORTED) & ~later, np.isin(protocol, _ICMP) & ~later
    low = np.where(ported, word(body), np.where(icmp, byte(body), 0))
    high = np.where(ported, word(body + 2), np.where(icmp, byte(body + 1), 0))
    ends = [_address(padded, len(data), net + o4, net + o6, four | arp, six) for o4, o6 in ((12, 8), (16, 24))]
    ends_arp = [_address(padded, len(data), net + o, net, arp, six & ~six) for o in (14, 24)]
    src, dst = (np.where(arp[:, None], a, b) for a, b in zip(ends_arp, ends, strict=True))
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


def _address(padded: U8, size: int, at4: I64, at6: I64, four: npt.NDArray[np.bool_], six: npt.NDArray[np.bool_]) -> U8:
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
