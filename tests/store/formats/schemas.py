"""The project's own words for what EVE and OCSF demand: required keys, closed sets of keys, patterns, numbers."""

from __future__ import annotations

from typing import Any


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "required": required, "properties": properties, "additionalProperties": False}


TEXT = {"type": "string", "minLength": 1}
COUNT = {"type": "integer", "minimum": 0}
PORT = {"type": "integer", "minimum": 0, "maximum": 65535}
TEXTS = {"type": "array", "items": TEXT, "minItems": 1}
STAMP = {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d{6}\+0000$"}
COMMUNITY = {"type": "string", "pattern": r"^1:[A-Za-z0-9+/]{27}=$"}
_COMMON = {
    "timestamp": STAMP,
    "flow_id": {"type": "integer", "minimum": 1, "maximum": 2**53},
    "in_iface": TEXT,
    "host": TEXT,
    "event_type": {"enum": ["alert", "flow"]},
    "src_ip": TEXT,
    "dest_ip": TEXT,
    "src_port": PORT,
    "dest_port": PORT,
    "proto": TEXT,
    "ip_v": {"enum": [4, 6]},
    "icmp_type": COUNT,
    "icmp_code": COUNT,
    "app_proto": TEXT,
    "community_id": COMMUNITY,
}
_NEEDED = ["timestamp", "event_type", "src_ip", "dest_ip", "proto", "ip_v", "flow"]
_MITRE = {
    "mitre_tactic_id": {"type": "array", "items": {"pattern": r"^TA\d{4}$"}, "minItems": 1},
    "mitre_tactic_name": TEXTS,
    "mitre_technique_id": {"type": "array", "items": {"pattern": r"^T\d{4}(\.\d{3})?$"}, "minItems": 1},
    "mitre_technique_name": TEXTS,
}
_RULE = closed(
    ["action", "gid", "signature_id", "rev", "signature", "category", "severity", "metadata", "context"],
    action={"const": "allowed"},
    gid=COUNT,
    signature_id={"type": "integer", "minimum": 9_000_000, "maximum": 9_999_999},
    rev={"type": "integer", "minimum": 1},
    signature=TEXT,
    category=TEXT,
    severity={"enum": [1, 2, 3]},
    metadata=closed(
        [*_MITRE, "signature_severity", "confidence"], **_MITRE, signature_severity=TEXTS, confidence=TEXTS
    ),
    context={"type": "object", "required": ["tenfold"]},
)
_TCP = {name: {"const": True} for name in ("fin", "syn", "rst", "psh", "ack", "urg", "ecn", "cwr")}
_HEX = {"type": "string", "pattern": "^[0-9a-f]{2}$"}
EVE_ALERT = closed(
    [*_NEEDED, "alert", "direction"],
    **_COMMON,
    direction={"enum": ["to_server", "to_client"]},
    alert=_RULE,
    flow=closed(["start"], start=STAMP, src_ip=TEXT, dest_ip=TEXT, src_port=PORT, dest_port=PORT),
)
EVE_FLOW = closed(
    [*_NEEDED, "flow_id"],
    **_COMMON,
    flow=closed(
        [
            "pkts_toserver",
            "pkts_toclient",
            "bytes_toserver",
            "bytes_toclient",
            "start",
            "end",
            "age",
            "state",
            "reason",
        ],
        **dict.fromkeys(("pkts_toserver", "pkts_toclient", "bytes_toserver", "bytes_toclient", "age"), COUNT),
        start=STAMP,
        end=STAMP,
        state={"enum": ["new", "established", "closed"]},
        reason={"enum": ["timeout", "forced", "shutdown"]},
    ),
    tcp=closed(
        ["tcp_flags", "tcp_flags_ts", "tcp_flags_tc", "state"],
        **_TCP,
        tcp_flags=_HEX,
        tcp_flags_ts=_HEX,
        tcp_flags_tc=_HEX,
        state=TEXT,
    ),
)


def _typed(**kinds: str) -> dict[str, Any]:
    """Properties of those types, each a list of names."""
    return {name: {"type": kind} for kind, names in kinds.items() for name in names.split()}


# What Suricata's own schema (etc/schema.json of version 8) says of the objects that we write, as facts: which keys the
# closed ones may have and of which type, and the form of a timestamp. Of the hundred keys of the top level, ours.
SURICATA = {
    "type": "object",
    "required": ["event_type", "timestamp"],
    "additionalProperties": False,
    "properties": {
        **_typed(
            string="app_proto community_id dest_ip direction event_type host in_iface proto src_ip",
            integer="dest_port flow_id icmp_code icmp_type ip_v src_port",
        ),
        "timestamp": {"type": "string", "pattern": r"^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}\.\d+[+\-]\d+$"},
        "alert": {
            "type": "object",
            "additionalProperties": False,
            "properties": {
                **_typed(
                    string="action category rule signature xff",
                    integer="gid rev severity signature_id",
                    object="context metadata source target",
                    array="references",
                ),
                "metadata": {
                    "type": "object",
                    "properties": {
                        name: {"type": "array", "minItems": 1, "items": {"type": "string"}}
                        for name in ("attack_target", "signature_severity", "tag")
                    },
                },
            },
        },
        "flow": {
            "type": "object",
            "additionalProperties": False,
            "properties": _typed(
                string="action bypass dest_ip end reason src_ip start state",
                integer="age bytes_toclient bytes_toserver dest_port pkts_toclient pkts_toserver src_port tx_cnt",
                boolean="alerted elephant emergency wrong_thread",
                object="bypassed",
                array="exception_policy",
            ),
        },
        "tcp": {
            "type": "object",
            "properties": _typed(
                boolean="ack cwr ecn fin psh rst syn urg tc_gap ts_gap",
                string="state tcp_flags tcp_flags_tc tcp_flags_ts",
            ),
        },
    },
}

_MOMENT = {"type": "integer", "minimum": 1_000_000_000_000, "maximum": 4_000_000_000_000}  # epoch milliseconds
_PRODUCT = closed(["name", "vendor_name", "version"], name=TEXT, vendor_name=TEXT, version=TEXT)
_METADATA = closed(
    ["version", "product"],
    version={"const": "1.8.0"},
    product=_PRODUCT,
    uid=TEXT,
    correlation_uid=TEXT,
    loggers={"type": "array", "items": closed(["name"], name=TEXT)},
)
_CLASS = dict.fromkeys(("class_name", "category_name", "activity_name", "type_name", "severity"), TEXT)
_NUMBERS = ["class_uid", "category_uid", "activity_id", "type_uid", "severity_id", "time", "metadata"]
_ENDPOINT = closed(["ip"], ip={"type": "string"}, port=PORT)
_CONNECTION = closed(
    ["direction_id"],
    direction_id={"enum": [0, 1, 2, 3]},
    direction=TEXT,
    uid=TEXT,
    community_uid=COMMUNITY,
    protocol_num={"type": "integer", "minimum": 0, "maximum": 255},
    protocol_name=TEXT,
    protocol_ver_id={"enum": [4, 6]},
    protocol_ver=TEXT,
)
_ENDS = {"src_endpoint": _ENDPOINT, "dst_endpoint": _ENDPOINT, "connection_info": _CONNECTION}
_NAMED = closed(["uid", "name"], uid=TEXT, name=TEXT)
_ATTACK = closed(
    ["version", "tactic", "technique"], version=TEXT, tactic=_NAMED, technique=_NAMED, sub_technique=_NAMED
)
_INFO = closed(
    ["uid", "title", "analytic", "attacks"],
    uid=TEXT,
    title=TEXT,
    desc=TEXT,
    types=TEXTS,
    product=_PRODUCT,
    analytic=closed(["type_id", "name"], type_id={"const": 4}, type=TEXT, name=TEXT, uid=TEXT, version=TEXT),
    attacks={"type": "array", "items": _ATTACK, "minItems": 1},
    **dict.fromkeys(("created_time", "first_seen_time", "last_seen_time"), _MOMENT),
)
OCSF_FINDING = closed(
    [*_NUMBERS, "finding_info", "is_alert", "status_id", "confidence_id", "confidence_score", "evidences"],
    **_CLASS,
    class_uid={"const": 2004},
    category_uid={"const": 2},
    activity_id={"enum": [1, 2, 3]},
    type_uid={"enum": [200401, 200402, 200403]},
    severity_id={"enum": [1, 2, 3, 4, 5]},
    **dict.fromkeys(("time", "start_time", "end_time"), _MOMENT),
    count={"type": "integer", "minimum": 1},
    is_alert={"type": "boolean"},
    status_id={"const": 1},
    status=TEXT,
    confidence=TEXT,
    confidence_id={"enum": [1, 2, 3]},
    confidence_score={"type": "integer", "minimum": 0, "maximum": 100},
    message=TEXT,
    metadata=_METADATA,
    finding_info=_INFO,
    evidences={
        "type": "array",
        "minItems": 1,
        "items": closed(list(_ENDS), verdict={"const": "Test"}, verdict_id={"const": 6}, **_ENDS),
    },
    unmapped={"type": "object"},
)
OCSF_FLOW = closed(
    [*_NUMBERS, "connection_info", "src_endpoint", "dst_endpoint", "traffic"],
    **_CLASS,
    class_uid={"const": 4001},
    category_uid={"const": 4},
    activity_id={"const": 6},
    type_uid={"const": 400106},
    severity_id={"const": 1},
    **dict.fromkeys(("time", "start_time", "end_time"), _MOMENT),
    duration=COUNT,
    metadata=_METADATA,
    **_ENDS,
    traffic=closed(
        ["bytes_in", "bytes_out", "packets_in", "packets_out"],
        **dict.fromkeys(("bytes", "bytes_in", "bytes_out", "packets", "packets_in", "packets_out"), COUNT),
    ),
)
