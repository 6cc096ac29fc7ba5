"""What one tick brought to one flow, in the terms that the windows count."""

from __future__ import annotations

from typing import Any, Final, NamedTuple

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from contract.schemas import ARP
from detector.arithmetic import log1
from detector.name_hash import fnv1a

# counts of an entity (``Windows.counts``)
STARTS: Final = 0
ANSWERED: Final = 1  # flows whose other side sent anything
REFUSED: Final = 2  # reset before any payload, or unreachable
PACKETS_FWD: Final = 3
PACKETS_BWD: Final = 4
BYTES_FWD: Final = 5
BYTES_BWD: Final = 6
SYNS: Final = 7  # TCP flows begun with SYN
OPENED: Final = 8  # TCP handshakes done
CLOSES: Final = 9  # FIN or RST seen, or a first reply where there are no connections
ASKED: Final = 10  # flows in which the starter sent payload
TOLD: Final = 11  # flows in which the other side did
ODD: Final = 12  # TCP flows that begin without SYN
DNS_QUERIES: Final = 13
DNS_CHANGES: Final = 14
DNS_MISSING: Final = 15
DNS_BYTES: Final = 16
DNS_ENTROPY: Final = 17
HTTP: Final = 18  # HTTP requests
HTTP_ERRORS: Final = 19  # ... refused with a status of 4xx
ARP_REQUESTS: Final = 20
ARP_REPLIES: Final = 21
REPLY_FIRST: Final = 22  # flows whose first message is an answer to nothing that was seen
LOGINS_REFUSED: Final = 23  # answers that refuse a login
MAC_CONFLICTS: Final = 24  # set by windows._claims; stays the last one
COUNTS: Final = 25

_TCP: Final = 6
_UDP: Final = 17
_FIN: Final = 1
_SYN: Final = 2
_RST: Final = 4
_CLOSING: Final = 8 | 16 | 32 | 64  # bits of tcp_state


Flow = Any  # one record of detector.flowtable.FLOW, as numba sees it
Before = Any  # one record of detector.flowtable.BEFORE: the same flow as of the last tick


class Event(NamedTuple):
    """One flow's tick."""

    started: bool
    closed: bool
    when: int  # ns of the last frame
    payload_fwd: np.float32
    payload_bwd: np.float32
    sent: float  # ln(1 + payload) of the whole flow, either way
    got: float
    turns: float
    message: np.uint64  # hash of a name asked for, or of the first message, 0 where none is new


@lean_kernel
def describe(flow: Flow, before: Before, payload: npt.NDArray[np.uint8], gains: npt.NDArray[np.float32]) -> Event:
    """Read the tick's changes of one flow; ``gains`` (COUNTS,) is overwritten with what to add to each count."""
    gains[:] = np.float32(0.0)
    started = flow["fresh"] == 1
    group = (flow["mac"][1] >> np.uint64(40)) & np.uint64(1) == np.uint64(1) and flow["protocol"] != ARP
    tcp = flow["protocol"] == _TCP
    replied = flow["packets"][1] > 0 and before["packets"][1] == 0
    refused = _refused(flow, before)
    if started:
        gains[STARTS] = 1.0
        gains[SYNS] = 1.0 if tcp and flow["tcp_state"] & 1 else 0.0
        gains[ODD] = 1.0 if tcp and not flow["tcp_state"] & 3 else 0.0
        if group:  # nobody answers a multicast: it says nothing about the sender
            gains[ANSWERED] = 1.0
    if replied and not group:
        gains[ANSWERED] = 1.0
    gains[REFUSED] = 1.0 if refused else 0.0
    for side in range(2):
        gains[PACKETS_FWD + side] = flow["packets"][side] - before["packets"][side]
        gains[BYTES_FWD + side] = np.float32(flow["bytes"][side] - before["bytes"][side])
    if tcp and flow["tcp_state"] & 4 and not before["tcp_state"] & 4:
        gains[OPENED] = 1.0
    closed = replied and not tcp
    if tcp:
        closed = (flow["tcp_state"] & _CLOSING) != 0 and (before["tcp_state"] & _CLOSING) == 0
    gains[CLOSES] = 1.0 if closed else 0.0
    asked = flow["payload"][0] > 0 and before["payload"][0] == 0
    told = flow["payload"][1] > 0 and before["payload"][1] == 0
    _messages(flow, before, payload, gains, int(asked), int(told))
    message = np.uint64(0)
    if flow["dns_queries"] > before["dns_queries"] or flow["http_requests"] > before["http_requests"]:
        message = flow["asked_hash"]
    elif asked:
        message = first_words(payload[0], int(flow["payload_kept"][0]))
    return Event(
        started,
        closed,
        flow["last"],
        np.float32(flow["payload"][0] - before["payload"][0]),
        np.float32(flow["payload"][1] - before["payload"][1]),
        log1(flow["payload"][0]),
        log1(flow["payload"][1]),
        np.float64(flow["turns"]),
        message,
    )


