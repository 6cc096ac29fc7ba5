"""Features of what is said: which protocol the first 128 bytes of each direction are, how they look, requests counted.

The protocol is read from the bytes and not from the port, so that a login service on an odd port is seen as one.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel, lean_part
from detector.arithmetic import log1
from detector.features_flow import Row, share
from detector.windows_events import Flow, http_status, is_http_request, is_reply

Payload = npt.NDArray[np.uint8]

NAMES: Final = (
    "app_http",
    "app_http_post",
    "app_http_error",
    "app_http_answered",
    "app_http_unfinished",
    "app_tls",
    "app_ssh",
    "app_banner",
    "app_telnet",
    "app_smb",
    "app_rdp",
    "app_reply_first",
    "app_login_words",
    "text_share_fwd",
    "text_share_bwd",
    "variety_fwd",
    "variety_bwd",
    "sign_count",
    "sign_escapes",
    "sign_query",
    "http_requests",
    "http_refused_share",
    "app_http_open",
    "app_mqtt",
    "port_iot",
    "port_high_both",
    "port_known_source",
)


@lean_kernel
def payload_features(flow: Flow, payload: Payload, out: Row, at: int) -> int:
    """``NAMES`` from column ``at`` on; returns the next column. ``payload`` is ``(2, 128)``."""
    kept_fwd, kept_bwd = int(flow["payload_kept"][0]), int(flow["payload_kept"][1])
    fwd, bwd = payload[0], payload[1]
    tcp = flow["protocol"] == 6
    http = is_http_request(fwd, kept_fwd)
    status = http_status(bwd, kept_bwd)
    out[at] = 1.0 if http else 0.0
    out[at + 1] = 1.0 if http and fwd[0] == 80 and fwd[1] == 79 else 0.0
    out[at + 2] = 1.0 if status == 4 else 0.0
    out[at + 3] = 1.0 if status > 0 else 0.0
    out[at + 4] = 1.0 if http and flow["payload"][1] == 0 else 0.0
    out[at + 5] = 1.0 if tcp and (_tls(fwd, kept_fwd) or _tls(bwd, kept_bwd)) else 0.0
    out[at + 6] = 1.0 if _begins(fwd, kept_fwd, 83, 83, 72) or _begins(bwd, kept_bwd, 83, 83, 72) else 0.0
    out[at + 7] = 1.0 if _begins(bwd, kept_bwd, 50, 50, 48) else 0.0
    out[at + 8] = (
        1.0
        if tcp
        and ((kept_bwd > 2 and bwd[0] == 255 and bwd[1] > 239) or (kept_fwd > 2 and fwd[0] == 255 and fwd[1] > 239))
        else 0.0
    )
    out[at + 9] = 1.0 if kept_fwd > 8 and (fwd[4] == 255 or fwd[4] == 254) and fwd[5] == 83 and fwd[6] == 77 else 0.0
    out[at + 10] = 1.0 if tcp and kept_fwd > 6 and fwd[0] == 3 and fwd[1] == 0 and fwd[5] == 0xE0 else 0.0
    out[at + 11] = 1.0 if flow["protocol"] == 17 and is_reply(fwd, kept_fwd, flow["port"][0]) else 0.0
    out[at + 12] = 1.0 if tcp and (_login(bwd, kept_bwd) or _login(fwd, kept_fwd)) else 0.0
    _look(fwd, kept_fwd, out, at + 13, at + 15)
    _look(bwd, kept_bwd, out, at + 14, at + 16)
    out[at + 17] = flow["http_signs"]
    out[at + 18] = 0.0
    out[at + 19] = 0.0
    if http:
        _request(fwd, kept_fwd, out, at + 18)
    out[at + 20] = log1(flow["http_requests"])
    out[at + 21] = share(flow["http_refused"], flow["http_requests"])
    out[at + 22] = flow["http_open"]
    out[at + 23] = 1.0 if tcp and kept_fwd > 8 and fwd[0] == 16 and _mqtt(fwd) else 0.0
    _ports(flow, out, at + 24)
    return at + 27


@lean_kernel
def _begins(data: Payload, kept: int, a: int, b: int, c: int) -> bool:
    return kept > 3 and data[0] == a and data[1] == b and data[2] == c


@lean_kernel
def _tls(data: Payload, kept: int) -> bool:
    return kept > 5 and data[0] >= 20 and data[0] <= 23 and data[1] == 3 and data[2] <= 4


@lean_kernel
def _login(data: Payload, kept: int) -> bool:
    """``ogin`` or ``assw`` or ``USER`` in a first message."""
    for i in range(kept - 3):
        a, b, c, d = data[i], data[i + 1], data[i + 2], data[i + 3]
        if (a == 111 and b == 103 and c == 105 and d == 110) or (a == 97 and b == 115 and c == 115 and d == 119):
            return True
        if a == 85 and b == 83 and c == 69 and d == 82:
            return True
    return False


@lean_part
def _ones(word: np.uint64) -> int:
    """How many bits are set: sums of neighbours, of pairs, of fours, then of all bytes by one product."""
    word = word - ((word >> np.uint64(1)) & np.uint64(0x5555555555555555))
    word = (word & np.uint64(0x3333333333333333)) + ((word >> np.uint64(2)) & np.uint64(0x3333333333333333))
    word = (word + (word >> np.uint64(4))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    return int((word * np.uint64(0x0101010101010101)) >> np.uint64(56))


@lean_kernel
def _look(data: Payload, kept: int, out: Row, text_at: int, variety_at: int) -> None:
    """Share of printable bytes and of distinct values among those kept, -1 where there are none."""
    if kept == 0:
        out[text_at] = -1.0
        out[variety_at] = -1.0
        return
    none = np.uint64(0)
    first, second, third, fourth = none, none, none, none  # a bit for each byte value
    text = 0
    for i in range(kept):
        byte = np.uint64(data[i])
        text += int(((byte >= 32) & (byte < 127)) | (byte == 9) | (byte == 10) | (byte == 13))
        bit = np.uint64(1) << (byte & np.uint64(63))
        quarter = byte >> np.uint64(6)  # no branch: in what is encrypted it could only be guessed
        first |= bit if quarter == 0 else none
        second |= bit if quarter == 1 else none
        third |= bit if quarter == 2 else none
        fourth |= bit if quarter == 3 else none
    different = _ones(first) + _ones(second) + _ones(third) + _ones(fourth)
    out[text_at] = share(text, kept)
    out[variety_at] = share(different, kept)


@lean_kernel
def _request(data: Payload, kept: int, out: Row, at: int) -> None:
    """The share of ``%`` escapes in the first request line, and whether it has a query."""
    end = 0
    escapes, query = 0, False
    while end < kept and data[end] != 13 and data[end] != 10:
        escapes += data[end] == 37
        query = query or data[end] == 63
        end += 1
    out[at] = share(escapes, end)
    out[at + 1] = 1.0 if query else 0.0


@lean_kernel
def _mqtt(data: Payload) -> bool:
    """``MQ`` behind a CONNECT's length of one or two bytes and that of its protocol name (MQTT 3.1.1 section 3.1)."""
    return bool((data[4] == 77 and data[5] == 81) or (data[5] == 77 and data[6] == 81))


@lean_kernel
def _ports(flow: Flow, out: Row, at: int) -> None:
    """Classes of ports only: services of things, both ports high, a service that speaks first."""
    source, target = flow["port"][0], flow["port"][1]
    ported = flow["protocol"] == 6 or flow["protocol"] == 17
    iot = target in (23, 2323, 7547, 37215, 5555, 52869, 60001, 5358, 81)
    out[at] = 1.0 if ported and iot else 0.0
    out[at + 1] = 1.0 if ported and source >= 1024 and target >= 1024 else 0.0
    out[at + 2] = 1.0 if ported and source < 1024 and source > 0 and target >= 1024 else 0.0
