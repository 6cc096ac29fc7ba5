"""OCSF 1.8.0: Detection Finding (2004) for alerts and detections, Network Activity (4001) for flows, one a line.

The evidence of a finding from generated or replayed traffic says so (``verdict_id`` 6, Test): it is no real attack.
"""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from contract.addresses import column_to_array, is_mapped, text_column
from contract.community_id import community_ids
from contract.families import ATTACK_VERSION, BENIGN, TECHNIQUES, catalogue
from contract.version import VERSION
from store.formats import words
from store.formats.base import ALERTS, DETECTIONS, FLOWS, Format, Origin
from store.formats.columns import Piece, column, distinct, json_lines, json_text, lines, numbers, plain, quoted

OCSF: Final = "1.8.0"
_PRODUCT: Final = {"name": "Tenfold", "vendor_name": "Tenfold", "version": VERSION}
_SEVERITIES: Final = {"low": (2, "Low"), "medium": (3, "Medium"), "high": (4, "High"), "critical": (5, "Critical")}
_CONFIDENCES: Final = {"Low": 1, "Medium": 2, "High": 3}
_DIRECTIONS: Final = {"inbound": (1, "Inbound"), "outbound": (2, "Outbound"), "internal": (3, "Lateral")}
_UNKNOWN: Final = (0, "Unknown")
_MS: Final = 1_000_000
Json = dict[str, Any]


def alert_lines(documents: list[Json], origin: Origin) -> bytes:
    """Alerts of the store as Detection Findings."""
    return json_lines([finding(document, origin) for document in documents])


def finding(document: Json, origin: Origin) -> Json:
    """One alert of the store as a Detection Finding."""
    family = document["family"]
    created = document["decided"] or document["first_seen"]
    activity = (1, "Create") if document["revision"] == 1 else (2, "Update") if document["open"] else (3, "Close")
    attack = _attack(family)
    confidence = words.confidence_word(document["confidence"])
    found = _class(2004, "Detection Finding", 2, "Findings", *activity)
    found |= _severity(document["severity"]) | {
        "time": (created if activity[0] == 1 else document["last_seen"]) // _MS,
        "start_time": document["first_seen"] // _MS,
        "end_time": document["last_seen"] // _MS,
        "count": max(document["flows"], 1),
        "is_alert": not (document.get("allowed") or document.get("muted")),
        "status_id": 1,
        "status": "New",
        "confidence": confidence,
        "confidence_id": _CONFIDENCES[confidence],
        "confidence_score": round(document["confidence"] * 100),
        "message": "; ".join(document["evidence"]) or words.rule_title(family),
        "metadata": _metadata(origin, f"{document['alert_id']}-{document['revision']}"),
        "finding_info": {
            "uid": _uid(origin, document["alert_id"]),
            "title": words.rule_title(family),
            "desc": document["severity_reason"],
            "types": [document["group"]],
            "analytic": _analytic(family),
            "created_time": created // _MS,
            "first_seen_time": document["first_seen"] // _MS,
            "last_seen_time": document["last_seen"] // _MS,
            "product": _PRODUCT,
        }
        | ({"attacks": [attack]} if attack else {}),
        "evidences": _evidences(document, origin),
        "unmapped": {
            name: document[name]
            for name in ("attackers", "victims", "ports", "attackers_total", "victims_total", "ports_total", "rate")
        },
    }
    return found


def _evidences(document: Json, origin: Origin) -> list[Json]:
    direction = _DIRECTIONS.get(document.get("direction", ""), _UNKNOWN)
    found = []
    for flow in words.samples(document):
        version = 6 if ":" in flow["src"] else 4
        connection = _connection(flow["protocol"], version, direction)
        for name, key in (("flow_id", "uid"), ("community_id", "community_uid")):
            if flow.get(name):
                connection[key] = str(flow[name])
        ported = flow["protocol"] in words.PORTED
        ends = [{"ip": flow[side]} | ({"port": flow[f"{side}_port"]} if ported else {}) for side in ("src", "dst")]
        found.append(
            _verdict(origin) | {"src_endpoint": ends[0], "dst_endpoint": ends[1], "connection_info": connection}
        )
    return found


def _verdict(origin: Origin) -> Json:
    return {"verdict": "Test", "verdict_id": 6} if origin.test else {}


def _connection(protocol: int, version: int, direction: tuple[int, str] = _UNKNOWN) -> Json:
    known: Json = {"direction_id": direction[0], "direction": direction[1]}
    if protocol <= 255:
        text = f"Internet Protocol version {version} (IPv{version})"
        known |= {"protocol_num": protocol, "protocol_ver_id": version, "protocol_ver": text}
    return known | {"protocol_name": words.protocol_word(protocol).lower()}


def _class(number: int, name: str, category: int, category_name: str, activity: int, activity_name: str) -> Json:
    return {
        "class_uid": number,
        "class_name": name,
        "category_uid": category,
        "category_name": category_name,
        "activity_id": activity,
        "activity_name": activity_name,
        "type_uid": number * 100 + activity,
        "type_name": f"{name}: {activity_name}",
    }


def _severity(severity: str) -> Json:
    number, word = _SEVERITIES[severity]
    return {"severity_id": number, "severity": word}


def _metadata(origin: Origin, uid: str = "") -> Json:
    found: Json = {"version": OCSF, "product": _PRODUCT}
    if uid:
        found["uid"] = _uid(origin, uid)
    if origin.run:
        found["correlation_uid"] = origin.run
    if origin.sensor:
        found["loggers"] = [{"name": origin.sensor}]
    return found


def _uid(origin: Origin, number: object) -> str:
    """An id that no other run shares."""
    return f"{origin.run}/{number}" if origin.run else str(number)