@lean_kernel
def _refused(flow: Flow, before: Before) -> bool:
    if flow["unreachable"] > 0 and before["unreachable"] == 0:
        return True
    reset = flow["flags"][1] & _RST and not before["flags"][1] & _RST
    return bool(reset) and flow["payload"][1] == 0


@lean_kernel
def _messages(
    flow: Flow,
    before: Before,
    payload: npt.NDArray[np.uint8],
    gains: npt.NDArray[np.float32],
    asked: int,
    told: int,
) -> None:
    gains[ASKED] = 1.0 if asked else 0.0
    gains[TOLD] = 1.0 if told else 0.0
    gains[DNS_QUERIES] = flow["dns_queries"] - before["dns_queries"]
    gains[DNS_CHANGES] = flow["dns_name_changes"] - before["dns_name_changes"]
    gains[DNS_MISSING] = flow["dns_nxdomain"] - before["dns_nxdomain"]
    gains[DNS_BYTES] = flow["dns_name_bytes"] - before["dns_name_bytes"]
    gains[DNS_ENTROPY] = flow["dns_entropy_sum"] - before["dns_entropy_sum"]
    gains[LOGINS_REFUSED] = flow["logins_refused"] - before["logins_refused"]
    gains[HTTP] = flow["http_requests"] - before["http_requests"]
    gains[HTTP_ERRORS] = flow["http_refused"] - before["http_refused"]
    gains[ARP_REQUESTS] = flow["arp_requests"] - before["arp_requests"]
    gains[ARP_REPLIES] = flow["arp_replies"] - before["arp_replies"]
    if asked and flow["protocol"] == _UDP and is_reply(payload[0], int(flow["payload_kept"][0]), flow["port"][0]):
        gains[REPLY_FIRST] = 1.0


@lean_kernel
def first_words(payload: npt.NDArray[np.uint8], kept: int) -> np.uint64:
    """A hash (FNV-1a) of the first 48 bytes of a message."""
    return np.uint64(fnv1a(payload, 0, min(kept, 48)))


@lean_kernel
def is_http_request(payload: npt.NDArray[np.uint8], kept: int) -> bool:
    """Whether a message begins like ``GET /`` or ``POST /``: capital letters, a space, then a slash, ``*`` or ``h``."""
    for i in range(min(kept - 1, 16)):
        byte = payload[i]
        if byte == 32:
            return i >= 3 and (payload[i + 1] == 47 or payload[i + 1] == 42 or payload[i + 1] == 104)
        if byte < 65 or byte > 90:
            return False
    return False


@lean_kernel
def http_status(payload: npt.NDArray[np.uint8], kept: int) -> int:
    """The first digit of an HTTP status line's code, 0 where the message is none."""
    if kept < 12 or payload[0] != 72 or payload[1] != 84 or payload[2] != 84 or payload[3] != 80 or payload[4] != 47:
        return 0
    return int(payload[9]) - 48


@lean_kernel
def is_reply(payload: npt.NDArray[np.uint8], kept: int, source_port: int) -> bool:
    """Whether a first UDP message is an answer: DNS, DHCP, NTP, SNMP, SSDP, memcached, CLDAP or CHARGEN-like."""
    if kept < 4:
        return False
    if source_port in (53, 5353):
        return bool(payload[2] >= 128)
    if payload[0] == 72 and payload[1] == 84 and payload[2] == 84 and payload[3] == 80:  # SSDP: HTTP/1.1 200 OK
        return True
    if source_port == 67:  # what was asked came from 0.0.0.0, another flow
        return bool(payload[0] == 2)
    if source_port == 137:  # both sides of NetBIOS' names use the port (RFC 1002): the first bit tells
        return bool(payload[2] >= 128)
    if source_port == 123:
        mode = payload[0] & 7
        return bool(mode == 4 or (mode in (6, 7) and payload[0 if mode == 7 else 1] >= 128))
    if source_port == 161 and payload[0] == 48:  # SNMP: GetResponse is context tag 2
        for i in range(2, min(kept, 48)):  # noqa: SIM110 - numba knows no any() over a generator
            if payload[i] == 0xA2:
                return True
        return False
    return source_port in (19, 17, 111, 389, 1900, 3702, 5683, 11211, 27960, 3283, 10001, 37810)
