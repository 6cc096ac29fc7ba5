"""Suricata's EVE JSON: ``alert`` and ``flow`` events, as EveBox, Elastic, Splunk and others read them.

What EVE has no key for stands in ``alert.context.tenfold``, the place that EVE leaves open. A detection is an ``alert``
about one flow; an alert is one about its first sample flow, with all that is known of the incident in the context.
Verdicts that call a flow ordinary are no alerts: they are left out.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from contract.addresses import column_to_array, is_mapped, text_column
from contract.clock import iso
from contract.community_id import community_ids
from contract.families import ATTACK_VERSION, BENIGN, catalogue
from contract.schemas import ENDED
from store.formats import words
from store.formats.base import ALERTS, DETECTIONS, FLOWS, Format, Origin
from store.formats.columns import (
    Piece,
    column,
    distinct,
    instants,
    json_lines,
    json_text,
    lines,
    numbers,
    plain,
    quoted,
    where,
)

_ZONE: Final = "+0000"
_GID: Final = 990
_FLAGS: Final = ("fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr")
_REASONS: Final = {"idle": "timeout", "fin": "timeout", "rst": "timeout", "end_of_input": "shutdown"}
_FIN, _RST, _ACK = 1, 4, 16
_KEPT: Final = (
    "alert_id", "family", "group", "severity", "severity_reason", "confidence", "attackers", "victims", "ports",
    "attackers_total", "victims_total", "ports_total", "flows", "packets", "bytes", "rate", "evidence", "open",
    "revision", "direction", "allowed", "muted", "sample_flows",
)  # fmt: skip
_Mask = npt.NDArray[np.bool_]
Json = dict[str, Any]


def alert_lines(documents: list[Json], origin: Origin) -> bytes:
    """Alerts of the store as ``alert`` events."""
    return json_lines([alert_event(document, origin) for document in documents])


def alert_event(document: Json, origin: Origin) -> Json:
    """One alert of the store as an ``alert`` event."""
    sample = words.samples(document)[0]
    severity, family = document["severity"], document["family"]
    event: Json = {"timestamp": stamp(document["decided"] or document["first_seen"])}
    if sample.get("flow_id"):
        event["flow_id"] = sample["flow_id"]
    event |= _fixed(origin) | {"event_type": "alert"} | _ends(sample)
    if sample.get("community_id"):
        event["community_id"] = sample["community_id"]
    attackers = document["attackers"]
    event["direction"] = "to_client" if sample["dst"] in attackers and sample["src"] not in attackers else "to_server"
    event["alert"] = _rule(family, severity, document["confidence"])
    event["alert"]["context"] = {"tenfold": _context(document, origin)}
    event["flow"] = {
        "start": stamp(document["first_seen"]),
        "src_ip": sample["src"],
        "dest_ip": sample["dst"],
    }
    if sample["protocol"] in words.PORTED:
        event["flow"] |= {"src_port": sample["src_port"], "dest_port": sample["dst_port"]}
    return event


def _ends(sample: Json) -> Json:
    protocol, src_port, dst_port = sample["protocol"], sample["src_port"], sample["dst_port"]
    found: Json = {"src_ip": sample["src"]}
    if protocol in words.PORTED:
        found["src_port"] = src_port
    found["dest_ip"] = sample["dst"]
    if protocol in words.PORTED:
        found["dest_port"] = dst_port
    found["proto"] = words.protocol_word(protocol)
    if protocol in words.ICMP:
        found |= {"icmp_type": src_port, "icmp_code": dst_port}
    found["ip_v"] = 6 if ":" in sample["src"] else 4
    service = words.service(protocol, src_port, dst_port)
    return found | ({"app_proto": service} if service else {})


def _context(document: Json, origin: Origin) -> Json:
    found = {name: document[name] for name in _KEPT if document.get(name) not in ("", None)}
    found["first_seen"], found["last_seen"] = iso(document["first_seen"]), iso(document["last_seen"])
    for name in ("raised_ns", "committed_ns"):
        if document.get(name):
            found[name.removesuffix("_ns")] = iso(document[name])
    return found | {"attack_version": ATTACK_VERSION} | ({"run": origin.run} if origin.run else {})


def _rule(family: str, severity: str, confidence: float) -> Json:
    known = catalogue().get(family)
    attack = words.attack(family)
    metadata = {
        "signature_severity": [words.RULE_SEVERITY[severity]],
        "confidence": [words.confidence_word(confidence)],
    }
    if attack:
        metadata |= {
            "mitre_tactic_id": [attack["tactic"]],
            "mitre_tactic_name": [attack["tactic_name"]],
            "mitre_technique_id": [attack["technique"]],
            "mitre_technique_name": [attack["technique_name"]],
        }
    return {
        "action": "allowed",
        "gid": _GID,
        "signature_id": words.rule_number(family),
        "rev": 1,
        "signature": words.rule_title(family),
        "category": words.group_words(known.group)[1] if known else "",
        "severity": words.EVE_SEVERITY[severity],
        "metadata": metadata,
    }


def detection_lines(table: pa.Table, origin: Origin) -> bytes:
    """Verdicts of attacks as ``alert`` events."""
    table = table.filter(pc.not_equal(table.column("family").cast(pa.string()), BENIGN))
    if not table.num_rows:
        return b""
    keys = _Keys(table)
    family = column(table, "family").cast(pa.string()).dictionary_encode()
    names = family.dictionary.to_pylist()
    score = plain(table, "score").astype(np.float64)
    sure = np.digitize(score, (0.6, 0.9))
    of_run = f',"run":{json_text(origin.run)}' if origin.run else ""

    def rule(code: int) -> str:
        name = names[code // 3]
        known = catalogue().get(name)
        severity = words.group_words(known.group)[0] if known else "medium"
        found = _rule(name, severity, (0.0, 0.6, 0.9)[code % 3])
        group = known.group if known else name
        return f'{json_text(found)[:-1]},"context":{{"tenfold":{{"family":{json_text(name)},"group":{json_text(group)}'

    alert_id = plain(table, "alert_id")
    pieces: list[Piece] = [
        '{"timestamp":"', instants(plain(table, "decided"), _ZONE), '","flow_id":', keys.flow_id,
        _comma(_fixed(origin)), ',"event_type":"alert"', *keys.pieces, ',"direction":"to_server","alert":',
        distinct(np.asarray(family.indices, np.int64) * 3 + sure, rule),
        numbers(np.round(score, 4), ',"score":'), numbers(alert_id, ',"alert_id":', alert_id != 0),
        numbers(plain(table, "packets"), ',"packets":'), numbers(plain(table, "bytes"), ',"bytes":'),
        f',"attack_version":"{ATTACK_VERSION}"{of_run}}}}}}},"flow":{{"start":"',
        instants(plain(table, "first"), _ZONE), '"}}',
    ]  # fmt: skip
    return lines(pieces)


def flow_lines(table: pa.Table, origin: Origin) -> bytes:
    """Ended flows as ``flow`` events; who started a flow is its client."""
    if not table.num_rows:
        return b""
    keys = _Keys(table)
    first, last = plain(table, "first"), plain(table, "last")
    answered = plain(table, "packets_bwd") > 0
    flags = (plain(table, "tcp_flags_fwd").astype(np.int64), plain(table, "tcp_flags_bwd").astype(np.int64))
    ended = plain(table, "ended").astype(np.int64)
    tcp = keys.protocol == 6
    pieces: list[Piece] = [
        '{"timestamp":"', instants(last, _ZONE), '","flow_id":', keys.flow_id, _comma(_fixed(origin)),
        ',"event_type":"flow"', *keys.pieces, ',"flow":{"pkts_toserver":', numbers(plain(table, "packets_fwd")),
        numbers(plain(table, "packets_bwd"), ',"pkts_toclient":'),
        numbers(plain(table, "bytes_fwd"), ',"bytes_toserver":'),
        numbers(plain(table, "bytes_bwd"), ',"bytes_toclient":'), ',"start":"', instants(first, _ZONE),
        '","end":"', instants(last, _ZONE), '","age":', numbers((last - first) // 1_000_000_000),
        distinct(ended * 4 + answered * 2 + (tcp & _closed(*flags)), _outcome), "}",
        where(distinct(flags[0] * 256 + flags[1], _tcp), tcp), "}",
    ]  # fmt: skip
    return lines(pieces)


def _closed(fwd: npt.NDArray[np.int64], bwd: npt.NDArray[np.int64]) -> _Mask:
    found: _Mask = ((fwd | bwd) & _RST > 0) | (fwd & bwd & _FIN > 0)
    return found


def _outcome(code: int) -> str:
    word = ENDED[code // 4] if code // 4 < len(ENDED) else ""
    state = "closed" if code & 1 else "established" if code & 2 else "new"
    return f',"state":"{state}","reason":"{_REASONS.get(word, "forced")}"'


def _tcp(code: int) -> str:
    """The ``tcp`` object of a flow: the flags of each side, and those seen at all."""
    client, server = divmod(code, 256)
    both = client | server
    found: Json = {"tcp_flags": f"{both:02x}", "tcp_flags_ts": f"{client:02x}", "tcp_flags_tc": f"{server:02x}"}
    found |= {name: True for bit, name in enumerate(_FLAGS) if both >> bit & 1}
    if both & _RST or (client & server & _FIN):
        found["state"] = "closed"
    else:
        found["state"] = "established" if client & server & _ACK else "syn_sent"
    return f',"tcp":{json_text(found)}'


class _Keys:
    """The keys that every event of a flow has."""

    def __init__(self, table: pa.Table) -> None:
        self.protocol = plain(table, "protocol")
        self.flow_id = numbers(column(table, "flow_id"))
        src, dst = column_to_array(table.column("src")), column_to_array(table.column("dst"))
        src_port, dst_port = plain(table, "src_port"), plain(table, "dst_port")
        ported, icmp = np.isin(self.protocol, words.PORTED), np.isin(self.protocol, words.ICMP)
        codes = self.protocol.astype(np.int64) * 2 + ~is_mapped(src)
        ids = community_ids(src, dst, src_port, dst_port, self.protocol)
        self.pieces: list[Piece] = [
            ',"src_ip":', quoted(text_column(src)), numbers(src_port, ',"src_port":', ported),
            ',"dest_ip":', quoted(text_column(dst)), numbers(dst_port, ',"dest_port":', ported),
            distinct(codes, _protocol), numbers(src_port, ',"icmp_type":', icmp),
            numbers(dst_port, ',"icmp_code":', icmp), self._services(src_port, dst_port, ported),
            quoted(ids, ',"community_id":', self.protocol <= 255),
        ]  # fmt: skip

    def _services(self, src_port: npt.NDArray[np.uint16], dst_port: npt.NDArray[np.uint16], ported: _Mask) -> pa.Array:
        """The service's name by the port of either end, where one is known."""
        found = np.zeros(len(src_port), np.int64)
        for protocol, known in words.SERVICES.items():
            served = np.zeros(1 << 16, np.int64)
            served[list(known)] = list(known)
            of_dst = served[dst_port]
            here = (self.protocol == protocol) & ported
            found[here] = protocol << 16 | np.where(of_dst > 0, of_dst, served[src_port])[here]
        return distinct(found, _service)


def _service(code: int) -> str | None:
    word = words.SERVICES.get(code >> 16, {}).get(code & 0xFFFF)
    return f',"app_proto":"{word}"' if word else None


def _protocol(code: int) -> str:
    return f',"proto":"{words.protocol_word(code >> 1)}","ip_v":{6 if code & 1 else 4}'


def _fixed(origin: Origin) -> Json:
    """What every event of an origin says of it."""
    named = {"in_iface": origin.interface, "host": origin.sensor}
    return {key: value for key, value in named.items() if value}


def _comma(document: Json) -> str:
    """The keys of an object, behind others."""
    return f",{json_text(document)[1:-1]}" if document else ""


def stamp(epoch_ns: int) -> str:
    """A time as EVE writes it."""
    return iso(epoch_ns)[:-1] + _ZONE


FORMAT: Final = Format(
    "eve",
    "Suricata's EVE JSON, one event a line",
    "application/x-ndjson",
    ".eve.json",
    {ALERTS: alert_lines, DETECTIONS: detection_lines, FLOWS: flow_lines},
)
