"""The catalogue of what is known of a flow when it has ended: statistical facts, computed in arrays from the table.

Each has a name, a unit and a source; ``docs/metering.md`` prints the list. ``fwd`` is the direction of who started the
flow (RFC 5103). Standard deviations are those of the population.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from contract.addresses import mac_column, text_column
from contract.community_id import community_ids
from contract.schemas import ENDED, TIME
from detector.fact import Array, Fact, Look, both, deviation, field_of, look_at, ratio, side_of
from detector.facts import as_bytes
from detector.flow_facts_content import CONTENT
from detector.flow_facts_messages import MESSAGES
from detector.flowtable import BWD, FWD, FlowTable
from detector.rare_facts import ACTIVE_PERIOD, ERROR_NAMES, IDLE_PERIOD

SCHEMA_NAME: Final = "flow-facts/1"
_U8, _U16, _U32, _U64, _F64 = pa.uint8(), pa.uint16(), pa.uint32(), pa.uint64(), pa.float64()
_FLAGS: Final = (
    ("fin", "fins", "IPFIX tcpFinTotalCount (219)"),
    ("syn", "syns", "IPFIX tcpSynTotalCount (218)"),
    ("rst", "resets", "IPFIX tcpRstTotalCount (220)"),
    ("psh", "pushes", "IPFIX tcpPshTotalCount (221)"),
    ("ack", "acks", "IPFIX tcpAckTotalCount (222)"),
    ("urg", "urgents", "IPFIX tcpUrgTotalCount (223)"),
    ("ece", "eces", "RFC 3168"),
    ("cwr", "cwrs", "RFC 3168"),
)


def _address(look: Look, side: int) -> pa.Array:
    return text_column(as_bytes(look.flows["address"][:, side]))


def _mac(look: Look, side: int) -> pa.Array:
    return mac_column(look.flows["mac"][:, side])


def _community(look: Look) -> pa.Array:
    flows = look.flows
    src, dst = as_bytes(flows["address"][:, FWD]), as_bytes(flows["address"][:, BWD])
    return community_ids(src, dst, flows["port"][:, FWD], flows["port"][:, BWD], flows["protocol"])


def _ended(look: Look) -> pa.Array:
    names = pa.array([*ENDED, "", "live"])
    return names.take(pa.array(np.minimum(look.flows["ended"], len(ENDED) + 1).astype(np.int32)))


WHO: Final = (
    Fact("flow_id", _U64, "", "IPFIX flowId (148)", "number of the flow in this run", field_of("flow_id")),
    Fact("community_id", pa.string(), "", "Community ID v1", "the id that Zeek and Suricata give it", _community),
    Fact("src", pa.string(), "", "IPFIX sourceIPv4Address (8), sourceIPv6Address (27)", "who started the flow",
         lambda look: _address(look, FWD)),
    Fact("dst", pa.string(), "", "IPFIX destinationIPv4Address (12), destinationIPv6Address (28)", "the other end",
         lambda look: _address(look, BWD)),
    Fact("src_port", _U16, "", "IPFIX sourceTransportPort (7)", "its port; of ICMP the type of the first message",
         lambda look: look.flows["port"][:, FWD]),
    Fact("dst_port", _U16, "", "IPFIX destinationTransportPort (11)", "the port of the other end; of ICMP the code",
         lambda look: look.flows["port"][:, BWD]),
    Fact("protocol", _U16, "", "IPFIX protocolIdentifier (4)", "IP protocol; of ARP its EtherType 2054",
         field_of("protocol")),
    Fact("ip_version", _U8, "", "IPFIX ipVersion (60)", "4 or 6", field_of("ip_version")),
    Fact("vlan", _U16, "", "IPFIX vlanId (58)", "outermost VLAN of the first frame, 0 where none", field_of("vlan")),
    Fact("src_mac", pa.string(), "", "IPFIX sourceMacAddress (56)", "link address of who started the flow",
         lambda look: _mac(look, FWD)),
    Fact("dst_mac", pa.string(), "", "IPFIX destinationMacAddress (80)", "link address it was sent to",
         lambda look: _mac(look, BWD)),
    Fact("first", TIME, "", "IPFIX flowStartNanoseconds (156)", "time of the first frame", field_of("first")),
    Fact("last", TIME, "", "IPFIX flowEndNanoseconds (157)", "time of the last frame", field_of("last")),
    Fact("duration", _F64, "s", "IPFIX flowDurationMicroseconds (162)", "last minus first", lambda look: look.seconds),
    Fact("ended", pa.string(), "", "IPFIX flowEndReason (136)", f"why the flow ended: {', '.join(ENDED)}", _ended),
)  # fmt: skip


def _header_bytes(look: Look, side: int) -> Array:
    total, payload = look.flows["bytes"][:, side], look.flows["payload"][:, side]
    rest: Array = total - np.minimum(payload, total)
    return rest


def _size_mean(look: Look, side: int) -> Array:
    return ratio(look.flows["bytes"][:, side], look.flows["packets"][:, side])


def _size_std(look: Look, side: int) -> Array:
    flows = look.flows
    return deviation(flows["bytes"][:, side], flows["size_squares"][:, side], flows["packets"][:, side])


SIZES: Final = (
    *both("packets", _U32, "packets", "IPFIX packetDeltaCount (2)", "packets", side_of("packets")),
    *both("bytes", _U64, "bytes", "IPFIX octetDeltaCount (1)", "bytes from the IP header on", side_of("bytes")),
    *both("payload", _U64, "bytes", "", "bytes behind the transport header", side_of("payload")),
    *both("header_bytes", _U64, "bytes", "", "bytes of IP and transport headers", _header_bytes),
    *both("payload_packets", _U32, "packets", "", "packets with payload", side_of("payload_packets")),
    *both("size_mean", _F64, "bytes", "", "mean packet size", _size_mean),
    *both("size_std", _F64, "bytes", "IPFIX octetDeltaSumOfSquares (198)", "deviation of packet sizes", _size_std),
    *both("size_min", _U16, "bytes", "IPFIX minimumIpTotalLength (25)", "smallest packet", side_of("size_min")),
    *both("size_max", _U16, "bytes", "IPFIX maximumIpTotalLength (26)", "largest packet", side_of("size_max")),
    *both("payload_mean", _F64, "bytes", "", "mean payload of the packets that have any",
          lambda look, side: ratio(look.flows["payload"][:, side], look.flows["payload_packets"][:, side])),
    *both("payload_max", _U16, "bytes", "", "largest payload of a packet", side_of("payload_max")),
    Fact("size_mean", _F64, "bytes", "", "mean packet size, both directions",
         lambda look: ratio(look.flows["bytes"].sum(axis=1), look.flows["packets"].sum(axis=1))),
    Fact("size_std", _F64, "bytes", "", "deviation of packet sizes, both directions",
         lambda look: deviation(*(look.flows[name].sum(axis=1) for name in ("bytes", "size_squares", "packets")))),
    Fact("packets_per_s", _F64, "1/s", "", "packets a second, both directions; 0 of an instant",
         lambda look: ratio(look.flows["packets"].sum(axis=1), look.seconds)),
    Fact("bytes_per_s", _F64, "bytes/s", "", "bytes a second, both directions; 0 of an instant",
         lambda look: ratio(look.flows["bytes"].sum(axis=1), look.seconds)),
    Fact("down_up_ratio", _F64, "", "", "packets back for each packet forth",
         lambda look: ratio(look.flows["packets"][:, BWD], look.flows["packets"][:, FWD])),
    *both("fragments", _U32, "packets", "IPFIX fragmentFlags (197)", "IP fragments", side_of("fragments")),
    *both("ttl", _U8, "hops", "IPFIX ipTTL (192)", "TTL or hop limit of the first packet", side_of("ttl_first")),
)  # fmt: skip


def _gap_std(look: Look, side: int) -> Array:
    gaps = look.flows["packets"][:, side].astype(np.int64) - 1
    return np.sqrt(ratio(look.flows["gap_m2"][:, side], gaps))


def _seconds_or_nan(values: Array) -> Array:
    """Nanoseconds as seconds, nan where they are negative: not seen."""
    return np.where(values < 0, np.nan, values * 1e-9)


def _periods(which: int, what: str) -> Callable[[Look], Array]:
    """Count, mean, deviation, least or most of the active or idle periods; the running active one is counted in."""

    def compute(look: Look) -> Array:
        rare = look.rare
        count = rare["period_count"][:, which].astype(np.float64)
        mean, m2 = rare["period_mean"][:, which].copy(), rare["period_m2"][:, which].copy()
        least, most = rare["period_min"][:, which].astype(float), rare["period_max"][:, which].astype(float)
        if which == ACTIVE_PERIOD:
            began = np.where(count > 0, rare["active_since"], look.flows["first"])
            running = np.maximum(look.flows["last"] - began, 0) * 1e-9
            least = np.where(count > 0, np.minimum(least, running), running)
            most = np.maximum(most, running)
            count += 1
            away = running - mean
            mean += away / count
            m2 += away * (running - mean)
        values: Array = {
            "count": count, "mean": mean, "std": np.sqrt(ratio(m2, count)), "min": least, "max": most
        }[what]  # fmt: skip
        return values

    return compute


def _period_facts(name: str, which: int, meaning: str) -> list[Fact]:
    words = {
        "count": "how many",
        "mean": "mean length of",
        "std": "deviation of",
        "min": "shortest of",
        "max": "longest of",
    }
    return [
        Fact(f"{name}_{what}", _U32 if what == "count" else _F64, "" if what == "count" else "s", "CICFlowMeter",
             f"{word} {meaning}", _periods(which, what))
        for what, word in words.items()
    ]  # fmt: skip


TIMES: Final = (
    *both("gap_mean", _F64, "s", "", "mean time between packets of one direction", side_of("gap_mean")),
    *both("gap_std", _F64, "s", "", "deviation of those times", _gap_std),
    *both("gap_min", _F64, "s", "", "shortest of those times", side_of("gap_min")),
    *both("gap_max", _F64, "s", "", "longest of those times", side_of("gap_max")),
    *both("pauses", _U32, "", "", "of those times, how many above a second", side_of("pauses")),
    *_period_facts("active", ACTIVE_PERIOD, "periods without a silence above 5 s"),
    *_period_facts("idle", IDLE_PERIOD, "silences above 5 s"),
    Fact("response", _F64, "s", "", "from the first packet to the first answer; nan where there was none",
         lambda look: _seconds_or_nan(look.flows["response"])),
    Fact("turns", _U32, "", "", "how often the side that sends payload changed", field_of("turns")),
)  # fmt: skip


def _flag_counts() -> list[Fact]:
    facts = []
    for name, counted, source in _FLAGS:
        facts += both(f"tcp_{name}", _U32, "packets", source, f"packets with {name.upper()}", side_of(counted))
    return facts


def _errors(at: int) -> Callable[[Look], Array]:
    def compute(look: Look) -> Array:
        counts: Array = look.rare["icmp_errors"][:, at]
        return counts

    return compute


TCP: Final = (
    *both("tcp_flags", _U8, "", "IPFIX tcpControlBits (6)", "all flags seen, ORed", side_of("flags")),
    *_flag_counts(),
    Fact("tcp_no_flags", _U32, "packets", "", "packets without any flag", field_of("no_flags")),
    *both("tcp_mss", _U16, "bytes", "RFC 9293 3.7.1", "MSS option of the SYN", side_of("mss")),
    *both("tcp_window_first", _U16, "bytes", "IPFIX tcpWindowSize (186)", "first window", side_of("window_first")),
    *both("tcp_window_min", _U16, "bytes", "", "least window without SYN and RST (65535: none)", side_of("window_min")),
    *both("tcp_zero_windows", _U32, "packets", "RFC 9293 3.8.6", "closed windows", side_of("zero_windows")),
    *both("tcp_retransmissions", _U32, "packets", "", "packets whose bytes were all seen", side_of("retransmissions")),
    *both("tcp_out_of_order", _U32, "packets", "", "packets that leave a hole", side_of("out_of_order")),
    *both("tcp_rtt", _F64, "s", "", "round trip in the handshake, from where we listen",
          lambda look, side: _seconds_or_nan(look.flows["rtt"][:, side])),
)  # fmt: skip
ERRORS: Final = tuple(
    Fact(
        f"icmp_{name}",
        _U32,
        "messages",
        "RFC 792, RFC 4443",
        f"ICMP errors of class {name} that quote the flow",
        _errors(at),
    )
    for at, name in enumerate(ERROR_NAMES)
)

CATALOGUE: Final = (*WHO, *SIZES, *TIMES, *TCP, *ERRORS, *CONTENT, *MESSAGES)
FLOW_FACTS: Final = pa.schema(
    [pa.field(fact.name, fact.type, metadata={"unit": fact.unit, "source": fact.source}) for fact in CATALOGUE],
    metadata={"tenfold.schema": SCHEMA_NAME},
)


def facts_of_flows(table: FlowTable, slots: npt.NDArray[np.int32]) -> pa.RecordBatch:
    """All facts of the flows in these slots, one row each, as a batch of ``FLOW_FACTS``."""
    look = look_at(table, slots)
    return pa.record_batch([_column(fact, look) for fact in CATALOGUE], schema=FLOW_FACTS)


def _column(fact: Fact, look: Look) -> pa.Array:
    values = fact.compute(look)
    if isinstance(values, pa.Array):
        return values.cast(fact.type)
    values = np.ascontiguousarray(values)
    if pa.types.is_timestamp(fact.type):
        return pa.array(values).view(fact.type)
    return pa.array(values.astype(fact.type.to_pandas_dtype(), copy=False), fact.type)
