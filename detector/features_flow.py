"""Features of a flow by itself: volumes, rhythm, handshake, DNS and ARP facts. Ratios and logarithms only."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from contract.schemas import ARP
from detector.arithmetic import log1
from detector.windows_events import Flow

Row = npt.NDArray[np.float32]

VOLUME: Final = (
    "flow_packets_fwd",
    "flow_packets_bwd",
    "flow_payload_fwd",
    "flow_payload_bwd",
    "flow_payload_per_packet_fwd",
    "flow_payload_per_packet_bwd",
    "flow_payload_share_fwd",
    "flow_payload_share_bwd",
    "flow_payload_balance",
    "flow_packet_balance",
    "flow_amplification",
    "flow_size_spread_fwd",
    "flow_size_spread_bwd",
    "flow_size_max_bwd",
    "flow_turns",
    "flow_turns_share",
)
TIMING: Final = (
    "flow_duration",
    "flow_rate",
    "flow_gap_mean_fwd",
    "flow_gap_spread_fwd",
    "flow_gap_max_fwd",
    "flow_gap_mean_bwd",
    "flow_gap_spread_bwd",
    "flow_pauses",
    "flow_pause_share",
    "flow_response",
    "flow_answered",
)
TRANSPORT: Final = (
    "is_tcp",
    "is_udp",
    "is_icmp",
    "is_arp",
    "is_group",
    "is_land",
    "tcp_syn_first",
    "tcp_syn_ack",
    "tcp_open",
    "tcp_fin_fwd",
    "tcp_fin_bwd",
    "tcp_rst_fwd",
    "tcp_rst_bwd",
    "tcp_odd_flags",
    "tcp_syn_share",
    "tcp_syns",
    "tcp_ack_only_share",
    "tcp_retransmitted_share",
    "tcp_zero_windows",
    "tcp_urgent_share",
    "tcp_half_open",
    "unreachable",
    "fragment_share",
    "icmp_echo",
    "icmp_error",
    "icmp_reply",
    "size_1",
    "size_2",
    "size_3",
    "size_4",
)
NAMES_AND_ARP: Final = (
    "dns_queries",
    "dns_reply_share",
    "dns_name_length",
    "dns_label_max",
    "dns_labels_max",
    "dns_entropy",
    "dns_entropy_max",
    "dns_digit_share",
    "dns_change_share",
    "dns_rare_share",
    "dns_any_share",
    "dns_missing_share",
    "dns_reply_size",
    "dns_reply_ratio",
    "arp_reply_first",
    "arp_replies_unasked",
    "arp_gratuitous",
    "arp_mac_changes",
    "arp_mac_differs",
)
FLOW: Final = VOLUME + TIMING + TRANSPORT + NAMES_AND_ARP


@lean_part
def share(part: float, whole: float) -> float:
    """A part of a whole (10 at most), 0 where there is nothing."""
    return min(np.float64(part) / np.float64(whole), 10.0) if whole > 0 else 0.0


@lean_kernel
def volume(flow: Flow, out: Row, at: int) -> int:
    """``VOLUME``, written from column ``at`` on; returns the next column."""
    pf, pb = np.float64(flow["packets"][0]), np.float64(flow["packets"][1])
    lf, lb = np.float64(flow["payload"][0]), np.float64(flow["payload"][1])
    nf, nb = np.float64(flow["payload_packets"][0]), np.float64(flow["payload_packets"][1])
    out[at] = log1(pf)
    out[at + 1] = log1(pb)
    out[at + 2] = log1(lf)
    out[at + 3] = log1(lb)
    out[at + 4] = log1(lf / max(nf, 1.0))
    out[at + 5] = log1(lb / max(nb, 1.0))
    out[at + 6] = share(nf, pf)
    out[at + 7] = share(nb, pb)
    out[at + 8] = (lf - lb) / (lf + lb + 1.0)
    out[at + 9] = (pf - pb) / (pf + pb)
    out[at + 10] = np.log((np.float64(flow["bytes"][1]) + 40.0) / (np.float64(flow["bytes"][0]) + 40.0))
    out[at + 11] = _spread(flow, 0)
    out[at + 12] = _spread(flow, 1)
    out[at + 13] = log1(flow["payload_max"][1])
    out[at + 14] = log1(flow["turns"])
    out[at + 15] = share(flow["turns"], nf + nb)
    return at + 16


@lean_kernel
def _spread(flow: Flow, side: int) -> float:
    n = np.float64(flow["packets"][side])
    if n < 2:
        return 0.0
    mean = np.float64(flow["bytes"][side]) / n
    variance = max(np.float64(flow["size_squares"][side]) / n - mean * mean, 0.0)
    return float(np.sqrt(variance) / max(mean, 1.0))


@lean_kernel
def timing(flow: Flow, out: Row, at: int) -> int:
    """``TIMING``. Lengths are logarithms of milliseconds."""
    seconds = np.float64(flow["last"] - flow["first"]) * 1e-9
    packets = np.float64(flow["packets"][0]) + np.float64(flow["packets"][1])
    out[at] = log1(seconds * 1e3)
    out[at + 1] = log1(packets / max(seconds, 0.05))
    for side in range(2):
        n = np.float64(flow["packets"][side]) - 1.0
        mean = flow["gap_mean"][side]
        start = at + 2 + 3 * side
        out[start] = log1(mean * 1e3) if n > 0 else -1.0
        out[start + 1] = min(np.sqrt(max(flow["gap_m2"][side], 0.0) / n) / max(mean, 1e-6), 20.0) if n > 1 else -1.0
    out[at + 4] = log1(np.float64(flow["gap_max"][0]) * 1e3)
    out[at + 7] = log1(flow["pauses"][0] + flow["pauses"][1])
    out[at + 8] = share(flow["pauses"][0] + flow["pauses"][1], packets)
    out[at + 9] = log1(np.float64(flow["response"]) * 1e-6) if flow["response"] >= 0 else -1.0
    out[at + 10] = 1.0 if flow["packets"][1] > 0 else 0.0
    return at + 11


@lean_kernel
def transport(flow: Flow, out: Row, at: int) -> int:
    """``TRANSPORT``."""
    protocol = flow["protocol"]
    tcp, icmp = protocol == 6, protocol in (1, 58)
    state = flow["tcp_state"]
    kind = flow["port"][0]
    pf = np.float64(flow["packets"][0])
    out[at] = 1.0 if tcp else 0.0
    out[at + 1] = 1.0 if protocol == 17 else 0.0
    out[at + 2] = 1.0 if icmp else 0.0
    out[at + 3] = 1.0 if protocol == ARP else 0.0
    out[at + 4] = np.float32((flow["mac"][1] >> np.uint64(40)) & np.uint64(1))
    same = flow["address"][0, 0] == flow["address"][1, 0] and flow["address"][0, 1] == flow["address"][1, 1]
    out[at + 5] = 1.0 if same and protocol != ARP else 0.0
    for bit in range(7):
        out[at + 6 + bit] = 1.0 if state & (1 << bit) else 0.0
    flags = flow["flags"][0]
    bare_fin = flags & 1 and not flags & 16
    out[at + 13] = 1.0 if tcp and (bare_fin or flow["no_flags"] > 0 or (flags & 3) == 3) and not state & 4 else 0.0
    out[at + 14] = share(flow["syns"][0], pf)
    out[at + 15] = log1(flow["syns"][0])
    bare = np.float64(flow["acks"][0]) - np.float64(flow["payload_packets"][0])
    out[at + 16] = share(max(bare, 0.0), pf)
    out[at + 17] = share(flow["retransmissions"][0] + flow["retransmissions"][1], pf + flow["packets"][1])
    out[at + 18] = log1(flow["zero_windows"][0] + flow["zero_windows"][1])
    out[at + 19] = share(flow["urgents"][0], pf)
    out[at + 20] = 1.0 if state & 2 and not state & 4 and not state & 32 else 0.0
    out[at + 21] = log1(flow["unreachable"])
    out[at + 22] = share(flow["fragments"][0] + flow["fragments"][1], pf + flow["packets"][1])
    out[at + 23] = 1.0 if icmp and kind in (8, 128) else 0.0
    out[at + 24] = 1.0 if icmp and (kind in (3, 11) or (protocol == 58 and kind < 5)) else 0.0
    out[at + 25] = 1.0 if icmp and kind in (0, 129) else 0.0
    for i in range(4):
        size = np.float64(flow["sizes"][i]) if i < flow["sizes_count"] else 0.0
        out[at + 26 + i] = log1(size) if size >= 0 else -log1(-size)
    return at + 30


@lean_kernel
def names_and_arp(flow: Flow, out: Row, at: int) -> int:
    """``NAMES_AND_ARP``."""
    queries, replies = np.float64(flow["dns_queries"]), np.float64(flow["dns_replies"])
    out[at] = log1(queries)
    out[at + 1] = share(replies, queries)
    out[at + 2] = share(np.float64(flow["dns_name_bytes"]) * 0.01, queries)
    out[at + 3] = flow["dns_label_max"]
    out[at + 4] = flow["dns_labels_max"]
    out[at + 5] = share(flow["dns_entropy_sum"], queries)
    out[at + 6] = flow["dns_entropy_max"]
    out[at + 7] = share(flow["dns_digits"], flow["dns_name_bytes"])
    out[at + 8] = share(flow["dns_name_changes"], queries)
    out[at + 9] = share(flow["dns_rare_types"], queries)
    out[at + 10] = share(flow["dns_any"], queries)
    out[at + 11] = share(flow["dns_nxdomain"], replies)
    out[at + 12] = log1(np.float64(flow["dns_reply_bytes"]) / max(replies, 1.0))
    out[at + 13] = np.log((np.float64(flow["dns_reply_bytes"]) + 50.0) / (np.float64(flow["dns_name_bytes"]) + 50.0))
    if replies == 0:
        out[at + 13] = 0.0
    arp = flow["protocol"] == ARP
    out[at + 14] = 1.0 if arp and flow["arp_operation"] == 2 else 0.0
    out[at + 15] = log1(max(np.float64(flow["arp_replies"]) - np.float64(flow["arp_requests"]), 0.0))
    out[at + 16] = log1(flow["arp_gratuitous"])
    out[at + 17] = log1(flow["arp_mac_changes"])
    out[at + 18] = 1.0 if arp and flow["mac"][0] != flow["arp_mac"][0] and flow["arp_mac"][0] != 0 else 0.0
    return at + 19
