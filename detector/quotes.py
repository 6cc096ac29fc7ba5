"""What an ICMP error quotes: the flow whose packet was refused, too long, or went round in circles.

The classes are those of RFC 792 and RFC 4443. Of the quoted packet nothing is trusted but its addresses, protocol and
first bytes: hosts are known to quote changed lengths and checksums. A later fragment is looked up like one that came
itself; where tunnels are stepped into, so is a quoted one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.fragments import Fragments, later_fragment
from detector.ipv6_chain import extensions
from detector.link import ETHERNET, link_layer, tags
from detector.packet import IPV4, IPV6, Bytes, Int, Record, be16, u8
from detector.transport import PORTED, request_of, set_ipv4_addresses, set_ipv6_addresses
from detector.tunnels import BRIDGED, NOTHING, inside, may_carry

_ICMP: Final = (1, 58)


@lean_kernel
def read_quote(
    data: Bytes, ts: Int, rows: npt.NDArray[np.void], n: Int, spare: Int, fragments: Fragments, levels: Int
) -> None:
    """Set ``quoted_*`` of row ``n``, an ICMP error; ``quoted`` becomes 0 where it quotes nothing that can be read.

    Row ``spare`` is overwritten.
    """
    row, packet = rows[n], rows[spare]
    at = np.int64(row["payload_at"])
    limit = at + np.int64(row["payload_captured"])
    kind = np.int64(IPV4 if row["version"] == 4 else IPV6)
    if not _packet(data, at, limit, kind, ts, packet, fragments):
        row["quoted"] = np.uint8(0)
        return
    _keep(row, packet)
    for _ in range(levels):
        if not may_carry(packet):
            return
        at, kind = inside(data, packet)
        if kind == NOTHING:
            return
        at = link_layer(data, at, limit, ETHERNET, packet) if kind == BRIDGED else tags(data, at, limit, kind, packet)
        if at < 0 or not _packet(data, at, limit, np.int64(packet["ethertype"]), ts, packet, fragments):
            return
        _keep(row, packet)


@lean_part
def _keep(row: Record, packet: Record) -> None:
    row["quoted_protocol"] = packet["protocol"]
    for side in range(2):
        row["quoted_port"][side] = packet["key_port"][side]
        for word in range(2):
            row["quoted_address"][side, word] = packet["address"][side, word]


@lean_kernel
def _packet(data: Bytes, at: Int, limit: Int, kind: Int, ts: Int, packet: Record, fragments: Fragments) -> bool:
    """Read who a quoted packet belonged to; False where that cannot be read."""
    later = False
    identity = np.uint64(0)
    body: Int = 0
    if kind == IPV4:
        if limit - at < 20 or u8(data, at) >> 4 != 4 or u8(data, at) & 15 < 5:
            return False
        set_ipv4_addresses(data, at + 12, packet["address"])
        packet["protocol"] = np.uint16(u8(data, at + 9))
        later = be16(data, at + 6) & 0x1FFF != 0
        identity = np.uint64(be16(data, at + 4))
        body = at + (u8(data, at) & 15) * 4
    elif kind == IPV6:
        if limit - at < 40 or u8(data, at) >> 4 != 6:
            return False
        set_ipv6_addresses(data, at + 8, packet["address"])
        protocol, body, place, identity = extensions(data, at + 40, limit, limit, u8(data, at + 6))
        packet["protocol"] = np.uint16(protocol)
        later = place & 0xFFF8 != 0
    else:
        return False
    packet["fragment"] = np.uint8(0)
    for side in range(2):
        packet["port"][side] = np.uint16(0)
        packet["key_port"][side] = np.uint16(0)
    if later:
        later_fragment(packet, fragments, identity, ts, 0)
        return True
    return _ports(data, body, limit, kind, packet)


@lean_part
def _ports(data: Bytes, body: Int, limit: Int, kind: Int, packet: Record) -> bool:
    protocol = np.int64(packet["protocol"])
    header: Int = 0
    if protocol in PORTED:
        if limit - body < 4:
            return False
        for side in range(2):
            port = np.uint16(be16(data, body + 2 * side))
            packet["port"][side] = port
            packet["key_port"][side] = port
        header = 8
    elif protocol in _ICMP:
        if limit - body < 2:
            return False
        word = request_of(4 if kind == IPV4 else 6, u8(data, body)) << 8 | u8(data, body + 1)
        packet["key_port"][0] = np.uint16(word)
        packet["key_port"][1] = np.uint16(word)
    packet["payload_at"] = body + header
    packet["payload_captured"] = np.int32(max(limit - body - header, 0))
    return True
