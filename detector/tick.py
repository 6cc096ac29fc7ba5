"""The end of a tick: what flows are now becomes what they were."""

from __future__ import annotations

from typing import Final

import numpy as np

from contract.jit import lean_kernel, lean_part
from detector.flowtable import DIRTY, FREE, HOT_BYTES, FlowTable
from detector.packet import ARP, DNS_PORTS, Record
from detector.prefetch import prefetch

_AHEAD: Final = 16


@lean_kernel
def close_tick(table: FlowTable) -> None:
    """Let ``FlowTable.before`` of the dirty flows take the present values, and empty the dirty list."""
    count = table.counters[DIRTY]
    for n in range(count):
        if n + _AHEAD < count:
            coming = np.int64(table.dirty[n + _AHEAD])
            for line in range(0, HOT_BYTES, 64):
                prefetch(table.flows, coming, line)
            prefetch(table.before, coming, 0)
            prefetch(table.before, coming, 64)
        flow = table.flows[table.dirty[n]]
        flow["dirty"] = np.uint8(0)
        if flow["state"] == FREE:
            continue
        flow["fresh"] = np.uint8(0)
        before = table.before[table.dirty[n]]
        _remember(flow, before)
        if flow["protocol"] == ARP or flow["port"][0] in DNS_PORTS or flow["port"][1] in DNS_PORTS:
            _remember_names(flow, before)
    table.counters[DIRTY] = 0


@lean_part
def _remember(flow: Record, before: Record) -> None:
    before["tcp_state"] = flow["tcp_state"]
    before["unreachable"] = flow["unreachable"]
    before["logins_refused"] = flow["logins_refused"]
    before["http_requests"] = flow["http_requests"]
    before["http_refused"] = flow["http_refused"]
    for side in range(2):
        before["packets"][side] = flow["packets"][side]
        before["bytes"][side] = flow["bytes"][side]
        before["payload"][side] = flow["payload"][side]
        before["flags"][side] = flow["flags"][side]


@lean_part
def _remember_names(flow: Record, before: Record) -> None:
    before["dns_queries"] = flow["dns_queries"]
    before["dns_nxdomain"] = flow["dns_nxdomain"]
    before["dns_name_bytes"] = flow["dns_name_bytes"]
    before["dns_name_changes"] = flow["dns_name_changes"]
    before["dns_entropy_sum"] = flow["dns_entropy_sum"]
    before["arp_requests"] = flow["arp_requests"]
    before["arp_replies"] = flow["arp_replies"]
