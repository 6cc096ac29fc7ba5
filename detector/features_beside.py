"""What rules may ask for beside the model's features: refused logins, who ends a silence, a few marks of protocols.

The model was not fitted with these columns: they stand behind its own, and a rule, a need or an ``[[unless]]`` names
them like any other. None is an address or a port; what a TTL says is only whether a packet was made to die on its way.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from detector.arithmetic import log1
from detector.features_flow import Row, share
from detector.features_payload import Payload
from detector.packet import Record
from detector.rare_facts import TIME_EXCEEDED
from detector.windows_events import LOGINS_REFUSED, STARTS, Flow
from detector.windows_state import CONVERSATION, SERVICE, SRC

UNITS: Final = {
    "tcp_closed": "yes/no",
    "logins_refused": "ln",
    "src_logins_refused_600s": "ln",
    "service_logins_refused_600s": "ln",
    "conversation_logins_refused_600s": "ln",
    "conversation_logins_refused_share": "share",
    "tls_over_reads": "ln",
    "resumed_by_caller": "ln",
    "resumed_by_called": "ln",
    "called_begins_share": "share",
    "called_asks": "ln",
    "called_is_told": "ln",
    "called_told_balance": "share",
    "caller_asks": "ln",
    "caller_is_told": "ln",
    "flow_time_exceeded": "ln",
    "flow_dies_early": "yes/no",
    "src_unaddressed": "yes/no",
    "app_rtp": "yes/no",
    "app_snmp": "yes/no",
    "app_ldap": "yes/no",
    "app_stratum": "yes/no",
    "app_mail": "yes/no",
}
NAMES: Final = tuple(UNITS)
_CLOSING: Final = 8 | 16 | 32 | 64  # bits of tcp_state
_HOPS: Final = 30  # a traced route ends there
_600S: Final = 3


@lean_kernel
def beside(flow: Flow, rare: Record, payload: Payload, counts: npt.NDArray[np.float32], out: Row, at: int) -> int:
    """``NAMES`` from column ``at`` on; returns the next column.

    ``rare`` is the flow's row of ``detector.rare_facts``, ``counts`` (KINDS, 4, COUNTS) those of its entities, faded.
    """
    out[at] = 1.0 if flow["tcp_state"] & _CLOSING else 0.0
    out[at + 1] = log1(flow["logins_refused"])
    for i in range(3):
        kind = SRC if i == 0 else (SERVICE if i == 1 else CONVERSATION)
        out[at + 2 + i] = log1(counts[kind, _600S, LOGINS_REFUSED])
    starts = max(counts[CONVERSATION, _600S, STARTS], np.float32(0.5))
    out[at + 5] = share(counts[CONVERSATION, _600S, LOGINS_REFUSED], starts)
    out[at + 6] = log1(flow["over_reads"])
    at = _exchanges(rare, out, at + 7)
    out[at] = log1(rare["icmp_errors"][TIME_EXCEEDED - 1])
    out[at + 1] = 1.0 if 0 < flow["ttl_first"][0] <= _HOPS else 0.0
    nobody = flow["address"][0, 0] == np.uint64(0) and flow["address"][0, 1] & np.uint64(0xFFFFFFFF) == np.uint64(0)
    out[at + 2] = 1.0 if nobody else 0.0
    return _protocols(flow, payload, out, at + 3)


@lean_kernel
def _exchanges(rare: Record, out: Row, at: int) -> int:
    """Who begins after a second's silence, and what both say then, as means over exchanges."""
    caller, called = np.float64(rare["resumed"][0]), np.float64(rare["resumed"][1])
    out[at] = log1(caller)
    out[at + 1] = log1(called)
    out[at + 2] = share(called, caller + called)
    begun = rare["begun"]
    by_called = max(called - (1.0 if begun == 2 else 0.0), 0.0)  # the present one has not ended
    by_caller = max(caller - (1.0 if begun == 1 else 0.0), 0.0)
    out[at + 3] = log1(np.float64(rare["exchanged"][3]) / max(by_called, 1.0))
    out[at + 4] = log1(np.float64(rare["exchanged"][2]) / max(by_called, 1.0))
    asks, told = np.float64(rare["exchanged"][3]), np.float64(rare["exchanged"][2])
    out[at + 5] = (told - asks) / (told + asks + 1.0)
    out[at + 6] = log1(np.float64(rare["exchanged"][0]) / max(by_caller, 1.0))
    out[at + 7] = log1(np.float64(rare["exchanged"][1]) / max(by_caller, 1.0))
    return at + 8