def _analytic(family: str) -> Json:
    uid = str(words.rule_number(family))
    return {"type_id": 4, "type": "Learning (ML/DL)", "name": family, "uid": uid, "version": VERSION}


def _attack(family: str) -> Json:
    known = words.attack(family)
    if not known:
        return {}
    parent, _, sub = known["technique"].partition(".")
    names = known["technique_name"].partition(": ")
    found: Json = {
        "version": ATTACK_VERSION,
        "tactic": {"uid": known["tactic"], "name": known["tactic_name"]},
        "technique": {"uid": parent, "name": TECHNIQUES.get(parent) or names[0]},
    }
    return found | ({"sub_technique": {"uid": known["technique"], "name": names[2]}} if sub else {})


def detection_lines(table: pa.Table, origin: Origin) -> bytes:
    """Verdicts of attacks as Detection Findings."""
    table = table.filter(pc.not_equal(table.column("family").cast(pa.string()), BENIGN))
    if not table.num_rows:
        return b""
    family = column(table, "family").cast(pa.string()).dictionary_encode()
    names = family.dictionary.to_pylist()
    score = plain(table, "score").astype(np.float64)
    sure = np.digitize(score, (0.6, 0.9))
    flow_id = numbers(column(table, "flow_id"))
    uid = json_text(_uid(origin, "flow-"))[:-1]
    decided = numbers(plain(table, "decided") // _MS)

    def head(code: int) -> str:
        group = catalogue()[names[code // 3]].group if names[code // 3] in catalogue() else ""
        severity = words.group_words(group)[0] if group else "medium"
        word = words.confidence_word((0.0, 0.6, 0.9)[code % 3])
        found = _class(2004, "Detection Finding", 2, "Findings", 1, "Create") | _severity(severity)
        found |= {"is_alert": True, "status_id": 1, "status": "New", "metadata": _metadata(origin)}
        return json_text(found | {"confidence": word, "confidence_id": _CONFIDENCES[word]})[:-1]

    def info(code: int) -> str:
        attack = _attack(names[code])
        found = {"title": words.rule_title(names[code]), "analytic": _analytic(names[code]), "product": _PRODUCT}
        return json_text(found | ({"attacks": [attack]} if attack else {}))[1:]

    codes = np.asarray(family.indices, np.int64)
    verdict = f"{json_text(_verdict(origin))[:-1]}," if origin.test else "{"
    pieces: list[Piece] = [
        distinct(codes * 3 + sure, head), ',"time":', decided,
        numbers(plain(table, "first") // _MS, ',"start_time":'), numbers(plain(table, "last") // _MS, ',"end_time":'),
        numbers(np.rint(score * 100).astype(np.int64), ',"confidence_score":'),
        f',"finding_info":{{"uid":{uid}', flow_id, "-", decided, '",', distinct(codes, info),
        f',"evidences":[{verdict}', *_ends(table), "}]}",
    ]  # fmt: skip
    return lines(pieces)


def flow_lines(table: pa.Table, origin: Origin) -> bytes:
    """Ended flows as Network Activity: traffic as seen from who started the flow (out) and the other end (in)."""
    if not table.num_rows:
        return b""
    head = _class(4001, "Network Activity", 4, "Network Activity", 6, "Traffic")
    head |= {"severity_id": 1, "severity": "Informational", "metadata": _metadata(origin)}
    first, last = plain(table, "first") // _MS, plain(table, "last") // _MS
    counts = {name: plain(table, name) for name in ("bytes_fwd", "bytes_bwd", "packets_fwd", "packets_bwd")}
    ended = numbers(last)
    pieces: list[Piece] = [
        f'{json_text(head)[:-1]},"time":', ended, numbers(first, ',"start_time":'), ',"end_time":', ended,
        numbers(last - first, ',"duration":'), ",", *_ends(table),
        numbers(counts["bytes_fwd"], ',"traffic":{"bytes_out":'), numbers(counts["bytes_bwd"], ',"bytes_in":'),
        numbers(counts["bytes_fwd"] + counts["bytes_bwd"], ',"bytes":'),
        numbers(counts["packets_fwd"], ',"packets_out":'), numbers(counts["packets_bwd"], ',"packets_in":'),
        numbers(counts["packets_fwd"].astype(np.int64) + counts["packets_bwd"], ',"packets":'), "}}",
    ]  # fmt: skip
    return lines(pieces)


def _ends(table: pa.Table) -> list[Piece]:
    """Both endpoints and the connection."""
    src, dst = column_to_array(table.column("src")), column_to_array(table.column("dst"))
    src_port, dst_port, protocol = (plain(table, name) for name in ("src_port", "dst_port", "protocol"))
    ported = np.isin(protocol, words.PORTED)
    ids = community_ids(src, dst, src_port, dst_port, protocol)
    codes = protocol.astype(np.int64) * 2 + ~is_mapped(src)
    return [
        '"src_endpoint":{"ip":', quoted(text_column(src)), numbers(src_port, ',"port":', ported),
        '},"dst_endpoint":{"ip":', quoted(text_column(dst)), numbers(dst_port, ',"port":', ported),
        '},"connection_info":{"uid":"', numbers(column(table, "flow_id")), '"',
        quoted(ids, ',"community_uid":', protocol <= 255),
        distinct(codes, lambda code: f",{json_text(_connection(code >> 1, 6 if code & 1 else 4))[1:]}"),
    ]  # fmt: skip


FORMAT: Final = Format(
    "ocsf",
    "OCSF 1.8.0: Detection Finding and Network Activity, one a line",
    "application/x-ndjson",
    ".ocsf.json",
    {ALERTS: alert_lines, DETECTIONS: detection_lines, FLOWS: flow_lines},
)
