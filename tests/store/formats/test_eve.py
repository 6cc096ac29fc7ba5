from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import jsonschema
import pyarrow as pa
import pytest

from contract.addresses import to_bytes
from contract.community_id import community_id
from contract.families import ATTACK_VERSION, catalogue
from contract.schemas import FLOWS, VERDICTS
from store.formats import eve
from store.formats.base import Origin
from tests.conftest import OPTIONAL
from tests.store.formats.helpers import (
    FAMILIES,
    KEYS,
    ORIGIN,
    alert_documents,
    check,
    flow_table,
    records,
    verdict_table,
)
from tests.store.formats.schemas import EVE_ALERT, EVE_FLOW, SURICATA


def test_an_alert_of_every_family_keeps_the_rules_of_eve():
    documents = alert_documents()
    events = records(eve.alert_lines(documents, ORIGIN))
    check(events[:-1], EVE_ALERT)
    assert {event["alert"]["context"]["tenfold"]["attack_version"] for event in events} == {ATTACK_VERSION}
    for document, event in zip(documents, events, strict=True):
        family = catalogue()[document["family"]]
        assert event["alert"]["metadata"]["mitre_technique_id"] == [family.technique]
        assert event["alert"]["context"]["tenfold"]["alert_id"] == document["alert_id"]
        assert event["alert"]["context"]["tenfold"]["run"] == "run-1"
        assert (event["in_iface"], event["host"]) == ("eth0", "sensor-1")


def test_an_alert_without_a_sample_is_about_its_first_attacker_and_victim():
    event = eve.alert_event(alert_documents()[-1] | {"attackers": ["2001:2::5"], "victims": ["2001:2::6"]}, Origin())
    assert (event["src_ip"], event["dest_ip"], event["ip_v"]) == ("2001:2::5", "2001:2::6", 6)
    assert not {"flow_id", "community_id", "in_iface", "host"} & set(event)


def test_an_alert_whose_sample_was_started_by_the_victim_is_to_the_client():
    document = alert_documents()[0]
    sample = document["sample_flows"][0]
    turned = sample | {"src": sample["dst"], "dst": sample["src"]}
    assert eve.alert_event(document, ORIGIN)["direction"] == "to_server"
    assert eve.alert_event(document | {"sample_flows": [turned]}, ORIGIN)["direction"] == "to_client"


def test_detections_are_the_verdicts_of_attacks():
    events = records(eve.detection_lines(verdict_table(), ORIGIN))
    check(events, EVE_ALERT)
    rows = [at for at, family in enumerate(FAMILIES) if family != "benign"]
    assert [event["flow_id"] for event in events] == [row + 1 for row in rows]
    contexts = [event["alert"]["context"]["tenfold"] for event in events]
    assert [context["family"] for context in contexts] == [FAMILIES[row] for row in rows]
    assert contexts[0]["alert_id"] == 7
    assert "alert_id" not in contexts[1]
    assert [event["alert"]["metadata"]["confidence"] for event in events[:3]] == [["High"], ["High"], ["Medium"]]


def test_flows_keep_the_rules_of_eve_and_say_what_the_columns_say():
    table = flow_table()
    events = records(eve.flow_lines(table, ORIGIN))
    check(events, EVE_FLOW)
    for key, event in zip(KEYS, events, strict=True):
        src, dst, src_port, dst_port, protocol = key
        assert (event["src_ip"], event["dest_ip"]) == (src, dst)
        assert event.get("community_id", "") == community_id(to_bytes(src), to_bytes(dst), src_port, dst_port, protocol)
        if protocol in (6, 17, 132):
            assert (event["src_port"], event["dest_port"]) == (src_port, dst_port)
        else:
            assert "src_port" not in event
        assert ("icmp_type" in event) == (protocol in (1, 58))
    assert [event["proto"] for event in events] == ["TCP", "UDP", "ICMP", "IPv6-ICMP", "GRE", "SCTP", "ARP", "253"]
    assert [event.get("app_proto") for event in events[:2]] == ["tls", "dns"]
    first = events[0]
    assert first["tcp"]["tcp_flags"] == "1b"
    assert first["tcp"]["state"] == "established"
    assert first["tcp"]["fin"]
    assert first["flow"]["state"] == "established"
    assert first["flow"]["age"] == 2
    assert first["timestamp"] == first["flow"]["end"] == "2023-11-14T22:13:22.000000+0000"
    assert [event["flow"]["reason"] for event in events] == (
        ["timeout", "timeout", "timeout", "forced", "timeout", "shutdown", "forced", "forced"]
    )