@lean_kernel
def _protocols(flow: Flow, payload: Payload, out: Row, at: int) -> int:
    fwd, kept = payload[0], int(flow["payload_kept"][0])
    bwd, kept_bwd = payload[1], int(flow["payload_kept"][1])
    tcp, udp = flow["protocol"] == 6, flow["protocol"] == 17
    out[at] = 1.0 if udp and _rtp(fwd, kept) else 0.0
    out[at + 1] = 1.0 if udp and _snmp(fwd, kept) else 0.0
    out[at + 2] = 1.0 if tcp and (_ldap(fwd, kept) or _ldap(bwd, kept_bwd)) else 0.0
    out[at + 3] = 1.0 if tcp and (_stratum(fwd, kept) or _stratum(bwd, kept_bwd)) else 0.0
    out[at + 4] = 1.0 if tcp and (_mail(fwd, kept) or _mailbox(bwd, kept_bwd)) else 0.0
    return at + 5


@lean_kernel
def _rtp(data: Payload, kept: int) -> bool:
    """Version 2 without padding and contributors, a payload type that is in use (RFC 3550, RFC 3551)."""
    if kept < 16 or data[0] & 0xEF != 0x80:
        return False
    kind = data[1] & 0x7F
    return bool(kind <= 34 or kind >= 96)


@lean_kernel
def _snmp(data: Payload, kept: int) -> bool:
    """A message of version 1 or 2c (RFC 1157): a sequence, the version, the community, a request."""
    if kept < 12 or data[0] != 0x30:
        return False
    at = 2 + (int(data[1]) & 0x7F if data[1] & 0x80 else 0)
    if at + 5 >= kept or data[at] != 2 or data[at + 1] != 1 or data[at + 2] > 1 or data[at + 3] != 4:
        return False
    behind = at + 5 + int(data[at + 4])
    return behind < kept and data[behind] >= 0xA0 and data[behind] <= 0xA8


@lean_kernel
def _ldap(data: Payload, kept: int) -> bool:
    """A sequence, a message's number, and a bind or what answers it (RFC 4511)."""
    if kept < 8 or data[0] != 0x30:
        return False
    at = 2 + (int(data[1]) & 0x7F if data[1] & 0x80 else 0)
    if at + 3 >= kept or data[at] != 2 or data[at + 1] > 4:
        return False
    behind = at + 2 + int(data[at + 1])
    return behind < kept and data[behind] in (0x60, 0x61)


@lean_kernel
def _mail(data: Payload, kept: int) -> bool:
    """EHLO or HELO (RFC 5321)."""
    return kept > 4 and data[4] == 32 and data[3] == 79 and ((data[0] == 69 and data[1] == 72) or data[0] == 72)


@lean_kernel
def _mailbox(data: Payload, kept: int) -> bool:
    """``+OK`` of POP3 or ``* OK`` of IMAP."""
    pop = kept > 3 and data[0] == 43 and data[1] == 79 and data[2] == 75
    return pop or (kept > 4 and data[0] == 42 and data[1] == 32 and data[2] == 79 and data[3] == 75)


@lean_kernel
def _stratum(data: Payload, kept: int) -> bool:
    """A line of JSON that speaks of mining: ``mining.`` and ``eth_submit`` are methods, ``"blob"`` is a job."""
    if kept < 24 or data[0] != 0x7B:
        return False
    for i in range(kept - 7):
        a, b, c, d = data[i], data[i + 1], data[i + 2], data[i + 3]
        if a == 109 and b == 105 and c == 110 and d == 105 and data[i + 4] == 110 and data[i + 6] == 46:
            return True
        if a == 98 and b == 108 and c == 111 and d == 98 and data[i + 4] == 34:
            return True
        if a == 101 and b == 116 and c == 104 and d == 95 and data[i + 4] == 115 and data[i + 5] == 117:
            return True
    return False
