"""The end of a tick: what flows are now becomes what they were."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.flowtable import DIRTY, FLOW, HOT_BYTES, FlowTable
from detector.packet import ARP, DNS_PORTS, Record
from detector.prefetch import prefetch

_AHEAD: Final = 16
_OFFSETS: Final = FLOW.fields
_MEMORY: Final = int(_OFFSETS["at_tick_packets"][1]) // 64 * 64 if _OFFSETS is not None else 0


@lean_kernel
def close_tick(table: FlowTable) -> None:
    """Let ``at_tick_*`` of the dirty flows take the present values, and empty the dirty list."""
    count = table.counters[DIRTY]
    for n in range(count):
        if n + _AHEAD < count:
            coming = np.int64(table.dirty[n + _AHEAD])
            for line in range(0, HOT_BYTES + 64, 64):
                prefetch(table.flows, coming, line)
            for line in range(_MEMORY, _MEMORY + 192, 64):
                prefetch(table.flows, coming, line)
        flow = table.flows[table.dirty[n]]
        flow["fresh"] = np.uint8(0)
        flow["dirty"] = np.uint8(0)
        _remember(flow)
        if flow["protocol"] == ARP or flow["port"][0] in DNS_PORTS or flow["port"][1] in DNS_PORTS:
            _remember_names(flow)
    table.counters[DIRTY] = 0


@lean_part
def _remember(flow: Record) -> None:
    flow["at_tick_tcp_state"] = flow["tcp_state"]
    flow["at_tick_unreachable"] = flow["unreachable"]
    flow["at_tick_turns"] = flow["turns"]
    for side in range(2):
        flow["at_tick_packets"][side] = flow["packets"][side]
        flow["at_tick_bytes"][side] = flow["bytes"][side]
        flow["at_tick_payload"][side] = flow["payload"][side]
        flow["at_tick_payload_packets"][side] = flow["payload_packets"][side]
        flow["at_tick_flags"][side] = flow["flags"][side]
        flow["at_tick_retransmissions"][side] = flow["retransmissions"][side]
        for bit in range(8):
            flow["at_tick_flag_count"][side, bit] = flow["flag_count"][side, bit]


@lean_part
def _remember_names(flow: Record) -> None:
    flow["at_tick_dns_queries"] = flow["dns_queries"]
    flow["at_tick_dns_replies"] = flow["dns_replies"]
    flow["at_tick_dns_nxdomain"] = flow["dns_nxdomain"]
    flow["at_tick_dns_name_bytes"] = flow["dns_name_bytes"]
    flow["at_tick_dns_name_changes"] = flow["dns_name_changes"]
    flow["at_tick_dns_entropy_sum"] = flow["dns_entropy_sum"]
    flow["at_tick_arp_requests"] = flow["arp_requests"]
    flow["at_tick_arp_replies"] = flow["arp_replies"]
    flow["at_tick_arp_mac_changes"] = flow["arp_mac_changes"]
