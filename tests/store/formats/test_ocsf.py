from __future__ import annotations

from contract.families import ATTACK_VERSION, catalogue
from contract.schemas import FLOWS, VERDICTS
from store.formats import ocsf
from store.formats.base import Origin
from tests.store.formats.helpers import FAMILIES, ORIGIN, alert_documents, check, flow_table, records, verdict_table
from tests.store.formats.schemas import OCSF_FINDING, OCSF_FLOW


def test_an_alert_of_every_family_is_a_detection_finding():
    documents = alert_documents()
    findings = records(ocsf.alert_lines(documents, ORIGIN))
    check(findings, OCSF_FINDING)
    assert {one["type_uid"] for one in findings} == {200401, 200402, 200403}
    for document, one in zip(documents, findings, strict=True):
        technique = catalogue()[document["family"]].technique
        attack = one["finding_info"]["attacks"][0]
        assert attack["version"] == ATTACK_VERSION
        assert attack.get("sub_technique", attack["technique"])["uid"] == technique
        assert technique.startswith(attack["technique"]["uid"])
        assert one["type_uid"] == one["class_uid"] * 100 + one["activity_id"]
    assert len({one["metadata"]["uid"] for one in findings[:-1]}) == len(findings) - 1


def test_detections_are_findings_of_one_flow():
    findings = records(ocsf.detection_lines(verdict_table(), ORIGIN))
    check(findings, OCSF_FINDING)
    assert [one["finding_info"]["analytic"]["name"] for one in findings] == [f for f in FAMILIES if f != "benign"]
    assert findings[0]["confidence_score"] == 100
    assert findings[1]["confidence"] == "High"
    assert len({one["finding_info"]["uid"] for one in findings}) == len(findings)


def test_flows_are_network_activity():
    found = records(ocsf.flow_lines(flow_table(), ORIGIN))
    check(found, OCSF_FLOW)
    assert found[0]["traffic"]["packets"] == found[0]["traffic"]["packets_in"] + found[0]["traffic"]["packets_out"]
    assert "protocol_num" not in found[6]["connection_info"], "ARP has no IP protocol number"
    assert found[2]["src_endpoint"] == {"ip": "198.18.0.1"}, "ICMP has no ports"


def test_only_what_was_made_for_a_test_says_so():
    origin = Origin("live")
    for data in (
        ocsf.alert_lines(alert_documents()[:1], origin),
        ocsf.detection_lines(verdict_table(), origin),
    ):
        assert all("verdict_id" not in proof for one in records(data) for proof in one["evidences"])


def test_no_rows_are_no_lines():
    assert ocsf.alert_lines([], ORIGIN) == b""
    assert ocsf.detection_lines(VERDICTS.empty_table(), ORIGIN) == b""
    assert ocsf.flow_lines(FLOWS.empty_table(), ORIGIN) == b""
