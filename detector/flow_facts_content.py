"""The part of the catalogue that tells of what a flow carries: first sizes, entropy, DNS, ARP."""

from __future__ import annotations

from typing import Final

import numpy as np
import pyarrow as pa

from detector.fact import Array, Fact, Look, both, field_of, ratio
from detector.flowtable import FIRST_SIZES, PAYLOAD_BYTES

_U16, _U32, _U64, _F64 = pa.uint16(), pa.uint32(), pa.uint64(), pa.float64()
_ROWS: Final = 4096  # rows whose bytes are counted at a time
_LOG: Final = np.arange(PAYLOAD_BYTES + 1) * np.log2(np.maximum(np.arange(PAYLOAD_BYTES + 1), 1))


def _entropy(look: Look, side: int) -> Array:
    """Shannon's entropy of the kept bytes, nan where there are none."""
    kept = look.flows["payload_kept"][:, side].astype(np.int64)
    found = np.full(len(kept), np.nan)
    for low in range(0, len(kept), _ROWS):
        part = kept[low : low + _ROWS]
        row, at = np.nonzero(np.arange(PAYLOAD_BYTES) < part[:, None])
        places = row * 256 + look.payload[low : low + _ROWS, side][row, at]
        counts = np.bincount(places, minlength=len(part) * 256).reshape(len(part), 256)
        some = part > 0
        entropy = np.log2(np.maximum(part, 1)) - _LOG[counts].sum(axis=1) / np.maximum(part, 1)
        found[low : low + _ROWS][some] = np.maximum(entropy[some], 0.0)
    return found


def _sizes(look: Look) -> pa.Array:
    counts = look.flows["sizes_count"].astype(np.int64)
    offsets = np.zeros(len(counts) + 1, np.int32)
    np.cumsum(counts, out=offsets[1:])
    values = look.flows["sizes"][np.arange(FIRST_SIZES) < counts[:, None]]
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(values, pa.int16()))


def _dns(name: str, kind: pa.DataType, unit: str, source: str, meaning: str) -> Fact:
    return Fact(name, kind, unit, source, meaning, field_of(name))


CONTENT: Final = (
    Fact("first_sizes", pa.list_(pa.int16()), "bytes", "", f"first {FIRST_SIZES} payloads, "
         "repeats left out; negative: backwards", _sizes),
    *both("payload_entropy", _F64, "bits/byte", "Shannon 1948", f"entropy of the first {PAYLOAD_BYTES} payload bytes; "
          "nan where none", _entropy),
    _dns("dns_queries", _U32, "messages", "RFC 1035", "queries"),
    _dns("dns_replies", _U32, "messages", "RFC 1035", "replies"),
    Fact("dns_name_length", _F64, "bytes", "RFC 1035", "mean length of the names asked for",
         lambda look: ratio(look.flows["dns_name_bytes"], look.flows["dns_queries"])),
    Fact("dns_entropy", _F64, "bits/char", "", "mean entropy of those names without their last two labels",
         lambda look: ratio(look.flows["dns_entropy_sum"], look.flows["dns_queries"])),
    _dns("dns_type_first", _U16, "", "RFC 1035 3.2.2", "type of the first question"),
    _dns("dns_rcode_last", pa.uint8(), "", "RFC 1035 4.1.1", "code of the last reply"),
    _dns("dns_nxdomain", _U32, "messages", "RFC 1035", "replies that there is no such name"),
    _dns("dns_failed", _U32, "messages", "RFC 1035", "replies with any code but 0"),
    _dns("dns_answers", _U32, "records", "RFC 1035", "answers announced by the replies"),
    _dns("dns_reply_bytes", _U64, "bytes", "RFC 1035", "bytes of the replies"),
    _dns("dns_name_changes", _U32, "", "", "queries for another name than the query before"),
    _dns("arp_requests", _U32, "messages", "RFC 826", "requests"),
    _dns("arp_replies", _U32, "messages", "RFC 826", "replies"),
    _dns("arp_gratuitous", _U32, "messages", "RFC 5227", "messages whose sender and target are one address"),
    _dns("arp_mac_changes", _U32, "", "", "how often a side claimed another link address than before"),
)  # fmt: skip