def every_kind() -> list[dict[str, Any]]:
    """Events of every kind, family and protocol, with and without what may be left out."""
    documents = alert_documents()
    other = {"src": "2001:2::9", "dst": "2001:2::1"}
    turned = [row | {"sample_flows": [one | other for one in row["sample_flows"]]} for row in documents]
    lines = [eve.alert_lines(documents + turned, origin) for origin in (ORIGIN, Origin())]
    lines += [eve.detection_lines(verdict_table(), origin) for origin in (ORIGIN, Origin())]
    lines += [eve.flow_lines(flow_table(), origin) for origin in (ORIGIN, Origin())]
    return records(b"".join(lines))


def test_every_event_keeps_what_suricatas_schema_says():
    events = every_kind()
    assert {event["event_type"] for event in events} == {"alert", "flow"}
    check(events, SURICATA)
    keys = {key for event in events for key in event}
    assert keys <= set(SURICATA["properties"])
    for wrong in ({"timestamp": "2024-07-26T19:30:00Z"}, {"flow_id": "1"}, {"tenfold": {}}, {"flow": {"packets": 1}}):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.validate(events[0] | wrong, SURICATA)


def test_every_event_is_valid_against_suricatas_own_schema():
    """Its text is under another licence and no part of the project: name a copy of etc/schema.json."""
    path = os.environ.get("TENFOLD_EVE_SCHEMA")
    if not path:
        pytest.skip(f"{OPTIONAL} no schema of Suricata's; TENFOLD_EVE_SCHEMA names its etc/schema.json")
    whole = json.loads(Path(path).read_text(encoding="utf-8"))
    check(every_kind(), whole)
    assert differences(SURICATA, whole) == []  # what is said of it here is what it says


def differences(said: Any, whole: Any, where: str = "") -> list[str]:
    """Where a part of a schema says something else than the whole."""
    if isinstance(said, dict) and isinstance(whole, dict):
        missing = [f"{where}/{key}" for key in said if key not in whole]
        return missing + [
            one for key in said if key in whole for one in differences(said[key], whole[key], f"{where}/{key}")
        ]
    same = sorted(said) == sorted(whole) if isinstance(said, list) and isinstance(whole, list) else said == whole
    return [] if same else [f"{where}: {said!r}, not {whole!r}"]


def test_no_rows_are_no_lines():
    assert eve.alert_lines([], ORIGIN) == b""
    assert eve.detection_lines(VERDICTS.empty_table(), ORIGIN) == b""
    assert eve.detection_lines(verdict_table().slice(3, 1), ORIGIN) == b""
    assert eve.flow_lines(FLOWS.empty_table(), ORIGIN) == b""


def test_names_that_need_escapes_stay_json():
    origin = Origin('a "run"\\', 'sensor\n"', "eth0\t")
    for data in (eve.flow_lines(flow_table(), origin), eve.detection_lines(verdict_table(), origin)):
        assert {(event["host"], event["in_iface"]) for event in records(data)} == {('sensor\n"', "eth0\t")}


def test_chunks_and_slices_are_whole_tables():
    table = pa.concat_tables([flow_table().slice(2, 3), flow_table()])
    assert eve.flow_lines(table, ORIGIN) == (
        eve.flow_lines(flow_table().slice(2, 3), ORIGIN) + eve.flow_lines(flow_table(), ORIGIN)
    )
