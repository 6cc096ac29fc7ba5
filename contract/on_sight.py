"""Attacks that can be known on sight: floods and scans, of which an attempt is over with its first frames.

Whoever guesses, tunnels, calls home or asks slowly shows himself by what he does over time, and no detector knows an
attempt of his at its first frame. Of a flood or a scan nothing more comes that could be waited for: how soon an attempt
of it is told is a matter of the detector alone. Latency is therefore told of these apart, beside that of all.
"""

from __future__ import annotations

from typing import Final

ON_SIGHT: Final = frozenset(
    {"syn_flood", "ack_flood", "udp_flood", "icmp_flood", "reflection_amplification", "port_scan", "host_sweep"}
)
"""Ids of those families."""
