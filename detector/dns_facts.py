"""What a DNS message (RFC 1035) adds to its flow. A damaged message adds what could be read of it."""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt

from contract.jit import lean_kernel
from detector.name_hash import name_hash
from detector.packet import Bytes, Int, Record, be16

Letters = npt.NDArray[np.uint16]
_MAX_NAME: Final = 255
_USUAL_TYPES: Final = (1, 2, 6, 12, 28, 33, 65)  # A, NS, SOA, PTR, AAAA, SRV, HTTPS
_ANY: Final = 255


@lean_kernel
def dns_message(flow: Record, letters: Letters, data: Bytes, at: Int, end: Int, length: Int) -> None:
    """Count the message ``data[at:end]`` (``length`` bytes on the wire) to its flow."""
    if end - at < 12 or length < 12:
        return
    flags = be16(data, at + 2)
    questions = be16(data, at + 4)
    if (flags >> 11) & 15 > 5 or questions > 8:
        return  # no opcode of DNS: something else on that port
    if flags & 0x8000:
        flow["dns_replies"] += np.uint32(1)
        flow["dns_reply_bytes"] += np.uint64(length)
        flow["dns_answers"] += np.uint32(be16(data, at + 6))
        rcode = flags & 15
        flow["dns_rcode_last"] = np.uint8(rcode)
        if rcode != 0:
            flow["dns_failed"] += np.uint32(1)
        if rcode == 3:
            flow["dns_nxdomain"] += np.uint32(1)
        return
    flow["dns_queries"] += np.uint32(1)
    if questions > 0:
        _question(flow, letters, data, at + 12, end)


@lean_kernel
def _question(flow: Record, letters: Letters, data: Bytes, start: Int, end: Int) -> None:
    """Name and type of the first question."""
    longest: Int = 0
    at, labels = start, 0
    last, before_last = start, start  # where the last two labels begin
    while at < end and 0 < data[at] < 64 and at - start < _MAX_NAME:
        before_last, last = last, at
        longest = max(longest, np.int64(data[at]))
        labels += 1
        at += np.int64(data[at]) + 1
    stop = min(at, end)
    size = max(min(stop - start - 1, _MAX_NAME), 0)  # as text, without the final dot
    kind = be16(data, at + 1) if at + 3 <= end else 0
    flow["dns_name_bytes"] += np.uint32(size)
    flow["dns_name_max"] = max(flow["dns_name_max"], np.uint8(size))
    flow["dns_labels_max"] = max(flow["dns_labels_max"], np.uint8(labels))
    flow["dns_label_max"] = max(flow["dns_label_max"], np.uint8(longest))
    name = name_hash(data, start, stop)
    if flow["dns_queries"] > 1 and name != flow["asked_hash"]:
        flow["dns_name_changes"] += np.uint32(1)
    flow["asked_hash"] = name
    flow["dns_domain_hash"] = name_hash(data, min(before_last, stop), stop)
    inner = min(before_last if labels > 2 else stop, stop)
    _letters(flow, letters, data, start, inner if labels > 2 else start)
    if flow["dns_queries"] == 1:
        flow["dns_type_first"] = np.uint16(kind)
    if kind == _ANY:
        flow["dns_any"] += np.uint32(1)
    if kind not in _USUAL_TYPES:
        flow["dns_rare_types"] += np.uint32(1)


@lean_kernel
def _letters(flow: Record, counts: Letters, data: Bytes, start: Int, stop: Int) -> None:
    """Entropy and digits of the labels before the last two."""
    total, digits = 0, 0
    at = start
    while at < stop:
        label_end = min(at + 1 + np.int64(data[at]), stop)
        for i in range(at + 1, label_end):
            counts[data[i]] += np.uint16(1)
            total += 1
            digits += 1 if 48 <= data[i] <= 57 else 0
        at = label_end
    flow["dns_digits"] += np.uint32(digits)
    if total == 0:
        return
    entropy = 0.0
    for letter in range(256):
        if counts[letter] > 0:
            share = counts[letter] / total
            entropy -= share * np.log2(share)
            counts[letter] = np.uint16(0)
    flow["dns_entropy_sum"] += np.float32(entropy)
    flow["dns_entropy_max"] = max(flow["dns_entropy_max"], np.float32(entropy))
